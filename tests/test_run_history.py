"""The event log that a run writes is Dagster's own, and stays so while it is written."""

from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import event
from sqlalchemy.pool import Pool

from orchestration.cli.dev import prepare_instance
from orchestration.run_history import RunHistory


@dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="sessions")])
def sessions():  # type: ignore[no-untyped-def]
    return dg.MaterializeResult(
        metadata={"dagster/row_count": 3},
        check_results=[dg.AssetCheckResult(check_name="whole", passed=True)],
    )


def test_the_stock_class_reads_what_a_run_wrote(tmp_path: Path) -> None:
    prepare_instance(tmp_path)
    assert not yaml.safe_load((tmp_path / "dagster.yaml").read_text())["telemetry"]["enabled"]
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance.event_log_storage, RunHistory)
        assert Path(instance.event_log_storage._base_dir) == tmp_path / "history" / "runs"
        opened: list[str] = []

        def note(connection: Any, _record: Any) -> None:
            opened.append(Path(connection.execute("pragma database_list").fetchone()[2]).name)

        first = dg.materialize([sessions], instance=instance).run_id
        event.listen(Pool, "connect", note)
        second = dg.materialize([sessions], instance=instance).run_id
        event.remove(Pool, "connect", note)
        assert f"{second}.db" in opened
        # Whether a table is there Dagster asks on a connection of its own; each event would make one more.
        assert opened.count("index.db") <= 3
        runs = [first, second]
        written = {
            run: [record.event_log_entry for record in instance.get_records_for_run(run).records] for run in runs
        }
        stock = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
        for run in runs:
            read = [record.event_log_entry for record in stock.get_records_for_run(run).records]
            assert read == written[run]
            assert len(read) > 10
        latest = stock.get_latest_materialization_events([dg.AssetKey("sessions")])[dg.AssetKey("sessions")]
        assert latest is not None
        assert latest.run_id == runs[1]


def test_many_runs_do_not_keep_many_files_open(tmp_path: Path) -> None:
    history = RunHistory(str(tmp_path))
    for number in range(20):
        for _ in range(2):
            assert not history.get_records_for_run(f"run-{number}").records
    assert len(history._engines) <= 8
    history.wipe()
    history.dispose()
    assert not history._engines
