"""A sealed period computed again from the facts that its run had, in a home of its own, and compared with the seal.

The ledger is cut off before the run whose drafts were sealed, so that tariffs, contracts, decisions and arrivals are
those of that time; the run is made again at its own clock. What does not belong here: whether facts and reports are
what was written (facts/verify), and how a run is made (the caller gives it).
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.computed_by import changed_since
from orchestration.defs.settle.sealing import freeze
from orchestration.facts import objects
from orchestration.facts.documents import documents
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, parse_at
from orchestration.facts.seals import TABLES, seals
from orchestration.past_facts import lay_out
from orchestration.version import engine_version, rules_sha256
from orchestration.warehouse import open_warehouse

COMPARED_SQL = Path(__file__).parent / "replay.sql"
MANIFEST = "manifest.json"

Run = Callable[[Home, datetime], None]


class ReplayError(Exception):
    """A period cannot be replayed; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One session, record or line that comes out otherwise, what of it is another first, and its amounts net of tax."""

    subject: str
    line: str | None
    sealed_excl_tax: Decimal | None
    again_excl_tax: Decimal | None
    cause: str
    because: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came out of one sealed period of one partner.

    lines, records: how many were compared. files: names of report files whose bytes come out otherwise.
    sealed_by, replayed_by: engine version and the first digits of the rules' hash. changed: what of rules, models and
    packages is another now, in sentences; null where the run of then did not keep it. judged_otherwise: lines that come
    out the same under rules of which some are others.
    """

    seal: Entry
    run: Entry
    lines: int
    records: int
    files: tuple[str, ...]
    differences: tuple[Difference, ...]
    sealed_by: str
    replayed_by: str
    changed: tuple[str, ...] | None = ()
    judged_otherwise: int = 0

    @property
    def is_same_engine(self) -> bool:
        """Whether models, readers and rules are those that computed what was sealed."""
        return self.sealed_by == self.replayed_by

    @property
    def is_equal(self) -> bool:
        """Whether everything came out as it was sealed, to the byte."""
        return not (self.differences or self.files or self.judged_otherwise)


def sealed_periods(entries: Sequence[Entry], named: str) -> list[Entry]:
    """The seals of a period (2026-10), or of one partner's (2026-10/emo). Empty when there is none."""
    period, _, partner = named.replace("|", "/").partition("/")
    return [
        seal
        for seal in seals(entries).values()
        if seal.body["period"] == period and partner in ("", seal.body["partner"])
    ]


def replay(
    home: Home, entries: Sequence[Entry], chosen: Sequence[Entry], run: Run, tell: Callable[[str], None]
) -> Iterator[Replayed]:
    """Make the runs behind these seals again, one after another, and compare what each seal froze.

    `run` makes one run of a home at an instant. Raises ReplayError, and what `run` raises.
    """
    by_run: dict[int, list[Entry]] = {}
    for seal in chosen:
        by_run.setdefault(_run_before(entries, seal).seq, []).append(seal)
    for number, (seq, its_seals) in enumerate(sorted(by_run.items()), start=1):
        made = next(entry for entry in entries if entry.seq == seq)
        partners = ", ".join(f"{seal.body['period']} {seal.body['partner']}" for seal in its_seals)
        tell(f"Replaying run {number} of {len(by_run)}: entry {seq} of {made.body['as_of']} ({partners})")
        with _scratch(home, [entry for entry in entries if entry.seq < seq]) as again:
            run(again, parse_at(made.body["as_of"]))
            with open_warehouse(again.warehouse) as connection:
                for seal in its_seals:
                    yield _compared(home, again, connection, made, seal)


def _run_before(entries: Sequence[Entry], seal: Entry) -> Entry:
    """The run whose drafts were sealed."""
    ended = [entry for entry in entries if entry.is_finished_run and entry.seq < seal.seq]
    if not ended:
        raise ReplayError(f"No run stands before the seal of entry {seal.seq}: the ledger is not whole.")
    return next(entry for entry in entries if entry.seq == ended[-1].body["run"])


@contextmanager
def _scratch(home: Home, entries: Sequence[Entry]) -> Iterator[Home]:
    """A home that knows only these entries: its master data is as they say, nothing waits in its inbox."""
    folder = Path(tempfile.mkdtemp(prefix="evsettle-replay-"))
    try:
        yield lay_out(home, folder, entries)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compared(home: Home, again: Home, connection: duckdb.DuckDBPyConnection, made: Entry, seal: Entry) -> Replayed:
    # Numbers and days of its documents are facts of the seal; what stands on them is made again.
    issued = [document for _, document in documents([seal])]
    body = freeze(again, connection, seal.body["period"], seal.body["partner"], issued)
    hashes = {**body["files"], MANIFEST: body["manifest_sha256"]}
    sealed = {**seal.body["files"], MANIFEST: seal.body["manifest_sha256"]}
    with tempfile.TemporaryDirectory(prefix="evsettle-") as folder:
        for table in TABLES:
            for side, its_home, its_tables in (("sealed", home, seal.body["tables"]), ("again", again, body["tables"])):
                path = Path(folder) / f"{side}_{table}.parquet"
                path.write_bytes(objects.get(its_home, its_tables[table]))
                view = f"create or replace temp view {side}_{table} as from read_parquet('{path}')"
                connection.execute(view)
        changed = changed_since(home, made.body)
        differences = _caused(compared(connection), changed or ())
        steps, judged_otherwise = _steps(home, again, seal, body, {each.line for each in differences})
        differences += steps
        counts = connection.execute(
            "select (select count(*) from sealed_lines), (select count(*) from sealed_fates)"
        ).fetchone()
    assert counts is not None
    lines, records = counts
    return Replayed(
        seal,
        made,
        lines,
        records,
        tuple(sorted(name for name in sealed.keys() | hashes.keys() if sealed.get(name) != hashes.get(name))),
        differences,
        _engine(made.body["engine_version"], made.body["rules_sha256"]),
        _engine(engine_version(), rules_sha256()),
        changed,
        judged_otherwise,
    )


def _caused(differences: tuple[Difference, ...], changed: Sequence[str]) -> tuple[Difference, ...]:
    """A difference that names rules says what is another about those."""
    found = []
    for each in differences:
        rules = set(re.findall(r"\b[A-Z][A-Z_0-9]{3,}\b", each.because))
        about = [
            said.removeprefix("rule ")
            for said in changed
            if said.startswith("rule ") and said.split()[1].rstrip(":") in rules
        ]
        found.append(replace(each, because=f"{each.because} ({'; '.join(about)})") if about else each)
    return tuple(found)


def compared(connection: duckdb.DuckDBPyConnection) -> tuple[Difference, ...]:
    """The differences between the views sealed_<table> and again_<table>, in order of subject and line."""
    connection.execute("create or replace temp macro plain(x) as rtrim(rtrim(cast(x as varchar), '0'), '.')")
    connection.execute("create temp table open_rules (cdr_key varchar, rules varchar)")
    connection.execute(
        "insert into open_rules select cdr_key, string_agg(distinct rule_id, ', ' order by rule_id)"
        " from settle.findings where status = 'open' and severity <> 'warn' and cdr_key is not null group by cdr_key"
    )
    rows = connection.execute(COMPARED_SQL.read_text()).fetchall()
    connection.execute("drop table open_rules")
    return tuple(Difference(*row) for row in rows)


def _steps(
    home: Home, again: Home, seal: Entry, body: Mapping[str, Any], told: Collection[str | None]
) -> tuple[tuple[Difference, ...], int]:
    """Lines whose amounts are the same but not what they came from: price steps, findings, record, terms; and how many
    more differ in nothing but the rule suites that judged them."""
    sealed = seal.body.get("lines")
    if not sealed or sealed["root"] == body["lines"]["root"]:
        return (), 0
    stories = [
        {
            (each["statement_id"], each["line_no"]): each
            for each in map(json.loads, objects.get(its, sha256).splitlines())
        }
        for its, sha256 in ((home, sealed["stories"]), (again, body["lines"]["stories"]))
    ]
    found, judged_otherwise = [], 0
    for at in sorted(stories[0].keys() & stories[1].keys()):
        before, after = stories[0][at], stories[1][at]
        line = f"{at[0]}#{at[1]}"
        if before == after or line in told:
            continue
        parts = _parts(before, after)
        if not parts:
            judged_otherwise += 1
            continue
        amounts = (Decimal(before["amount_excl_tax"]), Decimal(after["amount_excl_tax"]))
        because = f"other {', '.join(parts).replace('_', ' ')}"
        found.append(Difference(before["cdr_key"] or before["kind"], line, *amounts, "steps", because))
    return tuple(found), judged_otherwise


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Which parts of a line's story differ, but for the hash and the size of the suites that passed it."""
    one, other = ({**story, "verdicts": _judged(story["verdicts"])} for story in (before, after))
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _judged(verdicts: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    return [(verdict["gate"], verdict["verdict"]) for verdict in verdicts or ()]


def _engine(version: str, rules: str) -> str:
    return f"{version} with rules {rules[:8]}"
