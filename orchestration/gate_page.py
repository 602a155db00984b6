"""What a gate found in one run, as a page: reports/gates/<run>/<gate>.html, linked from the gate's check.

It tells of a run, so it names the run and a rebuild does not bring it back. What does not belong here: judging (gate)
and how a page looks (pages).
"""

import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration import gate_rows, pseudonyms
from orchestration.facts.home import Home
from orchestration.gate import GateResult
from orchestration.pages import INTERNAL, render
from orchestration.suite import EXPECTATION, Suite
from orchestration.warehouse import named_rows

# A quarter of daily runs; older ones stand in Dagster's event log, less their samples.
RUNS_KEPT = 92
_SAMPLE = 5

_WORDS = {
    "inspect": "Gate 1 looks at the quality of records and sessions.",
    "reconcile": "Gate 2 compares claims with prices, and what was sent with what should have come.",
    "settle": "Gate 3 looks at terms, tax and periods.",
}

# The first findings of each rule among what this run judged; no token or contract of a driver is named.
_FOUND = """
    select found.rule_id, found.subject_kind, found.subject_id,
        hide(found.observed, token_uid, contract_id) as observed,
        hide(found.expected, token_uid, contract_id) as expected, found.severity, found.owner, found.status,
        found.caused_by
    from (
        select *, row_number() over (partition by rule_id, subject_kind order by subject_id, finding_id) as no
        from {gate}.gate_findings
        where work_key in (select cdr_key from inspect.work) or subject_kind in ({whole})
    ) as found
    left join inspect.cdrs as known on found.cdr_key = known.cdr_key
    where found.no <= {sample}
    order by found.rule_id, found.subject_kind, found.no
"""


def folder_of(home: Home) -> Path:
    """Where the pages stand, a folder a run."""
    return home.reports / "gates"


def write_page(
    connection: duckdb.DuckDBPyConnection, home: Home, stage: str, suites: Sequence[Suite], result: GateResult | str
) -> Path:
    """Write the page of a gate's results, or of why it broke, and let go of the oldest runs. Returns its path."""
    run_seq, as_of = connection.execute("select run_seq, as_of from ingest.raw_run").fetchall()[0]
    folder = folder_of(home) / f"{run_seq:09d}"
    folder.mkdir(parents=True, exist_ok=True)
    runs = sorted(path for path in folder_of(home).iterdir() if path.is_dir() and path.name.isdecimal())
    for old in runs[:-RUNS_KEPT]:
        shutil.rmtree(old)
    judged = {"broken": result} if isinstance(result, str) else _judged(connection, suites, result)
    path = folder / f"{stage}.html"
    path.write_bytes(
        render(
            "gate.html",
            title=f"Gate results: {stage}",
            internal=INTERNAL,
            stage_words=_WORDS[stage],
            run_seq=run_seq,
            as_of=as_of,
            expectation=EXPECTATION,
            suites=", ".join(f"{suite.path.parent.parent.name}/suites/{suite.path.name}" for suite in suites),
            **{"broken": None, "suite_sha256": None, **judged},
        )
    )
    return path


def _judged(connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite], result: GateResult) -> dict[str, Any]:
    samples = _samples(connection, result.gate)
    declared = [(rule, suite.name.removesuffix("s")) for suite in suites for rule in suite.rules]
    rules = [
        {
            "rule": rule,
            "kind": kind,
            "failed": count.failed,
            "evaluated": count.evaluated,
            "not_evaluated": count.not_evaluated,
            "sample": samples.get((rule.rule_id, kind), []),
        }
        for (rule, kind), count in zip(declared, result.rules, strict=True)
    ]
    failing = [row for row in rules if row["failed"]]
    return {
        "rows": result.rows,
        "rules": rules,
        "findings": result.findings,
        "verdicts": sorted(result.verdicts.items()),
        "suite_sha256": result.suite_sha256,
        "failing": sorted(failing, key=lambda row: (-row["failed"], row["rule"].rule_id, row["kind"])),
        "passing": [row for row in rules if row["evaluated"] and not row["failed"]],
        "silent": [row for row in rules if not row["evaluated"]],
    }


def _samples(connection: duckdb.DuckDBPyConnection, gate: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    pseudonyms.install(connection)
    whole = ", ".join(f"'{kind}'" for kind in gate_rows.WHOLE.values())
    found = named_rows(connection.execute(_FOUND.format(gate=gate, whole=whole, sample=_SAMPLE)))
    return {key: list(rows) for key, rows in groupby(found, lambda row: (row["rule_id"], row["subject_kind"]))}
