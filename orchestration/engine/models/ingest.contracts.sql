with

versions as (

    select
        partner,
        contract_version,
        name,
        valid_from,
        known_seq,
        known_from,
        is_approved,
        currency,
        frequency,
        cut_off_days,
        tariff_source,
        tariff_approval,
        period_tariff,
        period_policy,
        discount_percent,
        rounding_mode,
        rounding_level,
        rounding_scale,
        tolerance_amount,
        tolerance_percent,
        tolerance_energy_kwh,
        tolerance_duration_seconds,
        tolerance_clock_skew_seconds,
        late_days,
        due_days_reject,
        due_days_hold,
        due_days_warn,
        requires
    from "evsettle"."ingest"."raw_contracts"

),

-- A change that two people have not approved waits: the approved terms go on in its place.
-- Only a partner without any approved version shows its proposed ones, and inspect holds for them.
ranked as (

    select
        partner,
        contract_version,
        name,
        valid_from,
        known_seq,
        known_from,
        is_approved,
        currency,
        frequency,
        cut_off_days,
        tariff_source,
        tariff_approval,
        period_tariff,
        period_policy,
        discount_percent,
        rounding_mode,
        rounding_level,
        rounding_scale,
        tolerance_amount,
        tolerance_percent,
        tolerance_energy_kwh,
        tolerance_duration_seconds,
        tolerance_clock_skew_seconds,
        late_days,
        due_days_reject,
        due_days_hold,
        due_days_warn,
        requires,
        max(case when is_approved then 1 else 0 end) over (partition by partner) as has_approved
    from versions

),

current_versions as (

    select
        partner,
        contract_version,
        name,
        valid_from,
        known_seq,
        known_from,
        is_approved,
        currency,
        frequency,
        cut_off_days,
        tariff_source,
        tariff_approval,
        period_tariff,
        period_policy,
        discount_percent,
        rounding_mode,
        rounding_level,
        rounding_scale,
        tolerance_amount,
        tolerance_percent,
        tolerance_energy_kwh,
        tolerance_duration_seconds,
        tolerance_clock_skew_seconds,
        late_days,
        due_days_reject,
        due_days_hold,
        due_days_warn,
        requires,
        row_number() over (
            partition by partner, valid_from
            order by known_seq desc, contract_version asc
        ) as version_no
    from ranked
    where is_approved or has_approved = 0

)

select
    partner,
    contract_version,
    name,
    valid_from,
    lead(valid_from) over (partition by partner order by valid_from) as valid_to,
    known_seq,
    known_from,
    is_approved,
    currency,
    frequency,
    cut_off_days,
    tariff_source,
    tariff_approval,
    period_tariff,
    period_policy,
    discount_percent,
    rounding_mode,
    rounding_level,
    rounding_scale,
    tolerance_amount,
    tolerance_percent,
    tolerance_energy_kwh,
    tolerance_duration_seconds,
    tolerance_clock_skew_seconds,
    late_days,
    due_days_reject,
    due_days_hold,
    due_days_warn,
    requires
from current_versions
where version_no = 1
