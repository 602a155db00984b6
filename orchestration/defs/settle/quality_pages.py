"""Data quality as pages: reports/quality/index.html for us, and for each partner a page of its own records only.

With the alarm: a check that warns where a partner's faults jumped, and never stops a run. What does not belong here:
any sum (quality) and any judgement (quality_drifts).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.defs.resources import Settlement
from orchestration.defs.settle.report_folder import replace_file
from orchestration.facts.home import Home
from orchestration.pages import INTERNAL, chart, render
from orchestration.quality import ANY, Query, Row, Scope, alarms, firmware, report, warehouse
from orchestration.warehouse import open_warehouse

INDEX = "index.html"
_SITES_SHOWN = 20
_READS = (
    "quality_days",
    "quality_findings",
    "quality_drifts",
    "exception_groups",
    "charger_incidents",
    "firmware_stops",
)


def folder_of(home: Home) -> Path:
    """Where the pages stand."""
    return home.reports / "quality"


def write_pages(connection: duckdb.DuckDBPyConnection, home: Home) -> list[str]:
    """Write the pages of all and of each partner with a contract; take away those of partners without a record.

    Returns their names.
    """
    query = warehouse(connection)
    whole = report(query, Scope())
    known = {
        partner for (partner,) in connection.execute("select distinct partner from ingest.raw_contracts").fetchall()
    }
    # A contract's name is a folder's name, so it is a file's name too.
    pages = {
        row["partner"]: f"{row['partner']}.html"
        for row in query("select distinct partner from quality_days order by partner", {})
        if row["partner"] in known and f"{row['partner']}.html" != INDEX
    }
    folder_of(home).mkdir(parents=True, exist_ok=True)
    written = {INDEX: page(whole, pages=pages)}
    written |= {name: page(report(query, Scope(partner)), partner) for partner, name in pages.items()}
    for name, data in written.items():
        replace_file(folder_of(home) / name, data)
    for left in folder_of(home).glob("*.html"):
        if left.name not in written:
            left.unlink()
    return list(written)


def page(found: Row, partner: str | None = None, pages: dict[str, str] | None = None) -> bytes:
    """The page of one partner, which names no other; without one that of all."""
    return render(
        "quality.html",
        title=f"Data quality: {partner}" if partner else "Data quality",
        is_internal=partner is None,
        internal=INTERNAL,
        pages=pages or {},
        picture=chart(found["days"], "faulty"),
        risks=_risks(found["at_stake"]),
        sites_shown=_SITES_SHOWN,
        **found,
    )


def _risks(found: Sequence[Row]) -> Row:
    """Money at risk with a column a week. Known amounts are added up; where none is known there is none."""
    rows: dict[tuple[str, str], Row] = {}
    for one in found:
        row = rows.setdefault(
            (one["partner"], one["currency"]),
            {"partner": one["partner"], "currency": one["currency"], "weeks": {}, "together": None, "records": 0,
             "unknown_amounts": 0},
        )  # fmt: skip
        if one["at_stake_excl_tax"] is not None:
            row["weeks"][one["week"]] = one["at_stake_excl_tax"]
            row["together"] = (row["together"] or 0) + one["at_stake_excl_tax"]
        row["records"] += one["records"]
        row["unknown_amounts"] += one["unknown_amounts"]
    return {"weeks": sorted({one["week"] for one in found}), "rows": [rows[key] for key in sorted(rows)]}


@dg.asset(
    key_prefix="settle",
    group_name="settle",
    kinds={"html"},
    owners=["operations@evsettle.example"],
    deps=[["settle", name] for name in _READS],
    description="Data quality by day, partner, field, rule and site, as pages that need nothing but a browser.",
)
def quality_pages(settlement: Settlement) -> dg.MaterializeResult[None]:
    """Write reports/quality."""
    home = settlement.home
    with open_warehouse(home.warehouse) as connection:
        written = write_pages(connection, home)
    return dg.MaterializeResult(
        metadata={"pages": len(written), "page": dg.MetadataValue.path(str(folder_of(home) / INDEX))}
    )


@dg.multi_asset_check(
    name="drift_alarms",
    specs=[
        dg.AssetCheckSpec("no_partner_jumped", asset=["settle", "quality_drifts"], description=(
            "No partner's share of records with a fault jumped against its own history.")),
        dg.AssetCheckSpec("no_rule_of_a_partner_jumped", asset=["settle", "quality_drifts"], description=(
            "No rule that holds or rejects finds much more of a partner's than its history lets expect.")),
        dg.AssetCheckSpec("no_firmware_changed_how_sessions_end", asset=["settle", "firmware_stops"], description=(
            "No reason to stop is given much more often since chargers got a firmware.")),
    ],
)  # fmt: skip
def drift_alarms(settlement: Settlement) -> Iterator[dg.AssetCheckResult]:
    """Warn of every jump: what was seen, what was expected, on how many records."""
    home = settlement.home
    with open_warehouse(home.warehouse) as connection:
        query = warehouse(connection)
        found = alarms(query, Scope())
        compared = _compared(query)
        stops = firmware(query)
    yield dg.AssetCheckResult(
        passed=not stops,
        check_name="no_firmware_changed_how_sessions_end",
        asset_key=["settle", "firmware_stops"],
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(row["sentence"] for row in stops) or None,
        metadata={"jumped": len(stops)},
    )
    for name, is_whole in (("no_partner_jumped", True), ("no_rule_of_a_partner_jumped", False)):
        mine = [row for row in found if (row["rule_id"] == ANY) == is_whole]
        yield dg.AssetCheckResult(
            passed=not mine,
            check_name=name,
            asset_key=["settle", "quality_drifts"],
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(row["sentence"] for row in mine) or None,
            metadata={
                "jumped": len(mine),
                "compared": compared[is_whole]["compared"],
                "too_few_records": compared[is_whole]["too_few"],
                **({"alarms": dg.MetadataValue.table([_record(row) for row in mine])} if mine else {}),
                "page": dg.MetadataValue.path(str(folder_of(home) / INDEX)),
            },
        )


def _compared(query: Query) -> dict[bool, Row]:
    rows = query(
        "select rule_id = $any as is_whole, count(*) filter (standing <> 'too few') as compared,"
        " count(*) filter (standing = 'too few') as too_few from quality_drifts group by is_whole",
        {"any": ANY},
    )
    nothing = {"compared": 0, "too_few": 0}
    return {True: nothing, False: nothing} | {row["is_whole"]: row for row in rows}


def _record(row: Row) -> dg.TableRecord:
    return dg.TableRecord({
        "partner": row["partner"],
        "rule": row["rule_id"],
        "by day": row["dated_by"],
        "observed": row["faults"],
        "of records": row["records"],
        "expected": str(row["expected_faults"]),
        "from": row["recent_from"].isoformat(),
        "to": row["last_on"].isoformat(),
        "before": f"{row['faults_before']} of {row['records_before']} since {row['history_from'].isoformat()}",
    })  # fmt: skip
