"""Gate 3 on statements: Great Expectations judges the flags of the drafts, and the findings must be what it says.

The findings are a model (settle.closing_findings), for what holds a statement is known only once it is computed. What
does not belong here: what a rule means (statement_checks, suites) and who may approve (facts/period_decisions).
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb

from orchestration import gate, gate_rows
from orchestration.defs.resources import Settlement
from orchestration.gate_asset import failures_table
from orchestration.suite import SuiteError, read_suite
from orchestration.warehouse import open_warehouse

SUITE = Path(__file__).parent / "suites" / "statements.yml"


@dg.asset(
    key_prefix="settle",
    name="closing_verdict",
    group_name="settle",
    kinds={"greatexpectations", "duckdb"},
    owners=["finance@evsettle.example"],
    deps=[dg.AssetKey(["settle", name]) for name in ("statements", "statement_flags", "closing_findings")],
    check_specs=[
        dg.AssetCheckSpec(
            "judged",
            asset=dg.AssetKey(["settle", "closing_verdict"]),
            blocking=True,
            description="Every draft was judged by every rule on statements, and its findings are what was judged.",
        )
    ],
    description="Nothing is stored: the rules on draft statements as Great Expectations judges them.",
)
def closing_verdict(settlement: Settlement) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Judge the drafts; what cannot be judged is not published."""
    with open_warehouse(settlement.home.warehouse) as connection:
        try:
            rules = judge_statements(connection)
        except gate.GateBroken as broken:
            yield dg.AssetCheckResult(passed=False, check_name="judged", description=str(broken))
            raise dg.Failure(description=str(broken)) from broken
    yield dg.MaterializeResult(metadata={"failures_by_rule": dg.MetadataValue.md(failures_table(rules))})
    failed = sum(1 for rule in rules if rule.failed)
    yield dg.AssetCheckResult(passed=True, check_name="judged", metadata={"rules_that_failed": failed})


def judge_statements(connection: duckdb.DuckDBPyConnection, path: Path = SUITE) -> list[gate.RuleCount]:
    """How each rule went on the drafts. Raises GateBroken where GX, SQL and the findings do not say the same."""
    try:
        suite = read_suite(path)
        gate.check_declared(connection, "settle", [suite])
        connection.execute(f"create or replace temp table gate_statements as {gate_rows.flags(suite)}")
        gate.check_rows(connection, suite, "gate_statements")
        rules = gate.judge(connection, suite, "gate_statements")
        found = dict(
            connection.execute("select rule_id, count(*) from settle.closing_findings group by rule_id").fetchall()
        )
    except SuiteError as error:
        raise gate.GateBroken(str(error)) from error
    except duckdb.Error as error:
        raise gate.GateBroken(f"gate settle: {error}") from error
    for rule in rules:
        if found.pop(rule.rule_id, 0) != rule.failed:
            raise gate.GateBroken(
                f"suite statements: {rule.rule_id} fails on {rule.failed} statements, and settle.closing_findings has"
                " another number of them"
            )
    if found:
        raise gate.GateBroken(f"settle.closing_findings names {', '.join(sorted(found))}, which no suite declares")
    return rules
