with

everything as (

    select kind
    from "evsettle"."ingest"."touched"
    where kind = 'everything'

),

-- Each is asked by itself: DuckDB 2.0 stands still over one CTE that a filter asks twice, once the table is large.
touched as (

    select id as work_key
    from "evsettle"."ingest"."touched"
    where kind = 'cdr'

),

all_records as (

    select
        record_id,
        file_seq,
        position,
        is_typed,
        problem_rule_id,
        problem
    from "evsettle"."ingest"."raw_records"

),

files as (

    select
        file_seq,
        arrival_seq,
        received_at,
        source,
        feed,
        file_name
    from "evsettle"."ingest"."raw_files"
    where feed = 'cdrs'

),

all_cdrs as (

    select
        record_id,
        cdr_key,
        cpo_party,
        emsp_party,
        party_source,
        cdr_id,
        ocpi_version,
        started_at,
        ended_at,
        session_id,
        authorization_reference,
        auth_method,
        token_uid,
        token_type,
        contract_id,
        location_id,
        evse_uid,
        evse_id,
        connector_id,
        location_country,
        sent_standard,
        sent_power_type,
        sent_address,
        sent_city,
        sent_latitude,
        sent_longitude,
        record_time_zone,
        meter_id,
        currency,
        energy_kwh,
        total_time_hours,
        total_parking_hours,
        claimed_excl_tax,
        claimed_incl_tax,
        claimed_fixed_excl_tax,
        claimed_energy_excl_tax,
        claimed_time_excl_tax,
        claimed_parking_excl_tax,
        claimed_reservation_excl_tax,
        is_credit,
        credit_reference_id,
        is_home_charging,
        invoice_reference_id,
        remark,
        charging_started_at,
        charging_ended_at,
        register_start_kwh,
        register_end_kwh,
        last_updated,
        time_form,
        is_time_ambiguous,
        is_test,
        version_conflict,
        missing_fields,
        type_problems,
        excess_precision
    from "evsettle"."ingest"."raw_cdrs"

),

-- All records of a key of which one is touched: they tell which revision each of them is.
in_touch as (

    select
        all_records.record_id,
        coalesce(all_cdrs.cdr_key, 'record|' || cast(all_records.record_id as varchar)) as work_key
    from all_records
    inner join files on all_records.file_seq = files.file_seq
    left join all_cdrs on all_records.record_id = all_cdrs.record_id
    where
        exists (select 1 from everything)
        or coalesce(all_cdrs.cdr_key, 'record|' || cast(all_records.record_id as varchar)) in (
            select touched.work_key from touched
        )

),

records as (

    select
        all_records.record_id,
        all_records.file_seq,
        all_records.position,
        all_records.is_typed,
        all_records.problem_rule_id,
        all_records.problem,
        in_touch.work_key
    from all_records
    inner join in_touch on all_records.record_id = in_touch.record_id

),

cdrs as (

    select all_cdrs.*
    from all_cdrs
    inner join in_touch on all_cdrs.record_id = in_touch.record_id

),

contents as (

    select
        record_id,
        content_sha256
    from "evsettle"."ingest"."raw_content_hashes"

),

keyed as (

    select
        cdrs.record_id,
        cdrs.cdr_key,
        coalesce(contents.content_sha256, 'record|' || cast(cdrs.record_id as varchar)) as content_key,
        row_number() over (
            partition by cdrs.cdr_key
            order by
                files.arrival_seq asc,
                cdrs.last_updated asc nulls last,
                contents.content_sha256 asc nulls last,
                cdrs.record_id asc
        ) as arrival_no
    from cdrs
    inner join records on cdrs.record_id = records.record_id
    inner join files on records.file_seq = files.file_seq
    left join contents on cdrs.record_id = contents.record_id
    where cdrs.cdr_key is not null

),

-- A, B, A under one key are two revisions: the third record repeats the first.
first_seen as (

    select
        record_id,
        cdr_key,
        arrival_no,
        min(arrival_no) over (partition by cdr_key, content_key) as first_arrival_no
    from keyed

),

revisions as (

    select
        record_id,
        cast(dense_rank() over (partition by cdr_key order by first_arrival_no) as integer) as revision,
        arrival_no > first_arrival_no as is_repetition
    from first_seen

)

select
    records.record_id,
    records.file_seq,
    records.position,
    files.arrival_seq,
    files.received_at,
    files.source,
    files.feed,
    files.file_name,
    records.work_key,
    records.is_typed,
    records.problem_rule_id,
    records.problem,
    contents.content_sha256,
    revisions.revision,
    coalesce(revisions.is_repetition, false) as is_repetition,
    cdrs.cdr_key,
    cdrs.cpo_party,
    cdrs.emsp_party,
    cdrs.party_source,
    cdrs.cdr_id,
    cdrs.ocpi_version,
    cdrs.started_at,
    cdrs.ended_at,
    cdrs.session_id,
    cdrs.authorization_reference,
    cdrs.auth_method,
    cdrs.token_uid,
    cdrs.token_type,
    cdrs.contract_id,
    cdrs.location_id,
    cdrs.evse_uid,
    cdrs.evse_id,
    cdrs.connector_id,
    cdrs.location_country,
    cdrs.sent_standard,
    cdrs.sent_power_type,
    cdrs.sent_address,
    cdrs.sent_city,
    cdrs.sent_latitude,
    cdrs.sent_longitude,
    cdrs.record_time_zone,
    cdrs.meter_id,
    cdrs.currency,
    cdrs.energy_kwh,
    cdrs.total_time_hours,
    cdrs.total_parking_hours,
    cdrs.claimed_excl_tax,
    cdrs.claimed_incl_tax,
    cdrs.claimed_fixed_excl_tax,
    cdrs.claimed_energy_excl_tax,
    cdrs.claimed_time_excl_tax,
    cdrs.claimed_parking_excl_tax,
    cdrs.claimed_reservation_excl_tax,
    cdrs.is_credit,
    cdrs.credit_reference_id,
    cdrs.is_home_charging,
    cdrs.invoice_reference_id,
    cdrs.remark,
    cdrs.charging_started_at,
    cdrs.charging_ended_at,
    cdrs.register_start_kwh,
    cdrs.register_end_kwh,
    cdrs.last_updated,
    cdrs.time_form,
    cdrs.is_time_ambiguous,
    cdrs.is_test,
    cdrs.version_conflict,
    cdrs.missing_fields,
    cdrs.type_problems,
    cdrs.excess_precision
from records
inner join files on records.file_seq = files.file_seq
left join cdrs on records.record_id = cdrs.record_id
left join contents on records.record_id = contents.record_id
left join revisions on records.record_id = revisions.record_id
