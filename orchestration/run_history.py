"""Dagster's event log on SQLite with its connections kept open and no fsync for each event.

Dagster's own opens a file, commits with fsync and closes it again for each of the 700 events of a run, twice: seconds
on a fast disk, half a minute on a busy one. What a settlement stands on is the ledger, which does fsync; the event
log is derived and shows what happened. With a write-ahead log a crash may lose its last moments and never damages it.
Files and tables are Dagster's: an instance with the stock class reads them. What does not belong here: any event.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._config import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

# Each run has its own file; the UI looks at many, a run at its own and the index.
_KEPT_OPEN = 8


class RunHistory(SqliteEventLogStorage):
    """SqliteEventLogStorage, faster. Config: base_dir, the folder of its files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """As Dagster's own."""
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "RunHistory":
        """Called by Dagster with what dagster.yaml says."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._initialized_dbs:
            # The first time through makes the tables.
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or _engine(self.conn_string_for_shard(shard))
        self._engines[shard] = engine
        while len(self._engines) > _KEPT_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()

    def wipe(self) -> None:
        """Also forgets the open files that are deleted."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close everything."""
        self._close()
        super().dispose()


def _engine(address: str) -> Engine:
    engine = create_engine(address, pool_size=1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def commit_without_fsync(connection: Any, _record: Any) -> None:
        connection.execute("pragma synchronous = normal")

    return engine
