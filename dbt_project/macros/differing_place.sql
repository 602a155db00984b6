{# What a CDR says of its place, and what master data says, of each only what the other has otherwise: two columns. #}
{% macro differing_place() -%}
    {% for name, location, country, standard, power, spot in [
        ('sent_place', 'location_id', 'location_country', 'sent_standard', 'sent_power_type', 'sent_spot'),
        ('known_place', 'known_location_id', 'known_country', 'connector_standard', 'connector_power_type', 'known_spot')
    ] %}
        concat_ws(
            ', ',
            case when is_other_location then {{ location }} end,
            case when is_other_country then {{ country }} end,
            case when is_other_hardware then concat_ws(' ', {{ standard }}, {{ power }}) end,
            case when is_other_spot then {{ spot }} end
        ) as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}
