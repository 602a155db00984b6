"""All suites together, before anything runs: what each says of columns, tolerances, owners and causes can be judged.

What does not belong here: the shape of one suite (suite) and judging (gate).
"""

# ruff: noqa: S608 - names of our own models and of suites that suite.py has checked; no value from outside.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from orchestration import gate_rows, gate_sql
from orchestration.suite import GROUP_MARK, GROUPS, Rule, Suite, SuiteError, read_suite
from orchestration.suite_needs import MODELS, model_columns, unknown_need
from orchestration.suite_tolerances import unread_tolerance
from orchestration.version import suites

_CATALOGUE = Path(__file__).resolve().parent / "catalogue.yml"
# What the gate itself adds to the rows of every suite: gate_rows.
_GATE_COLUMNS: Mapping[str, str] = {
    "_kind": "varchar", "_subject_id": "varchar", "_cdr_key": "varchar", "_work_key": "varchar",
    "_revision": "integer", "_file_subject_id": "varchar", "_path_version": "bigint", "_partner": "varchar",
    "_contract_version": "varchar", "_requires": "varchar", "_ocpi_version": "varchar", "missing_evidence": "varchar",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the catalogue, the rule ids that it asks for, and those of them that refuse an act instead."""

    number: int
    title: str
    rule_ids: tuple[str, ...]
    refused: tuple[str, ...]


def check_suites(paths: Iterable[Path] | None = None) -> list[Suite]:
    """Every suite, read and checked. Raises SuiteError: file, rule, what stands there, what to write."""
    read = [read_suite(path) for path in (suites() if paths is None else paths)]
    known = {rule.rule_id for suite in read for rule in suite.rules}
    for suite in read:
        for rule in suite.rules:
            unknown = sorted(set(rule.caused_by) - known - {group + GROUP_MARK for group in GROUPS})
            if unknown:
                raise SuiteError(
                    f"{suite.path}: {rule.rule_id}: caused_by names {', '.join(unknown)}, which no suite has"
                )
    with duckdb.connect() as connection:
        for suite in read:
            _check_columns(connection, suite)
    for suite in read:
        for rule in suite.rules:
            _check_words(suite, rule)
    return read


def catalogue() -> list[Section]:
    """The checked-in list of rule ids."""
    listed = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    return [
        Section(entry["section"], entry["title"], tuple(entry["rules"]), tuple(entry.get("refused", ())))
        for entry in listed
    ]


def _check_words(suite: Suite, rule: Rule) -> None:
    """What the rule needs is there by that name, and what it tolerates is read."""
    for word in rule.needs:
        if problem := unknown_need(word):
            raise SuiteError(f"{suite.path}: {rule.rule_id}: needs names {problem}")
    if problem := unread_tolerance(rule.rule_id, rule.tolerance):
        raise SuiteError(f"{suite.path}: {rule.rule_id}: {problem}")


def _check_columns(connection: duckdb.DuckDBPyConnection, suite: Suite) -> None:
    """Each rule's flag is a column of the model, and its words are SQL over the model's columns."""
    columns = _columns(suite)
    table = f"checked_{suite.path.parent.parent.name}_{suite.name}"
    evidence = {} if suite.evidence_rule is None else {suite.evidence_rule.lower(): "smallint"}
    whole = {**columns, **_GATE_COLUMNS, **evidence}
    listed = ", ".join(f'"{name}" {data_type}' for name, data_type in whole.items())
    connection.execute(f"create temp table {table} ({listed})")
    for rule in suite.rules:
        if whole.get(rule.column) != "smallint":
            raise SuiteError(
                f"{suite.path}: {rule.rule_id}: {suite.flags} has no flag {rule.column}; add the column to the model,"
                " or correct the id"
            )
    try:
        connection.execute(" union all ".join(gate_sql.findings(rule, table) for rule in suite.rules))
        _bind_evidence(connection, suite, table)
    except duckdb.Error:
        _name_the_rule(connection, suite.rules, table, suite.path)
        raise


def _bind_evidence(connection: duckdb.DuckDBPyConnection, suite: Suite, table: str) -> None:
    for word, evidence in suite.evidence.items():
        if evidence.when is not None:
            try:
                connection.execute(f"select {evidence.when} from {table}")
            except duckdb.Error as error:
                raise SuiteError(f"{suite.path}: requires {word}: when cannot be read: {_sentence(error)}") from error


def _name_the_rule(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], table: str, path: Path) -> None:
    for rule in rules:
        try:
            connection.execute(gate_sql.findings(rule, table))
        except duckdb.Error as error:
            raise SuiteError(f"{path}: {rule.rule_id}: observed, expected or when: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _columns(suite: Suite) -> dict[str, str]:
    """The columns of a suite's flags model, as its contract has them."""
    stage, model = suite.flags.split(".")
    path = MODELS / stage / f"{model}.yml"
    if not path.is_file() or suite.name not in gate_rows.SUBJECTS:
        raise SuiteError(f"{suite.path}: flags is {suite.flags}, and there is no such model")
    return dict(model_columns(path))
