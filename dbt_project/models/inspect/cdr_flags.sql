with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select *
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        partner,
        contract_version,
        contract_currency,
        requires
    from {{ ref('cdr_terms') }}

),

schema_flags as (

    select *
    from {{ ref('schema_flags') }}

),

duplicate_flags as (

    select *
    from {{ ref('duplicate_flags') }}

),

overlap_flags as (

    select *
    from {{ ref('overlap_flags') }}

),

time_flags as (

    select *
    from {{ ref('time_flags') }}

),

swap_flags as (

    select *
    from {{ ref('swap_flags') }}

),

energy_flags as (

    select *
    from {{ ref('energy_flags') }}

),

reference_flags as (

    select *
    from {{ ref('reference_flags') }}

),

tariff_flags as (

    select *
    from {{ ref('tariff_flags') }}

),

money_flags as (

    select *
    from {{ ref('money_flags') }}

)

select
    cdrs.cdr_key,
    cdrs.revision,
    cdrs.source || '/cdrs/' || cdrs.file_name as file_subject_id,
    terms.partner,
    terms.contract_version,
    terms.contract_currency,
    terms.requires,
    cdrs.ocpi_version,
    cdrs.direction,
    cdrs.started_at,
    cdrs.ended_at,
    cdrs.received_at,
    cdrs.time_zone,
    cdrs.time_form,
    cdrs.session_id,
    cdrs.token_uid,
    cdrs.location_id,
    cdrs.evse_uid,
    cdrs.evse_id,
    cdrs.connector_id,
    cdrs.connector_max_power_w,
    cdrs.currency,
    cdrs.energy_kwh,
    cdrs.total_time_hours,
    cdrs.total_parking_hours,
    cdrs.claimed_excl_tax,
    cdrs.claimed_incl_tax,
    cdrs.is_credit,
    schema_flags.period_count,
    schema_flags.odd_dimensions,
    schema_flags.excess_precision,
    duplicate_flags.twin_key,
    overlap_flags.overlap_seconds,
    time_flags.duration_seconds,
    time_flags.total_gap_seconds,
    time_flags.limit_hours,
    time_flags.ahead_seconds,
    time_flags.hole_seconds,
    time_flags.outside_period_count,
    time_flags.over_start_period_count,
    swap_flags.started_at_swapped,
    energy_flags.period_energy_kwh,
    energy_flags.charging_seconds,
    energy_flags.energy_limit_kwh,
    tariff_flags.tariff_count,
    tariff_flags.faulty_tariff_id,
    money_flags.tariff_currency,
    money_flags.claimed_tax,
    money_flags.tax_percent_min,
    money_flags.tax_percent_max,
    schema_flags.num_precision_excess,
    schema_flags.periods_empty,
    schema_flags.dimension_not_billable,
    duplicate_flags.session_id_reused,
    duplicate_flags.dup_near,
    overlap_flags.overlap_connector,
    overlap_flags.overlap_token,
    time_flags.time_no_zone,
    time_flags.time_offset_form,
    time_flags.time_epoch_sentinel,
    time_flags.time_year_implausible,
    time_flags.time_end_before_start,
    time_flags.time_future,
    time_flags.time_total_mismatch,
    time_flags.time_period_unsorted,
    time_flags.time_period_order,
    time_flags.time_period_hole,
    swap_flags.time_day_month_swap,
    time_flags.time_dst_ambiguous,
    time_flags.time_zone_missing,
    time_flags.session_over_max_hours,
    time_flags.session_too_short,
    time_flags.cdr_slow_delivery,
    energy_flags.energy_negative,
    energy_flags.energy_period_sum,
    energy_flags.energy_over_connector,
    energy_flags.energy_abs_limit,
    energy_flags.energy_zero_with_fee,
    energy_flags.energy_no_charge_time,
    energy_flags.parking_over_total,
    reference_flags.loc_unknown,
    reference_flags.loc_connector_drift,
    reference_flags.auth_token_unknown,
    reference_flags.auth_token_blocked,
    tariff_flags.tariff_ref_missing,
    tariff_flags.tariff_unknown,
    tariff_flags.tariff_not_in_force,
    tariff_flags.tariff_not_approved,
    tariff_flags.tariff_retroactive,
    tariff_flags.tariff_overlap,
    tariff_flags.tariff_body_diff,
    money_flags.ccy_invalid,
    money_flags.ccy_tariff_mismatch,
    money_flags.ccy_no_fx_term,
    money_flags.tax_missing,
    money_flags.tax_arithmetic,
    money_flags.outcome_unpriced,
    money_flags.outcome_home_comp,
    money_flags.outcome_test
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join terms on cdrs.cdr_key = terms.cdr_key
left join schema_flags on cdrs.cdr_key = schema_flags.cdr_key
left join duplicate_flags on cdrs.cdr_key = duplicate_flags.cdr_key
left join overlap_flags on cdrs.cdr_key = overlap_flags.cdr_key
left join time_flags on cdrs.cdr_key = time_flags.cdr_key
left join swap_flags on cdrs.cdr_key = swap_flags.cdr_key
left join energy_flags on cdrs.cdr_key = energy_flags.cdr_key
left join reference_flags on cdrs.cdr_key = reference_flags.cdr_key
left join tariff_flags on cdrs.cdr_key = tariff_flags.cdr_key
left join money_flags on cdrs.cdr_key = money_flags.cdr_key
