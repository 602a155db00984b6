-- The price of one record under one reading has the key record_id * 16 + reading_no.
with

numbered (reading_no, is_allowed) as (

    values
    (0, true),
    (1, true),
    (2, true),
    (3, true),
    (4, true),
    (5, true),
    (6, true),
    (7, true),
    (8, false),
    (9, true),
    (10, true),
    (11, true),
    (12, true),
    (13, true),
    (14, true),
    (15, true)

)

select
    cast(reading_no as integer) as reading_no,
    {{ reading_name('reading_no') }} as reading,
    is_allowed
from numbered
