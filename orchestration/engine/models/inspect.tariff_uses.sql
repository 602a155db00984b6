with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        record_id,
        cpo_party,
        started_at
    from "evsettle"."inspect"."cdrs"

),

cdr_tariffs as (

    select
        record_id,
        tariff_index,
        tariff_id,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to
    from "evsettle"."ingest"."cdr_tariffs"

),

periods as (

    select
        record_id,
        period_no,
        tariff_id
    from "evsettle"."ingest"."sent_periods"
    where tariff_id is not null

),

current_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.started_at,
        lower(cdrs.cpo_party) as cpo_key
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

-- One id embedded twice: the copy whose validity holds the start is meant, else the first.
embedded as (

    select
        current_cdrs.cdr_key,
        current_cdrs.cpo_key,
        current_cdrs.started_at,
        current_cdrs.record_id,
        cdr_tariffs.tariff_index,
        cdr_tariffs.tariff_id,
        lower(cdr_tariffs.tariff_id) as tariff_key,
        cdr_tariffs.tariff_no,
        cdr_tariffs.tariff_type,
        cdr_tariffs.valid_from,
        cdr_tariffs.valid_to,
        (cdr_tariffs.valid_from is null or cdr_tariffs.valid_from <= current_cdrs.started_at)
        and (cdr_tariffs.valid_to is null or current_cdrs.started_at < cdr_tariffs.valid_to) as is_in_force
    from cdr_tariffs
    inner join current_cdrs on cdr_tariffs.record_id = current_cdrs.record_id

),

several as (

    select distinct record_id
    from embedded
    where tariff_index > 1

),

ranked as (

    select
        embedded.*,
        row_number() over (
            partition by embedded.record_id, embedded.tariff_key
            order by case when embedded.is_in_force then 0 else 1 end asc, embedded.tariff_index asc
        ) as choice_no,
        coalesce(
            min(case when embedded.is_in_force then embedded.tariff_no end)
                over (partition by embedded.record_id, embedded.tariff_key)
            <> max(case when embedded.is_in_force then embedded.tariff_no end)
                over (partition by embedded.record_id, embedded.tariff_key),
            false
        ) as has_rival
    from embedded
    inner join several on embedded.record_id = several.record_id

),

-- Most CDRs embed one tariff: there is nothing to choose, and nothing is sorted.
chosen as (

    select
        embedded.cdr_key,
        embedded.cpo_key,
        embedded.started_at,
        embedded.record_id,
        embedded.tariff_index,
        embedded.tariff_id,
        embedded.tariff_key,
        embedded.tariff_no,
        embedded.tariff_type,
        embedded.valid_from,
        embedded.valid_to,
        embedded.is_in_force,
        false as has_rival
    from embedded
    left join several on embedded.record_id = several.record_id
    where several.record_id is null
    union all
    select
        ranked.cdr_key,
        ranked.cpo_key,
        ranked.started_at,
        ranked.record_id,
        ranked.tariff_index,
        ranked.tariff_id,
        ranked.tariff_key,
        ranked.tariff_no,
        ranked.tariff_type,
        ranked.valid_from,
        ranked.valid_to,
        ranked.is_in_force,
        ranked.has_rival
    from ranked
    where ranked.choice_no = 1

),

-- What a period names beyond the embedded ones.
named as (

    select
        periods.record_id,
        lower(periods.tariff_id) as tariff_key,
        min(periods.tariff_id) as tariff_id,
        min(periods.period_no) as period_no
    from periods
    left join chosen on periods.record_id = chosen.record_id and lower(periods.tariff_id) = chosen.tariff_key
    where chosen.record_id is null
    group by
        periods.record_id,
        lower(periods.tariff_id)

)

select
    chosen.cdr_key,
    chosen.cpo_key,
    chosen.started_at,
    chosen.tariff_id,
    chosen.tariff_key,
    chosen.tariff_index,
    true as is_embedded,
    chosen.tariff_no,
    chosen.tariff_type,
    chosen.valid_from,
    chosen.valid_to,
    chosen.is_in_force,
    chosen.has_rival
from chosen
union all
select
    current_cdrs.cdr_key,
    current_cdrs.cpo_key,
    current_cdrs.started_at,
    named.tariff_id,
    named.tariff_key,
    -- After all embedded ones, in the order of their first period.
    1000 + named.period_no as tariff_index,
    false as is_embedded,
    cast(null as bigint) as tariff_no,
    cast(null as varchar) as tariff_type,
    cast(null as timestamptz) as valid_from,
    cast(null as timestamptz) as valid_to,
    cast(null as boolean) as is_in_force,
    false as has_rival
from named
inner join current_cdrs on named.record_id = current_cdrs.record_id
