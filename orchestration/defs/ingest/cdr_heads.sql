-- One row per JSON object of the chunk: every leaf that is read, as JSON text, and the version it is read as.
-- cdr is null where this reader refuses the text: a filter here would make DuckDB parse every text twice.
create or replace temp table ocpi_heads as
with

read_once as (

    select
        records.record_id,
        records.position,
        records.raw_text,
        try(from_json(
            coalesce(exact.exact_text, records.raw_text),
            '{
                "country_code": "VARCHAR", "party_id": "VARCHAR", "id": "VARCHAR",
                "start_date_time": "JSON", "end_date_time": "JSON", "stop_date_time": "JSON",
                "session_id": "VARCHAR", "auth_id": "VARCHAR", "auth_method": "VARCHAR",
                "authorization_reference": "VARCHAR",
                "cdr_token": {
                    "country_code": "VARCHAR", "party_id": "VARCHAR", "uid": "VARCHAR", "type": "VARCHAR",
                    "contract_id": "VARCHAR"
                },
                "cdr_location": {
                    "id": "VARCHAR", "country": "VARCHAR", "evse_uid": "VARCHAR", "evse_id": "VARCHAR",
                    "connector_id": "VARCHAR", "connector_standard": "VARCHAR", "connector_power_type": "VARCHAR"
                },
                "location": {
                    "id": "VARCHAR", "country": "VARCHAR", "time_zone": "VARCHAR",
                    "evses": [{
                        "uid": "VARCHAR", "evse_id": "VARCHAR",
                        "connectors": [{"id": "VARCHAR", "standard": "VARCHAR", "power_type": "VARCHAR"}]
                    }]
                },
                "meter_id": "VARCHAR", "currency": "VARCHAR", "tariffs": ["JSON"],
                "charging_periods": [{
                    "start_date_time": "JSON", "tariff_id": "VARCHAR",
                    "dimensions": [{"type": "VARCHAR", "volume": "JSON"}]
                }],
                "total_cost": "JSON", "total_fixed_cost": "JSON", "total_energy": "JSON",
                "total_energy_cost": "JSON", "total_time": "JSON", "total_time_cost": "JSON",
                "total_parking_time": "JSON", "total_parking_cost": "JSON", "total_reservation_cost": "JSON",
                "credit": "JSON", "credit_reference_id": "VARCHAR", "home_charging_compensation": "JSON",
                "last_updated": "JSON"
            }'
        )) as cdr
    from ingest.raw_records as records
    left join ocpi_exact as exact on records.record_id = exact.record_id
    where
        records.record_id between getvariable('first_record_id') and getvariable('last_record_id')
        and records.problem is null
        and starts_with(records.raw_text, '{')

)

select
    read_once.record_id,
    read_once.position,
    read_once.cdr,
    concat_ws(
        ' ', cdr.total_cost, cdr.total_energy_cost, cdr.total_time_cost, cdr.total_fixed_cost, cdr.total_parking_cost,
        cdr.total_reservation_cost
    ) as costs,
    -- Something stands where the list of tariffs should: only looked for when there is no list.
    case
        when cdr is null then false
        when cdr.tariffs is null then coalesce(json_type(read_once.raw_text, '$.tariffs'), 'NULL') <> 'NULL'
        else false
    end as is_tariffs_odd,
    -- Words of different versions in one record, or words that the version declared for the source does not have.
    nullif(
        concat_ws(
            ', ',
            case
                when
                    cdr.stop_date_time is not null
                    and (
                        cdr.end_date_time is not null
                        or cdr.cdr_token is not null
                        or cdr.cdr_location is not null
                        or starts_with(cast(cdr.total_cost as varchar), '{')
                    )
                    then 'stop_date_time beside fields of 2.2.1'
                when cdr.stop_date_time is not null and load.ocpi_version <> '2.1.1'
                    then 'stop_date_time in ' || load.ocpi_version
                when cdr.end_date_time is not null and load.ocpi_version = '2.1.1' then 'end_date_time in 2.1.1'
            end,
            case
                when
                    cdr.stop_date_time is null
                    and cdr.end_date_time is not null
                    and cdr.cdr_token is not null
                    and regexp_full_match(cast(cdr.total_cost as varchar), '-?[0-9]+([.][0-9]+)?')
                    then 'total_cost as the bare number of 2.1.1'
            end,
            case
                when contains(costs, '"excl_vat"') and contains(costs, '"before_taxes"')
                    then 'excl_vat beside before_taxes'
                when contains(costs, '"excl_vat"') and load.ocpi_version = '2.3.0' then 'excl_vat in 2.3.0'
                when contains(costs, '"before_taxes"') and load.ocpi_version in ('2.1.1', '2.2.1')
                    then 'before_taxes in ' || load.ocpi_version
            end
        ),
        ''
    ) as version_conflict,
    coalesce(
        load.ocpi_version,
        case
            when
                cdr.stop_date_time is not null
                or (cdr.cdr_token is null and cdr.auth_id is not null)
                or (cdr.cdr_location is null and cdr.location is not null)
                or (
                    cdr.cdr_token is null
                    and cdr.cdr_location is null
                    and regexp_matches(cast(cdr.total_cost as varchar), '^[-0-9]')
                )
                then '2.1.1'
            -- Fields that came with 2.3.0, wherever they stand: in a cost, in any of the tariffs or in a limit of one.
            when
                contains(read_once.raw_text, '"tax_included"')
                or contains(read_once.raw_text, '"before_taxes"')
                or contains(read_once.raw_text, '"after_taxes"')
                or contains(read_once.raw_text, '"taxes"')
                then '2.3.0'
            else '2.2.1'
        end
    ) as ocpi_version
from read_once
cross join ocpi_load as load
