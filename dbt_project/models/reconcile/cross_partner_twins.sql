with

cdrs as (

    select
        cdr_key,
        cpo_party,
        emsp_party,
        source,
        evse_uid,
        started_at,
        energy_kwh
    from {{ ref('cdrs') }}
    where not coalesce(is_credit, false) and evse_uid is not null and started_at is not null and energy_kwh is not null

),

rules as (

    select
        tolerance as twin_seconds,
        second_tolerance as twin_kwh
    from {{ ref('rules') }}
    where rule_id = 'DUP_CROSS_PARTNER'

),

-- Twins start within two minutes or so on one EVSE, so they are neighbours in its order of starts.
neighbours as (

    select
        cdr_key,
        source,
        emsp_party,
        started_at,
        energy_kwh,
        lead(cdr_key) over evse_order as next_key,
        lead(source) over evse_order as next_source,
        lead(emsp_party) over evse_order as next_emsp_party,
        lead(started_at) over evse_order as next_started_at,
        lead(energy_kwh) over evse_order as next_energy_kwh
    from cdrs
    window evse_order as (partition by cpo_party, evse_uid order by started_at asc, cdr_key asc)

),

twins as (

    select
        neighbours.cdr_key,
        neighbours.next_key
    from neighbours
    cross join rules
    where
        {{ seconds_between('neighbours.started_at', 'neighbours.next_started_at') }} <= rules.twin_seconds
        and abs(neighbours.next_energy_kwh - neighbours.energy_kwh) <= rules.twin_kwh
        and (
            neighbours.next_source <> neighbours.source
            or coalesce(neighbours.next_emsp_party, '') <> coalesce(neighbours.emsp_party, '')
        )

),

both_sides as (

    select
        cdr_key,
        next_key as twin_key
    from twins

    union all

    select
        next_key as cdr_key,
        cdr_key as twin_key
    from twins

)

select
    cdr_key,
    min(twin_key) as twin_key
from both_sides
group by cdr_key
