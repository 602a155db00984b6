"""Data quality over time, as the tables quality_days, quality_findings and quality_drifts have it.

Read by `evsettle quality` and `status` from the published snapshot, by the pages and the alarm from the warehouse.
Counts are added up here and nowhere judged. What does not belong here: showing (cli, quality_pages).
"""

# ruff: noqa: S608 - our own words

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb

from orchestration.suite import Rule, read_suite
from orchestration.version import suites
from orchestration.warehouse import named_rows

Row = dict[str, Any]
# Runs a query with named parameters over the tables: Snapshot.named, or that of `warehouse`.
Query = Callable[[str, Mapping[str, Any]], list[Row]]

# What is shown when nobody says since when: thirteen weeks up to the last day of which there are records.
DAYS_SHOWN = 91
# How a row of quality_drifts that compares all rules names them.
ANY = "any"

# What a group of rules looks at, as people say it.
FIELDS = {
    "SCHEMA": "form of the record", "IDENT": "ids and parties", "DUP": "duplicates and overlaps", "TIME": "times",
    "METER": "energy and meter", "LOC": "charger, connector, site", "AUTH": "authorization, token",
    "TARIFF": "tariff reference", "MONEY": "currency and tax as sent", "OUTCOME": "outcome of the session",
    "EVID": "signed values", "PRICE": "price", "VOLUME": "completeness", "CREDIT": "credits", "TERMS": "contract terms",
    "TAX": "tax on the document", "FX": "exchange rates", "PERIOD": "billing period", "DOC": "documents",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What to add up; None leaves nothing out. since: first day, by the day of the session."""

    partner: str | None = None
    rule: str | None = None
    since: date | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the queries below."""
        return {"partner": self.partner, "rule": self.rule, "since": self.since}


_OF_PARTNER = "($partner is null or partner = $partner)"
_WANTED = f"{_OF_PARTNER} and charged_on >= $since"

_SINCE = f"select max(charged_on) as last_on from quality_days where {_OF_PARTNER}"

_COUNTS = """
    sum(records)::bigint as records, sum(faulty)::bigint as faulty, sum(held)::bigint as held,
    sum(excluded + quarantined)::bigint as rejected, sum(without_person)::bigint as without_person
"""

_TOTAL = f"""
    select min(charged_on) as first_on, max(charged_on) as last_on, 
        count(distinct partner) filter (partner not in ('own', 'unknown')) as partners, {_COUNTS}
    from quality_days where {_WANTED}
"""
_BY_PARTNER = f"select partner, {_COUNTS} from quality_days where {_WANTED} group by partner order by partner"
_BY_DAY = f"select charged_on as day, {_COUNTS} from quality_days where {_WANTED} group by day order by day"
_BY_SITE = f"""
    select partner, location_id, {_COUNTS} from quality_days where {_WANTED}
    group by partner, location_id having sum(faulty) > 0
    order by sum(faulty) desc, sum(records), partner, location_id
"""
# Amounts of two currencies are never added.
_AT_STAKE = f"""
    select date_trunc('week', charged_on)::date as week, partner, currency,
        sum(held + excluded + quarantined)::bigint as records, sum(unknown_amounts)::bigint as unknown_amounts,
        sum(at_stake_excl_tax) as at_stake_excl_tax
    from quality_days where {_WANTED} and held + excluded + quarantined > 0
    group by all order by week, partner, currency
"""

_FOUND = f"{_WANTED} and ($rule is null or rule_id = $rule)"
_BY_RULE = f"""
    select rule_id, severity, owner, sum(findings)::bigint as findings, sum(root_findings)::bigint as root_findings,
        sum(open_findings)::bigint as open_findings, sum(found_within_a_day)::bigint as found_within_a_day,
        count(distinct partner) as partners, count(distinct partner || '|' || location_id) as sites,
        min(charged_on) as first_on, max(charged_on) as last_on
    from quality_findings where {_FOUND}
    group by rule_id, severity, owner
    order by case severity when 'reject' then 1 when 'hold' then 2 else 3 end, sum(root_findings) desc, rule_id, owner
"""
_RULE_DAYS = f"""
    select charged_on as day, sum(findings)::bigint as findings
    from quality_findings where {_FOUND} group by day order by day
"""
_RULE_PARTNERS = f"""
    select rule_id, partner, sum(root_findings)::bigint as root_findings
    from quality_findings where {_FOUND} group by rule_id, partner order by rule_id, partner
"""
_ALARMS = f"""
    select partner, rule_id, dated_by, history_from, recent_from, last_on, records, faults, records_before,
        faults_before, expected_faults
    from quality_drifts
    where standing = 'jumped' and {_OF_PARTNER} and ($rule is null or rule_id = $rule)
    order by partner, rule_id <> '{ANY}', rule_id, dated_by desc
"""
_COMPARED = f"""
    select standing, count(*) as comparisons from quality_drifts
    where {_OF_PARTNER} and ($rule is null or rule_id = $rule) group by standing order by standing
"""
# The groups of the exception queue in which several sessions share a cause: what began together.
_INCIDENTS = f"""
    select group_id || '@' || members_sha256 as "group", owner, rule_id, partner, likely_cause, sessions, currency,
        amount_at_stake, unknown_amounts, first_started_at, last_started_at, due_at, action
    from exception_groups
    where sessions > 1 and {_OF_PARTNER} and ($rule is null or rule_id = $rule)
        and (last_started_at is null or last_started_at >= $since)
    order by sessions desc, group_id
"""

# One decision may end a group: so many times a person has to act.
_WAITING = f"""
    select count(*) as groups, coalesce(sum(cases), 0)::bigint as cases
    from exception_groups where {_OF_PARTNER} and ($rule is null or rule_id = $rule)
"""
# What happened at a charger, with the sessions that it touched.
_CHARGERS = f"""
    select event, value, location_id, evse_uid, from_at, to_at, count(*) as sessions,
        count(*) filter (is_started_within and event = 'outage') as authorised_offline,
        count(*) filter (state in ('held', 'excluded')) as unbilled, currency,
        sum(abs(claimed_excl_tax)) filter (state in ('held', 'excluded')) as at_stake_excl_tax
    from charger_incidents where {_OF_PARTNER} and from_at >= $since
    group by event_subject_id, event, value, location_id, evse_uid, from_at, to_at, currency
    order by from_at desc, event, evse_uid, currency
"""
_FIRMWARE = """
    select cpo_party, firmware, stop_reason, first_installed_at, chargers, stops, times_given, stops_before,
        times_given_before, expected_times
    from firmware_stops where standing = 'jumped' order by cpo_party, firmware, stop_reason
"""


def warehouse(connection: duckdb.DuckDBPyConnection) -> Query:
    """The tables of a run that has not published yet."""
    connection.execute("set schema = 'settle'")

    def query(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        return named_rows(connection.execute(sql, dict(parameters)))

    return query


def report(query: Query, scope: Scope) -> Row:
    """All there is to say of a scope: totals, by partner, day, rule, field and site, alarms, incidents, money."""
    asked = _since(query, scope).parameters()
    of_days = {name: asked[name] for name in ("partner", "since")}
    rules = query(_BY_RULE, asked)
    for row in rules:
        rule = catalogue().get(row["rule_id"])
        row["field"] = FIELDS[rule.group] if rule else "records of other feeds"
        row["text"] = rule.text if rule else ""
    return {
        "since": asked["since"],
        "total": query(_TOTAL, of_days)[0],
        "waiting": query(_WAITING, _named(asked, "partner", "rule"))[0],
        "alarms": alarms(query, scope),
        "compared": {row["standing"]: row["comparisons"] for row in query(_COMPARED, _named(asked, "partner", "rule"))},
        "partners": query(_BY_PARTNER, of_days),
        "days": _days(query(_BY_DAY, of_days), query(_RULE_DAYS, asked)),
        "rules": rules,
        "fields": _fields(query(_RULE_PARTNERS, asked)),
        "sites": query(_BY_SITE, of_days),
        "incidents": query(_INCIDENTS, asked),
        "chargers": query(_CHARGERS, of_days),
        # A version of firmware is nobody's in particular.
        "firmware": firmware(query) if scope.partner is None else [],
        "at_stake": query(_AT_STAKE, of_days),
    }


def alarms(query: Query, scope: Scope) -> list[Row]:
    """Where faults have jumped, each with a sentence; what jumped by both days is told once, by that of the arrival."""
    told: dict[tuple[str, str], Row] = {}
    for row in query(_ALARMS, _named(scope.parameters(), "partner", "rule")):
        told.setdefault((row["partner"], row["rule_id"]), row | {"sentence": _sentence(row)})
    return list(told.values())


def firmware(query: Query) -> list[Row]:
    """Where a reason to stop has jumped with a firmware, each with a sentence."""
    return [row | {"sentence": _firmware_sentence(row)} for row in query(_FIRMWARE, {})]


def headline(query: Query) -> tuple[Row, list[Row]]:
    """The totals of the days shown, and the alarms."""
    asked = _since(query, Scope()).parameters()
    return query(_TOTAL, _named(asked, "partner", "since"))[0], [*alarms(query, Scope()), *firmware(query)]


@cache
def catalogue() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.rule_id: rule for path in suites() for rule in read_suite(path).rules}


def percent(part: int, whole: int) -> str:
    """A share with one decimal; nothing of nothing is a dash. A fault that is there is never shown as none."""
    if not whole:
        return "-"
    share = (Decimal(100 * part) / whole).quantize(Decimal("0.1"))
    if share == 0 and part:
        return "< 0.1 %"
    return "> 99.9 %" if share == 100 and part < whole else f"{share} %"


def per_thousand(part: int, whole: int) -> str:
    """How many of so many, for 1,000 of them."""
    return str((Decimal(1000 * part) / whole).quantize(Decimal("0.1"))) if whole else "-"


def _named(parameters: Mapping[str, Any], *names: str) -> Row:
    return {name: parameters[name] for name in names}


def _since(query: Query, scope: Scope) -> Scope:
    if scope.since is not None:
        return scope
    last_on = query(_SINCE, {"partner": scope.partner})[0]["last_on"]
    return Scope(scope.partner, scope.rule, (last_on or date.max) - timedelta(days=DAYS_SHOWN - 1))


def _days(records: Sequence[Row], found: Sequence[Row]) -> list[Row]:
    findings = {row["day"]: row["findings"] for row in found}
    return [row | {"findings": findings.get(row["day"], 0)} for row in records]


def _fields(found: Sequence[Row]) -> list[Row]:
    """Root findings by field and partner, in the order of FIELDS."""
    counts: dict[str, dict[str, int]] = {}
    for row in found:
        rule = catalogue().get(row["rule_id"])
        if rule is not None and row["root_findings"]:
            partners = counts.setdefault(rule.group, {})
            partners[row["partner"]] = partners.get(row["partner"], 0) + row["root_findings"]
    return [
        {"group": group, "field": field, "partners": counts[group]}
        for group, field in FIELDS.items()
        if group in counts
    ]


def _sentence(row: Row) -> str:
    total = f"{row['records']:,} records {row['dated_by']} from {row['recent_from']} to {row['last_on']}"
    if row["rule_id"] == ANY:
        seen = f"{row['faults']:,} of {total} had a fault"
    else:
        seen = f"{row['rule_id']} was found {row['faults']:,} times in {total}"
    return (
        f"{row['partner']}: {seen}; its history ({row['faults_before']:,} in {row['records_before']:,} since"
        f" {row['history_from']}) let expect {row['expected_faults']}."
    )


def _firmware_sentence(row: Row) -> str:
    return (
        f"{row['cpo_party']}: with firmware {row['firmware']} {row['times_given']:,} of {row['stops']:,} sessions ended"
        f" with {row['stop_reason']} at {row['chargers']:,} chargers; before it {row['times_given_before']:,} of"
        f" {row['stops_before']:,} did, so {row['expected_times']} were expected."
    )
