with

tax_rules_as_read as (

    select
        valid_from,
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        category,
        rate_percent,
        note,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_tax_rules') }}

)

select
    valid_from,
    supplier_country,
    customer_country,
    customer_regime,
    site_country,
    category,
    rate_percent,
    note,
    known_seq,
    known_from,
    known_to,
    is_opening
from tax_rules_as_read
