-- Records that leave their price open to choice: a field of a period given twice, of which readers take the first or
-- the last (the loader looks at the record's own fields), and a credit flag that is neither true nor false. They keep
-- their type_problems, so they stay quarantined. A record of the plain route has neither: only the careful ones are read.
create temp table unsure_records as
with

objects as (

    select
        record_id,
        unnest(list_concat(
            try(json_keys(raw_text, '$.charging_periods[*]')),
            try(json_keys(raw_text, '$.charging_periods[*].dimensions[*]'))
        )) as names
    from ingest.raw_records
    where problem is null and starts_with(raw_text, '{') and record_id in (select record_id from careful_records)

),

repeated_names as (

    select distinct
        record_id,
        unnest(list_filter(names, lambda name, place: list_contains(names[place + 1:], name))) as name
    from objects
    where len(list_distinct(names)) < len(names)

),

repeated as (

    select
        record_id,
        string_agg(name || ' is given more than once', '; ' order by name) as problems
    from repeated_names
    group by record_id

)

select
    cdrs.record_id,
    concat_ws('; ', repeated.problems, cdrs.type_problems) as problems
from ingest.raw_cdrs as cdrs
left join repeated on cdrs.record_id = repeated.record_id
where repeated.problems is not null or regexp_matches(cdrs.type_problems, '(^|; )credit is ');

update ingest.raw_cdrs as cdrs set type_problems = unsure.problems
from unsure_records as unsure
where cdrs.record_id = unsure.record_id;
