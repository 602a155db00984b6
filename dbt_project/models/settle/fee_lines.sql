{%- set unrounded -%}
    case fees.per
        when 'session' then fees.rate * charged.quantity
        when 'percent' then {{ decimal_division('cast(charged.amount_excl_tax as decimal(38, 8)) * fees.rate', '100') }}
        else fees.rate
    end
{%- endset -%}
with

session_lines as (

    select
        statement_id,
        own_party,
        cdr_key,
        currency,
        amount_excl_tax,
        rounding_mode,
        rounding_scale
    from {{ ref('net_lines') }}
    where kind = 'session'

),

outcomes as (

    select
        cdr_key,
        partner,
        direction,
        case when is_credit then -1 else 1 end as quantity
    from {{ ref('cdr_outcomes') }}

),

terms as (

    select
        cdr_key,
        contract_version,
        contract_valid_from
    from {{ ref('cdr_terms') }}

),

fees as (

    select
        partner,
        contract_version,
        name,
        per,
        rate,
        direction
    from {{ ref('contract_fees') }}

),

cases as (

    select
        cdr_key,
        supplied_at,
        supplier_country,
        customer_country,
        customer_regime
    from {{ ref('tax_cases') }}

),

decisions as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        starts_at,
        ends_at,
        category,
        rate_percent
    from {{ ref('tax_decisions') }}
    where answers = 1

),

-- A credit takes back the fee of the session that it takes back.
charged as (

    select
        session_lines.statement_id,
        session_lines.own_party,
        session_lines.currency,
        session_lines.rounding_mode,
        session_lines.rounding_scale,
        outcomes.partner,
        outcomes.direction,
        terms.contract_version,
        terms.contract_valid_from,
        cases.supplier_country,
        cases.customer_country,
        cases.customer_regime,
        max(cases.supplied_at) as supplied_at,
        sum(outcomes.quantity) as quantity,
        sum(session_lines.amount_excl_tax) as amount_excl_tax
    from session_lines
    inner join outcomes on session_lines.cdr_key = outcomes.cdr_key
    inner join terms on session_lines.cdr_key = terms.cdr_key
    left join cases on session_lines.cdr_key = cases.cdr_key
    group by
        session_lines.statement_id,
        session_lines.own_party,
        session_lines.currency,
        session_lines.rounding_mode,
        session_lines.rounding_scale,
        outcomes.partner,
        outcomes.direction,
        terms.contract_version,
        terms.contract_valid_from,
        cases.supplier_country,
        cases.customer_country,
        cases.customer_regime

),

-- A fee of the period is due once, by the terms that came last.
ranked as (

    select
        *,
        row_number() over (
            partition by statement_id
            order by
                contract_valid_from desc,
                contract_version asc,
                own_party asc,
                supplier_country asc,
                customer_country asc,
                customer_regime asc,
                rounding_mode asc,
                rounding_scale asc
        ) as recency
    from charged

),

due as (

    select
        charged.statement_id,
        charged.own_party,
        charged.currency,
        charged.rounding_mode,
        charged.rounding_scale,
        charged.partner,
        charged.contract_version,
        charged.supplier_country,
        charged.customer_country,
        charged.customer_regime,
        charged.supplied_at,
        fees.name,
        fees.per,
        fees.rate,
        case fees.per when 'session' then charged.quantity when 'percent' then charged.amount_excl_tax else 1 end
            as quantity,
        {{ round_money(unrounded, 'charged.rounding_mode', 'charged.rounding_scale') }} as amount_excl_tax
    from ranked as charged
    inner join fees
        on
            charged.partner = fees.partner
            and charged.contract_version = fees.contract_version
            and charged.direction = fees.direction
    where fees.per <> 'period' or charged.recency = 1

)

select
    due.statement_id,
    due.own_party,
    'fees.' || due.name as term,
    due.contract_version,
    due.per,
    due.rate,
    cast(due.quantity as decimal(18, 8)) as quantity,
    due.currency,
    cast(due.amount_excl_tax as decimal(18, 8)) as amount_excl_tax,
    decisions.category as tax_category,
    decisions.rate_percent as tax_percent,
    due.rounding_mode,
    due.rounding_scale,
    due.name || '|' || due.contract_version || '|' || coalesce(due.supplier_country, '') || '|'
    || coalesce(due.customer_country, '') || '|' || coalesce(due.customer_regime, '') || '|'
    || coalesce(due.own_party, '') as line_key
from due
left join decisions
    on
        due.supplier_country = decisions.supplier_country
        and coalesce(due.customer_country, '') = coalesce(decisions.customer_country, '')
        and coalesce(due.customer_regime, '') = coalesce(decisions.customer_regime, '')
        and coalesce(due.customer_country, '') = coalesce(decisions.site_country, '')
        and due.supplied_at >= decisions.starts_at
        and (decisions.ends_at is null or due.supplied_at < decisions.ends_at)
where due.amount_excl_tax <> 0
