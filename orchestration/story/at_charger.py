"""What a charger told of one session, how the session ended, and who answers for that.

What does not belong here: whether it is billed (the rules of group OUTCOME), and any layout (charger_section).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = Mapping[str, Any]
Side = Literal["operator", "driver", "provider"]

# As inspect.charger_facts links them, but only near the session by one of the two clocks: a range of times is found
# without a look at every event of every charger.
_EVENTS = """
    select events.happened_at, events.recorded_at, events.event, events.value,
        files.source || '/' || files.feed || '/' || files.file_name || '#' || events.position as place
    from ingest.charger_events as events
    inner join ingest.files as files on events.file_seq = files.file_seq
    where events.is_latest
        and (
            events.happened_at >= $start - interval 1 day and events.happened_at < $end + interval 1 day
            or events.recorded_at >= $start - interval 1 day and events.recorded_at < $end + interval 1 day
        )
        and lower(events.cpo_party) = lower($cpo)
        and (
            lower(events.session_id) = lower($session)
            or lower(events.cdr_id) = lower($cdr)
            or (
                events.session_id is null and events.cdr_id is null
                and lower(coalesce(events.evse_uid, events.evse_id)) = lower($evse)
                and events.happened_at >= $start - interval 5 minute and events.happened_at < $end + interval 5 minute
            )
        )
    order by events.happened_at, events.recorded_at, events.record_id
"""

_FACTS = "select is_offline, paused_seconds, drift_seconds from inspect.charger_facts where cdr_key = $key"

# Reasons of OCPP 1.6 and 2.0.1, as both write them.
_STOPPED_BY: Mapping[Side, frozenset[str]] = {
    "operator": frozenset(
        {
            "EMERGENCYSTOP", "FIRMWARE", "FIRMWAREUPDATE", "GROUNDFAULT", "HARDRESET", "IMMEDIATERESET", "MASTERPASS",
            "OVERCURRENTFAULT", "POWERLOSS", "POWERQUALITY", "REBOOT", "SOFTRESET", "UNLOCKCOMMAND",
        }
    ),
    "driver": frozenset(
        {"ENERGYLIMITREACHED", "EVDISCONNECTED", "LOCAL", "SOCLIMITREACHED", "STOPPEDBYEV", "TIMELIMITREACHED"}
    ),
    "provider": frozenset({"DEAUTHORIZED", "LOCALOUTOFCREDIT"}),
}  # fmt: skip
_BECAUSE: Mapping[Side, str] = {
    "operator": "the charger or its supply stopped it",
    "driver": "the driver or the car stopped it",
    "provider": "the right to charge was taken back",
}


@dataclass(frozen=True, slots=True)
class AtCharger:
    """What the charger told, in the order of its clock, and what inspect made of it."""

    events: Sequence[Row]
    facts: Row


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended: in words, by which reason, after which last event, and which side answers for it.

    liable_side and liable_party are null where nothing that was told says whose doing it was.
    """

    is_failed: bool
    outcome: str
    stop_reason: str | None
    last_event: str | None
    liable_side: Side | None
    liable_party: str | None
    because: str | None


def told_at_charger(ask: Callable[..., list[dict[str, Any]]], cdr: Row, sent: Row) -> AtCharger:
    """`ask` answers a query of the warehouse with named parameters."""
    facts = next(iter(ask(_FACTS, key=cdr["cdr_key"])), {})
    if cdr["started_at"] is None:
        return AtCharger([], facts)
    events = ask(
        _EVENTS,
        cpo=cdr["cpo_party"],
        session=sent.get("session_id"),
        cdr=cdr["cdr_id"],
        evse=cdr["evse_uid"] or sent.get("evse_id"),
        start=cdr["started_at"],
        end=max(cdr["ended_at"] or cdr["started_at"], cdr["started_at"]),
    )
    return AtCharger(events, facts)


def ending_of(cdr: Row, evidence: Row, told: AtCharger) -> Ending | None:
    """How it ended by what was told; None when neither the charger nor a session object said anything of it."""
    status = (evidence.get("session_status") or "").upper()
    last = told.events[-1] if told.events else None
    if not status and last is None:
        return None
    stop = next((event for event in reversed(told.events) if event["event"] == "stop"), None)
    reason = stop["value"] if stop else None
    side = next((side for side, reasons in _STOPPED_BY.items() if (reason or "").upper() in reasons), None)
    because = _BECAUSE[side] if side else None
    if status == "INVALID":
        side, because = "operator", "whose session it is says itself that it is INVALID"
    is_failed = status == "INVALID" or side == "operator"
    party = {"operator": cdr["cpo_party"], "provider": cdr["emsp_party"]}.get(side or "")
    return Ending(is_failed, _outcome(status, is_failed), reason, _event(last) if last else None, side, party, because)


def _outcome(status: str, is_failed: bool) -> str:
    if status == "INVALID":
        return "failed: its operator calls the session INVALID"
    said = {"": "", "COMPLETED": "its session says it was completed"}.get(status, f"its session stands at {status}")
    if is_failed:
        return f"broken off by the charger{f', though {said}' if said else ''}"
    return said or "ended, as its charger says"


def _event(row: Row) -> str:
    value = f" {row['value']}" if row["value"] else ""
    return f"{row['event'].replace('_', ' ')}{value} at {row['happened_at']:%Y-%m-%d %H:%M:%S}Z"
