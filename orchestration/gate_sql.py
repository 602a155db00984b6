"""The SQL of a gate, second half: the findings of failing rows, their roots and waivers, the verdicts.

Pure: texts from suites. What does not belong here: the rows to judge (gate_rows.py), running any of it (gate.py).
"""

# ruff: noqa: S608 - names of our own models and of suites that suite.py has checked; no value from outside.

from orchestration.suite import Rule, Suite

FINDING_COLUMNS = (
    "finding_id, subject_kind, subject_id, cdr_key, work_key, revision, gate, rule_id, reason_code, severity, owner,"
    " status, waived_by, observed, expected, tolerance, caused_by"
)


def text(value: str | None) -> str:
    """A SQL literal."""
    return "cast(null as varchar)" if value is None else "'" + value.replace("'", "''") + "'"


def findings(rule: Rule, table: str) -> str:
    """One row for each subject that breaks the rule, before contracts and decisions have their say."""
    severity = text(rule.severity)
    if rule.instead:
        severity = f"case when {rule.instead.when} then {text(rule.instead.severity)} else {severity} end"
    return (
        f"select _kind, _subject_id, _cdr_key, _work_key, _revision, _file_subject_id, _path_version, _partner,"
        f" _contract_version, {text(rule.rule_id)} as rule_id, {text(rule.reason_code)} as reason_code,"
        f" {severity} as severity, {rule.owner_sql or text(rule.owner)} as owner,"
        f" cast({rule.observed} as varchar) as observed, cast({rule.expected} as varchar) as expected,"
        f" {text(rule.tolerance)} as tolerance, {str(rule.is_overridable).lower()} as is_overridable"
        f" from {table} where {rule.column} <> 1"
    )


def counts(suite: Suite, table: str) -> str:
    """One row: for each rule, in order, how many rows fail it and how many were evaluated."""
    columns = ", ".join(f"count(*) filter ({rule.column} <> 1), count({rule.column})" for rule in suite.rules)
    return f"select {columns} from {table}"


# Waived by a decision about the CDR and the rule, about the file and the rule, or about the finding itself; answered
# by a decided amount, or by a remedy that the contract allows by itself. An answer to a root answers what it caused.
RESOLVE = """
create or replace temp table gate_resolved as
with recursive

identified as (

    select
        found.*,
        coalesce(overrides.severity, found.severity) as final_severity,
        case
            when overrides.tolerance is null and overrides.second_tolerance is null then found.tolerance
            else concat_ws(
                '; ',
                coalesce(cast(overrides.tolerance as varchar), split_part(found.tolerance, '; ', 1)),
                coalesce(cast(overrides.second_tolerance as varchar), nullif(split_part(found.tolerance, '; ', 2), ''))
            )
        end as final_tolerance,
        sha256(
            _kind || '|' || _subject_id || '|' || found.rule_id || '|' || coalesce(cast(_revision as varchar), '')
            || case when _path_version > 1 then '|' || cast(_path_version as varchar) else '' end
        ) as finding_id
    from gate_found as found
    left join ingest.raw_contract_rules as overrides
        on
            found.is_overridable
            and found._partner = overrides.partner
            and found._contract_version = overrides.contract_version
            and found.rule_id = overrides.rule_id

),

-- Each way of naming a subject is a join of its own: one with an or would compare everything with everything.
waivers as (

    select case kind when 'waive' then 'waiver' else 'adjustment' end as waived_by, subject_kind, subject_id, rule_id
    from ingest.raw_decisions
    where kind in ('waive', 'adjust')

),

known as (

    select finding_id, _kind as subject_kind, _subject_id as subject_id, _work_key as work_key,
        _revision as revision, rule_id
    from identified
    union all
    select finding_id, subject_kind, subject_id, work_key, revision, rule_id
    from ({earlier}) as earlier

),

-- Those that change what the session settles for: of this gate or an earlier one, for their consequences are here.
answered as (

    select known.finding_id, waivers.waived_by
    from known
    inner join waivers on known.work_key = lower(waivers.subject_id)
    left join ingest.raw_rules as rules on known.rule_id = rules.rule_id
    where
        known.subject_kind = 'cdr' and waivers.subject_kind = 'cdr' and waivers.waived_by = 'adjustment'
        and (known.rule_id = waivers.rule_id or rules.adjust_to is not null)
    union
    select known.finding_id, 'remedy' as waived_by
    from known
    inner join inspect.cdr_terms as terms on known.work_key = terms.cdr_key
    inner join ingest.raw_contract_remedies as remedies
        on
            terms.partner = remedies.partner and terms.contract_version = remedies.contract_version
            and known.rule_id = remedies.rule_id
    inner join inspect.cdrs as cdrs on known.work_key = cdrs.cdr_key
    where known.subject_kind = 'cdr' and not coalesce(cdrs.is_credit, false)

),

rooted as (

    select
        identified.finding_id,
        identified.rule_id,
        identified._subject_id,
        identified._file_subject_id,
        identified._work_key, identified._revision,
        roots.root_rule_id,
        roots.position
    from identified
    inner join gate_roots as roots on identified.rule_id = roots.rule_id

),

-- The root of a fault in a whole file is the file's; else the subject's own.
causes as (

    select rooted.finding_id, known.finding_id as root_id, 0 as kind_no, rooted.position
    from rooted
    inner join known on rooted.root_rule_id = known.rule_id and rooted._file_subject_id = known.subject_id
    -- A file of which some records have the fault explains nothing about the others, but that they overlap with these.
    left join known as own on rooted.root_rule_id = own.rule_id and rooted._work_key = own.work_key
    where known.subject_kind = 'file' and (own.finding_id is not null
        or rooted.rule_id in (rooted.root_rule_id, 'OVERLAP_CONNECTOR', 'OVERLAP_TOKEN'))
    union all
    select rooted.finding_id, known.finding_id as root_id, 1 as kind_no, rooted.position
    from rooted
    inner join known
        on
            rooted.root_rule_id = known.rule_id
            and rooted._work_key = known.work_key
            and rooted._revision = known.revision
    where known.subject_kind <> 'file' and rooted.rule_id <> known.rule_id
    union all
    select rooted.finding_id, known.finding_id as root_id, 2 as kind_no, rooted.position
    from rooted
    inner join known on rooted.root_rule_id = known.rule_id and rooted._subject_id = known.subject_id
    where known.subject_kind in ('session', 'invoice') and rooted.rule_id <> known.rule_id
    union all
    select identified.finding_id, explained.root_finding_id as root_id, 3 as kind_no, 0 as position
    from identified
    inner join ({explained}) as explained
        on identified._subject_id = explained.subject_id and identified.rule_id = explained.rule_id

),

caused as (

    select
        finding_id,
        root_id,
        row_number() over (partition by finding_id order by kind_no, position, root_id) as root_no
    from causes

),

links as (

    select finding_id, root_id
    from caused
    where root_no = 1
    union
    select finding_id, caused_by as root_id
    from ({earlier}) as earlier
    where caused_by is not null

),

consequences as (

    select finding_id, waived_by
    from answered
    union
    select links.finding_id, consequences.waived_by
    from links
    inner join consequences on links.root_id = consequences.finding_id

),

answers as (

    select identified.finding_id, waivers.waived_by
    from identified
    inner join waivers
        on identified._cdr_key = lower(waivers.subject_id) and identified.rule_id = waivers.rule_id
    where waivers.subject_kind = 'cdr'
    union
    -- A decided amount answers every doubt about the price and about what it is made of, whatever rule it names.
    select identified.finding_id, waivers.waived_by
    from identified
    inner join waivers on identified._cdr_key = lower(waivers.subject_id)
    where
        waivers.subject_kind = 'cdr' and waivers.waived_by = 'adjustment' and starts_with(identified.rule_id, 'PRICE_')
    union
    select identified.finding_id, waivers.waived_by
    from identified
    inner join waivers
        on
            coalesce(identified._file_subject_id, identified._subject_id) = waivers.subject_id
            and identified.rule_id = waivers.rule_id
    where waivers.subject_kind = 'file'
    union
    select identified.finding_id, waivers.waived_by
    from identified
    inner join waivers on identified.finding_id = waivers.subject_id
    where waivers.subject_kind = 'finding'
    union
    select finding_id, waived_by
    from consequences

),

-- A person's word goes before the contract's.
waived as (

    select
        finding_id,
        case max(case waived_by when 'waiver' then 3 when 'adjustment' then 2 else 1 end)
            when 3 then 'waiver' when 2 then 'adjustment' else 'remedy' end as waived_by
    from answers
    group by finding_id

)

select
    identified.finding_id,
    identified._kind as subject_kind,
    identified._subject_id as subject_id,
    identified._cdr_key as cdr_key,
    identified._work_key as work_key,
    identified._revision as revision,
    {gate} as gate,
    identified.rule_id,
    identified.reason_code,
    identified.final_severity as severity,
    identified.owner,
    case when waived.finding_id is null then 'open' else 'waived' end as status,
    waived.waived_by,
    identified.observed,
    identified.expected,
    identified.final_tolerance as tolerance,
    caused.root_id as caused_by
from identified
left join waived on identified.finding_id = waived.finding_id
left join caused on identified.finding_id = caused.finding_id and caused.root_no = 1
"""

# The worst open finding decides; a warning passes.
VERDICTS = """
create or replace temp table gate_judgements as
with

severities as (

    select
        subject_kind,
        subject_id,
        revision,
        max(case severity when 'reject' then 2 when 'hold' then 1 else 0 end) as severity_no
    from gate_resolved
    where status = 'open'
    group by subject_kind, subject_id, revision

)

select
    subjects.cdr_key,
    subjects.revision,
    {gate} as gate,
    case max(coalesce(severities.severity_no, 0)) when 2 then 'reject' when 1 then 'hold' else 'pass' end as verdict,
    {suite_sha256} as suite_sha256,
    cast(sum(subjects.evaluated) as integer) as rules_evaluated,
    cast(sum(subjects.rule_count - subjects.evaluated) as integer) as rules_not_evaluated
from gate_subjects as subjects
left join severities
    on
        subjects.subject_kind = severities.subject_kind
        and subjects.subject_id = severities.subject_id
        and subjects.revision = severities.revision
group by subjects.cdr_key, subjects.revision
"""
