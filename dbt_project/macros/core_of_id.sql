{# An id without what people and platforms add and drop: stars, dashes, blanks, and country and party in front. #}
{% macro core_of_id(party_key, id_key) -%}
    {%- set bare -%}
        replace(replace(replace(replace(replace({{ id_key }}, '*', ''), '-', ''), ' ', ''), '_', ''), '.', '')
    {%- endset -%}
    case
        when left({{ bare }}, 5) = replace({{ party_key }}, '/', '') then substr({{ bare }}, 6)
        when left({{ bare }}, 3) = substr({{ party_key }}, 4) then substr({{ bare }}, 4)
        else {{ bare }}
    end
{%- endmacro %}
