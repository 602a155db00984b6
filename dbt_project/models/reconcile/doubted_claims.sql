with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.started_at,
        cdrs.time_zone,
        lower(cdrs.cpo_party) as cpo_key
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

priced as (

    select
        cdr_key,
        coalesce(range_gap > tolerance, false) as is_claim_apart
    from {{ ref('expected_prices') }}
    where expected_excl_tax is not null and not is_credit

),

in_force as (

    select
        cdr_key,
        tariff_index,
        lower(tariff_id) as tariff_key,
        tariff_no,
        origin
    from {{ ref('tariffs_in_force') }}
    where tariff_no is not null and status = 'in_force'

),

cdr_tariffs as (

    select
        record_id,
        tariff_index,
        tariff_no
    from {{ ref('cdr_tariffs') }}
    where tariff_no is not null

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

versions as (

    select
        lower(tariff_versions.cpo_party) as cpo_key,
        lower(tariff_versions.tariff_id) as tariff_key,
        tariff_versions.tariff_no,
        tariff_versions.valid_from,
        tariff_versions.valid_to,
        tariff_versions.known_from,
        tariff_versions.tariff_version,
        tariff_versions.is_approved
    from {{ ref('tariff_versions') }} as tariff_versions
    cross join run
    where run.as_of is null or tariff_versions.known_from <= run.as_of

),

element_counts as (

    select
        tariff_no,
        count(*) as elements,
        bool_or(
            coalesce(start_minute, end_minute, day_mask) is not null or coalesce(start_date, end_date) is not null
        ) as reads_clock
    from {{ ref('tariff_elements') }}
    group by tariff_no

),

used as (

    select
        cdrs.cdr_key,
        cdrs.cpo_key,
        cdrs.started_at,
        cdrs.time_zone,
        priced.is_claim_apart,
        in_force.tariff_index,
        in_force.tariff_key,
        in_force.tariff_no,
        in_force.origin,
        cdr_tariffs.tariff_no as cited_no
    from cdrs
    inner join priced on cdrs.cdr_key = priced.cdr_key
    inner join in_force on cdrs.cdr_key = in_force.cdr_key
    left join cdr_tariffs
        on cdrs.record_id = cdr_tariffs.record_id and in_force.tariff_index = cdr_tariffs.tariff_index

),

-- What the registry holds beside a tariff that came with its CDR, or did not.
known_versions as (

    select
        used.cdr_key,
        used.tariff_index,
        used.tariff_no as used_no,
        used.origin,
        used.is_claim_apart,
        versions.tariff_no,
        row_number() over (
            partition by used.cdr_key, used.tariff_index
            order by
                case when coalesce(versions.valid_from <= used.started_at, true) then 0 else 1 end asc,
                case when versions.valid_to is null or used.started_at < versions.valid_to then 0 else 1 end asc,
                case when versions.is_approved then 0 else 1 end asc,
                versions.valid_from desc nulls last,
                versions.known_from desc,
                versions.tariff_version asc
        ) as version_no,
        coalesce(versions.valid_from <= used.started_at, true)
        and (versions.valid_to is null or used.started_at < versions.valid_to)
        and versions.is_approved as is_at_start
    from used
    inner join versions on used.cpo_key = versions.cpo_key and used.tariff_key = versions.tariff_key
    -- Only where it can tell something: most sessions are not looked up.
    where used.is_claim_apart or used.origin = 'cdr'

),

-- The newest eight before and at the start: older ones are no likely mistake.
other_versions as (

    select
        cdr_key,
        tariff_index,
        tariff_no,
        min(version_no) as version_no
    from known_versions
    where is_claim_apart and tariff_no <> used_no and version_no <= 8
    group by cdr_key, tariff_index, tariff_no

),

clocks as (

    select used.cdr_key
    from used
    inner join element_counts on used.tariff_no = element_counts.tariff_no
    where used.is_claim_apart and used.time_zone is not null and element_counts.reads_clock
    group by used.cdr_key

),

orders as (

    select used.cdr_key
    from used
    inner join element_counts on used.tariff_no = element_counts.tariff_no
    where used.is_claim_apart and element_counts.elements > 1
    group by used.cdr_key

),

asked as (

    select
        cdr_key,
        'bands_in_utc' as reading,
        1 as variant,
        0 as tariff_index,
        cast(null as bigint) as tariff_no
    from clocks

    union all

    select
        cdr_key,
        'last_element' as reading,
        1 as variant,
        0 as tariff_index,
        cast(null as bigint) as tariff_no
    from orders

    union all

    select
        cdr_key,
        'second_element' as reading,
        1 as variant,
        0 as tariff_index,
        cast(null as bigint) as tariff_no
    from orders

    union all

    select
        cdr_key,
        'cited_version' as reading,
        1 as variant,
        tariff_index,
        cited_no as tariff_no
    from used
    where origin = 'registry' and cited_no <> tariff_no

    union all

    select
        cdr_key,
        'registry_version' as reading,
        1 as variant,
        tariff_index,
        tariff_no
    from known_versions
    where origin = 'cdr' and is_at_start and version_no = 1 and tariff_no <> used_no

    union all

    select
        cdr_key,
        'other_version' as reading,
        version_no as variant,
        tariff_index,
        tariff_no
    from other_versions

)

select
    cdr_key,
    reading,
    cast(variant as integer) as variant,
    cast(tariff_index as integer) as tariff_index,
    tariff_no
from asked
