"""The truth about one tariff in words: its versions, the one in force, approval, publication, what waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.defs.ingest.tariff import Tariff
from orchestration.facts.home import Home
from orchestration.tariffs.diff import changes, price_table
from orchestration.tariffs.registry import Publication, Registry, RegistryError, Version
from orchestration.tariffs.situations import TooManyCases
from orchestration.tariffs.words import number

_EVER = datetime(1900, 1, 1, tzinfo=UTC)
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """One version as people read it; `changes` says what it changed against the version before."""

    number: int
    version: Version
    is_in_force: bool
    validity: str
    approval: str
    publication: str
    prices: tuple[str, ...]
    changes: tuple[str, ...]
    published: tuple[Publication, ...]

    def facts(self) -> list[tuple[str, str]]:
        """Label and text, in the order in which they are asked for."""
        version = self.version
        rows = [
            ("in force", "yes, it prices a session that starts then") if self.is_in_force else ("", ""),
            ("known from", _instant(version.known_from) + (" (opening knowledge)" if version.is_opening else "")),
            ("from", f"{version.source}, ledger entry {version.sighting_seq}"),
            ("approval", self.approval),
            ("shown", self.publication),
            ("content", f"{version.tariff_body}  (version {version.tariff_version[:12]})"),
            ("changed", "; ".join(self.changes)),
        ]
        return [(label, text) for label, text in rows if label and text]


@dataclass(frozen=True, slots=True)
class Standing:
    """All versions of one party's tariff, oldest knowledge first, and what waits for a decision."""

    party: str
    tariff_id: str
    at: datetime | None
    known: datetime | None
    versions: tuple[ShownVersion, ...]
    waiting: tuple[str, ...]

    def answer(self) -> list[str]:
        """Which version is in force, in a sentence, where it was asked."""
        if self.at is None:
            return []
        asked = f"For a session that starts {_instant(self.at)}"
        asked += f", as known {_instant(self.known)}," if self.known else ""
        current = next((shown for shown in self.versions if shown.is_in_force), None)
        if current is not None:
            return [f"{asked} version {current.number} is in force."]
        unapproved = [
            shown for shown in self.versions
            if _holds(shown.version, self.at) and not shown.version.approved_as_of(self.known)
        ]  # fmt: skip
        if unapproved:
            return [f"{asked} no version is in force: version {unapproved[-1].number} holds then but is not approved "
                    "(TARIFF_NOT_APPROVED)."]  # fmt: skip
        return [f"{asked} no version is in force (TARIFF_NOT_IN_FORCE)."]

    def as_json(self) -> dict[str, Any]:
        """The same as fields."""
        return {
            "party": self.party,
            "tariff_id": self.tariff_id,
            "as_of": self.at,
            "known": self.known,
            "waiting": list(self.waiting),
            "versions": [_version_json(shown, self.known) for shown in self.versions],
        }


def _version_json(shown: ShownVersion, known: datetime | None) -> dict[str, Any]:
    names = [name for name in Version.__slots__ if name not in ("party", "tariff_id", "record_id")]
    return {
        "number": shown.number,
        "is_in_force": shown.is_in_force,
        "is_approved": shown.version.approved_as_of(known),
        **{name: getattr(shown.version, name) for name in names},
        "publications": [
            {name: getattr(publication, name) for name in ("published_at", "published_by", "channel", "tariff_body")}
            for publication in shown.published
        ],
        "prices": list(shown.prices),
        "changes": list(shown.changes),
    }


def standing_of(
    home: Home, names: Sequence[str], at: datetime | None, known: datetime | None
) -> dict[str, list[Standing]]:
    """What is known of each tariff id, of each party that uses it; without names all of ours. Raises RegistryError."""
    with Registry(home) as registry:
        return {
            name: [
                _standing(registry, versions, at, known)
                for versions in _by_party(registry.versions(name, known)).values()
            ]
            for name in names or registry.ours()
        }


def _by_party(versions: Sequence[Version]) -> dict[str, list[Version]]:
    grouped: dict[str, list[Version]] = {}
    for version in versions:
        grouped.setdefault(version.party.casefold(), []).append(version)
    return grouped


def _standing(registry: Registry, versions: Sequence[Version], at: datetime | None, known: datetime | None) -> Standing:
    current = None if at is None else registry.in_force(versions, at, known or _FAR)
    shown: list[ShownVersion] = []
    before: Tariff | None = None
    for place, version in enumerate(versions, start=1):
        tariff = registry.tariff(version)
        published = tuple(registry.publications(version, known))
        said = tuple(c.sentence() for c in changes(before, tariff)) if before and tariff else ()
        shown.append(
            ShownVersion(
                place, version, version is current, _validity(version), _approval(version, known),
                _publication(version, published), _prices(tariff), said, published,
            )
        )  # fmt: skip
        before = tariff or before
    first = versions[0]
    return Standing(first.party, first.tariff_id, at, known, tuple(shown), _waiting(registry.home, first, known))


def _waiting(home: Home, version: Version, known: datetime | None) -> tuple[str, ...]:
    # All of master data is read for it; a session's story does not need that.
    from orchestration.tariffs.approval import waiting

    return tuple(
        f"Waiting for a second person: entry {entry.seq}, proposed by {entry.body['by']} {_instant(entry.time)}, "
        f"content {entry.body['values']['body'][:12]}."
        for entry in waiting(home, f"{version.party}:{version.tariff_id}")
        if known is None or entry.time <= known
    )


def _holds(version: Version, at: datetime) -> bool:
    return (version.valid_from or _EVER) <= at and (version.valid_to is None or at < version.valid_to)


def _validity(version: Version) -> str:
    start = "since ever" if version.valid_from is None else f"from {_instant(version.valid_from)}"
    return start + ("" if version.valid_to is None else f" until {_instant(version.valid_to)}")


def _approval(version: Version, known: datetime | None) -> str:
    if version.approved_at is None:
        return "none: it prices nothing until two people approve it"
    if not version.approved_as_of(known):
        return "none by then"
    if version.approval == "auto":
        return f"by contract (tariff_approval: auto), {_instant(version.approved_at)}"
    retro = ", backdated (T_RETRO)" if version.is_retro_approved else ""
    return (
        f"proposed by {version.proposed_by}, approved by {version.approved_by} {_instant(version.approved_at)}, "
        f"ledger entry {version.approval_seq}{retro}"
    )


def _publication(version: Version, published: Sequence[Publication]) -> str:
    """Who showed it first, and whether that was before it held (TARIFF_NOT_DISPLAYED otherwise)."""
    if not published:
        return "no publication is recorded (master/publications.csv)"
    first = published[0]
    late = version.valid_from is not None and first.published_at > version.valid_from
    others = f", and {len(published) - 1} more" if len(published) > 1 else ""
    return (
        f"by {first.published_by}{f' ({first.channel})' if first.channel else ''} since {_instant(first.published_at)}"
        f"{others}{'; that is after it began to hold' if late else ''}"
    )


def _prices(tariff: Tariff | None) -> tuple[str, ...]:
    """What it charges and when; then its limits."""
    if tariff is None:
        return ("its text is no longer kept",)
    try:
        rows = [f"{line}{'' if when == 'always' else f', {when}'}  [{offer.element_no}.{offer.component_no}]"
                for line, when, offer in price_table(tariff)]  # fmt: skip
    except TooManyCases:
        rows = ["too many cases to say in words"]
    for label, net, gross in (
        ("at least", tariff.min_price_excl_tax, tariff.min_price_incl_tax),
        ("at most", tariff.max_price_excl_tax, tariff.max_price_incl_tax),
    ):
        sides = [f"{number(amount)} {tariff.currency} {word} tax"
                 for amount, word in ((net, "without"), (gross, "with")) if amount is not None]  # fmt: skip
        if sides:
            rows.append(f"a session costs {label} {', '.join(sides)}")
    return (*rows, *(f"cannot be priced: {problem}" for problem in tariff.problems))


def _instant(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class SessionTariff:
    """The version that prices a session as label and text, and who published it before the session began.

    shown_by: party and how it is known; null where no publication in time is recorded.
    """

    facts: tuple[tuple[str, str], ...] = ()
    shown_by: tuple[str, str] | None = None


def truth_of_session(home: Home, cdr: Mapping[str, Any]) -> SessionTariff:
    """The version that prices a session: its hash, validity, approval, and who showed it in time.

    `cdr` is a row of the published table. Empty when it has no version, or while a run holds the warehouse.
    """
    if cdr["tariff_version"] is None:
        return SessionTariff()
    try:
        with Registry(home) as registry:
            version = registry.by_hash(cdr["tariff_version"], cdr["cpo_party"])
            published = [] if version is None else registry.publications(version)
    except RegistryError:
        return SessionTariff()
    named = ("version", f"{cdr['tariff_id']}, {cdr['tariff_version']}")
    if version is None:
        embedded = ("approval", "embedded in the CDR, whose tariff the contract takes (tariff_source: cdr)")
        return SessionTariff((named, embedded))
    in_time = [shown for shown in published if shown.published_at <= cdr["started_at"]]
    shown = _publication(version, in_time) if in_time else "nobody before the session started (TARIFF_NOT_DISPLAYED)"
    facts = (
        named,
        ("content", version.tariff_body),
        ("holds", _validity(version)),
        ("known from", _instant(version.known_from) + (" (opening knowledge)" if version.is_opening else "")),
        ("approval", _approval(version, None)),
        ("shown", shown),
    )
    return SessionTariff(facts, (in_time[0].published_by, f"its tariff was published {shown}") if in_time else None)
