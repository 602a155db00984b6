with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        started_at,
        ended_at,
        energy_kwh,
        total_time_hours,
        total_parking_hours,
        claimed_excl_tax,
        claimed_reservation_excl_tax,
        connector_max_power_w,
        is_credit
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version,
        tolerance_energy_kwh
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select *
    from {{ ref('rule_tolerances') }}

),

period_facts as (

    select
        cdr_key,
        period_energy_kwh,
        period_reservation_hours,
        has_charging_period
    from {{ ref('period_facts') }}

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.energy_kwh,
        cdrs.total_time_hours,
        coalesce(cdrs.total_parking_hours, 0) as parking_hours,
        cdrs.total_parking_hours,
        cdrs.claimed_excl_tax,
        cdrs.claimed_excl_tax - coalesce(cdrs.claimed_reservation_excl_tax, 0) as fee_excl_tax,
        cdrs.connector_max_power_w,
        cdrs.is_credit,
        period_facts.period_energy_kwh,
        -- A reservation that was never used consumes nothing, and costs something.
        coalesce(period_facts.period_reservation_hours is not null and not period_facts.has_charging_period, false)
            as is_reservation_only,
        coalesce(tolerances.energy_period_sum, terms.tolerance_energy_kwh) as sum_tolerance_kwh,
        tolerances.energy_over_connector as power_tolerance_percent,
        -- A connector of more than 400 kW serves heavy vehicles: four times the ceiling of a car.
        tolerances.energy_abs_limit * case when cdrs.connector_max_power_w > 400000 then 4 else 1 end
            as energy_limit_kwh,
        tolerances.energy_zero_with_fee as zero_limit_kwh,
        tolerances.energy_no_charge_time as no_time_limit_kwh,
        tolerances.parking_over_total as parking_tolerance_hours,
        cast({{ seconds_between('cdrs.started_at', 'cdrs.ended_at') }} as decimal(18, 0)) as duration_seconds
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key

),

-- The charging time is the CDR's own less parking; where it has none, what the clock shows.
charged as (

    select
        *,
        coalesce(
            cast(total_time_hours as decimal(38, 8)) * 3600 - cast(parking_hours as decimal(38, 8)) * 3600,
            cast(duration_seconds as decimal(38, 8)) - cast(parking_hours as decimal(38, 8)) * 3600
        ) as charging_seconds
    from measured

),

-- kWh x 3,600,000 is watt-seconds: no division, so no rounding at the limit.
limited as (

    select
        *,
        -- What no connector has and no session lasts is left out before it is more than a decimal holds.
        case
            when connector_max_power_w < 100000000 and charging_seconds < 10000000000
                then
                    cast(connector_max_power_w as decimal(38, 2))
                    * charging_seconds
                    * cast(100 + power_tolerance_percent as decimal(9, 2))
        end as limit_watt_seconds_x100,
        cast(energy_kwh as decimal(38, 8)) * 360000000 as watt_seconds_x100
    from charged

)

select
    cdr_key,
    period_energy_kwh,
    cast(charging_seconds as decimal(18, 2)) as charging_seconds,
    energy_limit_kwh,
    cast(case
        when energy_kwh is null then null
        when energy_kwh < 0 then 0
        else 1
    end as smallint) as energy_negative,
    cast(case
        when energy_kwh is null or period_energy_kwh is null then null
        when
            abs(period_energy_kwh - energy_kwh) > sum_tolerance_kwh
            and abs(period_energy_kwh - energy_kwh) * 1000 > abs(energy_kwh)
            then 0
        else 1
    end as smallint) as energy_period_sum,
    cast(case
        when energy_kwh is null or connector_max_power_w is null or connector_max_power_w <= 0 then null
        when charging_seconds is null or charging_seconds <= 0 or limit_watt_seconds_x100 is null then null
        when watt_seconds_x100 > limit_watt_seconds_x100 then 0
        else 1
    end as smallint) as energy_over_connector,
    cast(case
        when energy_kwh is null then null
        when energy_kwh > energy_limit_kwh then 0
        else 1
    end as smallint) as energy_abs_limit,
    cast(case
        when energy_kwh is null or claimed_excl_tax is null or is_credit or is_reservation_only then null
        when energy_kwh <= zero_limit_kwh and energy_kwh >= 0 and fee_excl_tax > 0 then 0
        else 1
    end as smallint) as energy_zero_with_fee,
    cast(case
        when energy_kwh is null or total_time_hours is null then null
        when energy_kwh > no_time_limit_kwh and total_time_hours - parking_hours <= 0 then 0
        else 1
    end as smallint) as energy_no_charge_time,
    cast(case
        when total_parking_hours is null or total_time_hours is null then null
        when total_parking_hours - total_time_hours > parking_tolerance_hours then 0
        else 1
    end as smallint) as parking_over_total
from limited
