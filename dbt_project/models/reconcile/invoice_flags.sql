{{ config(materialized='table') }}

with

invoices as (

    select
        invoice_key,
        partner,
        direction,
        kind,
        lower(seller_party) as seller_key,
        lower(buyer_party) as buyer_key,
        period_from,
        period_to,
        currency,
        sessions as stated_sessions,
        energy_kwh as stated_energy_kwh,
        amount_excl_tax as stated_excl_tax
    from {{ ref('invoices') }}
    where is_latest

),

terms as (

    select
        subject_key as invoice_key,
        contract_version,
        tolerance as money_tolerance,
        second_tolerance as energy_percent
    from {{ ref('subject_terms') }}
    where subject_kind = 'invoice'

),

verdicts as (

    select
        cdr_key,
        revision,
        verdict
    from {{ source('inspect', 'gate_verdicts') }}

),

credited as (

    select distinct original_key as cdr_key
    from {{ ref('credit_pairs') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.direction,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.emsp_party) as emsp_key,
        cdrs.currency,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        coalesce(cdrs.is_credit, false) as is_credit,
        coalesce(verdicts.verdict, 'hold') as verdict,
        cdrs.started_at,
        coalesce(cdrs.ended_at, cdrs.started_at) as ended_at
    from {{ ref('cdrs') }} as cdrs
    left join verdicts on cdrs.cdr_key = verdicts.cdr_key and cdrs.revision = verdicts.revision

),

-- The sessions that the invoice's period and parties say it is about. Its issuer has a clock and a last day of its own:
-- what lies within half a day of a boundary may be on it or not.
expected as (

    select
        invoices.invoice_key,
        cdrs.cdr_key,
        cdrs.verdict,
        cdrs.is_credit,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        credited.cdr_key is not null as is_credited,
        {{ seconds_between('first_days.starts_at', 'cdrs.started_at') }} >= 43200
        and {{ seconds_between('cdrs.ended_at', 'last_days.starts_at') }} >= 43200 as is_inside,
        cdrs.ended_at >= first_days.starts_at and cdrs.ended_at < last_days.starts_at as is_of_period
    from invoices
    inner join {{ ref('local_days') }} as first_days on invoices.period_from = first_days.day
    inner join {{ ref('local_days') }} as last_days on invoices.period_to = last_days.day
    inner join cdrs
        on
            invoices.partner = cdrs.partner
            and invoices.direction = cdrs.direction
            and invoices.currency = cdrs.currency
    left join credited on cdrs.cdr_key = credited.cdr_key
    where
        coalesce(invoices.kind, 'invoice') = 'invoice'
        and (invoices.seller_key is null or invoices.seller_key = cdrs.cpo_key)
        and (invoices.buyer_key is null or invoices.buyer_key = cdrs.emsp_key)
        and {{ seconds_between('first_days.starts_at', 'cdrs.ended_at') }} >= -43200
        and {{ seconds_between('last_days.starts_at', 'cdrs.ended_at') }} < 43200

),

listed as (

    select
        invoice_key,
        max(form) as form,
        count(*) as lines,
        count(distinct named_id) as names,
        count(distinct cdr_key) as matched,
        count(*) filter (where cdr_key is null) as unknown,
        min(named_id) filter (where cdr_key is null) as unknown_example
    from {{ ref('invoice_matches') }}
    group by invoice_key

),

-- What nobody doubts and no document of the invoice's form lists: a period may be billed in parts.
missing as (

    select
        expected.invoice_key,
        count(*) as missing,
        min(expected.cdr_key) as missing_example,
        sum(expected.claimed_excl_tax) as missing_excl_tax
    from expected
    inner join listed on expected.invoice_key = listed.invoice_key
    left join {{ ref('invoice_matches') }} as matches
        on expected.cdr_key = matches.cdr_key and listed.form = matches.form
    where
        matches.cdr_key is null
        and expected.is_inside
        and expected.verdict = 'pass'
        and not expected.is_credit
        and not expected.is_credited
    group by expected.invoice_key

),

repeats as (

    select
        invoice_key,
        count(*) as repeated,
        min(cdr_key) as repeated_example,
        min(first_invoice_key) as first_invoice_key
    from {{ ref('invoice_repeats') }}
    group by invoice_key

),

billed_once as (

    select distinct
        invoice_key,
        cdr_key
    from {{ ref('invoice_matches') }}
    where cdr_key is not null

),

-- What our records say of the sessions on the invoice; without lines, of those of its period.
by_lines as (

    select
        billed_once.invoice_key,
        count(*) as sessions,
        sum(cdrs.energy_kwh) as energy_kwh,
        sum(cdrs.claimed_excl_tax) as excl_tax,
        sum(cast(round(cdrs.claimed_excl_tax, 2) as decimal(18, 2))) as rounded_excl_tax
    from billed_once
    inner join cdrs on billed_once.cdr_key = cdrs.cdr_key
    group by billed_once.invoice_key

),

{{ invoice_sums() }}

compared as (

    select
        invoices.invoice_key,
        invoices.partner,
        invoices.direction,
        invoices.kind,
        invoices.currency,
        invoices.stated_sessions,
        invoices.stated_energy_kwh,
        invoices.stated_excl_tax,
        listed.lines,
        coalesce(listed.unknown, 0) as unknown,
        listed.unknown_example,
        coalesce(missing.missing, 0) as missing,
        missing.missing_example,
        missing.missing_excl_tax,
        listed.lines - listed.names as doubled_lines,
        coalesce(repeats.repeated, 0) as repeated,
        repeats.repeated_example,
        repeats.first_invoice_key,
        terms.contract_version,
        terms.money_tolerance,
        terms.energy_percent,
        by_invoice.sessions as our_sessions,
        by_invoice.energy_kwh as our_energy_kwh,
        by_invoice.excl_tax as our_excl_tax,
        by_invoice.rounded_excl_tax as our_rounded_excl_tax,
        by_invoice.least_sessions,
        by_invoice.most_sessions,
        by_invoice.least_energy_kwh,
        by_invoice.most_energy_kwh,
        abs(by_invoice.least_excl_tax) as least_excl_tax,
        abs(by_invoice.most_excl_tax) as most_excl_tax,
        abs(by_invoice.least_rounded_excl_tax) as least_rounded_excl_tax,
        abs(by_invoice.most_rounded_excl_tax) as most_rounded_excl_tax
    from invoices
    inner join terms on invoices.invoice_key = terms.invoice_key
    left join listed on invoices.invoice_key = listed.invoice_key
    left join missing on invoices.invoice_key = missing.invoice_key
    left join repeats on invoices.invoice_key = repeats.invoice_key
    left join by_invoice on invoices.invoice_key = by_invoice.invoice_key

),

judged as (

    select
        *,
        case
            when stated_sessions is null or our_sessions is null then null
            else stated_sessions < least_sessions or stated_sessions > most_sessions
        end as is_count_apart,
        case
            when stated_energy_kwh is null or our_energy_kwh is null then null
            else
                greatest(least_energy_kwh - stated_energy_kwh, stated_energy_kwh - most_energy_kwh) * 100
                > abs(our_energy_kwh) * energy_percent
        end as is_energy_apart,
        -- Rounded session by session, or once: either agrees.
        case
            when stated_excl_tax is null or our_excl_tax is null then null
            else least(
                greatest(
                    least(least_excl_tax, most_excl_tax) - abs(stated_excl_tax),
                    abs(stated_excl_tax) - greatest(least_excl_tax, most_excl_tax)
                ),
                greatest(
                    least(least_rounded_excl_tax, most_rounded_excl_tax) - abs(stated_excl_tax),
                    abs(stated_excl_tax) - greatest(least_rounded_excl_tax, most_rounded_excl_tax)
                )
            ) > money_tolerance
        end as is_money_apart
    from compared

)

select
    invoice_key,
    partner,
    contract_version,
    currency,
    stated_sessions,
    stated_energy_kwh,
    stated_excl_tax,
    cast(our_sessions as bigint) as our_sessions,
    cast(our_energy_kwh as decimal(18, 8)) as our_energy_kwh,
    cast(
        {{ nearer_amount('stated_excl_tax', 'our_rounded_excl_tax', 'our_excl_tax') }} as decimal(18, 8)
    ) as our_excl_tax,
    cast(unknown as bigint) as unknown_lines,
    unknown_example,
    cast(missing as bigint) as missing_cdrs,
    missing_example,
    cast(missing_excl_tax as decimal(18, 8)) as missing_excl_tax,
    cast(doubled_lines as bigint) as doubled_lines,
    cast(repeated as bigint) as repeated_cdrs,
    repeated_example,
    first_invoice_key,
    cast(
        case
            when coalesce(is_count_apart, false) or coalesce(is_energy_apart, false) or coalesce(is_money_apart, false)
                then 0
            when coalesce(is_count_apart, is_energy_apart, is_money_apart) is not null then 1
        end as smallint
    ) as volume_invoice_diff,
    cast(
        case
            when lines is null then null
            when unknown > 0 or missing > 0 or doubled_lines > 0 then 0
            else 1
        end as smallint
    ) as invoice_cdr_set_diff,
    cast(case when lines is null or kind = 'credit_note' then null when repeated > 0 then 0 else 1 end as smallint)
        as invoice_cdr_twice
from judged
