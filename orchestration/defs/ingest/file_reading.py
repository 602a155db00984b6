"""How an arrived file is read now.

That is part of what it gives: its mapping, repairs that two people approved, the reader's own code.
Another reading makes the loader read the file again from its object.
"""

import hashlib
import json
from collections.abc import Mapping as Readonly
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from orchestration.defs.ingest.arriving import STATED_SUMS
from orchestration.defs.ingest.feed_mapping import FeedMapping
from orchestration.defs.ingest.mapping import Mapping, mapping_path
from orchestration.defs.ingest.master_data import MasterData, party_owners
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import StandingDecision


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file as its arrival entry has it."""

    file_seq: int
    arrival_seq: int
    received_at: datetime
    source: str
    feed: str
    file_name: str
    sha256: str
    size: int
    record_count: int
    replays: int | None
    is_opening: bool
    # By its manifest: records, energy_kwh, amounts without and with tax.
    stated: tuple[int | None, str | None, str | None, str | None]

    @classmethod
    def of(cls, entry: Entry, file: Readonly[str, Any], is_opening: bool) -> Self:
        """From one item of an arrival's files."""
        stated = file.get("stated", {})
        sums = stated.get("sums", {})
        return cls(
            file["file_seq"], entry.seq, entry.time, file["source"], file["feed"], file["file_name"], file["sha256"],
            file["size"], file["record_count"], file["replays"], is_opening,
            (stated.get("record_count"), *(sums.get(name) for name in STATED_SUMS)),
        )  # fmt: skip

    @property
    def subject(self) -> str:
        """As decisions name it."""
        return f"{self.source}/{self.feed}/{self.file_name}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: mapping, the problem of a mapping that never was usable, repairs, the party it belongs to."""

    sha256: str
    mapping: Mapping | FeedMapping | None
    mapping_problem: str | None
    repairs: frozenset[str]
    default_party: str | None


def reading_of(file: ArrivedFile, master: MasterData, decisions: Sequence[StandingDecision]) -> Reading:
    """How the file is read with what stands now."""
    mapping, mapping_sha256 = master.mappings.get((file.source, file.feed), (None, None))
    path = mapping_path(file.source, file.feed)
    problem = master.problems[path][0] if mapping is None and path in master.problems else None
    about = [
        decision
        for decision in decisions
        if decision.subject_kind == "file"
        and decision.subject_id == file.subject
        # A decision is about the bytes that had arrived: a file that replaces it later is another one.
        and decision.seq > file.arrival_seq
    ]
    repairs = sorted({(decision.value or "").replace("_", "-") for decision in about if decision.kind == "repair"})
    reprocessed = [decision.seq for decision in about if decision.kind == "reprocess"]
    party = _default_party(file, master)
    parts = [reader_sha256(), mapping_sha256, problem, repairs, reprocessed, party, file.is_opening]
    sha256 = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return Reading(sha256, mapping, problem, frozenset(repairs), party)


def _default_party(file: ArrivedFile, master: MasterData) -> str | None:
    """Whose objects they are when they do not say (2.1.1): the source's only party."""
    assert master.network is not None
    if file.source == "own":
        role = "EMSP" if file.feed in ("tokens", "authorizations") else "CPO"
        parties = [own.party for own in master.network.parties if role in own.roles]
    else:
        parties = [party for party, partner in party_owners(master).items() if partner == file.source]
    return parties[0] if len(parties) == 1 else None


@cache
def reader_sha256() -> str:
    """Of the code that reads files: a reader that was mended reads them again."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted((*here.glob("*.py"), *here.glob("*.sql"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()
