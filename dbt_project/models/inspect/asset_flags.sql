with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.meter_id,
        cdrs.cpo_party,
        lower(cdrs.cpo_party) as cpo_key,
        coalesce(cdrs.evse_key, lower(cdrs.evse_uid)) as evse_key
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    where cdrs.evse_uid is not null

),

charger_facts as (

    select
        cdr_key,
        new_meter_key
    from {{ ref('charger_facts') }}

),

assets as (

    select
        lower(evse_uid) as evse_key,
        owner_party,
        cast(commissioned_on as timestamptz) as served_from,
        cast(retired_on as timestamptz) as served_to
    from {{ ref('assets') }}
    where known_to is null

),

meters as (

    select
        lower(evse_uid) as evse_key,
        lower(meter_id) as meter_key,
        meter_id,
        valid_from,
        valid_to
    from {{ ref('meters') }}
    where known_to is null

),

own_parties as (

    select
        lower(party) as party_key,
        'own' as house
    from {{ ref('own_parties') }}

),

contract_parties as (

    select
        lower(party) as party_key,
        'partner ' || partner as house
    from {{ ref('contract_parties') }}

),

houses as (

    select
        party_key,
        house
    from own_parties
    union
    select
        party_key,
        house
    from contract_parties

),

-- Within a day of the start an EVSE is given to be in service; who owns it is told as of the start itself.
served as (

    select
        cdrs.cdr_key,
        max(case
            when
                (
                    assets.served_from is null
                    or {{ seconds_between('cdrs.started_at', 'assets.served_from') }} <= 86400
                )
                and (
                    assets.served_to is null
                    or {{ seconds_between('assets.served_to', 'cdrs.started_at') }} <= 86400
                )
                then 1
            else 0
        end) as is_in_service,
        max(case
            when
                (assets.served_from is null or assets.served_from <= cdrs.started_at)
                and (assets.served_to is null or cdrs.started_at < assets.served_to)
                then assets.owner_party
        end) as owner_party
    from cdrs
    inner join assets on cdrs.evse_key = assets.evse_key
    group by cdrs.cdr_key

),

linked as (

    select distinct served.cdr_key
    from served
    inner join cdrs on served.cdr_key = cdrs.cdr_key
    inner join houses as operators on cdrs.cpo_key = operators.party_key
    inner join houses as owners on lower(served.owner_party) = owners.party_key and operators.house = owners.house

),

metered as (

    select
        cdrs.cdr_key,
        min(meters.meter_id) as registered_meter_id,
        max(case when meters.meter_key = lower(cdrs.meter_id) then 1 else 0 end) as is_registered
    from cdrs
    inner join meters on cdrs.evse_key = meters.evse_key
    where
        (meters.valid_from is null or meters.valid_from <= cdrs.started_at)
        and (meters.valid_to is null or cdrs.started_at < meters.valid_to)
    group by cdrs.cdr_key

)

select
    cdrs.cdr_key,
    served.owner_party,
    served.is_in_service,
    metered.registered_meter_id,
    cast(case
        when served.owner_party is null or cdrs.cpo_key is null then null
        when lower(served.owner_party) = cdrs.cpo_key or linked.cdr_key is not null then 1
        else 0
    end as smallint) as loc_wrong_operator,
    cast(case
        when metered.cdr_key is null or cdrs.meter_id is null then null
        when metered.is_registered = 1 or charger_facts.new_meter_key = lower(cdrs.meter_id) then 1
        else 0
    end as smallint) as meter_serial_changed
from cdrs
inner join charger_facts on cdrs.cdr_key = charger_facts.cdr_key
left join served on cdrs.cdr_key = served.cdr_key
left join linked on cdrs.cdr_key = linked.cdr_key
left join metered on cdrs.cdr_key = metered.cdr_key
