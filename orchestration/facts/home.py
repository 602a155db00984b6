"""A home: the folder that holds one company's settlement, and where everything in it stands.

What does not belong here: reading or writing anything in those folders.
"""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOME = "data"
HOME_VARIABLE = "EVSETTLE_HOME"


class HomeError(Exception):
    """The folder is not a home; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of a home. Facts are `ledger_dir` with its objects; `landing` is the inbox; the rest is derived."""

    root: Path

    @property
    def landing(self) -> Path:
        """Files as they arrive: `<source>/<feed>/<name>`."""
        return self.root / "landing"

    @property
    def master(self) -> Path:
        """Who we are, contracts, mappings, tariffs of ours, people."""
        return self.root / "master"

    @property
    def ledger_dir(self) -> Path:
        """Append-only entries `NNNNNNNNN.json`."""
        return self.root / "ledger"

    @property
    def objects_dir(self) -> Path:
        """Bytes of every file taken in: `<sha256>.zst`."""
        return self.root / "ledger" / "objects"

    @property
    def reports(self) -> Path:
        """What finance downloads: `<period>/<partner>/` with `manifest.json`."""
        return self.root / "reports"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file. Its name is fixed: dbt's compiled SQL carries it."""
        return self.root / "warehouse" / "evsettle.duckdb"

    @property
    def as_of_dir(self) -> Path:
        """Homes in which past runs were done again."""
        return self.root / "warehouse" / "as_of"

    @property
    def published(self) -> Path:
        """The read snapshot: `<table>.parquet`."""
        return self.root / "published"

    @property
    def dagster_dir(self) -> Path:
        """Dagster's own storage for this home."""
        return self.root / "warehouse" / "dagster"

    def relative(self, path: Path) -> str:
        """A path of this home as messages and the ledger write it: from the root, with slashes."""
        return path.relative_to(self.root).as_posix()


def open_home(path: Path | None = None) -> Home:
    """The home at `path`, else at $EVSETTLE_HOME, else ./data; its root is absolute.

    Raises HomeError when there is no master/network.yaml in it: a typing error in --home must
    not become a new, empty ledger.
    """
    named = path or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)
    home = Home(named.expanduser().resolve())
    if not home.root.is_dir():
        raise HomeError(
            f"There is no home at {named}: name one with --home, or write a demonstration with `evsettle demo {named}`."
        )
    if not (home.master / "network.yaml").is_file():
        raise HomeError(
            f"{named} is not a home because master/network.yaml is missing: write it (docs/onboarding.md has one to "
            f"copy), name another folder with --home, or write a demonstration with `evsettle demo {named}`."
        )
    return home
