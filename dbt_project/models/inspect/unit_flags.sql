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
        claimed_energy_excl_tax,
        connector_max_power_w
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version,
        discount_percent
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select
        partner,
        contract_version,
        energy_cumulative_periods,
        energy_unit_wh,
        energy_unit_too_small,
        energy_over_connector,
        energy_period_power,
        energy_abs_limit
    from {{ ref('rule_tolerances') }}

),

period_facts as (

    select
        cdr_key,
        period_energy_kwh,
        energy_period_count,
        energy_fall_count,
        peak_energy_kwh,
        peak_power_w
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

tariff_energy as (

    select
        tariff_no,
        min(case when dimension = 'ENERGY' then price end) as price_min,
        max(case when dimension = 'ENERGY' then price end) as price_max,
        max(case when dimension <> 'ENERGY' then 1 else 0 end) as has_other,
        -- What else it asks for, where each part has one price.
        max(case when dimension = 'FLAT' then price else 0 end) as price_flat,
        max(case when dimension = 'TIME' then price else 0 end) as price_time,
        max(case when dimension = 'PARKING_TIME' then price else 0 end) as price_parking,
        count(distinct case when dimension <> 'ENERGY' then dimension || cast(price as varchar) end)
        = count(distinct case when dimension <> 'ENERGY' then dimension end) as is_simple
    from {{ ref('tariff_components') }}
    -- A price beyond all sense says nothing about a unit, and its products would be more than a decimal holds.
    where price > 0 and price < 100000
    group by tariff_no

),

prices as (

    select
        in_force.cdr_key,
        min(tariff_energy.price_min) as price_min,
        max(tariff_energy.price_max) as price_max,
        max(tariff_energy.has_other) as has_other,
        max(tariff_energy.price_flat) as price_flat,
        max(tariff_energy.price_time) as price_time,
        max(tariff_energy.price_parking) as price_parking,
        min(case when tariff_energy.is_simple then 1 else 0 end) as is_simple
    from in_force
    inner join tariff_energy on in_force.tariff_no = tariff_energy.tariff_no
    group by in_force.cdr_key

),

measured as (

    select
        cdrs.cdr_key,
        cast(cdrs.energy_kwh as decimal(38, 8)) as energy_kwh,
        cast(cdrs.connector_max_power_w as decimal(38, 2)) as power_w,
        coalesce(
            cast(cdrs.total_time_hours as decimal(38, 8)) * 3600,
            cast({{ seconds_between('cdrs.started_at', 'cdrs.ended_at') }} as decimal(38, 8))
        ) - cast(coalesce(cdrs.total_parking_hours, 0) as decimal(38, 8)) * 3600 as charging_seconds,
        period_facts.period_energy_kwh,
        period_facts.energy_period_count,
        period_facts.energy_fall_count,
        period_facts.peak_energy_kwh,
        period_facts.peak_power_w,
        -- What the claim asks for energy; the whole of it where nothing else has a price.
        case
            when prices.price_min is null then null
            when cdrs.claimed_energy_excl_tax is not null then abs(cdrs.claimed_energy_excl_tax)
            when prices.has_other = 0 then abs(cdrs.claimed_excl_tax)
            when prices.is_simple = 1
                then
                    abs(cdrs.claimed_excl_tax) - prices.price_flat
                    -- What has no price needs no duration, which a row of a CSV may not have.
                    - case when prices.price_time = 0 and prices.price_parking = 0 then 0 else cast(
                        prices.price_time * (cdrs.total_time_hours - coalesce(cdrs.total_parking_hours, 0))
                        + prices.price_parking * coalesce(cdrs.total_parking_hours, 0) as decimal(38, 8)
                    ) end
        end as energy_cost,
        cast(case when abs(cdrs.energy_kwh) < 10000000 then cdrs.energy_kwh end as decimal(38, 8)) as sane_kwh,
        cast(prices.price_min as decimal(38, 8))
        * cast(100 - terms.discount_percent as decimal(5, 2)) as price_min_x100,
        prices.price_max,
        tolerances.energy_cumulative_periods as register_percent,
        cast(tolerances.energy_unit_wh as decimal(7, 2)) as wh_percent,
        cast(tolerances.energy_unit_too_small as decimal(7, 2)) as small_percent,
        cast(tolerances.energy_over_connector as decimal(7, 2)) as power_percent,
        tolerances.energy_period_power as period_percent,
        tolerances.energy_abs_limit * case when cdrs.connector_max_power_w > 400000 then 4 else 1 end as limit_kwh
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key
    left join prices on cdrs.cdr_key = prices.cdr_key

),

-- What the connector can deliver in the time, and what the claim paid for: kWh, in millions of the unit so that
-- nothing is divided. A bound that is not known is null.
bounded as (

    select
        *,
        case
            when power_w > 0 and power_w < 100000000 and charging_seconds > 0 and charging_seconds < 10000000000
                then power_w * charging_seconds * (100 + power_percent)
        end as deliverable_x360000000,
        case when energy_cost > 0 then cast(energy_cost as decimal(38, 8)) end as paid
    from measured

),

weighed as (

    select
        *,
        energy_kwh > limit_kwh or coalesce(energy_kwh * 360000000 > deliverable_x360000000, false) as is_impossible,
        period_energy_kwh > limit_kwh
        or coalesce(cast(period_energy_kwh as decimal(38, 8)) * 360000000 > deliverable_x360000000, false)
            as is_period_sum_impossible,
        energy_kwh <= limit_kwh * 1000
        and coalesce(energy_kwh * 360000 <= deliverable_x360000000, true) as is_possible_as_wh,
        paid * 10000000 >= sane_kwh * price_min_x100 * (100 - wh_percent)
        and paid * 100000 <= sane_kwh * price_max * (100 + wh_percent) as is_paid_as_wh,
        energy_kwh * 1000 <= limit_kwh
        and coalesce(energy_kwh * 360000000 * 1000 <= deliverable_x360000000, false) as is_possible_as_mwh,
        paid * 10 >= sane_kwh * price_min_x100 * (100 - small_percent)
        and paid * 100 <= sane_kwh * 1000 * price_max * (100 + small_percent) as is_paid_as_mwh
    from bounded

)

select
    cdr_key,
    cast(peak_power_w as decimal(18, 1)) as peak_power_w,
    cast(case
        when energy_kwh is null or coalesce(energy_period_count, 0) < 2 then null
        when
            energy_kwh > 0
            and energy_fall_count = 0
            and abs(peak_energy_kwh - energy_kwh) * 100 <= energy_kwh * register_percent
            and period_energy_kwh * 100 > energy_kwh * (100 + register_percent)
            then 0
        else 1
    end as smallint) as energy_cumulative_periods,
    -- Where nobody says what it costs, only more than any session takes is taken for watt-hours.
    cast(case
        when energy_kwh is null then null
        when is_impossible and is_possible_as_wh and coalesce(is_paid_as_wh, energy_kwh > 1000) then 0
        -- The total in kWh, its periods in Wh.
        when
            energy_kwh > 0
            and not is_impossible
            and is_period_sum_impossible
            and period_energy_kwh * 100 >= energy_kwh * 1000 * (100 - wh_percent)
            and period_energy_kwh * 100 <= energy_kwh * 1000 * (100 + wh_percent)
            then 0
        else 1
    end as smallint) as energy_unit_wh,
    cast(case
        when energy_kwh is null or paid is null or deliverable_x360000000 is null then null
        when energy_kwh > 0 and is_possible_as_mwh and is_paid_as_mwh then 0
        when
            energy_kwh > 0
            and not is_impossible
            and period_energy_kwh * 1000 * 100 >= energy_kwh * (100 - small_percent)
            and period_energy_kwh * 1000 * 100 <= energy_kwh * (100 + small_percent)
            then 0
        else 1
    end as smallint) as energy_unit_too_small,
    cast(case
        when peak_power_w is null or power_w is null or power_w <= 0 then null
        when peak_power_w * 100 > power_w * (100 + period_percent) then 0
        else 1
    end as smallint) as energy_period_power
from weighed
