{#
    Common table expressions from `invoices`, `listed`, `by_lines` and `expected` (of the model that calls it) to
    `by_invoice`: one row per invoice_key with our sessions, energy and net amount for it. least_ and most_ are without
    and with the sessions at the edges of its period.
#}
{% macro invoice_sums() -%}
by_period as (

    select
        invoice_key,
    {% for prefix, when in [('', 'is_of_period'), ('least_', 'is_inside'), ('most_', 'true')] %}
        count(*) filter (where {{ when }}) as {{ prefix }}sessions,
        coalesce(sum(energy_kwh) filter (where {{ when }}), 0) as {{ prefix }}energy_kwh,
        coalesce(sum(claimed_excl_tax) filter (where {{ when }}), 0) as {{ prefix }}excl_tax,
        coalesce(sum(cast(round(claimed_excl_tax, 2) as decimal(18, 2))) filter (where {{ when }}), 0)
            as {{ prefix }}rounded_excl_tax{{ ',' if not loop.last }}
    {% endfor %}
    from expected
    where verdict <> 'reject'
    group by invoice_key

),

-- An invoice of a period in which we know of nothing is held against nothing.
by_invoice as (

    select
        {% for prefix in ['', 'least_', 'most_'] %}
            {% for sum in ['sessions', 'energy_kwh', 'excl_tax', 'rounded_excl_tax'] %}
                case
                    when listed.invoice_key is not null then coalesce(by_lines.{{ sum }}, 0)
                    when
                        invoices.period_from is not null and invoices.period_to is not null
                        and coalesce(invoices.kind, 'invoice') = 'invoice'
                        then coalesce(by_period.{{ prefix ~ sum }}, 0)
                end as {{ prefix ~ sum }},
            {% endfor %}
        {% endfor %}
        invoices.invoice_key
    from invoices
    left join listed on invoices.invoice_key = listed.invoice_key
    left join by_lines on invoices.invoice_key = by_lines.invoice_key
    left join by_period on invoices.invoice_key = by_period.invoice_key

),
{%- endmacro %}
