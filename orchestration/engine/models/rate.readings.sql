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
    (8, false)

)

select
    cast(reading_no as integer) as reading_no,
    case reading_no % 16
        when 0 then 'base'
        when 1 then 'clock_before_change'
        when 2 then 'clock_after_change'
        when 3 then 'step_of_last_tariff'
        when 4 then 'step_each_duration'
        when 5 then 'step_each_period'
        when 8 then 'split'
    end as reading,
    is_allowed
from numbered
