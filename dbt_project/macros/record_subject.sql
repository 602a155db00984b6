{# A record as decisions and messages name it: <file>#<position>, and <archive>#<member>!<position> where its file,
   <archive>!<member> in the ledger, is part of a zip. #}
{% macro record_subject(file, position) -%}
case
        when {{ file }} like '%.zip!%' or {{ file }} like '%.ZIP!%'
            then replace(replace({{ file }}, '.zip!', '.zip#'), '.ZIP!', '.ZIP#') || '!' || cast({{ position }} as varchar)
        else {{ file }} || '#' || cast({{ position }} as varchar)
    end
{%- endmacro %}
