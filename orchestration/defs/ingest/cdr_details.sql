-- Signed meter values and named taxes of the CDRs of ocpi_detailed: few records have them, and only their text is read again.
with

details as materialized (

    select
        record_id,
        try(from_json(
            read_text,
            '{
                "signed_data": {
                    "encoding_method": "VARCHAR", "encoding_method_version": "VARCHAR", "public_key": "VARCHAR",
                    "url": "VARCHAR",
                    "signed_values": [{"nature": "VARCHAR", "plain_data": "VARCHAR", "signed_data": "VARCHAR"}]
                },
                "total_cost": {"taxes": ["JSON"]}, "total_fixed_cost": {"taxes": ["JSON"]},
                "total_energy_cost": {"taxes": ["JSON"]}, "total_time_cost": {"taxes": ["JSON"]},
                "total_parking_cost": {"taxes": ["JSON"]}, "total_reservation_cost": {"taxes": ["JSON"]}
            }'
        )) as cdr
    from ocpi_detailed

),

signed as (

    select
        record_id,
        cdr.signed_data as signed_data,
        unnest(range(1, len(cdr.signed_data.signed_values) + 1)) as value_no,
        unnest(cdr.signed_data.signed_values) as signed_value
    from details
    where len(cdr.signed_data.signed_values) > 0

),

kept_signed as (

    insert into ingest.raw_signed_values by name
    select
        record_id,
        value_no,
        signed_value.nature as nature,
        signed_value.plain_data as plain_data,
        signed_value.signed_data as signed_data,
        signed_data.encoding_method as encoding_method,
        signed_data.encoding_method_version as encoding_version,
        signed_data.public_key as public_key,
        signed_data.url as url
    from signed

),

parts as (

    select
        record_id,
        'total' as part,
        cdr.total_cost.taxes as taxes
    from details
    union all
    select
        record_id,
        'fixed' as part,
        cdr.total_fixed_cost.taxes as taxes
    from details
    union all
    select
        record_id,
        'energy' as part,
        cdr.total_energy_cost.taxes as taxes
    from details
    union all
    select
        record_id,
        'time' as part,
        cdr.total_time_cost.taxes as taxes
    from details
    union all
    select
        record_id,
        'parking' as part,
        cdr.total_parking_cost.taxes as taxes
    from details
    union all
    select
        record_id,
        'reservation' as part,
        cdr.total_reservation_cost.taxes as taxes
    from details

),

numbered as (

    select
        record_id,
        part,
        unnest(range(1, len(taxes) + 1)) as tax_no,
        unnest(taxes) as tax_leaf
    from parts
    where len(taxes) > 0

),

named as (

    select
        record_id,
        part,
        tax_no,
        try(from_json(
            cast(tax_leaf as varchar),
            '{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}'
        )) as tax
    from numbered

)

insert into ingest.raw_cdr_taxes by name
select
    record_id,
    part,
    tax_no,
    tax.name as tax_name,
    tax.account_number as account_number,
    ocpi_number(cast(tax.percentage as varchar)) as tax_percent,
    ocpi_number(cast(tax.amount as varchar)) as tax_amount
from named
