"""`evsettle explain`: the whole story of one session, from the line of a file to the line of a statement."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import show_json, show_table
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.subjects import record_place
from orchestration.published import Snapshot
from orchestration.tariffs.cited import cited_price
from orchestration.tariffs.standing import truth_of_session

_CDRS = "select * from cdrs where cdr_key = lower(?) or lower(cdr_id) = lower(?) order by cdr_key"

_RECORDS = """
    select records.source, records.feed, records.file_name, records.position, records.received_at, records.disposition,
        records.reason, records.record_sha256, records.file_sha256
    from records
    where records.feed = 'cdrs' and records.cdr_key = ?
    order by records.received_at, records.file_name, records.position
"""

_FINDINGS = """
    select gate, rule_id, severity, status, owner, observed, expected, tolerance, reason_code, due_at, caused_by
    from findings
    where cdr_key = ?
    order by gate, case severity when 'reject' then 1 when 'hold' then 2 else 3 end, rule_id
"""

_VERDICTS = """
    select gate, verdict, rules_evaluated, rules_not_evaluated, suite_sha256
    from verdicts
    where cdr_key = ?
    order by case gate when 'inspect' then 1 when 'reconcile' then 2 else 3 end
"""

_LINES = """
    select line_no, period_no, dimension, volume, unit_price, tax_percent, amount_excl_tax, amount_incl_tax,
        tariff_id, element_no, component_no, tariff_version, restrictions
    from price_lines
    where cdr_key = ? and reading = 'base'
    order by line_no
"""

_DISCOUNTS = """
    select line_no, granted_by, plan, discount_percent, amount_excl_tax
    from discount_lines
    where cdr_key = ?
    order by line_no
"""

_ADJUSTMENTS = """
    select rule_id, reason_code, before_excl_tax, after_excl_tax, delta_excl_tax, before_energy_kwh, after_energy_kwh,
        settled_by, contract_version, decision_seq, decided_by, approved_by, note
    from adjustments
    where cdr_key = ?
"""

_PROPOSALS = """
    select rule_id, reason_code, before_excl_tax, after_excl_tax, delta_excl_tax, before_energy_kwh, after_energy_kwh,
        waits_for, owner, proposal_seq, proposed_by
    from proposals
    where cdr_key = ?
"""

_EVENTS = """
    select seq, happened_at, actor, event, reason_code, note
    from events
    where subject = ? or subject = 'cdr:' || ?
    order by seq
"""

_STATEMENT = """
    select statements.statement_id, statements.status, statement_lines.line_no, statement_lines.kind,
        statement_lines.amount_excl_tax
    from statement_lines
    inner join statements on statement_lines.statement_id = statements.statement_id
    where statement_lines.cdr_key = ?
    order by statements.statement_id, statement_lines.line_no
"""


def story(snapshot: Snapshot, subject: str) -> dict[str, Any]:
    """All that is known of one CDR. Raises HomeError when no CDR, or more than one, answers to the subject."""
    found = snapshot.records(_CDRS, [subject, subject])
    if not found:
        raise HomeError(_where_else(snapshot, subject))
    if len(found) > 1:
        keys = ", ".join(row["cdr_key"] for row in found)
        raise HomeError(f"{len(found)} CDRs have the id {subject}; name one by its key: {keys}")
    key = found[0]["cdr_key"]
    return {
        "cdr": found[0],
        "records": snapshot.records(_RECORDS, [key]),
        "findings": snapshot.records(_FINDINGS, [key]),
        "verdicts": snapshot.records(_VERDICTS, [key]),
        "price_lines": snapshot.records(_LINES, [key]),
        "discount_lines": snapshot.records(_DISCOUNTS, [key]),
        "adjustments": snapshot.records(_ADJUSTMENTS, [key]),
        "proposals": snapshot.records(_PROPOSALS, [key]),
        "statement_lines": snapshot.records(_STATEMENT, [key]),
        "events": snapshot.records(_EVENTS, [key, key]),
    }


def _where_else(snapshot: Snapshot, subject: str) -> str:
    """Why a subject is no session: perhaps its record was quarantined."""
    records = snapshot.records(
        "select source, feed, file_name, position, disposition, reason from records where lower(cdr_key) = lower(?) "
        "or (source || '/' || feed || '/' || file_name = ? and cast(position as varchar) = ?)",
        [subject, *record_place(subject.removeprefix("record:"))],
    )
    if not records:
        return f"No session is called {subject}: `evsettle exceptions` lists those that wait."
    record = records[0]
    return (
        f"{subject} is a {record['disposition']} record ({record['reason']}), no session: "
        f"{record['source']}/{record['feed']}/{record['file_name']} position {record['position']}."
    )


def raw_text(warehouse: Path, record_sha256: str) -> str | None:
    """The record as it stands in its file, or nothing while a run holds the warehouse."""
    import duckdb

    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            row = connection.execute(
                "select raw_text from ingest.raw_records where record_sha256 = ? limit 1", [record_sha256]
            ).fetchone()
    except duckdb.Error:
        return None
    return None if row is None else str(row[0])


def _cited(home: Home, found: dict[str, Any]) -> Decimal | None:
    """The price under the tariff in the CDR, where that is another than the version in force."""
    if not any(row["rule_id"] == "TARIFF_BODY_DIFF" for row in found["findings"]):
        return None
    return cited_price(home, found["cdr"]["cdr_key"])


def _show(found: dict[str, Any], raw: str | None) -> None:
    cdr = found["cdr"]
    click.secho(f"{cdr['cdr_id']}  ({cdr['cdr_key']}, revision {cdr['revision']})", bold=True)
    click.echo(f"  {cdr['state']}, {cdr['direction']}, partner {cdr['partner'] or 'unknown'}, period {cdr['period']}")
    click.echo(f"  {_instant(cdr['started_at'])} to {_instant(cdr['ended_at'])}, {_plain(cdr['energy_kwh'])} kWh")
    click.echo(f"  at {cdr['location_id'] or '-'} / {cdr['evse_uid'] or '-'} / {cdr['connector_id'] or '-'}")
    click.echo(f"  operator {cdr['cpo_party']}, provider {cdr['emsp_party']} (from the {cdr['party_source']})\n")
    show_table(
        "Where it came from",
        ["file", ">line", "received", "disposition", "reason", "record sha256"],
        [
            (
                f"{row['source']}/{row['feed']}/{row['file_name']}",
                row["position"],
                row["received_at"],
                row["disposition"],
                row["reason"],
                row["record_sha256"][:16],
            )
            for row in found["records"]
        ],
    )
    if raw is not None:
        click.echo(f"As it stands there:\n  {raw[:2000]}{' …' if len(raw) > 2000 else ''}\n")
    show_table(
        "What the gates said",
        ["gate", "verdict", ">rules evaluated", ">not evaluated"],
        [tuple(row.values())[:4] for row in found["verdicts"]],
    )
    if found["findings"]:
        show_table(
            "Findings",
            ["gate", "rule", "severity", "status", "owner", "observed", "expected", "tolerance"],
            [tuple(row.values())[:8] for row in found["findings"]],
        )
    _show_price(found)
    if found["events"]:
        show_table(
            "Events", [">seq", "at", "who", "event", "reason", "note"], [tuple(r.values()) for r in found["events"]]
        )


def _show_price(found: dict[str, Any]) -> None:
    cdr = found["cdr"]
    if found["tariff"]:
        click.secho("Tariff", bold=True)
        for label, text in found["tariff"].items():
            click.echo(f"  {label + ':':12} {text}")
        click.echo()
    show_table(
        f"Price, line by line (tariff {cdr['tariff_id']}, version {str(cdr['tariff_version'])[:16]})",
        [">#", ">period", "dimension", ">volume", ">price", ">tax %", ">net", ">gross", "element.component", "when"],
        [
            (r["line_no"], r["period_no"], r["dimension"], _plain(r["volume"]), _plain(r["unit_price"]),
             _plain(r["tax_percent"]), _plain(r["amount_excl_tax"]), _plain(r["amount_incl_tax"]),
             f"{r['element_no']}.{r['component_no']}" if r["element_no"] else "", r["restrictions"] or "always")
            for r in found["price_lines"]
        ],
    )  # fmt: skip
    if found["cited_excl_tax"] is not None:
        click.echo(
            f"The CDR cites another tariff than the one in force: it would cost {_plain(found['cited_excl_tax'])}; "
            f"by the one in force, which counts, {_plain(cdr['rated_excl_tax'])}.\n"
        )
    if found["discount_lines"]:
        show_table(
            "Discounts, net of tax",
            [">#", "granted by", "plan", ">% off", ">net"],
            [
                (r["line_no"], r["granted_by"], r["plan"], _plain(r["discount_percent"]), _plain(r["amount_excl_tax"]))
                for r in found["discount_lines"]
            ],
        )
    show_table(
        f"Money, net of tax, {cdr['currency']}",
        [">claimed", ">rated", ">expected", ">settled"],
        [tuple(_plain(cdr[f"{part}_excl_tax"]) for part in ("claimed", "rated", "expected", "settled"))],
    )
    _show_remedies(found)
    for line in found["statement_lines"]:
        click.echo(
            f"On statement {line['statement_id']} ({line['status']}), line {line['line_no']}: {line['amount_excl_tax']}"
        )
    if not found["statement_lines"]:
        click.echo("On no statement.")
    click.echo()


def _show_remedies(found: dict[str, Any]) -> None:
    """What settles otherwise than claimed and who signed it, or what waits for somebody's word."""
    for row in found["adjustments"]:
        signer = (
            f"entry {row['decision_seq']}, by {row['decided_by']} and {row['approved_by']}"
            if row["settled_by"] == "decision"
            else f"the contract, version {row['contract_version'][:16]}"
        )
        click.echo(
            f"Adjusted: {_change(row)} {row['reason_code']}, for {row['rule_id'] or 'no rule'}; signed by {signer}."
        )
    for row in found["proposals"]:
        waits = {
            "proposal": "two people must decide: evsettle decide adjust",
            "amount": "two people must decide and name the amount: evsettle decide adjust … --set amount=",
            "approval": f"{row['proposed_by']} said so, another must: evsettle decide approve {row['proposal_seq']}",
        }[row["waits_for"]]
        click.echo(f"Proposed: {_change(row)} {row['reason_code']}, for {row['rule_id']}; {waits}.")


def _change(row: dict[str, Any]) -> str:
    money = f"{_plain(row['before_excl_tax'])} to {_plain(row['after_excl_tax'])} net"
    if row["before_energy_kwh"] == row["after_energy_kwh"]:
        return f"{money},"
    return f"{money}, {_plain(row['before_energy_kwh'])} to {_plain(row['after_energy_kwh'])} kWh,"


def _instant(value: datetime | None) -> str:
    return "unknown" if value is None else f"{value:%Y-%m-%d %H:%M:%S}Z"


def _plain(value: Decimal | None) -> str:
    return "-" if value is None else format(value.normalize(), "f")


@click.command(
    "explain",
    epilog="Examples:\n\n  evsettle explain CDR-000123\n\n  evsettle explain 'nl/evs|cdr-000123' --json",
)
@click.argument("cdr")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_obj
def command(home_path: Path | None, cdr: str, as_json: bool) -> None:
    """The whole story of one session: file, findings, tariff version, each price line, decisions, statement.

    CDR is a CDR's id, or its key (party|id) where two parties use the same id.
    """
    try:
        home = open_home(home_path)
        found = story(Snapshot(home), cdr)
        found["tariff"] = dict(truth_of_session(home, found["cdr"]))
        found["cited_excl_tax"] = _cited(home, found)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        show_json(found)
        return
    raw = raw_text(home.warehouse, found["records"][0]["record_sha256"]) if found["records"] else None
    _show(found, raw)
