"""How a session went at its charger, in words: outcome, stop reason, last event, whose side answers for it.

What does not belong here: any query, and how it ended (at_charger).
"""

from orchestration.story.at_charger import Ending
from orchestration.story.page import Section, plain
from orchestration.story.session import Row, SessionStory


def charger_section(story: SessionStory) -> Section:
    """Labelled facts, then each event that the charger told."""
    details, ending = story.details, story.ending
    if details is None:
        return Section("At the charger")
    facts = details.at_charger.facts
    paused = facts.get("paused_seconds")
    labelled: list[tuple[str, str | None]] = []
    if ending is not None:
        labelled = [
            ("outcome", ending.outcome + _energy(story.cdr, ending)),
            ("stop reason", ending.stop_reason or "none was told"),
            ("last event", ending.last_event or "none was told"),
            ("answers for it", _liable(ending)),
        ]
    labelled += [
        ("offline", "the charger was offline when it began" if facts.get("is_offline") else None),
        ("held back", f"{paused} s of parking while the charger, not the car, paused" if paused else None),
    ]
    return Section(
        "At the charger",
        facts=labelled,
        columns=["at", "event", "value", ">told after s", "record"],
        rows=[
            (row["happened_at"], row["event"].replace("_", " "), row["value"], _delay(row), row["place"])
            for row in details.at_charger.events
        ],
    )


def _energy(cdr: Row, ending: Ending) -> str:
    return f" (after {plain(cdr['energy_kwh'], 'unknown')} kWh)" if ending.is_failed else ""


def _liable(ending: Ending) -> str:
    if ending.liable_side is None:
        return "not told: neither the stop reason nor the session says whose doing it was"
    party = f", {ending.liable_party}" if ending.liable_party else ""
    return f"the {ending.liable_side}{party}: {ending.because}"


def _delay(row: Row) -> int | None:
    if row["recorded_at"] is None:
        return None
    return int((row["recorded_at"] - row["happened_at"]).total_seconds())
