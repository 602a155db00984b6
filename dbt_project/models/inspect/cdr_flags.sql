{%- set flag_models = [
    'schema_flags', 'duplicate_flags', 'overlap_flags', 'time_flags', 'clock_flags', 'swap_flags', 'energy_flags',
    'unit_flags', 'place_flags', 'id_flags', 'reference_flags', 'tariff_flags', 'money_flags', 'outcome_flags'
] -%}
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

{% for flag_model in flag_models %}
    {{ flag_model }} as (

        select *
        from {{ ref(flag_model) }}

    ){{ ',' if not loop.last }}
{% endfor %}

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
    cdrs.token_type,
    cdrs.auth_method,
    cdrs.authorization_reference,
    cdrs.cpo_party,
    cdrs.location_id,
    cdrs.location_country,
    cdrs.sent_standard,
    cdrs.sent_power_type,
    cdrs.evse_uid,
    cdrs.evse_id,
    cdrs.connector_id,
    cdrs.connector_max_power_w,
    cdrs.place_alias,
    cdrs.is_id_reused,
    id_flags.id_drift,
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
    duplicate_flags.reference_twin_key,
    overlap_flags.overlap_seconds,
    time_flags.duration_seconds,
    time_flags.total_gap_seconds,
    time_flags.limit_hours,
    time_flags.ahead_seconds,
    time_flags.hole_seconds,
    time_flags.outside_period_count,
    time_flags.over_start_period_count,
    clock_flags.shift_seconds,
    swap_flags.started_at_swapped,
    energy_flags.period_energy_kwh,
    energy_flags.charging_seconds,
    energy_flags.energy_limit_kwh,
    unit_flags.peak_power_w,
    place_flags.evse_operator,
    place_flags.evse_status,
    place_flags.is_other_country,
    place_flags.is_other_hardware,
    place_flags.known_place,
    reference_flags.whitelist_at_start,
    tariff_flags.tariff_count,
    tariff_flags.faulty_tariff_id,
    tariff_flags.wrong_tariff_type,
    tariff_flags.switched_at,
    money_flags.tariff_currency,
    money_flags.tax_included,
    money_flags.claimed_tax,
    money_flags.tax_percent_min,
    money_flags.tax_percent_max,
    outcome_flags.session_parts,
    schema_flags.num_precision_excess,
    schema_flags.periods_empty,
    schema_flags.dimension_not_billable,
    duplicate_flags.session_id_reused,
    duplicate_flags.dup_near,
    duplicate_flags.auth_reference_reused,
    place_flags.id_operator_prefix,
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
    clock_flags.time_epoch_unit,
    clock_flags.time_dst_crossing,
    unit_flags.energy_cumulative_periods,
    unit_flags.energy_unit_wh,
    unit_flags.energy_unit_too_small,
    unit_flags.energy_period_power,
    energy_flags.energy_negative,
    energy_flags.energy_period_sum,
    energy_flags.energy_over_connector,
    energy_flags.energy_abs_limit,
    energy_flags.energy_zero_with_fee,
    energy_flags.energy_no_charge_time,
    energy_flags.parking_over_total,
    id_flags.loc_unknown,
    id_flags.loc_connector_drift,
    id_flags.loc_alias_used,
    id_flags.id_form_drift,
    place_flags.loc_na_misuse,
    place_flags.loc_not_in_service,
    place_flags.loc_snapshot_diff,
    reference_flags.auth_token_unknown,
    reference_flags.auth_token_blocked,
    reference_flags.auth_whitelist_misuse,
    tariff_flags.tariff_ref_missing,
    tariff_flags.tariff_unknown,
    tariff_flags.tariff_not_in_force,
    tariff_flags.tariff_not_approved,
    tariff_flags.tariff_retroactive,
    tariff_flags.tariff_overlap,
    tariff_flags.tariff_switched_in_session,
    tariff_flags.tariff_type_wrong,
    tariff_flags.tariff_body_diff,
    money_flags.ccy_invalid,
    money_flags.ccy_tariff_mismatch,
    money_flags.ccy_no_fx_term,
    money_flags.tax_missing,
    money_flags.tax_arithmetic,
    money_flags.tax_basis_unclear,
    outcome_flags.outcome_free_vend_billed,
    outcome_flags.outcome_reservation,
    money_flags.outcome_unpriced,
    money_flags.outcome_home_comp,
    money_flags.outcome_test
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join terms on cdrs.cdr_key = terms.cdr_key
{%- for flag_model in flag_models %}
    left join {{ flag_model }} on cdrs.cdr_key = {{ flag_model }}.cdr_key
{%- endfor %}
