"""The one resource: which home is settled, as of when, under the writers' lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from orchestration.facts.home import Home, open_home
from orchestration.facts.lock import writer_lock


class Settlement(dg.ConfigurableResource["Settlement"]):
    """A home under settlement.

    home_path: the home's folder; empty means $EVSETTLE_HOME, else ./data.
    as_of: the run's clock, ISO 8601 with offset; empty means the moment the run starts.
    period: limits settle and reports to one period; empty means every unsealed one.
    """

    home_path: str = ""
    as_of: str = ""
    period: str = ""

    @property
    def home(self) -> Home:
        """The home; raises HomeError with a remedy where there is none."""
        return open_home(Path(self.home_path) if self.home_path else None)

    @property
    def instant(self) -> datetime:
        """The run's as_of, aware, UTC."""
        return datetime.fromisoformat(self.as_of).astimezone(UTC) if self.as_of else datetime.now(UTC)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Settlement"]:
        """Hold the home's lock for the whole run: one writer at a time, whoever started it."""
        with writer_lock(self.home):
            yield self
