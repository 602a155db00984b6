with

roots as (

    select
        finding_id,
        cdr_key,
        revision,
        rule_id,
        owner,
        adjust_reason,
        adjust_to,
        contract_version,
        is_allowed,
        limit_excl_tax,
        repaired_kwh,
        root_no
    from {{ ref('remedy_roots') }}

),

cdrs as (

    select
        cdr_key,
        energy_kwh
    from {{ ref('cdrs') }}

),

by_cdr as (

    select
        cdr_key,
        count(*) as rule_count,
        min(case when is_allowed then 1 else 0 end) = 1 as is_allowed,
        min(limit_excl_tax) as limit_excl_tax,
        max(case when adjust_to = 'zero' then 1 else 0 end) = 1 as is_zero,
        max(case when adjust_to = 'expected' then 1 else 0 end) = 1 as is_repriced,
        max(case when adjust_to = 'no_fees' then 1 else 0 end) as drops_fixed,
        max(case when adjust_to in ('no_fees', 'no_parking', 'no_time') then 1 else 0 end) as drops_parking,
        max(case when adjust_to = 'no_time' then 1 else 0 end) as drops_time,
        max(case when adjust_to = 'energy' then 1 else 0 end) = 1 as is_energy,
        min(case when adjust_to = 'energy' then coalesce(repaired_kwh, -1) end) as least_kwh,
        max(case when adjust_to = 'energy' then coalesce(repaired_kwh, -1) end) as most_kwh
    from roots
    group by cdr_key

),

expected_prices as (

    select
        cdr_key,
        claimed_excl_tax,
        expected_excl_tax,
        range_gap,
        tolerance,
        cast(1 - discount_percent * 0.01 as decimal(18, 10)) as share_kept
    from {{ ref('expected_prices') }}

),

prices as (

    select
        cdr_key,
        is_limited,
        total_excl_tax,
        limit_excl_tax,
        fixed_excl_tax,
        time_excl_tax,
        parking_excl_tax,
        fixed_excl_tax + time_excl_tax + parking_excl_tax + reservation_excl_tax as beside_energy
    from {{ ref('price_totals') }}
    where reading = 'base' and is_priced

),

-- Where energy has one price, no steps and no limits around it, its price follows its volume exactly.
energy_lines as (

    select
        cdr_key,
        sum(case when kind = 'component' then volume end) as energy_kwh,
        sum(case when kind = 'component' then amount_excl_tax end) as energy_excl_tax,
        max(case when coalesce(step_size, 0) > 1 then 1 else 0 end) = 0 and count(distinct unit_price) = 1 as is_linear
    from {{ ref('price_lines') }}
    where reading = 'base' and part = 'energy'
    group by cdr_key

),

limited_tariffs as (

    select distinct tariffs_in_force.cdr_key
    from {{ ref('tariffs_in_force') }} as tariffs_in_force
    inner join {{ ref('tariff_bodies') }} as bodies on tariffs_in_force.tariff_no = bodies.tariff_no
    where
        coalesce(
            bodies.min_price_excl_tax, bodies.min_price_incl_tax, bodies.max_price_excl_tax, bodies.max_price_incl_tax
        ) is not null

),

parts as (

    select
        by_cdr.cdr_key,
        by_cdr.rule_count,
        by_cdr.is_allowed,
        by_cdr.limit_excl_tax,
        by_cdr.is_zero,
        by_cdr.is_repriced,
        by_cdr.is_energy,
        by_cdr.drops_parking = 1 as is_waiving,
        prices.is_limited,
        coalesce(energy_lines.is_linear, false) and limited_tariffs.cdr_key is null as is_linear,
        expected_prices.claimed_excl_tax,
        expected_prices.expected_excl_tax,
        expected_prices.tolerance,
        coalesce(expected_prices.range_gap <= expected_prices.tolerance, false) as is_claim_honest,
        case
            when by_cdr.is_energy and by_cdr.least_kwh = by_cdr.most_kwh and by_cdr.least_kwh >= 0
                then by_cdr.least_kwh
        end as repaired_kwh,
        prices.total_excl_tax,
        prices.limit_excl_tax as moved_by_limit,
        prices.beside_energy,
        energy_lines.energy_kwh as rated_kwh,
        -- A larger one could not be multiplied exactly.
        case when abs(energy_lines.energy_excl_tax) < 1000000 then cast(energy_lines.energy_excl_tax as decimal(20, 8))
        end as energy_excl_tax,
        expected_prices.share_kept,
        (
            cast(by_cdr.drops_fixed * prices.fixed_excl_tax as decimal(28, 12))
            + cast(by_cdr.drops_parking * prices.parking_excl_tax as decimal(28, 12))
            + cast(by_cdr.drops_time * prices.time_excl_tax as decimal(28, 12))
        ) * expected_prices.share_kept as waived_excl_tax
    from by_cdr
    left join expected_prices on by_cdr.cdr_key = expected_prices.cdr_key
    left join prices on by_cdr.cdr_key = prices.cdr_key
    left join energy_lines on by_cdr.cdr_key = energy_lines.cdr_key
    left join limited_tariffs on by_cdr.cdr_key = limited_tariffs.cdr_key

),

scaled as (

    select
        *,
        beside_energy + cast(
            {{ decimal_division(
                'energy_excl_tax * cast(repaired_kwh as decimal(18, 8))', 'rated_kwh', whole=14, places=12
            ) }} as decimal(28, 12)
        ) as repaired_excl_tax
    from parts

),

priced as (

    select
        *,
        cast(
            case
                when not is_energy then expected_excl_tax
                -- The limit that the price lay at is known; whether there is another one is not.
                when is_limited and moved_by_limit < 0 then least(repaired_excl_tax, total_excl_tax) * share_kept
                when is_limited then greatest(repaired_excl_tax, total_excl_tax) * share_kept
                else repaired_excl_tax * share_kept
            end - waived_excl_tax
            as decimal(38, 16)
        ) as price_excl_tax
    from scaled

),

decided as (

    select
        cdr_key,
        rule_count,
        is_allowed,
        limit_excl_tax,
        repaired_kwh,
        claimed_excl_tax,
        expected_excl_tax,
        cast(case
            when is_zero then 0
            -- A limit lies on the whole price: what is left under it after a part goes is not known here.
            when is_limited and is_waiving then null
            -- The claim that agrees with the right energy stands.
            when is_energy and abs(claimed_excl_tax - price_excl_tax) <= tolerance then claimed_excl_tax
            when is_energy and not is_linear then null
            when is_waiving and not is_energy and not is_repriced and is_claim_honest
                then claimed_excl_tax - waived_excl_tax
            when abs(claimed_excl_tax - price_excl_tax) <= tolerance then claimed_excl_tax
            else price_excl_tax
        end as decimal(38, 16)) as after_excl_tax
    from priced

)

select
    decided.cdr_key,
    roots.revision,
    roots.finding_id,
    roots.rule_id,
    cast(decided.rule_count as integer) as rule_count,
    roots.owner,
    roots.adjust_reason as reason_code,
    roots.adjust_to,
    roots.contract_version,
    decided.is_allowed,
    decided.limit_excl_tax,
    decided.claimed_excl_tax,
    decided.expected_excl_tax,
    decided.after_excl_tax,
    cdrs.energy_kwh,
    coalesce(decided.repaired_kwh, cdrs.energy_kwh) as after_energy_kwh,
    decided.after_excl_tax is not null
    and (
        decided.limit_excl_tax is null
        or abs(decided.after_excl_tax - coalesce(decided.claimed_excl_tax, decided.expected_excl_tax, 0))
        <= decided.limit_excl_tax
    ) as is_within_limit,
    coalesce(decided.after_excl_tax <> coalesce(decided.claimed_excl_tax, decided.expected_excl_tax), true)
    or coalesce(decided.repaired_kwh <> cdrs.energy_kwh, false) as is_changed
from decided
inner join roots on decided.cdr_key = roots.cdr_key and roots.root_no = 1
inner join cdrs on decided.cdr_key = cdrs.cdr_key
