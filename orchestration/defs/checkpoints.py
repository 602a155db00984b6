"""When the settlement job starts by itself: a schedule for each checkpoint of the calendar, a sensor on the inbox.

All are stopped until somebody starts them. They only run the job, so that drafts are as they should be: approving and
sealing are acts of people (`evsettle decide`). What does not belong here: what a run does.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from orchestration.defs.ingest.calendar import Calendar, billing_periods, checkpoints, local_days
from orchestration.defs.ingest.inbox import age_seconds, candidates, stamp
from orchestration.defs.ingest.master_data import MasterError, fold_master
from orchestration.defs.ingest.rules import overridable, read_rules
from orchestration.defs.ingest.zones import zone
from orchestration.defs.schedules import settlement
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.version import suites

CHECKPOINTS = ("draft", "approval", "close")
# A checkpoint is some working days after a period's end: never so many days.
_LATEST = timedelta(days=60)
_AT_REST_SECONDS = 30.0


def due_periods(calendar: Calendar, time_zone: str, checkpoint: str, day: date) -> list[str]:
    """The periods whose checkpoint is due on a day of the network's zone; none on a day that is no working day."""
    days = {one: (is_working, number) for one, _, is_working, number in local_days(time_zone, calendar)}
    is_working, number = days[day]
    if not is_working:
        return []
    offsets = {frequency: offset[CHECKPOINTS.index(checkpoint)] for frequency, *offset in checkpoints(calendar)}
    return [
        period
        for frequency, period, _, ends_on in billing_periods()
        if day - _LATEST <= ends_on <= day and days[ends_on - timedelta(days=1)][1] + offsets[frequency] == number
    ]


def _checkpoint(name: str) -> dg.ScheduleDefinition:
    """The schedule of one checkpoint: in the morning of the day on which it is due the drafts are made anew."""

    @dg.schedule(
        name=f"{name}_checkpoint",
        job=settlement,
        cron_schedule="0 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"On the day on which the {name} of a period is due (master/calendar.yaml): run, so that people "
        "decide about drafts of today.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            home = open_home()
            master = fold_master(home, ledger.read_all(home), overridable(read_rules(suites())))
        except (HomeError, MasterError) as error:
            return dg.SkipReason(str(error))
        assert master.network is not None
        here = zone(master.network.time_zone)
        day = context.scheduled_execution_time.astimezone(here).date()
        periods = due_periods(master.calendar, master.network.time_zone, name, day)
        if not periods:
            return dg.SkipReason(f"No period's {name} is due on {day}.")
        tags = {"evsettle/checkpoint": name, "evsettle/periods": ",".join(periods)}
        return dg.RunRequest(run_key=f"{name}-{day}", tags=tags)

    return schedule


draft_checkpoint, approval_checkpoint, close_checkpoint = map(_checkpoint, CHECKPOINTS)


@dg.sensor(
    job=settlement,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Runs the job when something in landing/ or master/ is new or changed, and has come to its end.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """The cursor is a hash of what stood there at the last run that this sensor asked for."""
    try:
        home = open_home()
    except HomeError as error:
        return dg.SkipReason(str(error))
    files = list(_watched(home))
    if any(age < _AT_REST_SECONDS for _, age in files):
        return dg.SkipReason("Something is still arriving: the next look waits for it.")
    seen = hashlib.sha256("\n".join(line for line, _ in files).encode()).hexdigest()
    if seen == context.cursor:
        return dg.SkipReason("Nothing new in landing/ and master/.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"landing-{seen}")], cursor=seen)


def _watched(home: Home) -> Iterator[tuple[str, float]]:
    """Each file that a run would look at: path with size and time of change, and its age in seconds."""
    problems: list[str] = []
    master = (path for path in sorted(home.master.rglob("*")) if path.is_file())
    for path in [*candidates(home, problems), *master]:
        yield f"{home.relative(path)} {stamp(path)}", age_seconds(path)
