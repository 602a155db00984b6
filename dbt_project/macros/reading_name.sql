{#
    The name of the reading in a price_id, or of its number alone; docs/pricing.md says what each one means. A join of
    a million lines with the few rows of `readings` costs more. Two that hold at once are named with a + between them.
#}
{% macro reading_name(price_id) -%}
    case {{ price_id }} % 16
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
    end
{%- endmacro %}
