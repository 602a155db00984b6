"""The last asset of a run: the conservation law, the run-end entry, the published snapshot, in this order."""

import dagster as dg

from orchestration.defs.ingest.history import append_history
from orchestration.defs.resources import Settlement
from orchestration.defs.settle.conservation import check
from orchestration.defs.settle.month_ends import month_ends
from orchestration.defs.settle.publish import AFTER_THE_RUN, TABLES, prepare, show
from orchestration.defs.settle.run_changes import changes
from orchestration.defs.settle.sealing import open_drafts
from orchestration.defs.settle.statement_files import manifests
from orchestration.facts import ledger
from orchestration.facts.verify_reports import loose_reports
from orchestration.run_entries import end_run, mark_published
from orchestration.warehouse import open_warehouse

_READS = (
    ["inspect", "record_dispositions"],
    ["rate", "price_lines"],
    ["settle", "cdr_outcomes"],
    ["settle", "findings"],
    ["settle", "closing_verdict"],
    ["settle", "adjustments"],
    ["settle", "proposals"],
    ["settle", "exception_groups"],
    ["settle", "quality_pages"],
    ["settle", "verdicts"],
    ["settle", "statements"],
    ["settle", "statement_lines"],
    ["settle", "documents"],
    ["settle", "journal_lines"],
    ["settle", "accruals"],
    ["settle", "accrual_months"],
    ["settle", "closed_periods"],
    ["settle", "period_checkpoints"],
    ["settle", "expected_cash"],
    ["settle", "ageing"],
    ["settle", "dispute_hand_overs"],
    ["settle", "cdr_taxes_due"],
    ["settle", "amounts_due"],
    ["settle", "open_items"],
    ["settle", "payment_allocations"],
    ["settle", "waterfall"],
    ["settle", "leakage"],
    ["settle", "periods"],
    ["settle", "sealed_differences"],
    ["settle", "resubmissions"],
    ["settle", "events"],
    ["settle", "statement_files"],
    ["settle", "partner_findings"],
)


@dg.asset(
    key_prefix="settle",
    group_name="settle",
    kinds={"parquet"},
    owners=["finance@evsettle.example"],
    deps=[dg.AssetKey(path) for path in _READS],
    description="The read snapshot: published/<table>.parquet, replaced atomically once the conservation law holds.",
)
def published(context: dg.AssetExecutionContext, settlement: Settlement) -> dg.MaterializeResult[None]:
    """Check the law, end the run in the ledger, publish. A broken law publishes nothing."""
    home = settlement.home
    with open_warehouse(home.warehouse) as connection:
        broken = check(connection)
        if broken:
            raise dg.Failure(description="The conservation law does not hold: " + "; ".join(broken))
        changed = changes(connection)
        tables = prepare(connection, home, [name for name in TABLES if name != AFTER_THE_RUN])
        entry = end_run(
            home,
            connection,
            changed,
            manifests(home),
            open_drafts(connection),
            {"changes": changed.count(b"\n")},
            {"published": tables.sha256s, "reports": loose_reports(home)},
            month_ends(connection),
        )
        written = show(home, tables)
        # The entry just written is an event too, and the snapshot shows it.
        append_history(home, connection, ledger.read_all(home))
        events = prepare(connection, home, [AFTER_THE_RUN])
        written += show(home, events)
    mark_published(home, entry, events.sha256s[AFTER_THE_RUN])
    context.log.info(f"run-end {entry.seq}; written: {', '.join(written) or 'nothing changed'}")
    return dg.MaterializeResult(metadata={"written": dg.MetadataValue.json(written), "run_end": entry.seq})
