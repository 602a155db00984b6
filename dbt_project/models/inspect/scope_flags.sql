with

terms as (

    select
        cdr_key,
        partner,
        contract_version
    from {{ ref('cdr_terms') }}

),

scope as (

    select
        partner,
        contract_version,
        kind,
        place
    from {{ ref('contract_scope') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.cpo_party,
        cdrs.location_key,
        coalesce(cdrs.location_id, cdrs.known_location_id) as location_id,
        terms.partner,
        terms.contract_version
    from {{ ref('cdrs') }} as cdrs
    inner join {{ ref('work') }} as work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key

),

assets as (

    select
        cdr_key,
        owner_party
    from {{ ref('asset_flags') }}

),

duties as (

    select
        cdr_key,
        site_country
    from {{ ref('duty_flags') }}

),

-- Where the session took place, once for each kind of place; a location is known by both of its ids.
places as (

    select
        cdr_key,
        partner,
        contract_version,
        'location' as kind,
        location_id as name,
        lower(location_id) as place,
        lower(location_key) as other_place
    from cdrs

    union all

    -- Where no register names the owner, the operator of the record stands for it.
    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.contract_version,
        'owner' as kind,
        coalesce(assets.owner_party, cdrs.cpo_party) as name,
        lower(coalesce(assets.owner_party, cdrs.cpo_party)) as place,
        cast(null as varchar) as other_place
    from cdrs
    left join assets on cdrs.cdr_key = assets.cdr_key

    union all

    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.contract_version,
        'country' as kind,
        duties.site_country as name,
        lower(duties.site_country) as place,
        cast(null as varchar) as other_place
    from cdrs
    left join duties on cdrs.cdr_key = duties.cdr_key

),

judged as (

    select
        places.cdr_key,
        places.kind,
        places.name,
        max(case when scope.place in (places.place, places.other_place) then 1 else 0 end) as is_covered
    from places
    inner join scope
        on
            places.partner = scope.partner
            and places.contract_version = scope.contract_version
            and places.kind = scope.kind
    group by places.cdr_key, places.kind, places.name

)

select
    cdr_key,
    -- A place that the record does not tell is no place outside.
    cast(case
        when min(case when name is not null then is_covered end) = 0 then 0
        when count(name) < count(*) then null
        else 1
    end as smallint) as is_in_scope,
    min(case when is_covered = 0 and name is not null then kind || ' ' || name end) as outside_scope
from judged
group by cdr_key
