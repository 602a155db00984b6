"""What a session was, in words: when, how much, between whom, at which charger, by which token, under which contract.

What does not belong here: its money (money_sections).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.story.page import Section, instant, plain
from orchestration.story.session import Row, SessionStory


def session_section(story: SessionStory) -> Section:
    """Labelled facts; what nobody sent is left out."""
    cdr, details = story.cdr, story.details
    direction = {
        "receivable": f"{cdr['partner']} pays us",
        "payable": f"we pay {cdr['partner']}",
        "internal": "both sides are us",
    }.get(cdr["direction"] or "", "neither side is us")
    billed = "" if cdr["period"] == cdr["service_period"] else f", billed in {cdr['period']}{_since(cdr)}"
    facts: list[tuple[str, str | None]] = [
        ("when", _when(story)),
        ("energy", f"{plain(cdr['energy_kwh'], 'unknown')} kWh{_registers(story)}{_settled_energy(cdr)}"),
        (
            "who",
            f"operator {cdr['cpo_party']}, provider {cdr['emsp_party']} (from the {cdr['party_source']}): {direction}",
        ),
        ("period", f"{cdr['service_period']} by its end{billed}"),
        ("charger", f"{cdr['location_id'] or '-'} / {cdr['evse_uid'] or '-'} / {cdr['connector_id'] or '-'}"),
    ]
    if details:
        facts += [
            ("known as", _known_as(details.sent)),
            ("hardware", _hardware(details.sent)),
            ("token", _token(details.sent)),
            ("authorized", _authorized(details.evidence)),
            ("session", _session_told(details.sent, details.evidence)),
            ("contract", _contract(details.terms, details.contract_approval)),
        ]
    if cdr["credit_of"]:
        facts.append(("credit of", cdr["credit_of"]))
    return Section("The session", facts)


def _since(cdr: Row) -> str:
    return f", as it became billable on {instant(cdr['cleared_at'])}" if cdr["cleared_at"] is not None else ""


def _when(story: SessionStory) -> str:
    cdr = story.cdr
    start, end = cdr["started_at"], cdr["ended_at"]
    text = f"{instant(start)} to {instant(end)}"
    if start and end and end >= start:
        text += f", {_span(end - start)}"
    zone = story.details.sent.get("time_zone") if story.details else None
    return f"{text}; {_local(start, zone)} in {zone}" if zone and start else text


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def _registers(story: SessionStory) -> str:
    sent = story.details.sent if story.details else {}
    if not sent or sent["register_start_kwh"] is None or sent["register_end_kwh"] is None:
        return ""
    return f" (meter {plain(sent['register_start_kwh'])} to {plain(sent['register_end_kwh'])})"


def _settled_energy(cdr: Row) -> str:
    settled = cdr["settled_energy_kwh"]
    return "" if settled is None or settled == cdr["energy_kwh"] else f", settled as {plain(settled)} kWh"


def _known_as(sent: Row) -> str | None:
    if not sent:
        return None
    names = [sent["canonical_connector_id"] or "no known connector"]
    if sent["place_alias"]:
        names.append(f"renamed: {sent['place_alias']}")
    if sent["evse_drifted_from"]:
        names.append(f"the EVSE was {sent['evse_drifted_from']} before")
    if sent["known_location_id"] and sent["known_location_id"] != sent["location_id"]:
        names.append(f"we know it at location {sent['known_location_id']}")
    return "; ".join(names)


def _hardware(sent: Row) -> str | None:
    if not sent or not sent["connector_power_type"]:
        return None
    power = sent["connector_max_power_w"]
    kilowatt = "" if power is None else f", {plain(power / 1000)} kW"
    return f"{sent['connector_power_type']}{kilowatt}, {sent['connector_standard'] or 'standard unknown'}"


def _token(sent: Row) -> str | None:
    if not sent or not (sent["token_uid"] or sent["contract_id"]):
        return "none in the record"
    contract = f", driver's contract {sent['contract_id']}" if sent["contract_id"] else ""
    return f"{sent['token_type'] or 'token'} {sent['token_uid'] or 'without id'}{contract} (pseudonyms)"


def _authorized(evidence: Row) -> str | None:
    if not evidence or evidence["answered_at"] is None:
        return None
    return f"{evidence['allowed']}, answered {instant(evidence['answered_at'])}"


def _session_told(sent: Row, evidence: Row) -> str | None:
    if not sent or not sent["session_id"]:
        return None
    if not evidence or not evidence["has_session"]:
        return f"{sent['session_id']}; no session of that id was told"
    span = f"{instant(evidence['session_started_at'])} to {instant(evidence['session_ended_at'])}"
    return f"{sent['session_id']}, told as {evidence['session_status']} {span}"


def _contract(terms: Row, approval: Row) -> str | None:
    if not terms or not terms["contract_version"]:
        return None
    approved = "not approved" if not terms["is_contract_approved"] else "approved"
    if approval and terms["is_contract_approved"]:
        approved += f" by {approval['approved_by']}, ledger entry {approval['seq']}"
    since = terms["contract_valid_from"]
    return f"{terms['contract_name']}, version {terms['contract_version'][:12]}, in force since {since}, {approved}"
