"""Where a command gets a tariff's text from: a file, our own master/tariffs, or the registry of a home.

What does not belong here: reading what the text says (ingest.tariff) and which version is in force (registry).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.defs.ingest.network import read_network
from orchestration.defs.ingest.records import FileError, decompress, split
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.tariffs.lint_versions import Window
from orchestration.tariffs.registry import Registry, RegistryError, Version

# All that is known now: no tariff is known later.
FAR = datetime(9000, 1, 1, tzinfo=UTC)


class SourceError(Exception):
    """There is no such tariff; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Given:
    """The JSON text of one tariff object and where it stands, in words."""

    text: str
    place: str

    def tariff(self) -> Tariff:
        """The tariff typed. Raises SourceError naming the place."""
        try:
            return parse_tariff(self.text)
        except TariffError as error:
            raise SourceError(f"{self.place}: {error}; correct the file.") from error


def given_tariffs(name: str, home_path: Path | None) -> list[Given]:
    """The tariffs of a file, or those of the home that answer to an id (`AC-BASIC`, `NL/EVS:AC-BASIC`).

    An id that several parties use gives one of each. Raises SourceError.
    """
    path = Path(name)
    if path.is_file():
        return read_file(path)
    if path.suffix or (len(path.parts) > 1 and ":" not in name):
        raise SourceError(f"There is no file {name}: give a file with an OCPI tariff, or the id of one in the home.")
    home = _home(name, home_path)
    found = own_tariffs(home, name) or _registered(home, name)
    if not found:
        raise SourceError(f"No tariff {name} is known in this home: {_known(home)}")
    return found


def known_windows(name: str, given: Sequence[Given], home_path: Path | None) -> list[Window]:
    """Beside what a tariff's versions stand: of a file all its tariffs, of an id all versions the registry knows."""
    if not Path(name).is_file():
        try:
            with Registry(_home(name, home_path)) as registry:
                return [Window.of_version(version) for version in registry.versions(name)]
        except RegistryError:
            return []
    windows = []
    for each in given:
        try:
            windows.append(Window.of_tariff(each.tariff()))
        except SourceError:
            continue
    return windows


def one_tariff(name: str, home_path: Path | None) -> Given:
    """The only tariff that a name gives. Raises SourceError when it is none or several."""
    found = given_tariffs(name, home_path)
    if len(found) > 1:
        places = ", ".join(f"{given.tariff().party}:{given.tariff().tariff_id}" for given in found)
        raise SourceError(f"{name} holds {len(found)} tariffs ({places}): name one of them, or give a file with one.")
    return found[0]


def read_file(path: Path) -> list[Given]:
    """Every tariff object of a file. Raises SourceError naming the file."""
    try:
        records = split(decompress(str(path), path.read_bytes()))
    except FileError as error:
        raise SourceError(str(error)) from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); give a JSON file.") from error
    if not records:
        raise SourceError(f"{path} holds no tariff; give a file with one OCPI tariff object or a list of them.")
    place = str(path) if len(records) == 1 else "{path}, tariff {position}"
    return [Given(record.text, place.format(path=path, position=record.position)) for record in records]


def own_tariffs(home: Home, name: str) -> list[Given]:
    """Tariffs of ours by id, as they stand in master/tariffs now, taken in or not."""
    found = []
    for path in sorted((home.master / "tariffs").glob("*.json")):
        for given in _readable(path):
            try:
                fields = json.loads(given.text)
            except ValueError:
                continue
            if isinstance(fields, dict) and answers_to(name, _party(fields), str(fields.get("id"))):
                found.append(Given(given.text, given.place.replace(str(path), home.relative(path))))
    return found


def _readable(path: Path) -> list[Given]:
    try:
        return read_file(path)
    except SourceError:
        return []


def _party(fields: dict[str, object]) -> str | None:
    country, party = fields.get("country_code"), fields.get("party_id")
    return f"{country}/{party}" if isinstance(country, str) and isinstance(party, str) else None


def answers_to(name: str, party: str | None, tariff_id: str) -> bool:
    """Whether a tariff is meant by `ID`, `party:ID` or `tariff:party:ID`, whatever its case."""
    wanted = name.removeprefix("tariff:").casefold()
    return wanted in (tariff_id.casefold(), f"{party}:{tariff_id}".casefold())


def _registered(home: Home, name: str) -> list[Given]:
    """The last known version of each party's tariff of that id."""
    try:
        with Registry(home) as registry:
            return [
                Given(text, f"{version.party}, from {version.source}")
                for version in registry.latest(name)
                if (text := registry.text(version)) is not None
            ]
    except RegistryError as error:
        raise SourceError(f"{name} is no file and none of ours in master/tariffs. {error}") from error


def one_version(name: str, home_path: Path | None) -> Given:
    """The version that `ID@VERSION` means: a day or time, or the first digits of a hash. Raises SourceError."""
    tariff, _, wanted = name.rpartition("@")
    home = _home(name, home_path)
    try:
        with Registry(home) as registry:
            versions = registry.versions(tariff)
            if not versions:
                raise SourceError(f"No tariff {tariff} is known in this home: {_known(home)}")
            if len({version.party.casefold() for version in versions}) > 1:
                names = ", ".join(sorted({f"{version.party}:{version.tariff_id}" for version in versions}))
                raise SourceError(f"{tariff} is a tariff of several parties: name one of {names}.")
            return _of_version(registry, _chosen(registry, versions, wanted))
    except RegistryError as error:
        raise SourceError(str(error)) from error


def previous_and_last(name: str, home_path: Path | None) -> tuple[Given, Given]:
    """The last two versions of a tariff that differ in content or validity. Raises SourceError."""
    home = _home(name, home_path)
    try:
        with Registry(home) as registry:
            versions = registry.versions(name)
            if len(versions) < 2:
                count = "one version" if versions else "no version"
                raise SourceError(f"{name} has {count} in the registry: name what to compare it with.")
            return _of_version(registry, versions[-2]), _of_version(registry, versions[-1])
    except RegistryError as error:
        raise SourceError(str(error)) from error


def standing_text(home: Home, name: str) -> Given | None:
    """The last approved version of a tariff, if the home knows one. Raises SourceError when several parties have it."""
    try:
        with Registry(home) as registry:
            approved = [version for version in registry.versions(name) if version.approval is not None]
            return _of_version(registry, approved[-1]) if approved else None
    except RegistryError:
        return None


def own_party(home: Home) -> str | None:
    """Our party, where only one of ours is an operator: that of a tariff that names none."""
    network = read_network((home.master / "network.yaml").read_bytes())
    operators = [own.party for own in network.parties if "CPO" in own.roles]
    return operators[0] if len(operators) == 1 else None


def _home(name: str, home_path: Path | None) -> Home:
    try:
        return open_home(home_path)
    except HomeError as error:
        raise SourceError(f"{name} is no file, and as a tariff's id it needs a home. {error}") from error


def _chosen(registry: Registry, versions: list[Version], wanted: str) -> Version:
    """By time where it reads as one, else by hash."""
    moment = _moment(wanted)
    if moment is not None:
        found = registry.in_force(versions, moment, FAR)
        if found is None:
            raise SourceError(f"No approved version of {versions[0].tariff_id} is in force at {wanted}.")
        return found
    hits = [v for v in versions if wanted and wanted in (v.tariff_version[: len(wanted)], v.tariff_body[: len(wanted)])]
    if not hits:
        known = ", ".join(version.tariff_version[:12] for version in versions)
        raise SourceError(f"No version of {versions[0].tariff_id} starts with {wanted!r}: there are {known}.")
    return hits[-1]


def _moment(text: str) -> datetime | None:
    """A day or a time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _of_version(registry: Registry, version: Version) -> Given:
    text = registry.text(version)
    if text is None:
        raise SourceError(f"The text of {version.tariff_id}, version {version.tariff_version[:12]}, is not kept.")
    return Given(text, f"version {version.tariff_version[:12]}")


def _known(home: Home) -> str:
    names = sorted(path.stem for path in (home.master / "tariffs").glob("*.json"))
    return f"ours are {', '.join(names)}." if names else "there is none of ours in master/tariffs."
