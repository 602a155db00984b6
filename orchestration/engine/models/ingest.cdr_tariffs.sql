with

cdr_tariffs_as_read as (

    select
        record_id,
        tariff_index,
        tariff_id,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to
    from "evsettle"."ingest"."raw_cdr_tariffs"

)

select
    record_id,
    tariff_index,
    tariff_id,
    tariff_no,
    tariff_type,
    valid_from,
    valid_to
from cdr_tariffs_as_read
