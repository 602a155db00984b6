with

records as (

    select
        partner,
        location_id,
        currency,
        charged_on,
        received_on,
        fate,
        is_faulty,
        is_by_person,
        at_stake_excl_tax
    from {{ ref('received_records') }}

)

select
    partner,
    location_id,
    currency,
    charged_on,
    received_on,
    count(*) as records,
    count(case when fate = 'superseded' then 1 end) as superseded,
    count(case when fate = 'quarantined' then 1 end) as quarantined,
    count(case when fate = 'held' then 1 end) as held,
    count(case when fate = 'valid' then 1 end) as valid,
    count(case when fate = 'adjusted' then 1 end) as adjusted,
    count(case when fate = 'credited' then 1 end) as credited,
    count(case when fate = 'excluded' then 1 end) as excluded,
    count(case when is_faulty then 1 end) as faulty,
    count(case when fate <> 'held' and not is_by_person then 1 end) as without_person,
    count(case when fate in ('held', 'excluded', 'quarantined') and at_stake_excl_tax is null then 1 end)
        as unknown_amounts,
    cast(sum(at_stake_excl_tax) as decimal(38, 16)) as at_stake_excl_tax
from records
group by partner, location_id, currency, charged_on, received_on
