with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        partner,
        started_at
    from "evsettle"."inspect"."cdrs"

),

contracts as (

    select *
    from "evsettle"."ingest"."contracts"

),

local_days as (

    select
        day,
        starts_at
    from "evsettle"."ingest"."local_days"

),

-- A contract begins at midnight of the network's zone; beyond the calendar, at midnight UTC.
contract_spans as (

    select
        contracts.*,
        coalesce(first_days.starts_at, cast(contracts.valid_from as timestamptz)) as starts_at,
        coalesce(last_days.starts_at, cast(contracts.valid_to as timestamptz)) as ends_at
    from contracts
    left join local_days as first_days on contracts.valid_from = first_days.day
    left join local_days as last_days on contracts.valid_to = last_days.day

)

select
    cdrs.cdr_key,
    cdrs.partner,
    contract_spans.contract_version,
    contract_spans.name as contract_name,
    contract_spans.valid_from as contract_valid_from,
    coalesce(contract_spans.is_approved, false) as is_contract_approved,
    contract_spans.currency as contract_currency,
    contract_spans.frequency,
    contract_spans.cut_off_days,
    coalesce(contract_spans.tariff_source, 'cdr') as tariff_source,
    coalesce(contract_spans.tariff_approval, 'manual') as tariff_approval,
    coalesce(contract_spans.period_tariff, 'only_tariff') as period_tariff,
    coalesce(contract_spans.period_policy, 'as_sent') as period_policy,
    cast(coalesce(contract_spans.discount_percent, 0) as decimal(18, 8)) as discount_percent,
    coalesce(contract_spans.rounding_mode, 'half-up') as rounding_mode,
    coalesce(contract_spans.rounding_level, 'session') as rounding_level,
    coalesce(contract_spans.rounding_scale, 2) as rounding_scale,
    cast(coalesce(contract_spans.tolerance_amount, 0.02) as decimal(18, 8)) as tolerance_amount,
    cast(coalesce(contract_spans.tolerance_percent, 0.1) as decimal(18, 8)) as tolerance_percent,
    cast(coalesce(contract_spans.tolerance_energy_kwh, 0.01) as decimal(18, 8)) as tolerance_energy_kwh,
    coalesce(contract_spans.tolerance_duration_seconds, 60) as tolerance_duration_seconds,
    coalesce(contract_spans.tolerance_clock_skew_seconds, 300) as tolerance_clock_skew_seconds,
    contract_spans.late_days,
    contract_spans.due_days_reject,
    contract_spans.due_days_hold,
    contract_spans.due_days_warn,
    coalesce(contract_spans.requires, ',') as requires
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join contract_spans
    on
        cdrs.partner = contract_spans.partner
        and cdrs.started_at >= contract_spans.starts_at
        and (contract_spans.ends_at is null or cdrs.started_at < contract_spans.ends_at)
