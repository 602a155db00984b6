-- One row per JSON object of the chunk: every leaf that is read, as JSON text, and the version it is read as.
-- cdr is null where this reader refuses the text: a filter here would make DuckDB parse every text twice.
with

read_once as (

    select
        records.record_id,
        records.file_seq,
        records.position,
        coalesce(exact.exact_text, records.raw_text) as read_text,
        try(from_json(
            coalesce(exact.exact_text, records.raw_text),
            '{
                "country_code": "VARCHAR", "party_id": "VARCHAR", "id": "VARCHAR",
                "start_date_time": "JSON", "end_date_time": "JSON", "stop_date_time": "JSON",
                "session_id": "VARCHAR", "auth_id": "VARCHAR", "auth_method": "VARCHAR",
                "authorization_reference": "VARCHAR", "authorization_id": "VARCHAR",
                "remark": "VARCHAR", "invoice_reference_id": "VARCHAR",
                "cdr_token": {
                    "country_code": "VARCHAR", "party_id": "VARCHAR", "uid": "VARCHAR", "type": "VARCHAR",
                    "contract_id": "VARCHAR"
                },
                "cdr_location": {
                    "id": "VARCHAR", "address": "VARCHAR", "city": "VARCHAR", "country": "VARCHAR",
                    "evse_uid": "VARCHAR", "evse_id": "VARCHAR",
                    "connector_id": "VARCHAR", "connector_standard": "VARCHAR", "connector_power_type": "VARCHAR",
                    "coordinates": {"latitude": "VARCHAR", "longitude": "VARCHAR"}
                },
                "location": {
                    "id": "VARCHAR", "address": "VARCHAR", "city": "VARCHAR", "country": "VARCHAR",
                    "time_zone": "VARCHAR",
                    "coordinates": {"latitude": "VARCHAR", "longitude": "VARCHAR"},
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
                "total_cost": {
                    "excl_vat": "JSON", "incl_vat": "JSON", "before_taxes": "JSON", "taxes": [{"amount": "JSON"}]
                },
                "total_fixed_cost": {"excl_vat": "JSON", "before_taxes": "JSON"},
                "total_energy_cost": {"excl_vat": "JSON", "before_taxes": "JSON"},
                "total_time_cost": {"excl_vat": "JSON", "before_taxes": "JSON"},
                "total_parking_cost": {"excl_vat": "JSON", "before_taxes": "JSON"},
                "total_reservation_cost": {"excl_vat": "JSON", "before_taxes": "JSON"},
                "total_energy": "JSON", "total_time": "JSON", "total_parking_time": "JSON",
                "credit": "JSON", "credit_reference_id": "VARCHAR", "home_charging_compensation": "JSON",
                "last_updated": "JSON", "signed_data": "JSON"
            }'
        )) as cdr
    from ocpi_text as records
    left join ocpi_exact as exact on records.record_id = exact.record_id
    where records.problem is null and starts_with(records.raw_text, '{')

)

select
    read_once.record_id,
    read_once.file_seq,
    read_once.position,
    read_once.cdr,
    coalesce(
        cdr.total_cost.excl_vat,
        cdr.total_energy_cost.excl_vat,
        cdr.total_time_cost.excl_vat,
        cdr.total_fixed_cost.excl_vat,
        cdr.total_parking_cost.excl_vat,
        cdr.total_reservation_cost.excl_vat
    ) as net_of_old,
    coalesce(
        cdr.total_cost.before_taxes,
        cdr.total_energy_cost.before_taxes,
        cdr.total_time_cost.before_taxes,
        cdr.total_fixed_cost.before_taxes,
        cdr.total_parking_cost.before_taxes,
        cdr.total_reservation_cost.before_taxes
    ) as net_of_new,
    coalesce(cdr.signed_data is not null or cdr.total_cost.taxes is not null or net_of_new is not null, false)
        as has_details,
    -- 2.1.1 writes the amount without tax as a bare number, which reads as an object of nulls.
    case
        when
            cdr.total_cost is not null
            and cdr.total_cost.excl_vat is null
            and cdr.total_cost.before_taxes is null
            then cast(json_extract(read_once.read_text, '$.total_cost') as varchar)
    end as cost_leaf,
    -- Something stands where the list of tariffs should: only looked for when there is no list.
    case
        when cdr is null then false
        when cdr.tariffs is null then coalesce(json_type(read_once.read_text, '$.tariffs'), 'NULL') <> 'NULL'
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
                        or coalesce(cdr.total_cost.excl_vat, cdr.total_cost.before_taxes) is not null
                        or starts_with(cost_leaf, '{')
                    )
                    then 'stop_date_time beside fields of 2.2.1'
                when cdr.stop_date_time is not null and load.ocpi_version <> '2.1.1'
                    then 'stop_date_time in ' || load.ocpi_version
                when cdr.end_date_time is not null and load.ocpi_version = '2.1.1' then 'end_date_time in 2.1.1'
                when
                    cdr.end_date_time is not null
                    and (
                        (cdr.auth_id is not null and cdr.cdr_token is null)
                        or (cdr.location is not null and cdr.cdr_location is null)
                    )
                    then 'end_date_time beside fields of 2.1.1'
            end,
            case
                when
                    cdr.stop_date_time is null
                    and cdr.end_date_time is not null
                    and cdr.cdr_token is not null
                    and regexp_full_match(cost_leaf, '-?[0-9]+([.][0-9]+)?')
                    then 'total_cost as the bare number of 2.1.1'
            end,
            case when cdr.cdr_token is not null and cdr.auth_id is not null then 'auth_id beside cdr_token' end,
            case when cdr.cdr_location is not null and cdr.location is not null then 'location beside cdr_location' end,
            case
                when net_of_old is not null and net_of_new is not null
                    then 'excl_vat beside before_taxes'
                when net_of_old is not null and load.ocpi_version = '2.3.0' then 'excl_vat in 2.3.0'
                when net_of_new is not null and load.ocpi_version in ('2.1.1', '2.2.1')
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
                    and regexp_matches(cost_leaf, '^[-0-9]')
                )
                then '2.1.1'
            -- Fields that came with 2.3.0, wherever they stand: in a cost, in any of the tariffs or in a limit of one.
            when
                cdr.total_cost.before_taxes is not null
                or cdr.total_cost.taxes is not null
                or contains(cast(cdr.tariffs[1] as varchar), '"tax_included"')
                -- All the text is searched only where the first places did not say.
                or (
                    (cdr.total_cost.excl_vat is null or len(cdr.tariffs) > 1)
                    and regexp_matches(read_once.read_text, '"(tax_included|before_taxes|after_taxes|taxes)"')
                )
                then '2.3.0'
            else '2.2.1'
        end
    ) as ocpi_version
from read_once
cross join ocpi_load as load
