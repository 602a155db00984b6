with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select *
    from {{ ref('cdrs') }}

),

expected_prices as (

    select *
    from {{ ref('expected_prices') }}

),

price_problems as (

    select
        cdr_key,
        max(case when rule_id = 'PRICE_NOT_COMPUTABLE' then 1 else 0 end) as has_price_not_computable,
        max(case when rule_id = 'TARIFF_NO_ELEMENT' then 1 else 0 end) as has_tariff_no_element,
        max(case when rule_id = 'PERIOD_TOU_MISSING' then case severity when 'hold' then 2 else 1 end else 0 end)
            as uncut_severity_no,
        min(case when rule_id = 'PERIOD_TOU_MISSING' then message end) as uncut_problem,
        min(case when is_blocking or rule_id = 'PRICE_NOT_COMPUTABLE' then message end) as price_problem,
        min(case when rule_id = 'TARIFF_NO_ELEMENT' then message end) as element_problem
    from {{ ref('price_problems') }}
    where reading = 'base'
    group by cdr_key

),

credit_pairs as (

    select *
    from {{ ref('credit_pairs') }}

),

twins as (

    select
        cdr_key,
        twin_key
    from {{ ref('cross_partner_twins') }}

),

parts as (

    select *
    from {{ ref('part_differences') }}

),

completeness as (

    select *
    from {{ ref('cdr_completeness') }}

),

wrong_readings as (

    select *
    from {{ ref('wrong_readings') }}

),

other_discounts as (

    select
        cdr_key,
        taken
    from {{ ref('discount_readings') }}

),

tolerances as (

    select *
    from {{ ref('claim_tolerances') }}

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.revision,
        cdrs.ocpi_version,
        cdrs.direction,
        cdrs.currency,
        coalesce(cdrs.is_credit, false) as is_credit,
        cdrs.credit_reference_id,
        cdrs.evse_uid,
        cdrs.started_at,
        cdrs.energy_kwh,
        coalesce(cdrs.claimed_excl_tax, cdrs.claimed_incl_tax) as claim_as_sent,
        expected_prices.claimed_excl_tax,
        expected_prices.claimed_incl_tax,
        expected_prices.rated_excl_tax,
        cast(
            expected_prices.rated_incl_tax * cast(1 - expected_prices.discount_percent * 0.01 as decimal(18, 10))
            as decimal(38, 16)
        ) as expected_incl_tax,
        expected_prices.discount_percent,
        expected_prices.expected_excl_tax,
        expected_prices.range_min,
        expected_prices.range_max,
        expected_prices.readings,
        expected_prices.difference,
        expected_prices.range_gap,
        expected_prices.tolerance,
        price_problems.price_problem,
        price_problems.element_problem,
        coalesce(price_problems.uncut_severity_no, 0) as uncut_severity_no,
        price_problems.uncut_problem,
        coalesce(price_problems.has_price_not_computable, 0) = 1 as has_price_not_computable,
        coalesce(price_problems.has_tariff_no_element, 0) = 1 as has_tariff_no_element,
        parts.cdr_key is not null as has_parts,
        parts.part_apart,
        parts.part_gap,
        parts.part_tolerance,
        parts.parts_sum,
        parts.sum_difference,
        credit_pairs.original_key,
        credit_pairs.is_standing,
        credit_pairs.credit_no,
        credit_pairs.original_size,
        credit_pairs.credit_size,
        credit_pairs.size_difference,
        twins.twin_key,
        completeness.session_energy_kwh,
        completeness.session_started_at,
        completeness.session_ended_at,
        completeness.earlier_key,
        completeness.credited_key,
        completeness.remark,
        completeness.original_due_at,
        completeness.is_original_late,
        completeness.resubmission_no,
        completeness.asked_at,
        completeness.resubmit_limit,
        completeness.session_missing,
        completeness.session_cdr_diff,
        completeness.resubmit_totals_changed,
        completeness.credit_not_replaced,
        completeness.price_not_significant,
        wrong_readings.wrong_reading,
        wrong_readings.cited_excl_tax,
        wrong_readings.in_force_excl_tax,
        other_discounts.taken as discount_taken,
        tolerances.price_component_sum as sum_tolerance,
        tolerances.credit_amount_diff as size_tolerance,
        tolerances.session_cdr_diff as energy_tolerance,
        tolerances.duration_seconds as duration_tolerance,
        cdrs.session_id,
        cdrs.ended_at
    from work
    inner join cdrs on work.cdr_key = cdrs.cdr_key
    inner join expected_prices on cdrs.cdr_key = expected_prices.cdr_key
    left join price_problems on cdrs.cdr_key = price_problems.cdr_key
    left join parts on cdrs.cdr_key = parts.cdr_key
    left join credit_pairs on cdrs.cdr_key = credit_pairs.cdr_key
    left join twins on cdrs.cdr_key = twins.cdr_key
    left join completeness on cdrs.cdr_key = completeness.cdr_key
    left join wrong_readings on cdrs.cdr_key = wrong_readings.cdr_key
    left join other_discounts on cdrs.cdr_key = other_discounts.cdr_key
    left join tolerances on cdrs.cdr_key = tolerances.cdr_key

)

select
    cdr_key,
    revision,
    direction,
    currency,
    claimed_excl_tax,
    claim_as_sent,
    rated_excl_tax,
    discount_percent,
    expected_excl_tax,
    range_min,
    range_max,
    readings,
    difference,
    tolerance,
    price_problem,
    element_problem,
    part_apart,
    part_gap,
    part_tolerance,
    parts_sum,
    credit_reference_id,
    original_key,
    original_size,
    credit_size,
    twin_key,
    session_id,
    started_at,
    ended_at,
    energy_kwh,
    session_energy_kwh,
    session_started_at,
    session_ended_at,
    energy_tolerance,
    duration_tolerance,
    earlier_key,
    credited_key,
    remark,
    original_due_at,
    is_original_late,
    resubmission_no,
    asked_at,
    resubmit_limit,
    cast(uncut_severity_no as integer) as uncut_severity_no,
    uncut_problem,
    cited_excl_tax,
    in_force_excl_tax,
    discount_taken,
    claimed_incl_tax,
    expected_incl_tax,
    cast(case when range_gap > tolerance then 0 when range_gap is not null then 1 end as smallint)
        as price_total_diff,
    cast(
        case
            when difference is null or range_min = range_max then null
            when abs(difference) > tolerance and range_gap <= tolerance then 0
            else 1
        end as smallint
    ) as price_in_range,
    cast(case when expected_excl_tax is null or has_price_not_computable then 0 else 1 end as smallint)
        as price_not_computable,
    cast(case when part_apart is not null then 0 when has_parts then 1 end as smallint) as price_component_diff,
    cast(case when abs(sum_difference) > sum_tolerance then 0 when sum_difference is not null then 1 end as smallint)
        as price_component_sum,
    -- The claim is the price with another discount than the one in force.
    cast(
        case
            when difference is null then null
            when discount_taken is not null then 0
            when discount_percent <> 0 then 1
        end as smallint
    ) as price_discount_diff,
    cast(case when cited_excl_tax is not null then 0 when expected_excl_tax is not null then 1 end as smallint)
        as tariff_claimed_vs_force,
    cast(case when expected_excl_tax is null then null when has_tariff_no_element then 0 else 1 end as smallint)
        as tariff_no_element,
    cast(
        case
            when is_credit and credit_reference_id is not null
                then case when original_key is null then 0 else 1 end
        end as smallint
    ) as credit_no_original,
    cast(case when is_standing then case when credit_no > 1 then 0 else 1 end end as smallint) as credit_double,
    cast(case when abs(size_difference) > size_tolerance then 0 when size_difference is not null then 1 end as smallint)
        as credit_amount_diff,
    cast(case when is_credit then case when claim_as_sent > 0 then 0 when claim_as_sent <= 0 then 1 end end as smallint)
        as credit_sign_wrong,
    -- 2.1.1 and OICP have neither field; a CSV has them when its mapping says so.
    cast(
        case
            when ocpi_version in ('2.1.1', 'oicp') then null
            when is_credit <> (credit_reference_id is not null) then 0
            when ocpi_version <> 'csv' or is_credit then 1
        end as smallint
    ) as credit_flags,
    cast(case when ocpi_version = '2.1.1' then case when claim_as_sent < 0 then 0 else 1 end end as smallint)
        as credit_211_marker,
    cast(
        case
            when twin_key is not null then 0
            when evse_uid is not null and started_at is not null and energy_kwh is not null then 1
        end as smallint
    ) as dup_cross_partner,
    cast(case when expected_excl_tax is null then null when uncut_severity_no > 0 then 0 else 1 end as smallint)
        as period_tou_missing,
    session_missing,
    session_cdr_diff,
    resubmit_totals_changed,
    credit_not_replaced,
    {% for cause in [
        'PRICE_STEP_PER_PERIOD', 'PRICE_STEP_TIME_PARKING', 'PRICE_MIN_MISAPPLIED', 'PRICE_MAX_MISAPPLIED',
        'PRICE_ELEMENT_ORDER', 'PRICE_BAND_IN_UTC', 'PRICE_ROUNDING_STAGE'
    ] %}
        cast(case when wrong_reading = '{{ cause }}' then 0 when range_gap is not null then 1 end as smallint)
            as {{ cause | lower }},
    {% endfor %}
    price_not_significant
from measured
