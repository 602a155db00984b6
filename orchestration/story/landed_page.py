"""The story of one landed file, or of one record that is no session, in words. No query, no layout."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from orchestration.story.landed import FileStory, RecordStory, Row
from orchestration.story.page import Page, Section, instant
from orchestration.story.shared_sections import events_section, findings_section

_RECORDS_SHOWN = 40


def file_page(story: FileStory) -> Page:
    """The page of one file."""
    return Page(
        title=story.place,
        subtitle=f"file of the feed {story.feed}",
        lead=list(_lead(story)),
        sections=[
            _fates(story),
            findings_section(story.findings, with_subject=True),
            _records(story),
            events_section(story.events, f"file:{story.place}"),
        ],
    )


def _lead(story: FileStory) -> Iterator[str]:
    arrived = [row for row in story.events if row["event"] == "arrived"]
    again = [row for row in story.events if row["event"] == "replayed"]
    for row in arrived:
        # A file may have been replaced under its name: each content brought its own.
        brought = [one for one in story.records if len(arrived) == 1 or one["file_sha256"] == row["evidence_sha256"]]
        counts = Counter(one["disposition"] for one in brought)
        said = "".join(f", {count:,} {disposition}" for disposition, count in sorted(counts.items()))
        yield (
            f"Taken in {instant(row['happened_at'])}, ledger entry {row['seq']}, sha256 {row['evidence_sha256']}: "
            f"{len(brought):,} record{'' if len(brought) == 1 else 's'}{said}."
        )
    for row in again:
        yield f"Seen again whole {instant(row['happened_at'])}, ledger entry {row['seq']}: that adds no records."


def _where(row: Row) -> str:
    """Where a record is now."""
    if row["statement_id"]:
        return f"{row['state']}, {row['statement_id']}"
    if row["state"]:
        return f"{row['state']}: {row['rule_id']}" if row["rule_id"] else str(row["state"])
    return str(row["disposition"]) + (f": {row['reason']}" if row["reason"] else "")


def _fates(story: FileStory) -> Section:
    """Where its records went, with their money by currency."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in story.records:
        groups.setdefault((_where(row), row["currency"] or ""), []).append(row)
    return Section(
        "Where its records went",
        columns=["where", ">records", ">kWh", "currency", ">claimed", ">settled"],
        rows=[
            (where, len(rows), _sum(rows, "energy_kwh"), currency, _sum(rows, "claimed_excl_tax"),
             _sum(rows, "settled_excl_tax"))
            for (where, currency), rows in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        ],
    )  # fmt: skip


def _sum(rows: list[Row], name: str) -> Decimal | None:
    """What is known of it; nothing where nothing is."""
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known, Decimal(0)) if known else None


def _records(story: FileStory) -> Section:
    """Each record; a session goes by its id, so that it can be asked for."""
    left = len(story.records) - _RECORDS_SHOWN
    return Section(
        "Each record" + (f", the first {_RECORDS_SHOWN} (--json has the other {left:,})" if left > 0 else ""),
        columns=[">position", "session", "where", ">line", ">kWh", ">claimed", ">settled", "currency"],
        rows=[
            (row["position"], row["cdr_id"] or row["cdr_key"], _where(row), row["line_no"], row["energy_kwh"],
             row["claimed_excl_tax"], row["settled_excl_tax"], row["currency"])
            for row in story.records[:_RECORDS_SHOWN]
        ],
    )  # fmt: skip


def record_page(story: RecordStory) -> Page:
    """The page of one record."""
    record = story.record
    return Page(
        title=story.place,
        subtitle=f"a {record['disposition']} record, no session of its own",
        lead=[
            str(record["disposition"]).capitalize() + (f" by {record['reason']}." if record["reason"] else "."),
            *(f"{case['what_happened']} {case['action']}" for case in story.cases),
        ],
        sections=[
            Section(
                "The record",
                [
                    ("received", instant(record["received_at"])),
                    ("id", record["cdr_key"]),
                    ("sha256", record["record_sha256"]),
                    ("next", "; ".join(case["command"] for case in story.cases if case["command"])),
                ],
            ),
            findings_section(story.findings),
            events_section(story.events, f"record:{story.place}"),
            Section("The record as it stands in its file, persons under pseudonyms", raw=story.raw_text),
        ],
    )
