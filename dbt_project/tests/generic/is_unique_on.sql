{# The grain of a model: fails with each combination of columns on two rows, and with each that is not whole. #}
{% test is_unique_on(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 {% for column in columns %} or {{ column }} is null {% endfor %}
{% endtest %}
