with

work as (

    select cdr_key
    from {{ ref('work') }}

),

countries as (

    select
        country,
        country_code
    from {{ ref('countries') }}

),

zone_offsets as (

    select
        zone,
        utc_from,
        utc_to,
        offset_seconds
    from {{ ref('zone_offsets') }}

),

places as (

    select
        cdr_key,
        started_at,
        direction,
        time_zone,
        upper(coalesce(known_country, location_country)) as place_country
    from {{ ref('cdrs') }}

),

cdrs as (

    select
        places.cdr_key,
        places.started_at,
        places.direction,
        -- A rate holds from midnight at the site.
        {{ day_number(
            epoch_microseconds('places.started_at')
            ~ ' + cast(coalesce(zone_offsets.offset_seconds, 0) as bigint) * 1000000'
        ) }} as local_day,
        coalesce(countries.country_code, case when length(places.place_country) = 2 then places.place_country end)
            as site_country
    from places
    inner join work on places.cdr_key = work.cdr_key
    left join countries on places.place_country = countries.country
    left join zone_offsets
        on
            places.time_zone = zone_offsets.zone
            and places.started_at >= zone_offsets.utc_from
            and places.started_at < zone_offsets.utc_to

),

in_force as (

    select
        in_force.cdr_key,
        in_force.tariff_id,
        in_force.tariff_no,
        in_force.tariff_body
    from {{ ref('tariffs_in_force') }} as in_force
    inner join work on in_force.cdr_key = work.cdr_key
    where in_force.tariff_no is not null

),

rates as (

    select distinct
        tariff_no,
        tax_percent
    from {{ ref('tariff_components') }}
    where price <> 0 and tax_percent is not null

),

-- Treatments of documents, such as reverse charge and exemption, are no rates of a country.
tax_rules as (

    select
        {{ epoch_days('valid_from') }} as valid_from,
        site_country,
        supplier_country,
        customer_country,
        coalesce(category, 'S') as category,
        rate_percent
    from {{ ref('tax_rules') }}
    where
        known_to is null
        and coalesce(category, 'S') not in ('AE', 'O', 'K', 'G', 'E')
        and coalesce(site_country, supplier_country) is not null
        and (site_country is null or supplier_country is null or site_country = supplier_country)
        and (customer_country is null or customer_country = coalesce(site_country, supplier_country))

),

domestic as (

    select distinct
        coalesce(site_country, supplier_country) as country_code,
        category,
        valid_from,
        rate_percent
    from tax_rules

),

spans as (

    select
        domestic.country_code,
        domestic.category,
        domestic.rate_percent,
        domestic.valid_from,
        min(later.valid_from) as valid_to
    from domestic
    left join domestic as later
        on
            domestic.country_code = later.country_code
            and domestic.category = later.category
            and domestic.valid_from < later.valid_from
    group by
        domestic.country_code,
        domestic.category,
        domestic.rate_percent,
        domestic.valid_from

),

by_rate as (

    select
        cdrs.cdr_key,
        rates.tax_percent,
        max(case when spans.rate_percent = rates.tax_percent then 1 else 0 end) as is_domestic,
        max(spans.rate_percent) as rate_percent
    from cdrs
    inner join in_force on cdrs.cdr_key = in_force.cdr_key
    inner join rates on in_force.tariff_no = rates.tariff_no
    inner join spans on cdrs.site_country = spans.country_code
    where
        (spans.valid_from is null or spans.valid_from <= cdrs.local_day)
        and (spans.valid_to is null or cdrs.local_day < spans.valid_to)
    group by
        cdrs.cdr_key,
        rates.tax_percent

),

taxed as (

    select
        cdr_key,
        min(is_domestic) as is_domestic,
        min(case when is_domestic = 0 then tax_percent end) as wrong_percent,
        max(rate_percent) as domestic_percent
    from by_rate
    group by cdr_key

),

publications as (

    select
        lower(tariff_id) as tariff_key,
        tariff_body,
        published_at
    from {{ ref('publications') }}
    where known_to is null

),

published as (

    select count(*) > 0 as has_publications
    from publications

),

shown as (

    select distinct
        in_force.cdr_key,
        in_force.tariff_no
    from in_force
    inner join cdrs on in_force.cdr_key = cdrs.cdr_key
    inner join publications on lower(in_force.tariff_id) = publications.tariff_key
    where
        publications.published_at <= cdrs.started_at
        and (publications.tariff_body is null or publications.tariff_body = in_force.tariff_body)

),

displayed as (

    select
        in_force.cdr_key,
        min(case when shown.tariff_no is null then 0 else 1 end) as is_displayed,
        min(case when shown.tariff_no is null then in_force.tariff_id end) as hidden_tariff_id
    from in_force
    left join shown on in_force.cdr_key = shown.cdr_key and in_force.tariff_no = shown.tariff_no
    group by in_force.cdr_key

)

select
    cdrs.cdr_key,
    cdrs.site_country,
    taxed.wrong_percent,
    taxed.domestic_percent,
    displayed.hidden_tariff_id,
    cast(taxed.is_domestic as smallint) as tax_rate_wrong,
    -- What partners show at their chargers is theirs to record.
    cast(case
        when not published.has_publications or cdrs.direction = 'payable' then null
        else displayed.is_displayed
    end as smallint) as tariff_not_displayed
from cdrs
cross join published
left join taxed on cdrs.cdr_key = taxed.cdr_key
left join displayed on cdrs.cdr_key = displayed.cdr_key
