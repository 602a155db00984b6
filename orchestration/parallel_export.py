"""The CDR export of another platform into a home of its own, which has master data and no CDRs yet.

What does not belong here: the run, and comparing what it gave (parallel).
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from orchestration.defs.ingest.calendar import billing_periods
from orchestration.defs.ingest.declared import DeclaredError
from orchestration.defs.ingest.network import PATH, read_network
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError
from orchestration.parallel import Stated

# What changed just now may still be coming, a run would wait for it; these copies are whole.
_AT_REST = 1_000_000_000


def land_export(home: Home, exports: Sequence[tuple[str, Path]], stated: Sequence[Stated]) -> int:
    """Copy files, or all files of folders, into landing/<source>/cdrs. Returns how many are there now.

    Files that are there with the same bytes stay. Raises HomeError, one sentence, where the home has other CDRs or
    would not bill them in their own month.
    """
    _check_history(home, stated)
    files = {home.landing / source / "cdrs" / path.name: path for source, path in _files(exports)}
    if not files:
        raise HomeError("There is no file in what --cdrs names: give the files of the export, or their folder.")
    _check_alone(home, set(files))
    for target, path in files.items():
        if target.exists() and target.read_bytes() != path.read_bytes():
            raise HomeError(f"{home.relative(target)} is there already and is not {path}: take it away first.")
    for target, path in files.items():
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            os.utime(target, (_AT_REST, _AT_REST))
    return len(files)


def _files(exports: Sequence[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    for source, path in exports:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                yield source, file


def _check_alone(home: Home, targets: set[Path]) -> None:
    """A month is rebuilt in a home that has only this export: other sessions would be in its statements, too."""
    known = {
        home.root / file["path"]
        for entry in ledger.read_all(home)
        if entry.kind == "arrival"
        for file in entry.body["files"]
        if file["feed"] == "cdrs"
    }
    waiting = {path for path in home.landing.glob("*/cdrs/*") if path.is_file()}
    if others := sorted((known | waiting) - targets):
        raise HomeError(
            f"This home has other CDRs ({home.relative(others[0])}): rebuild the month in a home of its own, with the "
            "same master data and feeds but for CDRs."
        )


def _check_history(home: Home, stated: Sequence[Stated]) -> None:
    ends = {period: end for _, period, _, end in billing_periods()}
    for one in stated:
        if one.period not in ends:
            raise HomeError(f"{one.period} is no period: write 2026-10, 2026-10-H1 or 2026-W41.")
    needed: date = max(ends[one.period] for one in stated)
    try:
        network = read_network((home.root / PATH).read_bytes())
    except (OSError, DeclaredError) as error:
        raise HomeError(f"{PATH} cannot be read: {error}") from error
    if network.history_before is None or network.history_before < needed:
        raise HomeError(
            f"{PATH} needs history_before: {needed}, so that each session bills in its own month as it did there; "
            "write it and call again."
        )
