with

flagged as (

    select
        cdr_key,
        energy_kwh,
        signed_kwh,
        meter_end_kwh - meter_start_kwh as register_kwh,
        energy_unit_wh,
        energy_unit_too_small,
        energy_cumulative_periods,
        meter_register_diff,
        evid_value_diff
    from {{ ref('cdr_flags') }}
    where energy_kwh is not null and not is_credit

),

repaired as (

    select
        cdr_key,
        'ENERGY_UNIT_WH' as rule_id,
        cast(energy_kwh as decimal(28, 8)) * cast(0.001 as decimal(3, 3)) as energy_kwh
    from flagged
    where energy_unit_wh = 0

    union all

    select
        cdr_key,
        'ENERGY_UNIT_TOO_SMALL' as rule_id,
        cast(energy_kwh as decimal(28, 8)) * 1000 as energy_kwh
    from flagged
    where energy_unit_too_small = 0

    union all

    -- The total is the register's difference already; only the periods hold registers.
    select
        cdr_key,
        'ENERGY_CUMULATIVE_PERIODS' as rule_id,
        energy_kwh
    from flagged
    where energy_cumulative_periods = 0

    union all

    select
        cdr_key,
        'METER_REGISTER_DIFF' as rule_id,
        register_kwh as energy_kwh
    from flagged
    where meter_register_diff = 0

    union all

    select
        cdr_key,
        'EVID_VALUE_DIFF' as rule_id,
        signed_kwh as energy_kwh
    from flagged
    where evid_value_diff = 0

)

select
    cdr_key,
    rule_id,
    cast(energy_kwh as decimal(18, 8)) as energy_kwh
from repaired
-- Beyond this nothing could be multiplied exactly, and it is a fault of another kind.
where energy_kwh >= 0 and energy_kwh < 1000000
