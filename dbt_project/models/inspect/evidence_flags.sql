with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.energy_kwh,
        cdrs.claimed_time_excl_tax,
        cdrs.claimed_parking_excl_tax,
        cdrs.started_at,
        coalesce(cdrs.evse_key, lower(cdrs.evse_uid)) as evse_key,
        cdrs.is_credit
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

signed_facts as (

    select *
    from {{ ref('signed_facts') }}

),

in_force as (

    select
        cdr_key,
        tariff_no
    from {{ ref('tariffs_in_force') }}
    where tariff_no is not null

),

time_tariffs as (

    select distinct tariff_no
    from {{ ref('tariff_components') }}
    where dimension in ('TIME', 'PARKING_TIME') and price > 0

),

clock_tariffs as (

    select distinct tariff_no
    from {{ ref('tariff_elements') }}
    where coalesce(start_minute, end_minute, day_mask) is not null

),

by_tariff as (

    select
        in_force.cdr_key,
        max(case when time_tariffs.tariff_no is not null then 1 else 0 end) as has_time_price,
        max(case when clock_tariffs.tariff_no is not null then 1 else 0 end) as reads_clock
    from in_force
    left join time_tariffs on in_force.tariff_no = time_tariffs.tariff_no
    left join clock_tariffs on in_force.tariff_no = clock_tariffs.tariff_no
    group by in_force.cdr_key

),

meters as (

    select
        lower(evse_uid) as evse_key,
        valid_from,
        valid_to
    from {{ ref('meters') }}
    where known_to is null and public_key is not null

),

-- Where a key is registered, every session must be proved by it.
signing as (

    select distinct cdrs.cdr_key
    from cdrs
    inner join meters on cdrs.evse_key = meters.evse_key
    where
        (meters.valid_from is null or meters.valid_from <= cdrs.started_at)
        and (meters.valid_to is null or cdrs.started_at < meters.valid_to)

),

rules as (

    select tolerance as energy_limit_kwh
    from {{ ref('rules') }}
    where rule_id = 'EVID_VALUE_DIFF'

),

pages as (

    select
        cdr_key,
        page_min,
        max(page_max) over (
            partition by meter_key
            order by page_min asc, cdr_key asc
            rows between unbounded preceding and 1 preceding
        ) as page_before
    from signed_facts
    where page_min is not null and meter_key is not null

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.energy_kwh,
        cdrs.is_credit,
        rules.energy_limit_kwh,
        signing.cdr_key is not null as is_signing,
        signed_facts.cdr_key is not null as has_values,
        signed_facts.start_kwh,
        signed_facts.end_kwh,
        signed_facts.end_kwh - signed_facts.start_kwh as signed_kwh,
        coalesce(signed_facts.loss_kwh, 0) as loss_kwh,
        signed_facts.is_signature_bad,
        signed_facts.is_signature_unknown,
        signed_facts.odd_status,
        signed_facts.has_energy_error,
        signed_facts.has_time_error,
        signed_facts.has_exception,
        signed_facts.time_doubt,
        pages.page_min,
        pages.page_before,
        coalesce(by_tariff.reads_clock, 0) = 1 as reads_clock,
        -- What the claim says of its parts; what the tariff could ask for where it says nothing.
        case
            when coalesce(cdrs.claimed_time_excl_tax, cdrs.claimed_parking_excl_tax) is not null
                then coalesce(cdrs.claimed_time_excl_tax, 0) + coalesce(cdrs.claimed_parking_excl_tax, 0) > 0
            else coalesce(by_tariff.has_time_price, 0) = 1
        end as has_time_fee
    from cdrs
    cross join rules
    left join signing on cdrs.cdr_key = signing.cdr_key
    left join signed_facts on cdrs.cdr_key = signed_facts.cdr_key
    left join pages on cdrs.cdr_key = pages.cdr_key
    left join by_tariff on cdrs.cdr_key = by_tariff.cdr_key

)

select
    cdr_key,
    cast(signed_kwh as decimal(18, 8)) as signed_kwh,
    odd_status,
    time_doubt,
    page_min,
    page_before,
    concat_ws(
        ', ',
        case when odd_status is not null then 'status ' || odd_status end,
        case when has_energy_error then 'error of energy' end,
        case when has_time_error then 'error of time' end,
        case when has_exception then 'exception' end
    ) as meter_faults,
    cast(case
        when is_credit or not (is_signing or has_values) then null
        when start_kwh is not null and end_kwh is not null then 1
        else 0
    end as smallint) as evid_signed_missing,
    cast(case
        when not has_values then null
        when is_signature_bad then 0
        when is_signature_unknown then null
        else 1
    end as smallint) as evid_signature_bad,
    cast(case
        when signed_kwh is null or energy_kwh is null then null
        when
            abs(signed_kwh - energy_kwh) > energy_limit_kwh
            and abs(signed_kwh - loss_kwh - energy_kwh) > energy_limit_kwh
            then 0
        else 1
    end as smallint) as evid_value_diff,
    cast(case
        when not has_values then null
        when has_energy_error or (has_time_error and has_time_fee) or odd_status is not null or has_exception then 0
        else 1
    end as smallint) as evid_error_flags,
    cast(case
        when time_doubt is null or not has_time_fee then null
        when time_doubt = 2 or (time_doubt = 1 and reads_clock) then 0
        else 1
    end as smallint) as evid_time_status,
    cast(case
        when page_before is null then null
        when page_min > page_before + 1 then 0
        else 1
    end as smallint) as evid_pagination_gap
from measured
