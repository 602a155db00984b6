with

statements as (

    select
        statement_id,
        partner,
        direction
    from {{ ref('statements') }}
    where status <> 'sealed' and adjustment_no = 0

),

lines as (

    select
        statement_id,
        kind,
        cdr_key,
        amount_excl_tax,
        term,
        contract_version,
        quantity
    from {{ ref('statement_lines') }}

),

outcomes as (

    select
        cdr_key,
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

contract_fees as (

    select
        partner,
        contract_version,
        name,
        per,
        rate,
        direction
    from {{ ref('contract_fees') }}

),

policies as (

    select
        statement_id,
        min(rounding_mode) as rounding_mode,
        max(rounding_scale) as rounding_scale
    from {{ ref('untaxed_lines') }}
    group by statement_id

),

-- What its sessions come to under each version of the contract.
charged as (

    select
        statements.statement_id,
        statements.partner,
        statements.direction,
        terms.contract_version,
        row_number() over (
            partition by statements.statement_id
            order by max(terms.contract_valid_from) desc, terms.contract_version asc
        ) as recency,
        cast(sum(outcomes.quantity) as decimal(18, 8)) as sessions,
        cast(sum(lines.amount_excl_tax) as decimal(18, 8)) as amount_excl_tax
    from statements
    inner join lines on statements.statement_id = lines.statement_id and lines.kind = 'session'
    inner join outcomes on lines.cdr_key = outcomes.cdr_key
    inner join terms on lines.cdr_key = terms.cdr_key
    group by statements.statement_id, statements.partner, statements.direction, terms.contract_version

),

due as (

    select
        charged.statement_id,
        charged.contract_version,
        'fees.' || contract_fees.name as term,
        cast(
            case contract_fees.per when 'percent' then contract_fees.rate * 0.01 else contract_fees.rate end
            as decimal(18, 10)
        ) as rate,
        case contract_fees.per
            when 'session' then charged.sessions
            when 'percent' then charged.amount_excl_tax
            else cast(1 as decimal(18, 8))
        end as quantity
    from charged
    inner join contract_fees
        on
            charged.partner = contract_fees.partner
            and charged.contract_version = contract_fees.contract_version
            and charged.direction = contract_fees.direction
    where contract_fees.per <> 'period' or charged.recency = 1

),

billed as (

    select
        lines.statement_id,
        lines.contract_version,
        lines.term,
        lines.quantity,
        lines.amount_excl_tax
    from lines
    inner join statements on lines.statement_id = statements.statement_id
    where lines.kind = 'fee'

),

-- Each line is its quantity at the rate, rounded; together they bear the quantity that is due.
priced as (

    select
        billed.statement_id,
        billed.contract_version,
        billed.term,
        cast(sum(billed.quantity) as decimal(18, 8)) as quantity,
        sum(billed.amount_excl_tax) as amount_excl_tax,
        sum(
            {{ round_money(
                'billed.quantity * coalesce(due.rate, 0)', 'policies.rounding_mode', 'policies.rounding_scale'
            ) }}
        ) as due_excl_tax
    from billed
    inner join policies on billed.statement_id = policies.statement_id
    left join due
        on
            billed.statement_id = due.statement_id
            and billed.contract_version = due.contract_version
            and billed.term = due.term
    group by billed.statement_id, billed.contract_version, billed.term

),

terms_billed as (

    select
        statement_id,
        contract_version,
        term
    from due
    union
    select
        statement_id,
        contract_version,
        term
    from priced

),

compared as (

    select
        terms_billed.statement_id,
        terms_billed.term,
        terms_billed.contract_version,
        coalesce(priced.amount_excl_tax, 0) as billed_excl_tax,
        coalesce(priced.due_excl_tax, 0)
        + coalesce((due.quantity - coalesce(priced.quantity, 0)) * due.rate, 0) as due_excl_tax
    from terms_billed
    left join due
        on
            terms_billed.statement_id = due.statement_id
            and terms_billed.contract_version = due.contract_version
            and terms_billed.term = due.term
    left join priced
        on
            terms_billed.statement_id = priced.statement_id
            and terms_billed.contract_version = priced.contract_version
            and terms_billed.term = priced.term

)

select
    statement_id,
    term,
    contract_version,
    cast(billed_excl_tax as decimal(38, 8)) as billed_excl_tax,
    cast(due_excl_tax as decimal(38, 8)) as due_excl_tax
from compared
