with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        energy_kwh,
        claimed_excl_tax,
        claimed_fixed_excl_tax,
        claimed_energy_excl_tax,
        claimed_time_excl_tax,
        claimed_parking_excl_tax,
        ended_at,
        is_credit
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select
        partner,
        contract_version,
        outcome_failed_billed,
        parking_evse_paused
    from {{ ref('rule_tolerances') }}

),

evidence as (

    select
        cdr_key,
        has_session,
        session_status
    from {{ ref('cdr_evidence') }}

),

-- OCPP 1.6 and 2.0.1 name the same stops in their own words.
charger_facts as (

    select
        cdr_key,
        stop_reason,
        firmware,
        paused_seconds,
        lower(start_mode) as start_mode,
        upper(stop_reason) in (
            'POWERLOSS', 'EMERGENCYSTOP', 'REBOOT', 'HARDRESET', 'SOFTRESET', 'IMMEDIATERESET', 'GROUNDFAULT',
            'OVERCURRENTFAULT', 'POWERQUALITY', 'FIRMWARE', 'FIRMWAREUPDATE'
        ) as is_fault_stop
    from {{ ref('charger_facts') }}

),

open_sessions as (

    select
        cdr_key,
        ends_at
    from {{ ref('deadlines') }}
    where rule_id = 'OUTCOME_NOT_FINAL'

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

period_facts as (

    select
        cdr_key,
        period_reservation_hours,
        has_charging_period
    from {{ ref('period_facts') }}

),

in_force as (

    select
        in_force.cdr_key,
        in_force.tariff_no
    from {{ ref('tariffs_in_force') }} as in_force
    inner join work on in_force.cdr_key = work.cdr_key
    where in_force.tariff_no is not null

),

components as (

    select
        tariff_no,
        dimension,
        price
    from {{ ref('tariff_components') }}

),

prices as (

    select
        tariff_no,
        max(case when price <> 0 then 1 else 0 end) as has_price
    from components
    group by tariff_no

),

-- Free is a tariff that has components, all of them at nil.
by_cdr as (

    select
        in_force.cdr_key,
        max(prices.has_price) as has_price,
        count(*) - count(prices.tariff_no) as unpriced_count
    from in_force
    left join prices on in_force.tariff_no = prices.tariff_no
    group by in_force.cdr_key

),

parking_prices as (

    select
        in_force.cdr_key,
        max(case when components.dimension = 'PARKING_TIME' and components.price > 0 then 1 else 0 end)
            as has_parking_price
    from in_force
    inner join components on in_force.tariff_no = components.tariff_no
    group by in_force.cdr_key

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        cdrs.is_credit,
        coalesce(by_cdr.has_price = 0 and by_cdr.unpriced_count = 0, false) as is_free,
        by_cdr.cdr_key is not null as has_tariff,
        evidence.has_session,
        evidence.session_status,
        charger_facts.stop_reason,
        charger_facts.firmware,
        charger_facts.is_fault_stop,
        charger_facts.paused_seconds,
        charger_facts.start_mode,
        coalesce(cdrs.claimed_parking_excl_tax, parking_prices.has_parking_price) as parking_fee,
        coalesce(run.as_of > open_sessions.ends_at, false) as is_open_too_long,
        tolerances.outcome_failed_billed as failed_limit_kwh,
        tolerances.parking_evse_paused as pause_seconds,
        -- OCPI keeps a reservation's own start fee in total_reservation_cost.
        coalesce(cdrs.claimed_fixed_excl_tax, 0)
        + coalesce(cdrs.claimed_energy_excl_tax, 0)
        + coalesce(cdrs.claimed_time_excl_tax, 0)
        + coalesce(cdrs.claimed_parking_excl_tax, 0) as session_parts,
        period_facts.period_reservation_hours is not null and not period_facts.has_charging_period
            as is_reservation_only
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    inner join evidence on cdrs.cdr_key = evidence.cdr_key
    inner join charger_facts on cdrs.cdr_key = charger_facts.cdr_key
    cross join run
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join open_sessions on cdrs.cdr_key = open_sessions.cdr_key
    left join parking_prices on cdrs.cdr_key = parking_prices.cdr_key
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key
    left join by_cdr on cdrs.cdr_key = by_cdr.cdr_key

)

select
    cdr_key,
    cast(session_parts as decimal(18, 8)) as session_parts,
    cast(case
        when claimed_excl_tax is null or is_credit then null
        when not has_tariff and start_mode is null then null
        when (is_free or coalesce(start_mode in ('freevend', 'free_vend'), false)) and claimed_excl_tax > 0 then 0
        else 1
    end as smallint) as outcome_free_vend_billed,
    cast(case
        when not coalesce(is_reservation_only, false) or is_credit then null
        when session_parts > 0 then 0
        else 1
    end as smallint) as outcome_reservation,
    session_status,
    stop_reason,
    firmware,
    paused_seconds,
    cast(case
        when claimed_excl_tax is null or is_credit or (session_status is null and is_fault_stop is null) then null
        when claimed_excl_tax > 0 and coalesce(upper(session_status) = 'INVALID', false) then 0
        when claimed_excl_tax > 0 and coalesce(is_fault_stop, false) and energy_kwh < failed_limit_kwh then 0
        else 1
    end as smallint) as outcome_failed_billed,
    cast(case
        when session_status is null or is_credit then null
        when is_open_too_long then 0
        else 1
    end as smallint) as outcome_not_final,
    cast(case
        when claimed_excl_tax is null or is_credit or (stop_reason is null and firmware is null) then null
        when claimed_excl_tax > 0 and (coalesce(is_fault_stop, false) or firmware is not null) then 0
        else 1
    end as smallint) as outcome_interrupted,
    cast(case
        when paused_seconds is null then null
        when paused_seconds > pause_seconds and parking_fee > 0 then 0
        else 1
    end as smallint) as parking_evse_paused
from measured
