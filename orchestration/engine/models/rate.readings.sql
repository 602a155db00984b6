-- The price of one record under one reading has the key record_id * 16 + reading_no.
with

named (reading_no, reading, is_allowed) as (

    values
    (0, 'base', true),
    (1, 'clock_before_change', true),
    (2, 'clock_after_change', true),
    (3, 'step_of_last_tariff', true),
    (4, 'step_each_duration', true),
    (5, 'step_each_period', true),
    (8, 'split', false)
    

)

select
    cast(reading_no as integer) as reading_no,
    reading,
    is_allowed
from named
