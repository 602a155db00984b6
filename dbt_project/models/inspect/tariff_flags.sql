with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        ocpi_version,
        started_at,
        ended_at,
        token_type,
        claimed_excl_tax
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        period_tariff
    from {{ ref('cdr_terms') }}

),

uses as (

    select
        cdr_key,
        tariff_index,
        is_embedded,
        tariff_no,
        tariff_type
    from {{ ref('tariff_uses') }}

),

in_force as (

    select
        cdr_key,
        tariff_index,
        tariff_id,
        tariff_no,
        tariff_type,
        origin,
        status,
        has_rival
    from {{ ref('tariffs_in_force') }}

),

matches as (

    select
        cdr_key,
        tariff_index,
        tariff_no,
        is_at_start,
        is_approved,
        approval,
        approved_at,
        is_opening,
        is_retro_approved,
        body_known_from
    from {{ ref('registry_matches') }}

),

bodies as (

    select
        tariff_no,
        price_body,
        tax_body
    from {{ ref('tariff_bodies') }}

),

period_facts as (

    select
        cdr_key,
        unnamed_period_count
    from {{ ref('period_facts') }}

),

cdr_tariffs as (

    select
        record_id,
        lower(tariff_id) as tariff_key,
        valid_from
    from {{ ref('cdr_tariffs') }}
    where valid_from is not null

),

periods as (

    select
        record_id,
        lower(tariff_id) as tariff_key,
        started_at
    from {{ ref('sent_periods') }}
    where tariff_id is not null

),

-- Few CDRs carry a version that began under way; only those look at their periods.
late_versions as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdr_tariffs.tariff_key,
        cdr_tariffs.valid_from
    from cdr_tariffs
    inner join cdrs on cdr_tariffs.record_id = cdrs.record_id
    inner join work on cdrs.cdr_key = work.cdr_key
    where cdr_tariffs.valid_from > cdrs.started_at and cdr_tariffs.valid_from < cdrs.ended_at

),

switched as (

    select
        late_versions.cdr_key,
        min(late_versions.valid_from) as switched_at
    from late_versions
    inner join periods
        on late_versions.record_id = periods.record_id and late_versions.tariff_key = periods.tariff_key
    where periods.started_at >= late_versions.valid_from
    group by late_versions.cdr_key

),

-- What an embedded tariff says about itself is not the registry's business, but for its content, and for another that
-- came with it under the same name.
judged as (

    select
        in_force.cdr_key,
        in_force.tariff_id,
        coalesce(
            case when uses.tariff_type <> 'REGULAR' then uses.tariff_type end, in_force.tariff_type
        ) as tariff_type,
        case
            when in_force.origin = 'cdr' then null
            when in_force.status = 'unknown' then 0
            else 1
        end as is_known,
        case
            when in_force.status = 'unknown' then null
            when in_force.status = 'not_in_force' then 0
            else 1
        end as is_at_start,
        case
            when in_force.origin = 'cdr' or in_force.status in ('unknown', 'not_in_force') then null
            when in_force.status = 'not_approved' then 0
            when matches.approval = 'auto' or matches.is_opening or matches.is_retro_approved then 1
            when matches.approved_at > cdrs.started_at then 0
            else 1
        end as is_approved,
        case
            when in_force.origin = 'cdr' or in_force.status in ('unknown', 'not_in_force') then null
            when matches.is_retro_approved then 1
            when matches.body_known_from > cdrs.started_at then 0
            else 1
        end as is_known_in_time,
        case
            when not uses.is_embedded or uses.tariff_no is null then null
            when matches.tariff_no is null or not matches.is_at_start then null
            when uses.tariff_no = matches.tariff_no then 1
            -- 2.1.1 has no tax to say, and 2.3.0 says NO where versions before say nothing.
            when sent.price_body = registered.price_body and cdrs.ocpi_version = '2.1.1' then 1
            when sent.price_body = registered.price_body and sent.tax_body = registered.tax_body then 1
            else 0
        end as is_same_body,
        case
            when in_force.status in ('unknown', 'not_in_force') then null
            when in_force.has_rival then 0
            else 1
        end as is_alone,
        -- No CDR says which preference a driver set: a tariff for one needs an answer by other means.
        case
            when coalesce(in_force.tariff_type, uses.tariff_type) is null then null
            when
                'AD_HOC_PAYMENT' in (in_force.tariff_type, uses.tariff_type)
                and coalesce(cdrs.token_type, '') <> 'AD_HOC_USER'
                then 0
            when starts_with(in_force.tariff_type, 'PROFILE_') or starts_with(uses.tariff_type, 'PROFILE_') then 0
            else 1
        end as is_right_type
    from in_force
    inner join cdrs on in_force.cdr_key = cdrs.cdr_key
    inner join uses on in_force.cdr_key = uses.cdr_key and in_force.tariff_index = uses.tariff_index
    left join matches on in_force.cdr_key = matches.cdr_key and in_force.tariff_index = matches.tariff_index
    left join bodies as sent on uses.tariff_no = sent.tariff_no
    left join bodies as registered on matches.tariff_no = registered.tariff_no

),

by_cdr as (

    select
        cdr_key,
        count(*) as tariff_count,
        min(is_known) as is_known,
        min(is_at_start) as is_at_start,
        min(is_approved) as is_approved,
        min(is_known_in_time) as is_known_in_time,
        min(is_same_body) as is_same_body,
        min(is_alone) as is_alone,
        min(is_right_type) as is_right_type,
        min(case when is_right_type = 0 then tariff_type end) as wrong_type,
        min(coalesce(
            case when is_known = 0 then tariff_id end,
            case when is_at_start = 0 then tariff_id end,
            case when is_approved = 0 then tariff_id end,
            case when is_known_in_time = 0 then tariff_id end,
            case when is_same_body = 0 then tariff_id end,
            case when is_alone = 0 then tariff_id end,
            case when is_right_type = 0 then tariff_id end
        )) as faulty_tariff_id
    from judged
    group by cdr_key

)

select
    cdrs.cdr_key,
    cast(coalesce(by_cdr.tariff_count, 0) as integer) as tariff_count,
    by_cdr.faulty_tariff_id,
    -- A CSV that names no tariff cannot name one: not evaluated. A session given away needs none.
    cast(case
        when by_cdr.cdr_key is null and cdrs.ocpi_version = 'csv' then null
        when by_cdr.cdr_key is null then case when cdrs.claimed_excl_tax = 0 then 1 else 0 end
        when by_cdr.tariff_count > 1 and coalesce(period_facts.unnamed_period_count, 0) > 0 then 0
        when
            terms.period_tariff = 'literal'
            and cdrs.ocpi_version in ('2.2.1', '2.3.0')
            and coalesce(period_facts.unnamed_period_count, 0) > 0
            then 0
        else 1
    end as smallint) as tariff_ref_missing,
    cast(by_cdr.is_known as smallint) as tariff_unknown,
    cast(by_cdr.is_at_start as smallint) as tariff_not_in_force,
    cast(by_cdr.is_approved as smallint) as tariff_not_approved,
    cast(by_cdr.is_known_in_time as smallint) as tariff_retroactive,
    cast(by_cdr.is_same_body as smallint) as tariff_body_diff,
    cast(by_cdr.is_alone as smallint) as tariff_overlap,
    by_cdr.wrong_type as wrong_tariff_type,
    switched.switched_at,
    cast(case
        when by_cdr.cdr_key is null then null
        when switched.cdr_key is not null then 0
        else 1
    end as smallint) as tariff_switched_in_session,
    cast(by_cdr.is_right_type as smallint) as tariff_type_wrong
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join terms on cdrs.cdr_key = terms.cdr_key
left join by_cdr on cdrs.cdr_key = by_cdr.cdr_key
left join period_facts on cdrs.cdr_key = period_facts.cdr_key
left join switched on cdrs.cdr_key = switched.cdr_key
