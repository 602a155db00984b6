{%- set due_tax = decimal_division('cast(sums.amount_excl_tax as decimal(38, 8)) * sums.tax_percent', '100') -%}
with

statements as (

    select statement_id
    from {{ ref('statements') }}
    where status <> 'sealed'

),

lines as (

    select
        lines.statement_id,
        lines.own_party,
        lines.tax_category,
        lines.tax_percent,
        lines.amount_excl_tax,
        lines.tax
    from {{ ref('statement_lines') }} as lines
    inner join statements on lines.statement_id = statements.statement_id

),

policies as (

    select
        statement_id,
        coalesce(tax_category, '') as tax_category,
        coalesce(tax_percent, -1) as tax_percent,
        min(rounding_mode) as rounding_mode,
        max(rounding_scale) as rounding_scale
    from {{ ref('untaxed_lines') }}
    group by statement_id, coalesce(tax_category, ''), coalesce(tax_percent, -1)

),

-- Tax is due once for each category and rate, on the sum of what bears it on one document.
sums as (

    select
        statement_id,
        own_party,
        coalesce(tax_category, '') as tax_category,
        tax_percent,
        sum(amount_excl_tax) as amount_excl_tax,
        sum(tax) as tax,
        count(*) - count(tax) as lines_untaxed
    from lines
    group by statement_id, own_party, coalesce(tax_category, ''), tax_percent

),

checked as (

    select
        sums.statement_id,
        sums.amount_excl_tax,
        sums.tax,
        sums.lines_untaxed,
        -- An amount off the minor unit cannot stand on a document; nor one that no term rounds.
        sums.amount_excl_tax
        - coalesce(
            {{ round_money('sums.amount_excl_tax', 'policies.rounding_mode', 'policies.rounding_scale') }}, 0
        ) as unrounded,
        sums.tax - {{ round_money(due_tax, 'policies.rounding_mode', 'policies.rounding_scale') }} as tax_difference
    from sums
    left join policies
        on
            sums.statement_id = policies.statement_id
            and sums.tax_category = policies.tax_category
            and coalesce(sums.tax_percent, -1) = policies.tax_percent

)

select
    statement_id,
    cast(sum(amount_excl_tax) as decimal(38, 8)) as lines_excl_tax,
    cast(case when sum(lines_untaxed) = 0 then sum(tax) end as decimal(38, 8)) as lines_tax,
    cast(sum(abs(unrounded)) as decimal(38, 8)) as unrounded_excl_tax,
    cast(sum(abs(tax_difference)) as decimal(38, 8)) as tax_difference
from checked
group by statement_id
