"""What a partner should know of sessions that are not billed: reports/findings/<partner>/findings.csv and .xlsx.

One line for each root finding that holds or rejects: the code, its words, the next step, who acts and by when. It
stands beside the reports of periods, for a finding outlives the period it was found in. No token is named: a pseudonym
stands in its place (pseudonyms.py). What does not belong here: judging, and sending anything.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import dagster as dg
import duckdb
from xlsxwriter import Workbook

from orchestration.defs.resources import Settlement
from orchestration.defs.settle.lines_sheet import LinesSheet
from orchestration.defs.settle.report_folder import replace_file
from orchestration.defs.settle.statement_csv import safe_text
from orchestration.defs.settle.statements import exact
from orchestration.facts.home import Home
from orchestration.pseudonyms import install
from orchestration.suite import Rule, read_suite
from orchestration.version import suites
from orchestration.warehouse import open_warehouse

COLUMNS = (
    "subject", "state", "direction", "period", "started_at", "rule_id", "reason_code", "severity", "what_is_wrong",
    "found", "expected", "next_step", "who_acts", "due_on", "claimed_excl_tax", "at_stake_excl_tax",
    "proposed_excl_tax", "currency",
)  # fmt: skip

# A record that became no session is its sender's, where the source is a partner and not a hub.
_ROWS = """
    select
        coalesce(cdrs.partner, senders.partner) as partner,
        coalesce(cdrs.cdr_id, findings.subject_id) as subject, coalesce(cdrs.state, 'quarantined') as state,
        cdrs.direction, cdrs.period,
        strftime(timezone('UTC', cdrs.started_at), '%Y-%m-%dT%H:%M:%SZ') as started_at,
        findings.rule_id, findings.reason_code, findings.severity,
        hide(findings.observed, known.token_uid, known.contract_id) as observed,
        hide(findings.expected, known.token_uid, known.contract_id) as expected,
        findings.owner, strftime(timezone('UTC', findings.due_at), '%Y-%m-%d') as due_on,
        cdrs.claimed_excl_tax, findings.amount_at_stake, proposals.after_excl_tax, cdrs.currency
    from settle.findings as findings
    left join settle.cdr_outcomes as cdrs on findings.cdr_key = cdrs.cdr_key
    left join inspect.cdrs as known on findings.cdr_key = known.cdr_key
    left join settle.proposals as proposals on findings.cdr_key = proposals.cdr_key
    left join (select distinct partner from ingest.raw_contracts) as senders
        on findings.subject_kind = 'record' and split_part(findings.subject_id, '/', 1) = senders.partner
    where findings.status = 'open' and findings.severity in ('reject', 'hold') and findings.caused_by is null
        and coalesce(cdrs.partner, senders.partner) is not null
    order by partner, subject, findings.rule_id, findings.finding_id
"""

_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)

Cell = str | Decimal | None


def write_findings(connection: duckdb.DuckDBPyConnection, home: Home) -> dict[str, int]:
    """Write the report of each partner that has such findings, and take away those of partners that have none.

    Returns the number of lines by partner.
    """
    install(connection)
    rules = {rule.rule_id: rule for path in suites() for rule in read_suite(path).rules}
    rows = connection.execute(_ROWS).fetchall()
    counts = {}
    for partner, found in groupby(rows, key=itemgetter(0)):
        lines = [_line(row, rules) for row in found]
        folder = _folder(home) / partner
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / "findings.csv", to_csv(lines))
        replace_file(folder / "findings.xlsx", to_xlsx(lines))
        counts[partner] = len(lines)
    for left in _folder(home).glob("*"):
        if left.is_dir() and left.name not in counts:
            _remove(left)
    return counts


def _folder(home: Home) -> Path:
    return home.reports / "findings"


def _remove(folder: Path) -> None:
    for name in ("findings.csv", "findings.xlsx"):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _line(row: Sequence[Cell], rules: Mapping[str, Rule]) -> list[Cell]:
    _, subject, state, direction, period, started_at, rule_id, reason, severity, observed, expected, *rest = row
    owner, due_on, claimed, at_stake, proposed, currency = rest
    rule = rules.get(str(rule_id))
    return [
        subject, state, direction, period, started_at, rule_id, reason, severity, rule.text if rule else "", observed,
        expected, rule.remedy if rule else "", owner, due_on, claimed, at_stake, proposed, currency,
    ]  # fmt: skip


def to_csv(lines: Sequence[Sequence[Cell]]) -> bytes:
    """UTF-8, CRLF, a header row; text that a spreadsheet could take for a formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(value) for value in line] for line in lines)
    return text.getvalue().encode()


def _text(value: Cell) -> str:
    if isinstance(value, Decimal):
        return exact(value)
    return "" if value is None else safe_text(value)


def to_xlsx(lines: Sequence[Sequence[Cell]]) -> bytes:
    """The same as a workbook: text as text, never a formula; the same content gives the same bytes."""
    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(data, options)
    workbook.set_properties({"title": "findings", "created": _CREATED})
    head, money = workbook.add_format({"bold": True, "bottom": 1}), workbook.add_format({"num_format": "#,##0.00##"})
    sheet = workbook.add_worksheet("Findings", worksheet_class=LinesSheet)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 22)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, head)
    sheet.lines = lines
    sheet.styles = [money._get_xf_index()] * len(COLUMNS)
    workbook.close()
    return data.getvalue()


@dg.asset(
    key_prefix="settle",
    group_name="settle",
    kinds={"csv", "xlsx"},
    owners=["operations@evsettle.example"],
    deps=[["settle", name] for name in ("findings", "cdr_outcomes", "proposals")],
    description="For each partner, in words: what is not billed and why, the next step, who acts and by when.",
)
def partner_findings(settlement: Settlement) -> Iterator[dg.MaterializeResult[None]]:
    """Write reports/findings."""
    with open_warehouse(settlement.home.warehouse) as connection:
        counts = write_findings(connection, settlement.home)
    rows = [dg.TableRecord({"partner": partner, "findings": count}) for partner, count in sorted(counts.items())]
    yield dg.MaterializeResult(metadata={
        "partners": len(counts), **({"lines": dg.MetadataValue.table(rows)} if rows else {}),
    })  # fmt: skip
