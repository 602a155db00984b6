{# Fails with each row whose half-open validity meets that of the next row of the same key. #}
{% test has_no_overlap(model, key, valid_from='valid_from', valid_to='valid_to') %}
select ordered.*
from (
    select
        *,
        lead({{ valid_from }}) over (partition by {{ key }} order by {{ valid_from }}) as next_from
    from {{ model }}
) as ordered
where ordered.next_from < ordered.{{ valid_to }} or (ordered.{{ valid_to }} is null and ordered.next_from is not null)
{% endtest %}
