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
        claimed_energy_excl_tax,
        claimed_time_excl_tax,
        claimed_parking_excl_tax,
        is_credit
    from {{ ref('cdrs') }}

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
        cdr_key,
        tariff_no
    from {{ ref('tariffs_in_force') }}
    where tariff_no is not null

),

prices as (

    select
        tariff_no,
        max(case when price <> 0 then 1 else 0 end) as has_price
    from {{ ref('tariff_components') }}
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

measured as (

    select
        cdrs.cdr_key,
        cdrs.claimed_excl_tax,
        cdrs.is_credit,
        by_cdr.has_price = 0 and by_cdr.unpriced_count = 0 as is_free,
        coalesce(cdrs.claimed_energy_excl_tax, 0)
        + coalesce(cdrs.claimed_time_excl_tax, 0)
        + coalesce(cdrs.claimed_parking_excl_tax, 0) as session_parts,
        period_facts.period_reservation_hours is not null and not period_facts.has_charging_period
            as is_reservation_only
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key
    left join by_cdr on cdrs.cdr_key = by_cdr.cdr_key

)

select
    cdr_key,
    cast(session_parts as decimal(18, 8)) as session_parts,
    cast(case
        when is_free is null or claimed_excl_tax is null or is_credit then null
        when is_free and claimed_excl_tax > 0 then 0
        else 1
    end as smallint) as outcome_free_vend_billed,
    cast(case
        when not coalesce(is_reservation_only, false) or is_credit then null
        when session_parts > 0 then 0
        else 1
    end as smallint) as outcome_reservation
from measured
