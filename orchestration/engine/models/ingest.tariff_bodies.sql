with

tariff_bodies_as_read as (

    select
        tariff_no,
        tariff_body,
        currency,
        min_price_excl_tax,
        min_price_incl_tax,
        max_price_excl_tax,
        max_price_incl_tax,
        tax_included,
        problems,
        price_body,
        tax_body
    from "evsettle"."ingest"."raw_tariff_bodies"

)

select
    tariff_no,
    tariff_body,
    currency,
    min_price_excl_tax,
    min_price_incl_tax,
    max_price_excl_tax,
    max_price_incl_tax,
    tax_included,
    problems,
    price_body,
    tax_body
from tariff_bodies_as_read
