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
    case reading_no % 16
        when 0 then 'base'
        when 1 then 'clock_before_change'
        when 2 then 'clock_after_change'
        when 3 then 'step_of_last_tariff'
        when 4 then 'step_each_duration'
        when 5 then 'step_each_period'
        when 6 then 'step_of_last_tariff+step_each_duration'
        when 8 then 'split'
        when 9 then 'clock_before_change+step_of_last_tariff'
        when 10 then 'clock_before_change+step_each_duration'
        when 11 then 'clock_before_change+step_each_period'
        when 7 then 'clock_before_change+step_of_last_tariff+step_each_duration'
        when 12 then 'clock_after_change+step_of_last_tariff'
        when 13 then 'clock_after_change+step_each_duration'
        when 14 then 'clock_after_change+step_each_period'
        when 15 then 'clock_after_change+step_of_last_tariff+step_each_duration'
    end as reading,
    is_allowed
from numbered
