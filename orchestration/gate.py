"""The gate: Great Expectations judges the flags of a stage, and what it says becomes findings and verdicts.

Fails closed. GX judges every flag on every row; SQL names the failing rows; both must count the same, nothing may be
lost, doubled, raised or skipped. Else GateBroken, nothing is written, and everything downstream stops.
What does not belong here: what a rule means (dbt models, suites) and Dagster (gate_asset.py).
"""

# ruff: noqa: S608 - names of our own models and of suites that suite.py has checked; no value from outside.

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration import gate_rows, gate_sql
from orchestration.suite import OWNERS, SEVERITIES, Rule, Suite, SuiteError, expectations, read_suite, suites_sha256
from orchestration.version import suites as all_suites

GATES = ("inspect", "reconcile", "settle")
# What GX sees at a time. It copies the whole frame for each rule, so the cost of a frame grows with the square of its
# rules: docs/performance.md has the figures that chose these two.
CHUNK_ROWS = 1_000_000
CHUNK_RULES = 8
_VECTOR_ROWS = 2048


class GateBroken(Exception):
    """The gate could not judge: one sentence that names the suite, the rule and the difference."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How one rule went: rows that failed, rows it was evaluated on, rows it was not."""

    rule_id: str
    severity: str
    failed: int
    evaluated: int
    not_evaluated: int


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate judged. verdicts: number of CDR revisions by verdict (pass, hold, reject)."""

    gate: str
    rows: int
    rules: tuple[RuleCount, ...]
    findings: int
    verdicts: dict[str, int]
    suite_sha256: str


def run_gate(connection: duckdb.DuckDBPyConnection, gate: str, suite_paths: Sequence[Path]) -> GateResult:
    """Judge the subjects of the keys in inspect.work by the suites; write <gate>.gate_findings and gate_verdicts.

    Rows of these keys are replaced, in one transaction. Raises GateBroken, and then nothing is written.
    """
    if gate not in GATES:
        raise GateBroken(f"gate {gate} is not one of {', '.join(GATES)}")
    try:
        suites = [read_suite(path) for path in sorted(suite_paths)]
        check_declared(connection, gate, suites)
        rules: list[RuleCount] = []
        rows = 0
        _prepare(connection)
        for suite in suites:
            table = f"gate_{suite.name}"
            connection.execute(f"create or replace temp table {table} as {gate_rows.flags(suite)}")
            rows += check_rows(connection, suite, table)
            judged = judge(connection, suite, table)
            _collect(connection, suite, table, sum(rule.failed for rule in judged))
            rules += judged
        _check_words(connection)
        _resolve(connection, gate, suites)
        return _write(connection, gate, suites, rows, rules)
    except SuiteError as error:
        raise GateBroken(str(error)) from error
    except duckdb.Error as error:
        raise GateBroken(f"gate {gate}: {error}") from error


def check_declared(connection: duckdb.DuckDBPyConnection, gate: str, suites: Sequence[Suite]) -> None:
    """Each rule of this gate is declared in one way, and the tolerances that SQL used are those of the suites."""
    if not suites:
        raise GateBroken(f"gate {gate} has no suite; without one nothing would be judged")
    declared = [rule for suite in suites for rule in suite.rules]
    first: dict[str, Rule] = {}
    for rule in declared:
        # One rule may speak of a file and of its CDRs, but in one voice.
        other = first.setdefault(rule.rule_id, rule)
        if (rule.group, rule.severity, rule.owner, rule.tolerance) != (
            other.group, other.severity, other.owner, other.tolerance,
        ):  # fmt: skip
            raise GateBroken(f"gate {gate}: two suites differ on {rule.rule_id}; declare it alike")
    known = connection.execute("select rule_id, tolerance, second_tolerance from ingest.raw_rules").fetchall()
    loaded = {rule_id: numbers for rule_id, *numbers in known}
    for rule in declared:
        if rule.tolerance is not None and loaded.get(rule.rule_id) != list(rule.tolerance_numbers):
            raise GateBroken(
                f"gate {gate}: {rule.rule_id} has tolerance {rule.tolerance} in its suite and"
                f" {loaded.get(rule.rule_id)} in ingest.raw_rules; load the rules again"
            )


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temp table gate_found (_kind varchar, _subject_id varchar, _cdr_key varchar,"
        " _work_key varchar, _revision integer, _file_subject_id varchar, _path_version bigint, _partner varchar,"
        " _contract_version varchar, rule_id varchar, reason_code varchar, severity varchar, owner varchar,"
        " observed varchar, expected varchar, tolerance varchar, is_overridable boolean)"
    )
    connection.execute(
        "create or replace temp table gate_subjects (cdr_key varchar, revision integer, subject_kind varchar,"
        " subject_id varchar, evaluated integer, rule_count integer)"
    )


def check_rows(connection: duckdb.DuckDBPyConnection, suite: Suite, table: str) -> int:
    """Every subject in work has exactly one row of flags. Returns the number of rows."""
    column, subjects = gate_rows.SUBJECTS[suite.name]
    expected, lost, example = _one(
        connection,
        f"select count(*), count(*) filter (flags.key is null), min(subjects.{column}) filter (flags.key is null)"
        f" from (select {column} from {subjects}) as subjects"
        f" left join (select distinct {column} as key from {table}) as flags on subjects.{column} = flags.key",
    )
    (rows,) = _one(connection, f"select count(*) from {table}")
    if lost:
        raise GateBroken(f"{suite.flags} has no row for {lost} of {expected} subjects in work, such as {example}")
    if rows != expected:
        raise GateBroken(f"{suite.flags} has {rows} rows for {expected} subjects in work")
    return int(rows)


def judge(connection: duckdb.DuckDBPyConnection, suite: Suite, table: str) -> list[RuleCount]:
    """GX on every row, SQL beside it. Raises GateBroken where the two do not count the same."""
    by_sql = _one(connection, gate_sql.counts(suite, table))
    (rows,) = _one(connection, f"select count(*) from {table}")
    by_gx: dict[str, tuple[int, int]] = {}
    for first in range(0, len(suite.rules), CHUNK_RULES):
        part = replace(suite, rules=suite.rules[first : first + CHUNK_RULES])
        by_gx |= _expect(part, _chunks(connection, part, table))
    counts = []
    for number, rule in enumerate(suite.rules):
        failed, evaluated = by_sql[2 * number], by_sql[2 * number + 1]
        judged = by_gx[rule.rule_id]
        if judged != (failed, evaluated):
            raise GateBroken(
                f"suite {suite.name}: {rule.rule_id} fails on {judged[0]} of {judged[1]} rows for Great Expectations"
                f" and on {failed} of {evaluated} for SQL"
            )
        counts.append(RuleCount(rule.rule_id, rule.severity, failed, evaluated, rows - evaluated))
    return counts


def _chunks(connection: duckdb.DuckDBPyConnection, suite: Suite, table: str) -> Iterator[Any]:
    columns = ", ".join(rule.column for rule in suite.rules)
    cursor = connection.execute(f"select {columns} from {table}")
    while True:
        frame = cursor.fetch_df_chunk(CHUNK_ROWS // _VECTOR_ROWS)
        if frame.empty:
            return
        yield frame


def _expect(suite: Suite, frames: Iterator[Any]) -> dict[str, tuple[int, int]]:
    """For each rule: rows that fail, rows evaluated. An empty batch needs no GX: it would call it a success."""
    totals = {rule.rule_id: (0, 0) for rule in suite.rules}
    batch_definition, judged = None, None
    for frame in frames:
        if batch_definition is None or judged is None:
            context = _context()
            judged = expectations(suite)
            source = context.data_sources.add_or_update_pandas("flags")
            asset = source.add_dataframe_asset(suite.name)
            batch_definition = asset.add_batch_definition_whole_dataframe("rows")
        batch = batch_definition.get_batch(batch_parameters={"dataframe": frame})
        outcome = batch.validate(judged, result_format={"result_format": "BASIC", "partial_unexpected_count": 0})
        for rule_id, (failed, evaluated) in _counts(suite, outcome).items():
            before = totals[rule_id]
            totals[rule_id] = (before[0] + failed, before[1] + evaluated)
    return totals


def _counts(suite: Suite, outcome: Any) -> dict[str, tuple[int, int]]:
    """What one validation says of each rule; raises where an expectation raised or is missing."""
    counts: dict[str, tuple[int, int]] = {}
    for result in outcome.results:
        rule_id = result.expectation_config.meta["rule_id"]
        raised = result.exception_info
        if raised.get("raised_exception", True) or "unexpected_count" not in result.result:
            raise GateBroken(f"suite {suite.name}: {rule_id} could not be judged: {raised}")
        evaluated = result.result["element_count"] - result.result["missing_count"]
        counts[rule_id] = (result.result["unexpected_count"], evaluated)
    missing = sorted({rule.rule_id for rule in suite.rules} - set(counts))
    if missing:
        raise GateBroken(f"suite {suite.name}: Great Expectations gave no result for {', '.join(missing)}")
    return counts


@cache
def _context() -> Any:
    """An ephemeral GX context: no files, no progress bars, no telemetry. Its import takes seconds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # It tells of every temporary folder it makes.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _collect(connection: duckdb.DuckDBPyConnection, suite: Suite, table: str, failed: int) -> None:
    """A finding for each failure that was counted, and the subjects that were judged."""
    connection.execute(f"create or replace temp table {table}_failing as {gate_rows.failing(suite)}")
    selects = " union all ".join(gate_sql.findings(rule, f"{table}_failing") for rule in suite.rules)
    (found,) = _one(connection, f"insert into gate_found {selects}")
    if found != failed:
        raise GateBroken(f"suite {suite.name}: {failed} failures were counted and {found} findings made of them")
    subjects = gate_rows.subjects(suite, table)
    if subjects:
        connection.execute(f"insert into gate_subjects {subjects}")


def _check_words(connection: duckdb.DuckDBPyConnection) -> None:
    """Severities and owners that SQL worked out are words of the contract."""
    for column, words in (("severity", SEVERITIES), ("owner", OWNERS)):
        found = connection.execute(
            f"select rule_id, {column} from gate_found where list_contains($1, {column}) is not true limit 1",
            [list(words)],
        ).fetchone()
        if found:
            raise GateBroken(f"{found[0]} gives {column} {found[1]!r}; it must be one of {', '.join(words)}")


def _resolve(connection: duckdb.DuckDBPyConnection, gate: str, suites: Sequence[Suite]) -> None:
    """Contract overrides, waivers, roots; then the verdicts."""
    before = GATES[: GATES.index(gate)]
    earlier = [read_suite(path) for path in all_suites() if path.parent.parent.name in before]
    roots = [
        (rule.rule_id, root, position)
        for suite in suites
        for rule in suite.rules
        # A fault of a whole file is the root of the same fault in each of its CDRs.
        for position, root in enumerate(rule.roots(earlier))
    ]
    connection.execute(
        "create or replace temp table gate_roots (rule_id varchar, root_rule_id varchar, position integer)"
    )
    connection.executemany("insert into gate_roots values (?, ?, ?)", roots)
    found = gate_rows.earlier_findings(gate, GATES)
    explained = gate_rows.explained(suites)
    connection.execute(gate_sql.RESOLVE.format(earlier=found, explained=explained, gate=gate_sql.text(gate)))
    connection.execute(
        gate_sql.VERDICTS.format(gate=gate_sql.text(gate), suite_sha256=gate_sql.text(suites_sha256(suites)))
    )


def _write(
    connection: duckdb.DuckDBPyConnection, gate: str, suites: Sequence[Suite], rows: int, rules: list[RuleCount]
) -> GateResult:
    doubled = connection.execute(
        "select subject_id, rule_id from gate_resolved group by all having count(*) > 1 limit 1"
    ).fetchone()
    if doubled:
        raise GateBroken(f"gate {gate}: {doubled[1]} is found twice about {doubled[0]}")
    whole = ", ".join(gate_sql.text(gate_rows.WHOLE[suite.name]) for suite in suites if suite.name in gate_rows.WHOLE)
    columns = gate_sql.FINDING_COLUMNS
    connection.execute("begin transaction")
    try:
        connection.execute(
            f"delete from {gate}.gate_findings where work_key in (select cdr_key from inspect.work)"
            + (f" or subject_kind in ({whole})" if whole else "")
        )
        connection.execute(f"delete from {gate}.gate_verdicts where cdr_key in (select cdr_key from inspect.work)")
        connection.execute(f"insert into {gate}.gate_findings ({columns}) select {columns} from gate_resolved")
        connection.execute(f"insert into {gate}.gate_verdicts by name select * from gate_judgements")
        connection.execute("commit")
    except duckdb.Error:
        connection.execute("rollback")
        raise
    (findings,) = _one(connection, "select count(*) from gate_resolved")
    verdicts = connection.execute("select verdict, count(*) from gate_judgements group by verdict").fetchall()
    return GateResult(gate, rows, tuple(rules), int(findings), dict(verdicts), suites_sha256(suites))


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row
