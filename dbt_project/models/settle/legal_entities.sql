with

own_parties as (

    select
        party,
        role,
        legal_name,
        country,
        vat_id
    from {{ ref('own_parties') }}

)

select
    party,
    role,
    min(party) over (
        partition by role, legal_name, country, vat_id
        order by party
        rows between unbounded preceding and unbounded following
    ) as entity_party
from own_parties
