{{ config(materialized='table') }}

with

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

fates as (

    select
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        fate,
        energy_kwh,
        claimed_excl_tax
    from {{ ref('record_fates') }}
    where fate not in ('valid', 'adjusted')

),

dispositions as (

    select
        record_id,
        source,
        feed,
        file_name,
        position,
        reason
    from {{ ref('record_dispositions') }}
    where feed = 'cdrs'

),

ways as (

    select
        record_id,
        location_id,
        channel,
        lag_seconds
    from {{ ref('session_ways') }}

),

outcomes as (

    select
        cdr_key,
        record_id,
        case when direction = 'internal' then 'own' else coalesce(partner, 'unknown') end as partner,
        coalesce(period, 'unknown') as period,
        service_period,
        coalesce(direction, 'unknown') as direction,
        coalesce(currency, 'unknown') as currency,
        state,
        settled_by,
        statement_id,
        adjustment_rule_id,
        adjustment_reason,
        case when is_credit then -abs(energy_kwh) else energy_kwh end as sent_kwh,
        case when is_credit then -abs(settled_energy_kwh) else settled_energy_kwh end as settled_kwh,
        claimed_excl_tax,
        expected_excl_tax,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}

),

-- A rejection says more than a hold; of several the first by name, so that every euro has one cause.
roots as (

    select
        cdr_key,
        coalesce(min(case when severity = 'reject' then rule_id end), min(rule_id)) as rule_id
    from {{ ref('finding_cases') }}
    where cdr_key is not null
    group by cdr_key

),

-- What another session's finding explains has no root of its own.
explained as (

    select
        cdr_key,
        min(rule_id) as rule_id
    from {{ ref('open_findings') }}
    where cdr_key is not null and severity in ('hold', 'reject')
    group by cdr_key

),

exclusions as (

    select
        cdr_key,
        reason_code
    from {{ ref('amount_decisions') }}
    where kind = 'exclude'

),

missing as (

    select
        subject_id,
        partner,
        period,
        direction,
        location_id,
        sessions,
        currency,
        energy_kwh,
        amount_at_stake,
        rule_id,
        started_at
    from {{ ref('finding_cases') }}
    where subject_kind = 'session'

),

rules as (

    select
        rule_id,
        min(rule_group) as rule_group
    from {{ ref('rule_actions') }}
    group by rule_id

),

lost as (

    -- What was received and is not billed, step by step of the waterfall.
    select
        'record' as subject_kind,
        {{ record_subject(
            "dispositions.source || '/' || dispositions.feed || '/' || dispositions.file_name", 'dispositions.position'
        ) }} as subject_id,
        fates.record_id,
        fates.cdr_key,
        fates.partner,
        fates.period,
        fates.direction,
        fates.currency,
        fates.fate as step,
        case
            when fates.fate in ('quarantined', 'superseded') then coalesce(dispositions.reason, fates.fate)
            when fates.fate = 'credited' then 'CREDIT_PAIRED'
            when fates.fate = 'disputed' then 'DISPUTE'
            when fates.fate = 'excluded' and exclusions.cdr_key is not null then coalesce(exclusions.reason_code, 'EXC')
            else coalesce(roots.rule_id, explained.rule_id, 'HELD_BY_ANOTHER')
        end as cause,
        1 as sessions,
        fates.energy_kwh,
        cast(fates.claimed_excl_tax as decimal(38, 16)) as amount_excl_tax
    from fates
    left join dispositions on fates.record_id = dispositions.record_id
    left join exclusions on fates.cdr_key = exclusions.cdr_key
    left join roots on fates.cdr_key = roots.cdr_key
    left join explained on fates.cdr_key = explained.cdr_key

    union all

    -- What is billed otherwise than claimed.
    select
        'cdr' as subject_kind,
        cdr_key as subject_id,
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        case when settled_by = 'expected' then 'expected_without_claim' else 'adjustments' end as step,
        case when settled_by = 'expected' then 'CLAIM_MISSING' else coalesce(adjustment_rule_id, adjustment_reason) end
            as cause,
        0 as sessions,
        coalesce(sent_kwh, 0) - coalesce(settled_kwh, 0) as energy_kwh,
        cast(coalesce(claimed_excl_tax, 0) - settled_excl_tax as decimal(38, 16)) as amount_excl_tax
    from outcomes
    where state in ('valid', 'adjusted') and settled_by in ('decision', 'remedy', 'expected')

    union all

    -- What is billed, but in a later period than that of the session.
    select
        'cdr' as subject_kind,
        cdr_key as subject_id,
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        'billed' as step,
        'PERIOD_LATE_CDR' as cause,
        0 as sessions,
        settled_kwh as energy_kwh,
        cast(settled_excl_tax as decimal(38, 16)) as amount_excl_tax
    from outcomes
    where state in ('valid', 'adjusted') and statement_id is not null and period <> service_period

    union all

    -- What the tariff gives beyond a claim that passed: tolerance that is worth half a cent or more.
    select
        'cdr' as subject_kind,
        cdr_key as subject_id,
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        'billed' as step,
        'TOLERATED' as cause,
        0 as sessions,
        cast(0 as decimal(18, 8)) as energy_kwh,
        cast(expected_excl_tax - claimed_excl_tax as decimal(38, 16)) as amount_excl_tax
    from outcomes
    where state = 'valid' and settled_by = 'claim' and abs(expected_excl_tax - claimed_excl_tax) >= 0.005

    union all

    -- What was charged and never came as a CDR.
    select
        'session' as subject_kind,
        subject_id,
        cast(null as bigint) as record_id,
        cast(null as varchar) as cdr_key,
        coalesce(partner, 'unknown') as partner,
        coalesce(period, 'unknown') as period,
        coalesce(direction, 'unknown') as direction,
        coalesce(currency, 'unknown') as currency,
        'never_received' as step,
        rule_id as cause,
        sessions,
        cast(energy_kwh as decimal(18, 8)) as energy_kwh,
        cast(amount_at_stake as decimal(38, 16)) as amount_excl_tax
    from missing

)

select
    lost.subject_kind,
    lost.subject_id,
    lost.cdr_key,
    case
        when lost.subject_kind = 'session' then 'missing'
        when lost.step = 'quarantined' then 'unreadable'
        when lost.step = 'superseded' then 'repeated'
        when lost.step in ('credited', 'disputed') then lost.step
        when lost.cause in ('PERIOD_LATE_CDR', 'PERIOD_TOO_OLD', 'EXC_TOO_OLD') then 'late'
        when lost.cause = 'TOLERATED' then 'tolerated'
        when lost.cause = 'CLAIM_MISSING' then 'unclaimed'
        when lost.step in ('held', 'excluded') and outcomes.expected_excl_tax is null then 'unpriced'
        when rules.rule_group in ('TARIFF', 'PRICE') then 'wrong_tariff'
        when lost.step = 'adjustments' then 'corrected'
        else 'in_doubt'
    end as kind,
    lost.cause,
    case
        when lost.cause = 'TOLERATED' then 'tariff'
        when lost.subject_kind = 'session' or lost.step in ('quarantined', 'superseded', 'credited') then 'cdr'
        when lost.cause like 'SESSION%' then 'session'
        when rules.rule_group = 'AUTH' then 'authorization'
        when rules.rule_group in ('LOC', 'METER', 'TIME', 'OUTCOME') then 'charger'
        when rules.rule_group in ('TARIFF', 'PRICE', 'MONEY') then 'tariff'
        when rules.rule_group in ('TERMS', 'TAX', 'FX', 'EVID') then 'contract'
        when lost.step = 'disputed' then 'statement'
        else 'cdr'
    end as hand_off,
    lost.partner,
    lost.period,
    lost.direction,
    lost.currency,
    lost.step,
    coalesce(ways.location_id, missing.location_id) as location_id,
    ways.channel,
    cast(coalesce(ways.lag_seconds, {{ seconds_between('missing.started_at', 'run.as_of') }}) as bigint) as lag_seconds,
    cast(lost.sessions as integer) as sessions,
    cast(lost.energy_kwh as decimal(18, 8)) as energy_kwh,
    lost.amount_excl_tax
from lost
cross join run
left join outcomes on lost.record_id = outcomes.record_id
left join ways on lost.record_id = ways.record_id
left join missing on lost.subject_kind = 'session' and lost.subject_id = missing.subject_id
left join rules on lost.cause = rules.rule_id
