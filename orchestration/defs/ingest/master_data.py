"""Master data as the ledger knows it: the fold of its `master` entries, each file in its last good version.

A file that is wrong never takes effect: the version before stands, and the problem is kept for
people to see. What does not belong here: writing any table (master_rows).
"""

import hashlib
import json
from collections.abc import Mapping as Readonly
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from orchestration.defs.ingest.calendar import Calendar
from orchestration.defs.ingest.contract_files import Terms, contract_version, resolve_contracts, template_name
from orchestration.defs.ingest.contracts import Contract, Rule
from orchestration.defs.ingest.declared import DeclaredError, read_declared
from orchestration.defs.ingest.feed_fields import EVIDENCE
from orchestration.defs.ingest.feed_mapping import FeedMapping, read_any_mapping
from orchestration.defs.ingest.mapping import Mapping, MappingError
from orchestration.defs.ingest.master_csv import read_table
from orchestration.defs.ingest.master_csv_rows import CsvFile
from orchestration.defs.ingest.master_tables import BY_ROW, table_of
from orchestration.defs.ingest.network import Network, read_network
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry

MAPPED_FEEDS = ("cdrs", "tariffs", "locations", "tokens", *EVIDENCE)
_PLAIN_FILES = ("master/network.yaml", "master/people.yaml", "master/calendar.yaml")
_FOLDERS = {"partners": ".yaml", "templates": ".yaml", "mappings": ".yaml", "tariffs": ".json"}


class MasterError(Exception):
    """Nothing can be settled with this master data; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class KnownContract:
    """One version of a partner's contract, from the entry that made it so; actor took it in."""

    terms: Terms
    version: str
    file_sha256: str
    known_seq: int
    known_from: datetime
    actor: str

    @property
    def contract(self) -> Contract:
        """The terms themselves."""
        return self.terms.contract


@dataclass(frozen=True, slots=True)
class TariffFile:
    """One content that a file of master/tariffs has had."""

    path: str
    data: bytes
    seq: int
    at: datetime
    is_opening: bool


@dataclass(slots=True)
class MasterData:
    """What stands. problems: path → (sentence, ledger seq since when)."""

    network: Network | None = None
    calendar: Calendar = field(default_factory=Calendar)
    contracts: dict[str, list[KnownContract]] = field(default_factory=dict)
    mappings: dict[tuple[str, str], tuple[Mapping | FeedMapping, str]] = field(default_factory=dict)
    tariffs: list[TariffFile] = field(default_factory=list)
    csv_files: list[CsvFile] = field(default_factory=list)
    problems: dict[str, tuple[str, int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Of the standing files that are about all sessions."""
        files = sorted((path, sha256) for path, sha256 in self.files.items() if not _is_told_apart(path))
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()

    def current_contracts(self) -> dict[str, KnownContract]:
        """The last known contract of each partner."""
        return {partner: known[-1] for partner, known in self.contracts.items() if known}


def _is_told_apart(path: str) -> bool:
    """Whether what a change of the file is about is told from what is read in it: rows, terms, tariffs, other records.

    Who may decide (people.yaml) is asked when a decision is made, and is about no session.
    """
    table = table_of(path)
    if table is not None:
        return table.name in BY_ROW
    return path == "master/people.yaml" or PurePath(path).parent.name in _FOLDERS


def fold_master(home: Home, entries: Sequence[Entry], rules: Readonly[str, Rule]) -> MasterData:
    """Read every master entry in order. Raises MasterError when no network.yaml has ever been readable."""
    data = MasterData()
    contents: dict[str, bytes] = {}
    for entry in entries:
        if entry.kind != "master":
            continue
        changed = set()
        for change in entry.body["changes"]:
            path, sha256 = change["path"], change["sha256"]
            changed.add(path)
            if sha256 is None:
                data.files.pop(path, None)
                contents.pop(path, None)
                _remove(data, path, entry)
            else:
                data.files[path] = sha256
                contents[path] = objects.get(home, sha256)
        _read_changed(data, contents, changed, entry, rules)
    if data.network is None:
        problem = data.problems.get("master/network.yaml")
        raise MasterError(
            f"{problem[0]} So it was taken in last; `evsettle run` takes in what is mended."
            if problem
            else "master/network.yaml has not been taken in; write it and run again."
        )
    _check_parties(data)
    return data


def _remove(data: MasterData, path: str, entry: Entry) -> None:
    data.problems.pop(path, None)
    if table_of(path) is not None:
        data.csv_files.append(CsvFile(path, None, entry.seq, entry.time))
    if path.startswith("master/partners/"):
        data.contracts.pop(PurePath(path).stem, None)
    elif path.startswith("master/mappings/"):
        source, _, feed = PurePath(path).stem.rpartition(".")
        data.mappings.pop((source, feed), None)
    elif path == "master/calendar.yaml":
        data.calendar = Calendar()
    elif path == "master/network.yaml" and data.network is not None:
        data.problems[path] = ("master/network.yaml is gone; put it back, its last version still stands.", 0)


def _read_changed(
    data: MasterData, contents: Readonly[str, bytes], changed: set[str], entry: Entry, rules: Readonly[str, Rule]
) -> None:
    is_first_tariffs = not data.tariffs
    for path in sorted(contents):
        folder = PurePath(path).parent.name
        is_template_changed = folder == "partners" and _template_path(contents[path]) in changed
        if path not in changed and not is_template_changed:
            continue
        data.problems.pop(path, None)
        try:
            if folder == "partners":
                _read_partner(data, contents, path, entry, rules)
            elif folder == "tariffs" and path.endswith(".json"):
                tariff = TariffFile(path, contents[path], entry.seq, entry.time, is_first_tariffs)
                data.tariffs.append(tariff)
            elif (table := table_of(path)) is not None:
                read_table(path, contents[path], table)
                data.csv_files.append(CsvFile(path, contents[path], entry.seq, entry.time))
            else:
                _read_other(data, contents, path)
        except DeclaredError as error:
            stands = ""
            if folder == "partners":
                had = PurePath(path).stem in data.contracts
                stands = " Until then the terms known before stand." if had else " Until then nothing is billed on it."
            data.problems[path] = (f"{error}{stands}", entry.seq)


def _template_path(partner: bytes) -> str | None:
    name = template_name(partner)
    return None if name is None else f"master/templates/{name}.yaml"


def _read_partner(
    data: MasterData, contents: Readonly[str, bytes], path: str, entry: Entry, rules: Readonly[str, Rule]
) -> None:
    if not path.endswith(".yaml"):
        raise DeclaredError(f"{path}: is not read; name it <partner>.yaml.")
    template = _template_path(contents[path])
    for terms in resolve_contracts(path, contents[path], template, contents.get(template or ""), rules):
        version = contract_version(terms.contract)
        known = KnownContract(terms, version, data.files[path], entry.seq, entry.time, entry.actor)
        data.contracts.setdefault(terms.contract.partner, []).append(known)


def read_mapping_file(path: str, content: bytes) -> tuple[str, str, Mapping | FeedMapping]:
    """Source, feed and mapping of a file of master/mappings. Raises DeclaredError."""
    source, _, feed = PurePath(path).stem.rpartition(".")
    if not source or feed not in MAPPED_FEEDS:
        raise MappingError(
            f"{path}: is not read; name it <source>.<feed>.yaml, with a feed of {', '.join(MAPPED_FEEDS)}."
        )
    return source, feed, read_any_mapping(path, content, feed)


def _read_other(data: MasterData, contents: Readonly[str, bytes], path: str) -> None:
    content, pure = contents[path], PurePath(path)
    if path == "master/network.yaml":
        data.network = read_network(content)
    elif path == "master/calendar.yaml":
        data.calendar = read_declared(path, content, Calendar)
    elif pure.parent.name == "mappings" and pure.suffix == ".yaml":
        source, feed, mapping = read_mapping_file(path, content)
        data.mappings[source, feed] = (mapping, data.files[path])
    elif path not in _PLAIN_FILES and _FOLDERS.get(pure.parent.name) != pure.suffix:
        raise DeclaredError(f"{path}: is not read by this version; its content has no effect, take it out.")


def _check_parties(data: MasterData) -> None:
    """One party, one partner: a second partner that claims it does not get it, or a session would bill twice."""
    assert data.network is not None
    owner = {own.party: "ours (master/network.yaml)" for own in data.network.parties}
    for partner, known in sorted(data.current_contracts().items()):
        path = f"master/partners/{partner}.yaml"
        for party in known.contract.parties:
            if party in owner:
                sentence = f"{path}: party {party} is already {owner[party]}; take it out of one of them."
                data.problems.setdefault(path, (sentence, known.known_seq))
            else:
                owner[party] = f"that of partner {partner} ({path})"


def party_owners(data: MasterData) -> dict[str, str]:
    """Party to the one partner that has it; ours are left out."""
    assert data.network is not None
    ours = {own.party for own in data.network.parties}
    owners: dict[str, str] = {}
    for partner, known in sorted(data.current_contracts().items()):
        for party in known.contract.parties:
            if party not in ours:
                owners.setdefault(party, partner)
    return owners
