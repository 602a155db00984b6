"""`evsettle payments`: what is open and how old, what names no document, whom to remind, and orders for the bank."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import duckdb

from orchestration.cli.show import home_option, show_json, show_table, shown_path
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.standing import StandingDecision, standing
from orchestration.published import Snapshot

_BUCKETS = ("not_due", "1-30", "31-60", "61-90", "over_90")
_OPEN = """
    select due_id, kind, documents, direction, partner, currency, due_on, days_overdue, amount, paid, disputed,
        due_amount, status, bucket, expected_on
    from amounts_due
    where status <> 'paid' and ($partner is null or partner = $partner)
    order by direction, partner, due_on, due_id
"""
_AGEING = """
    select direction, partner, currency, standing, bucket, sum(disputes)::bigint as disputes, sum(amount) as amount
    from ageing
    where $partner is null or partner = $partner
    group by direction, partner, currency, standing, bucket
    order by direction, partner, currency, standing = 'undisputed' desc, standing, bucket
"""
_UNMATCHED = """
    select payments.payment_id, payments.booked_on, payments.partner, payments.counterparty_name, payments.currency,
        payments.amount, coalesce(payments.reference, payments.remittance, payments.end_to_end_id) as says
    from payments
    inner join payment_allocations as allocations on payments.payment_id = allocations.payment_id
    where allocations.item_id is null and ($partner is null or payments.partner = $partner)
    order by payments.booked_on, payments.payment_id
"""
# The first reminder comes with the first day, the second after a month, the third after two.
_DUNNING = """
    select partner, currency, due_id, issued_on, due_on, days_overdue, due_amount,
        case when days_overdue > 60 then 3 when days_overdue > 30 then 2 else 1 end as level
    from amounts_due
    where direction = 'receivable' and days_overdue > 0 and due_amount > 0 and ($partner is null or partner = $partner)
    order by partner, currency, due_on, due_id
"""
_DUE = """
    select distinct items.statement_id, due.due_id, due.direction, due.party, due.partner, due.currency, due.due_amount,
        due.status, due.expected_on
    from open_items as items
    inner join amounts_due as due on items.paid_as = due.paid_as
    order by items.statement_id, due.due_id
"""
_ACCOUNTS = """
    select owner, is_ours, iban, bic, holder, creditor_id, mandate_id, mandate_signed_on
    from ingest.bank_accounts
    order by owner
"""


@click.group("payments")
def command() -> None:
    """Open items and ageing, payments of bank statements, reminders, and orders for the bank.

    Bank statements (camt.053) land in landing/own/payments/; a payment is for the documents and statements whose
    numbers stand in its reference or text.
    """


def _snapshot(home_path: Path | None) -> Snapshot:
    try:
        return Snapshot(open_home(home_path))
    except HomeError as error:
        raise click.ClickException(str(error)) from error


_partner = click.option("--partner", help="Only this partner's (the partner's folder name).")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")


@command.command("open")
@_partner
@_json
@click.pass_obj
def open_items(home_path: Path | None, partner: str | None, as_json: bool) -> None:
    """What is neither paid nor disputed, settlement by settlement and by age, as of the last run.

    A settlement is what is paid as one sum: one document, or all of a period and currency that the contract nets.
    """
    snapshot = _snapshot(home_path)
    items, ages = (snapshot.named(sql, {"partner": partner}) for sql in (_OPEN, _AGEING))
    if as_json:
        show_json({"open_items": items, "ageing": ages})
        return
    show_table(
        "Open items",
        ["item", "direction", "partner", "currency", "due", "status", ">billed", ">paid", ">disputed", ">due",
         "expected"],
        [
            (one["due_id"], one["direction"], one["partner"], one["currency"], one["due_on"], one["status"],
             one["amount"], one["paid"], one["disputed"], one["due_amount"], one["expected_on"])
            for one in items
        ],
    )  # fmt: skip
    by_owner: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in ages:
        owner = (one["direction"], one["partner"], one["currency"], one["standing"])
        by_owner.setdefault(owner, {})[one["bucket"]] = one["amount"]
    show_table(
        "Ageing by days overdue, and by the state of disputes",
        ["direction", "partner", "currency", "standing", *(f">{bucket.replace('_', ' ')}" for bucket in _BUCKETS)],
        [(*owner, *(found.get(bucket) for bucket in _BUCKETS)) for owner, found in by_owner.items()],
    )


@command.command("unmatched")
@_partner
@_json
@click.pass_obj
def unmatched(home_path: Path | None, partner: str | None, as_json: bool) -> None:
    """Payments of bank statements that name nothing that was billed."""
    found = _snapshot(home_path).named(_UNMATCHED, {"partner": partner})
    if as_json:
        show_json({"payments": found})
        return
    show_table(
        "Payments that name no document",
        ["payment", "booked", "partner", "from or to", "currency", ">amount", "it says"],
        [tuple(one.values()) for one in found],
    )


@command.command("dunning")
@_partner
@_json
@click.pass_obj
def dunning(home_path: Path | None, partner: str | None, as_json: bool) -> None:
    """Whom to remind: documents past due that are neither paid nor disputed, with the level of the reminder."""
    found = _snapshot(home_path).named(_DUNNING, {"partner": partner})
    if as_json:
        show_json({"dunning": found})
        return
    show_table(
        "Past due",
        ["partner", "currency", "document", "issued", "due", ">days", ">amount", ">level"],
        [tuple(one.values()) for one in found],
    )


@command.command("file")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder for the files."
)
@_json
@click.pass_obj
def payment_file(home_path: Path | None, out: Path, as_json: bool) -> None:
    """Write pain.001 and pain.008 files of the payments that two people approved.

    `evsettle decide pay statement:2026-10-emo-P-EUR … --by NAME` proposes one; another person approves it.
    """
    from orchestration.defs.settle.payment_files import PaymentFileError, payment_files

    try:
        home = open_home(home_path)
        approved: dict[int, list[StandingDecision]] = {}
        for decision in standing(ledger.read_all(home)):
            if decision.kind == "pay":
                approved.setdefault(decision.seq, []).append(decision)
        due: dict[str, list[Mapping[str, Any]]] = {}
        for row in Snapshot(home).named(_DUE, {}):
            due.setdefault(row["statement_id"], []).append(row)
        ours, theirs = _accounts(home)
        written: dict[str, bytes] = {}
        left: list[str] = []
        paid_by: dict[str, int] = {}
        for seq, decisions in sorted(approved.items()):
            items, skipped = _due_of(decisions, due, paid_by)
            left += skipped
            written |= payment_files(seq, decisions[0].effective_at, items, ours, theirs)
        out.mkdir(parents=True, exist_ok=True)
        for name, data in written.items():
            (out / name).write_bytes(data)
    except (HomeError, PaymentFileError) as error:
        raise click.ClickException(str(error)) from error
    except duckdb.IOException as error:
        raise click.ClickException("A run is using the warehouse: write the files when it has ended.") from error
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written ({error.strerror}): name another folder.") from error
    if as_json:
        show_json({"files": sorted(written), "left_out": left})
        return
    for name in sorted(written):
        click.echo(f"Written: {shown_path(out / name)}")
    for sentence in left:
        click.secho(sentence, fg="yellow")
    if not approved:
        click.echo(
            f"No payment is approved: propose one with `evsettle{home_option(home)} decide pay "
            "statement:<statement id> --by NAME`, and another person approves it."
        )


def _due_of(
    decisions: Sequence[StandingDecision], due: Mapping[str, Sequence[Mapping[str, Any]]], paid_by: dict[str, int]
) -> tuple[list[Any], list[str]]:
    """What one approved payment pays, and a sentence for each statement that no file can pay.

    due: by statement, the sums that pay it, one for each legal entity of ours. paid_by: the entry that pays each sum;
    this adds its own.
    """
    from orchestration.defs.settle.payment_files import Due

    items, left = [], []
    for decision in decisions:
        if decision.subject_id not in due:
            left.append(f"{decision.subject_id} is left out: no run has booked it yet, `evsettle run` first.")
        for row in due.get(decision.subject_id, ()):
            why = _not_paid(row, paid_by)
            if why is not None:
                left.append(f"{decision.subject_id} is left out: {why}.")
                continue
            paid_by[row["due_id"]] = decision.seq
            named = ("due_id", "direction", "party", "partner", "due_amount", "expected_on")
            items.append(Due(*(row[name] for name in named)))
    return items, left


def _not_paid(row: Mapping[str, Any], paid_by: Mapping[str, int]) -> str | None:
    """Why no file pays a sum; None: one does."""
    if row["currency"] != "EUR":
        return f"SEPA moves euros only, pay {row['currency']} at your bank"
    if row["status"] == "carried":
        return "it waits for the settlement that it is carried to"
    if row["due_amount"] <= 0:
        return "nothing of it is due any more"
    if row["due_id"] in paid_by:
        return f"entry {paid_by[row['due_id']]} pays {row['due_id']}, which it is settled with"
    return None


def _accounts(home: Home) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our accounts by party and partners' by name, as the last run knows them. Raises HomeError."""
    from orchestration.defs.settle.payment_files import Account

    # An imported home has none until its first run, and to open one that is not there would make an empty one.
    if not home.warehouse.is_file():
        raise HomeError(f"{home.relative(home.warehouse)} is not there: `evsettle run` builds it from the ledger.")
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        rows = connection.execute(_ACCOUNTS).fetchall()
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    for owner, is_ours, iban, bic, holder, creditor_id, mandate_id, signed_on in rows:
        (ours if is_ours else theirs)[owner] = Account(iban, bic, holder, creditor_id, mandate_id, signed_on)
    return ours, theirs
