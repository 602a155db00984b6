with

signed_values_as_read as (

    select
        record_id,
        value_no,
        nature,
        plain_data,
        signed_data,
        encoding_method,
        encoding_version,
        public_key,
        url
    from {{ source('ingest', 'raw_signed_values') }}

)

select
    record_id,
    value_no,
    nature,
    plain_data,
    signed_data,
    encoding_method,
    encoding_version,
    public_key,
    url
from signed_values_as_read
