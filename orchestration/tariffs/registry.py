"""The tariff registry of a home as the last run left it: versions, their approval, who showed them, their text.

Which version is in force is not decided here: the compiled model inspect.registry_matches is asked, as in a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any

import duckdb

from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.engine.compile import MODELS_DIR
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.warehouse import DATABASE

_COLUMNS = """
    select tariff_version, cpo_party, tariff_id, tariff_type, tariff_body, currency, valid_from, valid_to, known_from,
        source, is_opening, approval, approved_at, is_retro_approved, approval_seq, proposed_by, approved_by,
        sighting_seq, record_id
    from inspect.tariff_versions
"""
_OF_AN_ID = f"""{_COLUMNS}
    where lower(tariff_id) = lower($1) or lower(cpo_party || ':' || tariff_id) = lower($1)
    order by lower(cpo_party), known_from, sighting_seq, valid_from
"""
_OF_A_HASH = f"{_COLUMNS} where tariff_version = $1 and lower(cpo_party) = lower($2)"
_PUBLICATIONS = """
    select tariff_body, published_at, published_by, channel, known_from
    from ingest.publications
    where lower(tariff_id) in (lower($1), lower($2)) and known_to is null and known_from <= coalesce($3, known_from)
    order by published_at, channel
"""


class RegistryError(Exception):
    """The registry cannot be read; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a tariff. Times are UTC; approval is auto (by contract), decision (two people) or None."""

    tariff_version: str
    party: str
    tariff_id: str
    tariff_type: str | None
    tariff_body: str
    currency: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    source: str
    is_opening: bool
    approval: str | None
    approved_at: datetime | None
    is_retro_approved: bool
    approval_seq: int | None
    proposed_by: str | None
    approved_by: str | None
    sighting_seq: int
    record_id: int | None

    def approved_as_of(self, known: datetime | None) -> bool:
        """Whether people, or the contract, had approved it by then."""
        return self.approved_at is not None and (known is None or self.approved_at <= known)


@dataclass(frozen=True, slots=True)
class Publication:
    """A tariff shown to drivers or partners; without a body it is whichever version was in force then."""

    tariff_body: str | None
    published_at: datetime
    published_by: str
    channel: str | None
    known_from: datetime


class Registry:
    """A read-only look into the warehouse of a home; use it in a with statement."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> "Registry":
        if not self.home.warehouse.exists():
            raise RegistryError(
                f"No run has filled {self.home.relative(self.home.warehouse)} yet: `evsettle run` takes in what is "
                "there, and knows its tariffs afterwards."
            )
        try:
            self._connection = duckdb.connect(str(self.home.warehouse), read_only=True)
        except duckdb.Error as error:
            raise RegistryError(
                f"{self.home.relative(self.home.warehouse)} is in use by a run: ask again when it has ended."
            ) from error
        self._connection.execute("set TimeZone = 'UTC'")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        assert self._connection is not None, "use the registry in a with statement"
        try:
            return self._connection.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise RegistryError(
                "The warehouse is of another version of evsettle, or half built: `evsettle run` brings it up."
            ) from error

    def versions(self, name: str, known: datetime | None = None) -> list[Version]:
        """All versions of a tariff id (`ID` or `party:ID`) in the order in which they became known."""
        found = [Version(*row) for row in self._rows(_OF_AN_ID, [name.removeprefix("tariff:")])]
        return [version for version in found if known is None or version.known_from <= known]

    def by_hash(self, tariff_version: str, party: str) -> Version | None:
        """The version of that full hash; None for one that a CDR embeds and the registry never saw."""
        rows = self._rows(_OF_A_HASH, [tariff_version, party])
        return Version(*rows[0]) if rows else None

    def ours(self) -> list[str]:
        """Every tariff of our own parties, as `party:ID`."""
        rows = self._rows(
            "select distinct cpo_party || ':' || tariff_id from inspect.tariff_versions where lower(cpo_party) in"
            " (select lower(party) from ingest.own_parties) order by 1",
            [],
        )
        return [str(name) for (name,) in rows]

    def publications(self, version: Version, known: datetime | None = None) -> list[Publication]:
        """Where a version's tariff was shown: rows that name its content or no content."""
        full_id = f"{version.party}:{version.tariff_id}"
        found = [Publication(*row) for row in self._rows(_PUBLICATIONS, [version.tariff_id, full_id, known])]
        return [shown for shown in found if shown.tariff_body in (None, version.tariff_body)]

    def latest(self, name: str) -> list[Version]:
        """The last version known of each party's tariff."""
        return list({version.party.casefold(): version for version in self.versions(name)}.values())

    def in_force(self, versions: Sequence[Version], at: datetime, known: datetime) -> Version | None:
        """The version of one tariff that prices a session starting `at`, as known at `known`.

        An approval given later than `known` is not counted. None when no approved version holds then.
        """
        if not versions:
            return None
        with duckdb.connect() as connection:
            connection.execute(f"attach ':memory:' as {DATABASE}; use {DATABASE}; set TimeZone = 'UTC'")
            connection.execute("create schema ingest; create schema inspect")
            connection.execute("create table ingest.settlement_run as select $1 as as_of", [known])
            connection.execute(
                "create table inspect.tariff_uses as select 'asked' as cdr_key, lower($1) as cpo_key,"
                " lower($2) as tariff_key, 1 as tariff_index, cast($3 as timestamptz) as started_at",
                [versions[0].party, versions[0].tariff_id, at],
            )
            self._copy_versions(connection, versions[0], known)
            sql = (MODELS_DIR / "inspect.registry_matches.sql").read_text()
            row = connection.execute(
                f"select tariff_version from ({sql}) where is_at_start and is_approved"  # noqa: S608 - our own model
            ).fetchone()
        return None if row is None else next(v for v in versions if v.tariff_version == row[0])

    def _copy_versions(self, target: duckdb.DuckDBPyConnection, of: Version, known: datetime) -> None:
        assert self._connection is not None
        found = self._connection.execute(
            "select * exclude (is_approved), coalesce(approved_at <= $3, false) as is_approved"
            " from inspect.tariff_versions where lower(cpo_party) = lower($1) and lower(tariff_id) = lower($2)",
            [of.party, of.tariff_id, known],
        )
        names, rows = [column[0] for column in found.description], found.fetchall()
        types = self._connection.execute("describe inspect.tariff_versions").fetchall()
        target.execute(
            f"create table inspect.tariff_versions ({', '.join(f'{name} {kind}' for name, kind, *_ in types)})"
        )
        insert = f"insert into inspect.tariff_versions ({', '.join(names)}) values ({', '.join('?' for _ in names)})"  # noqa: S608 - own names
        target.executemany(insert, rows)

    def text(self, version: Version) -> str | None:
        """The tariff object as it was sent or stood in master/tariffs; None when its bytes were erased."""
        if version.record_id is not None:
            rows = self._rows("select raw_text from ingest.raw_records where record_id = $1", [version.record_id])
            return None if not rows else str(rows[0][0])
        return master_text(self.home, version.sighting_seq, version.tariff_id, version.tariff_body)

    def tariff(self, version: Version) -> Tariff | None:
        """The version's content, typed."""
        text = self.text(version)
        try:
            return None if text is None else parse_tariff(text)
        except TariffError:
            return None


def master_text(home: Home, sighting_seq: int, tariff_id: str, tariff_body: str) -> str | None:
    """The object in a file of master/tariffs, as the master entry that brought it took it in."""
    from orchestration.defs.ingest.records import split

    entry = next((entry for entry in ledger.read_all(home) if entry.seq == sighting_seq), None)
    if entry is None:
        return None
    for change in entry.body.get("changes", []):
        if change["sha256"] is None or not change["path"].startswith("master/tariffs/"):
            continue
        for record in split(objects.get(home, change["sha256"])):
            try:
                tariff = parse_tariff(record.text)
            except TariffError:
                continue
            if (tariff.tariff_id, tariff.body) == (tariff_id, tariff_body):
                return record.text
    return None
