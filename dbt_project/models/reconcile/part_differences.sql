with

work as (

    select cdr_key
    from {{ ref('work') }}

),

claims as (

    select
        cdr_key,
        abs(claimed_excl_tax) as total,
        abs(claimed_fixed_excl_tax) as fixed_part,
        abs(claimed_energy_excl_tax) as energy_part,
        abs(claimed_time_excl_tax) as time_part,
        abs(claimed_parking_excl_tax) as parking_part,
        abs(claimed_reservation_excl_tax) as reservation_part
    from {{ ref('cdrs') }}
    where
        coalesce(
            claimed_fixed_excl_tax,
            claimed_energy_excl_tax,
            claimed_time_excl_tax,
            claimed_parking_excl_tax,
            claimed_reservation_excl_tax
        ) is not null

),

rated as (

    select
        cdr_key,
        abs(total_excl_tax) as total,
        abs(fixed_excl_tax) as fixed_part,
        abs(energy_excl_tax) as energy_part,
        abs(time_excl_tax) as time_part,
        abs(parking_excl_tax) as parking_part,
        abs(reservation_excl_tax) as reservation_part
    from {{ ref('price_totals') }}
    where reading = 'base' and is_priced

),

tolerances as (

    select
        cdr_key,
        price_component_diff
    from {{ ref('claim_tolerances') }}

),

-- What the contract's discount leaves of each part: 0.9 of it at ten percent. An allowed reading moves a part no
-- farther than it moves the total, and what it gives is as tolerable as the base price.
expected_prices as (

    select
        cdr_key,
        greatest(
            coalesce(range_max - expected_excl_tax, 0), coalesce(expected_excl_tax - range_min, 0)
        ) as range_reach,
        cast(1 - discount_percent * 0.01 as decimal(18, 10)) as share_kept
    from {{ ref('expected_prices') }}

),

compared as (

    select
        claims.cdr_key,
        tolerances.price_component_diff + expected_prices.range_reach as tolerance,
        abs(claims.fixed_part - rated.fixed_part * expected_prices.share_kept) as fixed_gap,
        abs(claims.energy_part - rated.energy_part * expected_prices.share_kept) as energy_gap,
        abs(claims.time_part - rated.time_part * expected_prices.share_kept) as time_gap,
        abs(claims.parking_part - rated.parking_part * expected_prices.share_kept) as parking_gap,
        abs(claims.reservation_part - rated.reservation_part * expected_prices.share_kept) as reservation_gap,
        coalesce(claims.fixed_part, 0)
        + coalesce(claims.energy_part, 0)
        + coalesce(claims.time_part, 0)
        + coalesce(claims.parking_part, 0)
        + coalesce(claims.reservation_part, 0) as parts_sum,
        claims.total as claimed_total,
        -- A sum of parts says something only when no part with a price is missing from the claim, and
        -- neither a limit nor a discount lies between the parts and the total.
        expected_prices.share_kept = 1
        and rated.total
        = rated.fixed_part + rated.energy_part + rated.time_part + rated.parking_part + rated.reservation_part
        and (rated.fixed_part = 0 or claims.fixed_part is not null)
        and (rated.energy_part = 0 or claims.energy_part is not null)
        and (rated.time_part = 0 or claims.time_part is not null)
        and (rated.parking_part = 0 or claims.parking_part is not null)
        and (rated.reservation_part = 0 or claims.reservation_part is not null) as is_sum_comparable
    from work
    inner join claims on work.cdr_key = claims.cdr_key
    inner join rated on claims.cdr_key = rated.cdr_key
    inner join expected_prices on claims.cdr_key = expected_prices.cdr_key
    inner join tolerances on claims.cdr_key = tolerances.cdr_key

)

select
    cdr_key,
    cast(tolerance as decimal(38, 16)) as part_tolerance,
    case
        when fixed_gap > tolerance then 'fixed'
        when energy_gap > tolerance then 'energy'
        when time_gap > tolerance then 'time'
        when parking_gap > tolerance then 'parking'
        when reservation_gap > tolerance then 'reservation'
    end as part_apart,
    cast(
        greatest(
            coalesce(fixed_gap, 0),
            coalesce(energy_gap, 0),
            coalesce(time_gap, 0),
            coalesce(parking_gap, 0),
            coalesce(reservation_gap, 0)
        ) as decimal(38, 16)
    ) as part_gap,
    cast(parts_sum as decimal(18, 8)) as parts_sum,
    cast(case when is_sum_comparable then parts_sum - claimed_total end as decimal(18, 8)) as sum_difference
from compared
