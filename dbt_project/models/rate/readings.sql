-- The price of one record under one reading has the key record_id * 16 + reading_no.
with

named (reading_no, reading, is_allowed) as (

    values
    {% for reading_no, reading, is_allowed in readings() -%}
        ({{ reading_no }}, '{{ reading }}', {{ 'true' if is_allowed else 'false' }}){{ ',' if not loop.last }}
    {% endfor %}

)

select
    cast(reading_no as integer) as reading_no,
    reading,
    is_allowed
from named
