"""What is wrong, or may turn out wrong, in master data: files of master/, and what the partners' feeds say.

Each check is one sentence about one thing. What does not belong here: sessions (the gates judge those), printing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.defs.ingest.calendar import Calendar
from orchestration.defs.ingest.contract_changes import ChangesError, contract_versions
from orchestration.defs.ingest.contract_ids import is_check_digit_right
from orchestration.defs.ingest.declared import Declared, DeclaredError, read_declared
from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, load_object
from orchestration.defs.ingest.files import LandedFile, records_of
from orchestration.defs.ingest.master_csv import read_table
from orchestration.defs.ingest.master_data import MasterError, read_mapping_file
from orchestration.defs.ingest.master_tables import TABLES, Agreement, Alias, Asset, Membership, Meter
from orchestration.defs.ingest.network import Network, read_network
from orchestration.defs.ingest.partner_check import check_partner
from orchestration.defs.ingest.tariff_sightings import read_tariff
from orchestration.defs.ingest.zones import is_zone
from orchestration.facts.home import Home, HomeError
from orchestration.facts.people import PeopleError, read_people
from orchestration.published import Snapshot

# A query gives subjects; the sentence takes its columns.
_CHECKS = (
    (
        "connector", "power",
        "select canonical_connector_id, '' from connectors where valid_to is null and max_power_w is null order by 1",
        "connector {0} has no power: energy beyond what it can give goes unseen; ask the operator for its wattage.",
    ),
    (
        "evse", "duplicate",
        "select cpo_party || '|' || evse_id, string_agg(distinct evse_uid, ', ' order by evse_uid) from connectors"
        " where valid_to is null and evse_id is not null group by 1, lower(evse_id)"
        " having count(distinct lower(evse_uid)) > 1 order by 1",
        "EVSE id {0} is that of several EVSEs ({1}); correct the locations, or declare an alias.",
    ),
    (
        "evse", "moved",
        "select cpo_party || '|' || evse_uid, string_agg(distinct location_id, ', ' order by location_id)"
        " from connectors where valid_to is null group by 1, lower(evse_uid)"
        " having count(distinct lower(location_id)) > 1 order by 1",
        "EVSE {0} stands at several locations ({1}); correct the locations.",
    ),
    (
        "connector", "reused",
        "select canonical_connector_id, max(cast(changed_at as varchar)) from connectors where is_other_hardware"
        " group by 1 order by 1",
        "connector {0} became other hardware at {1} under the same id; give it an alias from that moment.",
    ),
    (
        "token", "contract",
        "select emsp_party || '|' || token_uid, '' from tokens where valid_to is null and contract_id is null"
        " order by 1",
        "token {0} has no contract: nobody can be named for its sessions; ask the mobility provider for it.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing: what kind, which check, and the sentence with its remedy."""

    kind: str
    check: str
    sentence: str


def lint(home: Home) -> list[Problem]:
    """Every problem, files first. Feeds are read as the last run published them."""
    problems = list(_files(home))
    partners = {path.stem for path in (home.master / "partners").glob("*.yaml")}
    tables = {name: rows_of(home, name) for name in TABLES}
    problems += _references(tables, partners, known_parties(home))
    problems += _alias_chains(tables["aliases"])
    problems += _contracts(home, sorted(partners))
    try:
        snapshot = Snapshot(home)
    except HomeError:
        return problems
    problems += _feeds(snapshot)
    problems += _unknown_places(snapshot, tables)
    problems += _gaps(home, snapshot, sorted(partners))
    return problems


def _files(home: Home) -> Iterator[Problem]:
    for path in sorted(home.master.rglob("*")):
        name = home.relative(path)
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            if path.parent.name == "partners":
                for problem in check_partner(path, home.master).problems:
                    yield Problem("file", "partner", problem)
            elif path.parent.name == "mappings" and path.suffix == ".yaml":
                read_mapping_file(name, path.read_bytes())
            elif path.parent.name == "tariffs" and path.suffix == ".json":
                yield from _tariffs(name, path.read_bytes())
            elif path.name == "people.yaml":
                read_people(home)
            elif path.parent == home.master and path.stem in TABLES:
                read_table(name, path.read_bytes(), TABLES[path.stem])
            elif path.name == "calendar.yaml":
                read_declared(name, path.read_bytes(), Calendar)
            elif path.name == "network.yaml":
                read_network(path.read_bytes())
        except (DeclaredError, PeopleError) as error:
            yield Problem("file", "declared", str(error))


def _tariffs(name: str, data: bytes) -> Iterator[Problem]:
    """Tariffs of ours that cannot be read; what they charge is for `evsettle tariff lint`."""
    for record in records_of(LandedFile("own", "tariffs", name), data, None):
        try:
            if record.problem is not None:
                raise ObjectError(f"{record.problem}; mend the file.")
            read_tariff(FeedObject(load_object(record.text), None))
        except ObjectError as error:
            yield Problem("file", "tariff", f"{name}: {error}")


def _network(home: Home) -> Network | None:
    try:
        return read_network((home.master / "network.yaml").read_bytes())
    except (DeclaredError, OSError):
        return None


def rows_of(home: Home, name: str) -> list[Any]:
    """The rows of one table of master/; none where there is no file, or one that cannot be read."""
    path = home.master / f"{name}.csv"
    try:
        return list(read_table(home.relative(path), path.read_bytes(), TABLES[name])) if path.is_file() else []
    except DeclaredError:
        return []


def known_parties(home: Home) -> set[str]:
    """Ours, as the network's file has them, and those of the partners' contracts."""
    network = _network(home)
    known = {own.party for own in network.parties} if network is not None else set()
    for path in (home.master / "partners").glob("*.yaml"):
        for terms in check_partner(path, None).versions:
            known |= set(terms.contract.parties)
    return known


def _references(tables: dict[str, list[Any]], partners: set[str], parties: set[str]) -> Iterator[Problem]:
    for row in tables["memberships"]:
        assert isinstance(row, Membership)
        if row.partner not in partners:
            yield Problem(
                "membership", "partner", f"membership of {row.contract_id}: there is no partner {row.partner}."
            )
    owned: list[tuple[Declared, str]] = [(row, row.owner_party) for row in tables["assets"] if isinstance(row, Asset)]
    roaming = [row for row in tables["agreements"] if isinstance(row, Agreement)]
    owned += [(row, party) for row in roaming for party in (row.cpo_party, row.emsp_party)]
    for row, party in owned:
        if party.upper() not in parties:
            kind = type(row).__name__.lower()
            sentence = f"{kind}: party {party} is neither ours nor a partner's; correct it, or add the partner."
            yield Problem(kind, "party", sentence)


def _alias_chains(aliases: list[Any]) -> Iterator[Problem]:
    old = {(row.kind, row.old_id.casefold()) for row in aliases if isinstance(row, Alias)}
    for row in aliases:
        if (row.kind, row.canonical_id.casefold()) in old:
            yield Problem(
                "alias", "chain",
                f"{row.kind} {row.old_id} leads to {row.canonical_id}, which is an old id itself; name the last one.",
            )  # fmt: skip


def _contracts(home: Home, partners: list[str]) -> Iterator[Problem]:
    for partner in partners:
        try:
            versions = contract_versions(home, partner)
        except (ChangesError, MasterError):
            continue
        for version in versions:
            if version.approval is None:
                sentence = f"{partner}: nobody has approved the terms from {version.valid_from}; they do not hold."
                yield Problem("contract", "approval", sentence)


def _feeds(snapshot: Snapshot) -> Iterator[Problem]:
    for kind, check, sql, sentence in _CHECKS:
        for row in snapshot.rows(sql):
            yield Problem(kind, check, sentence.format(*row))
    zones = (
        "select distinct cpo_party || '|' || location_id, time_zone from connectors where valid_to is null order by all"
    )
    for location, name in snapshot.rows(zones):
        if name is None or not is_zone(name):
            yield Problem("location", "zone", f"location {location} has the zone {name!r}; ask for an IANA zone.")
    contracts = "select distinct contract_id from tokens where valid_to is null and contract_id is not null order by 1"
    for (contract_id,) in snapshot.rows(contracts):
        if is_check_digit_right(contract_id) is False:
            yield Problem(
                "token", "check digit", f"contract {contract_id} has a wrong check digit; ask for the right id."
            )


def _unknown_places(snapshot: Snapshot, tables: dict[str, list[Any]]) -> Iterator[Problem]:
    places = snapshot.rows("select distinct lower(evse_uid), lower(evse_id), canonical_connector_id from connectors")
    evses = {name for uid, evse_id, _ in places for name in (uid, evse_id) if name}
    connectors = {name for *_, connector in places for name in (connector, connector.split("|", 1)[1])}
    if not places:
        return
    named = [("meter", row.evse_uid) for row in tables["meters"] if isinstance(row, Meter)]
    named += [("asset", row.evse_uid) for row in tables["assets"] if isinstance(row, Asset)]
    aliases = [row for row in tables["aliases"] if isinstance(row, Alias)]
    named += [("alias", row.canonical_id.split("|")[-1]) for row in aliases if row.kind == "evse"]
    for kind, evse in dict.fromkeys(named):
        if evse.lower() not in evses:
            yield Problem(
                kind, "dangling", f"{kind}: no location has an EVSE {evse}; correct it, or send the location."
            )
    for row in aliases:
        canonical = row.canonical_id.lower()
        if row.kind == "connector" and "|" in canonical and canonical not in connectors:
            sentence = f"alias {row.old_id}: no location has a connector {row.canonical_id}; send the location."
            yield Problem("alias", "dangling", sentence)


def _gaps(home: Home, snapshot: Snapshot, partners: list[str]) -> Iterator[Problem]:
    """Sessions on days on which no version of their partner's contract holds."""
    for partner in partners:
        try:
            versions = contract_versions(home, partner)
        except (ChangesError, MasterError):
            continue
        first = min(version.valid_from for version in versions)
        ((count, day),) = snapshot.rows(
            # A year before 2010 is a fault of its own, TIME_YEAR_IMPLAUSIBLE.
            "select count(*), min(started_at) from cdrs where partner = ? and started_at < cast(? as date)"
            " and started_at >= date '2010-01-01'",
            [partner, first],
        )
        if count:
            sentence = f"{partner}: {count} sessions from {day:%Y-%m-%d} on began before the contract ({first})."
            yield Problem("contract", "gap", f"{sentence} Add the terms that held then.")
