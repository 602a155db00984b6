"""Faults of completeness: what is missing, came twice, or takes back what it may not."""

import json
from dataclasses import replace
from random import Random

from orchestration.demo.cdrs import Fields, periods_text, put_costs
from orchestration.demo.fault import Beside, Fault, net, sent_later, ten_thousandths
from orchestration.demo.faults_record import EARLY, credit
from orchestration.demo.sessions import Session, Wish
from orchestration.demo.tariffs import decimal_text

CDR_DAYS = 4  # a CDR may take 72 hours, and the month is settled two days after its end


def _credit_short(fields: Fields, session: Session, rng: Random) -> None:
    credit(fields, session, rng)
    total = decimal_text(ten_thousandths(net(fields["total_cost"])[1:]) - 10_000, 4)
    fields["total_cost"] = f'{{"excl_vat": -{total}}}'


def _credit_again(fields: Fields, session: Session, rng: Random) -> None:
    credit(fields, session, rng)
    fields["id"] = fields["id"].replace('-C"', '-C2"')


def _reference_alone(fields: Fields, session: Session, rng: Random) -> None:
    fields["credit_reference_id"] = f'"{json.loads(fields["id"])}-0"'


def _with_other_totals(fields: Fields, session: Session, rng: Random) -> None:
    fields["id"] = f'"{json.loads(fields["id"])}-R"'
    sent_later(fields, session, rng)
    tariff = session.connector.tariff
    less = replace(session, periods=[replace(one, energy_wh=one.energy_wh * 9 // 10) for one in session.periods])
    fields["charging_periods"] = periods_text(less, tariff.tariff_id)
    put_costs(fields, less, tariff)


def _for_another(fields: Fields, session: Session, rng: Random) -> None:
    assert session.other is not None
    fields["id"] = f'"{json.loads(fields["id"])}-D"'
    fields["session_id"] = f'"{session.session_id[::-1]}"'
    fields["cdr_token"] = session.other.text
    fields["auth_method"] = '"AUTH_REQUEST"'
    fields.pop("authorization_reference", None)
    sent_later(fields, session, rng)


def _untold(beside: Beside, session: Session) -> None:
    beside.session.clear()


def _told_otherwise(beside: Beside, session: Session) -> None:
    beside.session["kwh"] = decimal_text(session.energy_wh + 2000, 3)


_TOLD = Wish(sources=("own", "fahrstrom", "alpenstrom", "gridlink"))
_EARLY = Wish(days_left=EARLY)
COMPLETE_FAULTS = (
    Fault("credit_short", "CREDIT_AMOUNT_DIFF", _EARLY, echo=_credit_short),
    Fault("credited_twice", "CREDIT_DOUBLE", _EARLY, echo=credit, echo_again=_credit_again),
    Fault("not_replaced", "CREDIT_NOT_REPLACED", Wish(days_left=25), echo=credit),
    Fault("reference_alone", "CREDIT_FLAGS", change=_reference_alone),
    Fault("other_totals", "RESUBMIT_TOTALS_CHANGED", _EARLY, echo=_with_other_totals),
    Fault("for_another", "DUP_CROSS_PARTNER", Wish(sources=("own",), days_left=EARLY), echo=_for_another,
          has_other=True),
    Fault("session_untold", "SESSION_MISSING", _TOLD, tell=_untold),
    Fault("told_otherwise", "SESSION_CDR_DIFF", _TOLD, tell=_told_otherwise),
    Fault("file_too_short", "BATCH_COUNT_MISMATCH", Wish(sources=("own",)), series="counted-a"),
    Fault("file_again", "BATCH_REPLAYED", Wish(sources=("own",)), series="again-a"),
    Fault("file_missing", "SEQ_GAP", Wish(sources=("own",)), series="part-4"),
    Fault("never_sent", "CDR_MISSING", Wish(sources=_TOLD.sources, days_left=CDR_DAYS), is_unsent=True),
)  # fmt: skip
