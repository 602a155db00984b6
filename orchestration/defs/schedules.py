"""The settlement job, its daily schedule, and how a terminal follows it."""

import logging
from typing import Any

import click
import dagster as dg

SETTLEMENT_JOB = "settlement"

settlement = dg.define_asset_job(
    SETTLEMENT_JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(dg.AssetKey(["settle", "statement"])),
    description="Takes in what is new and runs ingest, inspect, rate, reconcile and settle in that order.",
    executor_def=dg.in_process_executor,
)

daily = dg.ScheduleDefinition(
    name="daily",
    job=settlement,
    cron_schedule="30 5 * * *",
    execution_timezone="UTC",
    description="Every morning: what arrived is settled while the facts are fresh.",
)


class _StepLines(logging.Handler):
    """One line on stderr for each step that starts or fails."""

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is not None and event.event_type_value == "STEP_START":
            click.echo(f"  {event.step_key.replace('__', '/')}", err=True)


@dg.logger(config_schema={}, description="One line for each step, for `evsettle run`.")
def progress(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("evsettle.progress", level=logging.DEBUG)
    logger.addHandler(_StepLines())
    return logger


def run_config(home: str, as_of: str, period: str) -> dict[str, Any]:
    """The configuration of one run of the job: its home, its clock, and progress lines instead of the event log."""
    return {
        "resources": {"settlement": {"config": {"home_path": home, "as_of": as_of, "period": period}}},
        "loggers": {"progress": {"config": {}}},
    }
