{# Fails with each combination of columns that stands on more than one row, and with each that is not whole: the grain of a model. #}
{% test is_unique_on(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 {% for column in columns %} or {{ column }} is null {% endfor %}
{% endtest %}
