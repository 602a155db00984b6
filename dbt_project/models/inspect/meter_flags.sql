with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        cpo_party,
        meter_id,
        canonical_connector_id,
        evse_id,
        started_at,
        energy_kwh,
        register_start_kwh,
        register_end_kwh,
        is_credit,
        credit_of
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select
        partner,
        contract_version,
        meter_register_diff,
        meter_register_backward,
        meter_register_gap
    from {{ ref('rule_tolerances') }}

),

signed_facts as (

    select
        cdr_key,
        meter_serial,
        start_kwh,
        end_kwh,
        is_substitute,
        is_exchanged
    from {{ ref('signed_facts') }}

),

asset_flags as (

    select
        cdr_key,
        registered_meter_id,
        meter_serial_changed
    from {{ ref('asset_flags') }}

),

charger_facts as (

    select
        cdr_key,
        stop_reason,
        new_meter_key
    from {{ ref('charger_facts') }}

),

credited as (

    select distinct credit_of as cdr_key
    from cdrs
    where credit_of is not null

),

-- What a meter showed goes on from session to session, of one meter, or where it has no name of one connector, or EVSE.
registers as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.started_at,
        coalesce(
            lower(cdrs.cpo_party) || '|' || lower(coalesce(signed_facts.meter_serial, cdrs.meter_id)),
            cdrs.canonical_connector_id,
            lower(cdrs.cpo_party) || '|' || lower(cdrs.evse_id),
            cdrs.cdr_key
        ) as meter_key,
        coalesce(cdrs.register_start_kwh, signed_facts.start_kwh) as start_kwh,
        coalesce(cdrs.register_end_kwh, signed_facts.end_kwh) as end_kwh
    from cdrs
    left join signed_facts on cdrs.cdr_key = signed_facts.cdr_key
    left join credited on cdrs.cdr_key = credited.cdr_key
    where
        not cdrs.is_credit
        and credited.cdr_key is null
        and coalesce(cdrs.register_start_kwh, signed_facts.start_kwh) is not null
        and coalesce(cdrs.register_end_kwh, signed_facts.end_kwh) is not null

),

in_order as (

    select
        cdr_key,
        start_kwh,
        end_kwh,
        lag(end_kwh) over (partition by meter_key order by started_at asc, cdr_key asc) as end_before_kwh
    from registers

)

select
    cdrs.cdr_key,
    in_order.start_kwh as meter_start_kwh,
    in_order.end_kwh as meter_end_kwh,
    in_order.end_before_kwh as meter_before_kwh,
    signed_facts.meter_serial,
    -- What is signed has a rule of its own.
    cast(case
        when cdrs.register_start_kwh is null or cdrs.register_end_kwh is null or cdrs.energy_kwh is null then null
        when cdrs.is_credit then null
        when
            abs(cdrs.register_end_kwh - cdrs.register_start_kwh - cdrs.energy_kwh) > tolerances.meter_register_diff
            and abs(cdrs.register_end_kwh - cdrs.register_start_kwh - cdrs.energy_kwh) * 1000 > abs(cdrs.energy_kwh)
            then 0
        else 1
    end as smallint) as meter_register_diff,
    cast(case
        when in_order.cdr_key is null then null
        when in_order.start_kwh - in_order.end_kwh > tolerances.meter_register_backward then 0
        when in_order.end_before_kwh - in_order.start_kwh > tolerances.meter_register_backward then 0
        else 1
    end as smallint) as meter_register_backward,
    cast(case
        when in_order.end_before_kwh is null then null
        when in_order.start_kwh - in_order.end_before_kwh > tolerances.meter_register_gap then 0
        else 1
    end as smallint) as meter_register_gap,
    cast(case
        when coalesce(signed_facts.is_exchanged, false) and charger_facts.new_meter_key is null then 0
        when
            lower(signed_facts.meter_serial) <> lower(asset_flags.registered_meter_id)
            and coalesce(charger_facts.new_meter_key, '') <> lower(signed_facts.meter_serial)
            then 0
        when signed_facts.meter_serial is not null and asset_flags.registered_meter_id is not null
            then coalesce(asset_flags.meter_serial_changed, 1)
        else asset_flags.meter_serial_changed
    end as smallint) as meter_serial_changed,
    cast(case
        when signed_facts.cdr_key is null and charger_facts.stop_reason is null then null
        when coalesce(signed_facts.is_substitute, false) then 0
        when coalesce(upper(charger_facts.stop_reason) = 'POWERLOSS', false) then 0
        else 1
    end as smallint) as meter_substitute
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join terms on cdrs.cdr_key = terms.cdr_key
inner join charger_facts on cdrs.cdr_key = charger_facts.cdr_key
left join tolerances
    on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
left join in_order on cdrs.cdr_key = in_order.cdr_key
left join signed_facts on cdrs.cdr_key = signed_facts.cdr_key
left join asset_flags on cdrs.cdr_key = asset_flags.cdr_key
