{#
    Whether faults have jumped against those that a history lets expect: jumped, steady, or too few (records to say).
    Needs the columns minimum_records, minimum_faults, times and deviations of network.yaml's drift beside the counts.
    Whole numbers, multiplied out: exact, and the same on every engine. Faults are rare and counted, so by chance alone
    faults * records_before and faults_before * records differ by the root of
    (faults + faults_before) * records * records_before: two Poisson counts of one rate.
#}
{% macro drift_standing(faults, records, faults_before, records_before) -%}
{%- set weight = 'cast(' ~ faults ~ ' as decimal(38, 0)) * cast(' ~ records_before ~ ' as decimal(18, 0))' -%}
{%- set weight_before = 'cast(' ~ faults_before ~ ' as decimal(38, 0)) * cast(' ~ records ~ ' as decimal(18, 0))' -%}
case
        when {{ records }} < minimum_records or {{ records_before }} < minimum_records then 'too few'
        when
            {{ faults }} >= minimum_faults
            and {{ weight }} >= cast(times as decimal(38, 2)) * cast({{ weight_before }} as decimal(36, 0))
            and ({{ weight }} - {{ weight_before }}) * ({{ weight }} - {{ weight_before }})
            > deviations * deviations * cast({{ faults }} + {{ faults_before }} as decimal(38, 0))
            * cast({{ records }} as decimal(18, 0)) * cast({{ records_before }} as decimal(18, 0))
            then 'jumped'
        else 'steady'
    end
{%- endmacro %}
{# Faults that the history lets expect in so many records; null without a history. #}
{% macro drift_expected(records, faults_before, records_before) -%}
cast({{ decimal_division(
        'cast(' ~ faults_before ~ ' as decimal(18, 0)) * cast(' ~ records ~ ' as decimal(18, 0))', records_before, 20, 0, 2
    ) }} as decimal(18, 2))
{%- endmacro %}
