"""How a session ended, and who answers for it, as charger and session object told it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestration.story.at_charger import AtCharger, ending_of

CDR = {"cpo_party": "NL/EVS", "emsp_party": "DE/FST"}
AT = datetime(2026, 10, 17, 18, 39, 54, tzinfo=UTC)


def told(*events: tuple[str, str | None]) -> AtCharger:
    rows: list[dict[str, Any]] = [{"event": event, "value": value, "happened_at": AT} for event, value in events]
    return AtCharger(rows, {})


@pytest.mark.parametrize(
    ("reason", "is_failed", "side", "party"),
    [
        ("EmergencyStop", True, "operator", "NL/EVS"),
        ("POWERLOSS", True, "operator", "NL/EVS"),
        ("EVDisconnected", False, "driver", None),
        ("DeAuthorized", False, "provider", "DE/FST"),
        # A remote stop is the app's or the operator's: what was told does not say which.
        ("Remote", False, None, None),
        (None, False, None, None),
    ],
)
def test_a_stop_says_whose_doing_it_was(reason: str | None, is_failed: bool, side: str, party: str) -> None:
    ending = ending_of(CDR, {"session_status": "COMPLETED"}, told(("start", None), ("stop", reason)))
    assert ending is not None
    assert (ending.is_failed, ending.liable_side, ending.liable_party) == (is_failed, side, party)
    assert ending.stop_reason == reason
    assert ending.last_event == f"stop {reason or ''}".strip() + " at 2026-10-17 18:39:54Z"
    assert ending.outcome.startswith("broken off by the charger" if is_failed else "its session says")


def test_a_session_that_its_operator_calls_invalid_failed_whatever_stopped_it() -> None:
    ending = ending_of(CDR, {"session_status": "invalid"}, told(("stop", "EVDisconnected")))
    assert ending is not None and ending.is_failed
    assert (ending.liable_side, ending.liable_party) == ("operator", "NL/EVS")
    assert ending.outcome == "failed: its operator calls the session INVALID"


def test_what_nobody_told_is_not_made_up() -> None:
    assert ending_of(CDR, {}, told()) is None
    ending = ending_of(CDR, {"session_status": "ACTIVE"}, told())
    assert ending is not None
    assert (ending.outcome, ending.last_event, ending.liable_side) == ("its session stands at ACTIVE", None, None)
    ending = ending_of(CDR, {}, told(("start", None)))
    assert ending is not None
    assert (ending.outcome, ending.stop_reason) == ("ended, as its charger says", None)
