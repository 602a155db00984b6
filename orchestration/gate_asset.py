"""A gate as Dagster assets: the findings and verdicts of one stage, and a check that stops everything when it breaks.

What does not belong here: judging (gate.py) and rules (the stage's suites).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.gate import GATES, GateBroken, GateResult, RuleCount, run_gate
from orchestration.gate_page import write_page
from orchestration.gate_rows import AFTER_GATE
from orchestration.suite import read_suite
from orchestration.warehouse import open_warehouse

DEFS = Path(__file__).parent / "defs"
OWNERS = {
    "inspect": "operations@evsettle.example",
    "reconcile": "finance@evsettle.example",
    "settle": "finance@evsettle.example",
}
# Besides its flags a gate reads whom it judges and on which terms.
_SUBJECTS = ("inspect/work", "inspect/cdrs", "inspect/cdr_terms", "inspect/file_terms")


def suite_paths(stage: str) -> list[Path]:
    """The suites that a stage's gate judges."""
    return sorted(path for path in (DEFS / stage / "suites").glob("*.yml") if path.stem not in AFTER_GATE)


def gate_asset(stage: str) -> dg.AssetsDefinition:
    """The assets <stage>/gate_findings and <stage>/gate_verdicts, with the blocking check `judged`."""
    paths = suite_paths(stage)
    suites = [read_suite(path) for path in paths]
    rule_count = sum(len(suite.rules) for suite in suites)
    before = [f"{gate}/gate_findings" for gate in GATES[: GATES.index(stage)]]
    read = dict.fromkeys([*(suite.flags.replace(".", "/") for suite in suites), *_SUBJECTS, *before])
    findings, verdicts = dg.AssetKey([stage, "gate_findings"]), dg.AssetKey([stage, "gate_verdicts"])

    def spec(key: dg.AssetKey, description: str) -> dg.AssetSpec:
        return dg.AssetSpec(
            key,
            deps=[dg.AssetKey(name.split("/")) for name in read],
            group_name=stage,
            kinds={"greatexpectations", "duckdb"},
            owners=[OWNERS[stage]],
            description=description,
        )

    @dg.multi_asset(
        name=f"{stage}_gate",
        specs=[
            spec(findings, f"One row per rule of {stage} that a subject breaks ({rule_count} rules)."),
            spec(verdicts, f"One row per CDR revision that the gate of {stage} judged: pass, hold or reject."),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "judged",
                asset=verdicts,
                blocking=True,
                description="Every subject was judged by every rule, and Great Expectations and SQL counted the same.",
            )
        ],
    )
    def gate(settlement: dg.ResourceParam[Any]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        with open_warehouse(settlement.home.warehouse) as connection:
            try:
                result = run_gate(connection, stage, paths)
            except GateBroken as broken:
                # The failure of the asset stops what is downstream; the check says so to whoever looks.
                page = write_page(connection, settlement.home, stage, suites, str(broken))
                yield dg.AssetCheckResult(
                    passed=False,
                    check_name="judged",
                    asset_key=verdicts,
                    description=str(broken),
                    metadata={"results": dg.MetadataValue.path(str(page))},
                )
                raise dg.Failure(description=str(broken)) from broken
            page = write_page(connection, settlement.home, stage, suites, result)
        yield dg.MaterializeResult(asset_key=findings, metadata=_metadata(result, result.findings))
        yield dg.MaterializeResult(asset_key=verdicts, metadata=_metadata(result, sum(result.verdicts.values())))
        yield dg.AssetCheckResult(
            passed=True,
            check_name="judged",
            asset_key=verdicts,
            metadata={
                "rows_judged": result.rows,
                "rules_that_failed": sum(1 for rule in result.rules if rule.failed),
                "results": dg.MetadataValue.path(str(page)),
            },
        )

    return gate


def _metadata(result: GateResult, row_count: int) -> dict[str, Any]:
    return {
        "dagster/row_count": row_count,
        "rows_judged": result.rows,
        "suite_sha256": result.suite_sha256,
        **{f"verdict_{verdict}": count for verdict, count in sorted(result.verdicts.items())},
        "failures_by_rule": dg.MetadataValue.md(failures_table(result.rules)),
    }


def failures_table(rules: Sequence[RuleCount]) -> str:
    """A markdown table of the rules with failures, most first; and how many rules were not evaluated at all."""
    lines = ["| rule | severity | failed | evaluated | not evaluated |", "| --- | --- | ---: | ---: | ---: |"]
    failing = sorted((rule for rule in rules if rule.failed), key=lambda rule: (-rule.failed, rule.rule_id))
    lines += [
        f"| {rule.rule_id} | {rule.severity} | {rule.failed} | {rule.evaluated} | {rule.not_evaluated} |"
        for rule in failing
    ]
    silent = sum(1 for rule in rules if not rule.evaluated)
    return "\n".join([*lines, "", f"{silent} of {len(rules)} rules were not evaluated on any row."])
