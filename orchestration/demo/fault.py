"""What a planted fault is, and how the text of a CDR is spoilt.

What does not belong here: which faults there are (faults_record, faults_session, faults_beside).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from orchestration.demo.cdrs import Fields
from orchestration.demo.clock import HOUR, iso
from orchestration.demo.sessions import Session, Wish, cut
from orchestration.demo.tariffs import decimal_text

Change = Callable[[Fields, Session, Random], None]
Lines = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is told of a session beside its CDR: JSON text by field, or cells by column; lists may grow or shrink."""

    session: Fields
    answers: Lines
    events: Lines
    receipts: Lines


@dataclass(slots=True)
class Turn:
    """What a meter shows of one session: registers in Wh, page, and the marks of its readings."""

    serial: str
    start_wh: int
    end_wh: int
    page: int
    status: str = "G"
    time_status: str = "S"
    error_flags: str = ""
    is_forged: bool = False
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `rule_id` is empty when nothing is wrong with it (a credit that meets its original).

    `shape` changes the session before its claim is worked out, `change` its fields, `mangle` the text. `echo` makes a
    second record, in a later file, of the session's fields; truth then points at the second one; `echo_again` makes a
    third one, which truth then points at. `cells` changes a row of a CSV. `has_sequel` draws a later session of the
    same driver, which carries the fault. `by` is another source that brings the record. `has_other` draws another
    driver who is free at that time; of an `is_unsent` session no CDR comes. `meter` spoils what its meter shows, `tell`
    what is told beside it. `series` names a file of our own in which such sessions are filed, and which is itself at
    fault. `is_record` faults are found on the record, the others on the CDR. `fits` says whether a drawn session can
    carry it; `clock_change` asks for a month in which clocks change, `clock_back` for one in which they are set back.
    `shift` is how far the CDR's times will be from the true ones: connector and token are kept free for it.
    """

    name: str
    rule_id: str
    wish: Wish = Wish()  # noqa: RUF009 - frozen
    shape: Callable[[Session, Random], None] | None = None
    change: Change | None = None
    mangle: Callable[[str, Random], str] | None = None
    echo: Change | None = None
    echo_again: Change | None = None
    tell: Callable[[Beside, Session], None] | None = None
    fits: Callable[[Session], bool] | None = None
    is_record: bool = False
    is_blocked: bool = False
    has_intruder: bool = False  # draws a second session over this one
    has_double: bool = False  # draws a second session of its token elsewhere
    keeps_key: bool = True  # the record can be read far enough to give its cdr_key
    has_sequel: bool = False
    cells: Callable[[list[str]], None] | None = None
    by: str = ""
    clock_change: bool = False
    clock_back: bool = False
    has_other: bool = False
    is_unsent: bool = False
    meter: Callable[[Turn], None] | None = None
    series: str = ""

    @property
    def stands(self) -> bool:
        """Whether its last record is read as a CDR."""
        return not self.is_record or self.rule_id == "ID_LENGTH"

    shift: int = 0


def sent_later(fields: Fields, session: Session, rng: Random) -> None:
    """A later last_updated, as of a record that was sent again."""
    fields["last_updated"] = f'"{iso(session.sent_at + rng.randint(2, 30) * HOUR)}"'


def charge(session: Session, energy_wh: int) -> None:
    """Charging all the time, with this much energy."""
    session.periods = cut(session.connector, session.start, session.end, session.end, energy_wh)


def net(price: str) -> str:
    """The net amount of a price, as its digits stand."""
    return str(json.loads(price, parse_float=str, parse_int=str)["excl_vat"])


def ten_thousandths(number: str) -> int:
    """1.25 as 12500."""
    whole, _, part = number.partition(".")
    return int(whole + part.ljust(4, "0"))


def place(fields: Fields, **values: str) -> None:
    """Other values in the CDR's own copy of its location."""
    fields["cdr_location"] = json.dumps(json.loads(fields["cdr_location"]) | values, ensure_ascii=False)


def stamps(fields: Fields, change: Callable[[str], str]) -> None:
    """Each time of the CDR, last_updated left out, as `change` makes it of the JSON text."""
    for name in ("start_date_time", "end_date_time"):
        fields[name] = change(fields[name])
    periods = fields["charging_periods"].split('"start_date_time": ')
    for number, text in enumerate(periods[1:], start=1):
        stamp, rest = text.split(",", 1)
        periods[number] = f"{change(stamp)},{rest}"
    fields["charging_periods"] = '"start_date_time": '.join(periods)


def volumes(fields: Fields, change: Callable[[str], str]) -> None:
    """Each energy of the CDR, the total and those of its periods, as `change` makes it of its digits."""
    fields["total_energy"] = change(fields["total_energy"])
    periods = fields["charging_periods"].split('{"type": "ENERGY", "volume": ')
    for number, text in enumerate(periods[1:], start=1):
        volume, rest = text.split("}", 1)
        periods[number] = f"{change(volume)}}}{rest}"
    fields["charging_periods"] = '{"type": "ENERGY", "volume": '.join(periods)


def scale_claim(fields: Fields, percent: int) -> None:
    """Another total; the parts are left out (they are optional), else they would contradict it."""
    total = {
        name: ten_thousandths(value) * percent // 100
        for name, value in json.loads(fields["total_cost"], parse_float=str, parse_int=str).items()
    }
    for name in [name for name in fields if name.endswith("_cost") and name != "total_cost"]:
        del fields[name]
    text = ", ".join(f'"{name}": {decimal_text(value, 4)}' for name, value in total.items())
    fields["total_cost"] = "{" + text + "}"
