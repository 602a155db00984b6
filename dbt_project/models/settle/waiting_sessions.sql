with

open_findings as (

    select
        finding_id,
        subject_kind,
        subject_id,
        cdr_key,
        revision,
        caused_by
    from {{ ref('findings') }}
    where status = 'open' and severity in ('hold', 'reject')

),

outcomes as (

    select
        cdr_key,
        revision,
        state,
        currency,
        energy_kwh,
        claimed_excl_tax,
        expected_excl_tax
    from {{ ref('cdr_outcomes') }}
    where state in ('held', 'excluded')

),

-- Two people have left it out: nothing waits any more.
left_out as (

    select distinct subject_id as cdr_key
    from {{ ref('decisions') }}
    where kind = 'exclude' and subject_kind = 'cdr'

),

-- A cause that is a warning or is waived asks nobody to act: what it causes does.
led as (

    select
        findings.finding_id,
        findings.subject_kind,
        findings.cdr_key,
        findings.revision,
        coalesce(causes.finding_id, findings.finding_id) as case_id,
        causes.finding_id is null as is_root
    from open_findings as findings
    left join open_findings as causes on findings.caused_by = causes.finding_id

),

waiting as (

    select
        led.case_id,
        led.is_root,
        outcomes.cdr_key,
        outcomes.currency,
        outcomes.energy_kwh,
        outcomes.claimed_excl_tax,
        outcomes.expected_excl_tax
    from led
    inner join outcomes on led.cdr_key = outcomes.cdr_key and led.revision = outcomes.revision
    left join left_out on led.cdr_key = left_out.cdr_key
    where left_out.cdr_key is null

),

-- A session with a case of its own is counted there, not once more with the file it came in.
own_cases as (

    select distinct cdr_key
    from waiting
    where is_root

),

counted as (

    select distinct
        waiting.case_id,
        waiting.cdr_key,
        waiting.currency,
        waiting.energy_kwh,
        waiting.claimed_excl_tax,
        waiting.expected_excl_tax
    from waiting
    left join own_cases on waiting.cdr_key = own_cases.cdr_key
    where waiting.is_root or own_cases.cdr_key is null

)

select
    case_id,
    cdr_key,
    currency,
    energy_kwh,
    claimed_excl_tax,
    expected_excl_tax
from counted
