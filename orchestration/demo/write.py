"""Writes a demo home: master data, an opening ledger, feeds, a month of CDRs, and the truth about its faults."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from orchestration.demo.assets import write_assets
from orchestration.demo.clock import DAY, NETWORK_ZONE, LocalClock, Month
from orchestration.demo.evidence import write_evidence
from orchestration.demo.faults import ClockChanges, choose, draw_session, openings
from orchestration.demo.files import (
    CdrWriter,
    plan_chunks,
    spoil_files,
    tariff_texts,
    unsent,
    write_records,
    write_truth,
)
from orchestration.demo.invoices import write_invoices
from orchestration.demo.master import tariffs_valid_from, write_master
from orchestration.demo.meters import signing
from orchestration.demo.network import MASTER_AGE_DAYS, Network, build_network
from orchestration.demo.opening import write_opening
from orchestration.demo.parties import OPERATORS, OWN_EMSP, PARTNERS
from orchestration.demo.sessions import Draw, Rhythm, Session, number
from orchestration.facts.home import Home

Advance = Callable[[int], object]


class DemoError(Exception):
    """The demo cannot be written there; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to write. `rate_ppm` is the share of sessions with a planted fault, per million."""

    month: Month
    sessions: int
    seed: int
    rate_ppm: int


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: counts for the closing words."""

    files: int
    records: int
    partners: int
    faults: int


def write_demo(root: Path, options: Options, advance: Advance) -> Written:
    """Write the home. `advance` is told of work done, in sessions: each counts once drawn and once written.

    Raises DemoError when the folder holds a ledger, master data or landed files already.
    """
    home = refuse_used(root)
    month = options.month
    # One stream of chance for each purpose: planting faults does not move the network.
    rng = Random(f"network|{options.seed}|{month.text}")  # noqa: S311 - a demo, not a secret
    network = build_network(rng, month, options.sessions)
    texts = tariff_texts([t for operator in OPERATORS for t in operator.tariffs], tariffs_valid_from(month))
    write_master(home.master, month, texts)
    write_assets(home.master, month, network)
    write_opening(home, datetime(month.first.year, month.first.month, 1, tzinfo=UTC) - timedelta(days=1))
    sessions = _draw(network, options, advance)
    feeds = _write_feeds(home, month, network, texts)
    chance = Random(f"files|{options.seed}|{month.text}")  # noqa: S311
    truth: list[tuple[str, str, str, str]] = []
    feeds += write_evidence(home.landing, month, sessions)
    writer = CdrWriter(home.landing, chance, texts, signing(sessions), [])
    chunks = plan_chunks(sessions, month)
    for chunk in chunks:
        writer.write(chunk, advance)
    feeds += write_invoices(home.landing, month, sessions, writer.claims, truth if options.rate_ppm else None)
    writer.truth += truth + unsent(sessions) + spoil_files(home.landing)
    write_truth(home.root / "truth.csv", writer.truth)
    _set_at_rest(home, month)
    records = sum(len(chunk.places) for chunk in chunks)
    faults = sum(1 for session in sessions if session.fault)
    return Written(len(chunks) + feeds, records, len(PARTNERS), faults)


def refuse_used(named: Path) -> Home:
    """The home to write at this path. Raises DemoError when something of a home is there already."""
    home = Home(named.expanduser().resolve())
    if home.root.exists() and not home.root.is_dir():
        raise DemoError(f"{named} is a file: name a folder for the demo home.")
    if any(home.ledger_dir.glob("*.json")) if home.ledger_dir.is_dir() else False:
        raise DemoError(
            f"{named} already holds a ledger, and facts are never overwritten: name another folder, "
            f"or remove {named} first if nobody needs it."
        )
    for folder in (home.landing, home.master):
        if folder.is_dir() and any(folder.iterdir()):
            raise DemoError(f"{named} already has files in {folder.name}/: name another folder, or an empty one.")
    return home


def _set_at_rest(home: Home, month: Month) -> None:
    """Files that came in the month: one that ends within a record is not still being written."""
    for path in home.landing.rglob("*"):
        if path.is_file():
            os.utime(path, (month.ends_at, month.ends_at))


def _draw(network: Network, options: Options, advance: Advance) -> list[Session]:
    month = options.month
    rng = Random(f"sessions|{options.seed}|{month.text}")  # noqa: S311
    draw = Draw(rng, month, network, Rhythm(month, LocalClock(NETWORK_ZONE, month)))
    sessions: list[Session] = []
    changes = ClockChanges.of(LocalClock(NETWORK_ZONE, month))
    if options.rate_ppm:
        sessions = openings(draw)
    for fault in choose(rng, options.sessions - len(sessions), options.rate_ppm, changes):
        drawn = draw_session(draw, fault)
        sessions += drawn
        advance(len(drawn))
    number(sessions, month, lambda text: hashlib.sha256(f"{options.seed}|{text}".encode()).hexdigest()[:24])
    return sessions


def _write_feeds(home: Home, month: Month, network: Network, texts: dict[tuple[str, str], str]) -> int:
    """Locations, tokens and tariffs, each from the source that owns them. Returns the number of files."""
    at = month.starts_at - MASTER_AGE_DAYS * DAY
    locations: dict[str, list[str]] = {}
    for operator in OPERATORS:
        locations.setdefault(operator.source, []).extend(network.locations_feed[operator.party])
        if operator.has_tariff_feed:
            own = [texts[operator.party, tariff.tariff_id] for tariff in operator.tariffs]
            # The version before stands in a file of its own: a tariff object in OCPI is one version.
            since = tariffs_valid_from(month)
            before = [tariff.former.ocpi(since - 365 * DAY, since) for tariff in operator.tariffs]
            folder = home.landing / operator.source / "tariffs"
            write_records(folder / "tariffs-before.json", "envelope", before, at)
            write_records(folder / "tariffs.json", "envelope", own, at)
    for source, objects in locations.items():
        layout = "envelope" if source == "alpenstrom" else "array"
        write_records(home.landing / source / "locations" / "locations.json", layout, objects, at)
    folders = {partner.party: partner.folder for partner in PARTNERS} | {OWN_EMSP: "own"}
    for emsp, objects in network.tokens_feed.items():
        write_records(home.landing / folders[emsp] / "tokens" / "tokens.ndjson", "ndjson", objects, at)
    return len(locations) + len(network.tokens_feed) + 2 * sum(operator.has_tariff_feed for operator in OPERATORS)
