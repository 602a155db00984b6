with

balances as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        status,
        -- Where a home has no rule of tax its documents bear none.
        coalesce(amount_incl_tax, amount_excl_tax) as amount,
        case when amount_incl_tax is null then disputed_excl_tax else disputed_incl_tax end as disputed
    from {{ ref('statement_balances') }}

),

lines as (

    select
        statement_id,
        cdr_key
    from {{ ref('statement_lines') }}
    where cdr_key is not null

),

cdr_terms as (

    select
        cdr_key,
        partner,
        contract_version,
        contract_valid_from
    from {{ ref('cdr_terms') }}

),

settlement_terms as (

    select
        partner,
        contract_version,
        netting,
        minimum_amount
    from {{ ref('settlement_terms') }}

),

bounds as (

    select
        frequency,
        period,
        starts_on
    from {{ ref('period_bounds') }}

),

-- The terms that came last in a period say how it is settled.
versions as (

    select
        partner,
        period,
        contract_version
    from (
        select
            balances.partner,
            balances.period,
            cdr_terms.contract_version,
            row_number() over (
                partition by balances.partner, balances.period
                order by max(cdr_terms.contract_valid_from) desc, cdr_terms.contract_version asc
            ) as recency
        from balances
        inner join lines on balances.statement_id = lines.statement_id
        inner join cdr_terms on lines.cdr_key = cdr_terms.cdr_key
        where cdr_terms.contract_version is not null
        group by balances.partner, balances.period, cdr_terms.contract_version
    ) as ranked
    where recency = 1

),

settled as (

    select
        balances.partner,
        balances.period,
        balances.direction,
        balances.currency,
        balances.status,
        balances.amount,
        balances.disputed,
        versions.contract_version,
        coalesce(settlement_terms.netting, false) as is_netted,
        coalesce(settlement_terms.minimum_amount, 0) as minimum_amount,
        case
            when settlement_terms.netting then 'N'
            when balances.direction = 'receivable' then 'R'
            else 'P'
        end as side
    from balances
    left join versions on balances.partner = versions.partner and balances.period = versions.period
    left join settlement_terms
        on versions.partner = settlement_terms.partner and versions.contract_version = settlement_terms.contract_version

),

sums as (

    select
        partner,
        period,
        side,
        currency,
        contract_version,
        is_netted,
        minimum_amount,
        min(status) as status,
        count(*) as statements,
        sum(case when direction = 'receivable' then amount else 0 end) as receivable,
        sum(case when direction = 'payable' then amount else 0 end) as payable,
        sum(case when direction = 'receivable' then disputed else 0 end) as disputed_receivable,
        sum(case when direction = 'payable' then disputed else 0 end) as disputed_payable
    from settled
    group by partner, period, side, currency, contract_version, is_netted, minimum_amount

),

dated as (

    select
        sums.*,
        bounds.starts_on,
        bounds.frequency
    from sums
    inner join bounds on sums.period = bounds.period

),

-- From the day on which a contract nets, or nets no more, amounts go to other settlements: nothing is carried across.
turns as (

    select
        partner,
        currency,
        period,
        sum(is_turn) over (
            partition by partner, currency
            order by starts_on asc, frequency asc
            rows between unbounded preceding and current row
        ) as way_no
    from (
        select
            partner,
            currency,
            period,
            starts_on,
            frequency,
            case
                when lag(is_netted) over (
                    partition by partner, currency
                    order by starts_on asc, frequency asc
                ) <> is_netted then 1
                else 0
            end as is_turn
        from (
            select distinct
                partner,
                currency,
                period,
                starts_on,
                frequency,
                is_netted
            from dated
        ) as periods
    ) as compared

),

numbered as (

    select
        dated.*,
        turns.way_no,
        cast(
            dated.receivable - dated.disputed_receivable - dated.payable + dated.disputed_payable as decimal(38, 8)
        ) as net,
        cast(
            row_number() over (
                partition by dated.partner, dated.side, dated.currency, turns.way_no
                order by dated.starts_on asc, dated.frequency asc
            ) as integer
        ) as period_no,
        lead(dated.period) over (
            partition by dated.partner, dated.side, dated.currency, turns.way_no
            order by dated.starts_on asc, dated.frequency asc
        ) is null
        and turns.way_no < max(turns.way_no) over (partition by dated.partner, dated.currency) as is_last_way
    from dated
    inner join turns
        on
            dated.partner = turns.partner
            and dated.currency = turns.currency
            and dated.period = turns.period

)

select
    partner,
    period,
    side,
    currency,
    is_netted,
    status,
    cast(statements as bigint) as statements,
    cast(receivable as decimal(38, 8)) as receivable,
    cast(disputed_receivable as decimal(38, 8)) as disputed_receivable,
    cast(payable as decimal(38, 8)) as payable,
    cast(disputed_payable as decimal(38, 8)) as disputed_payable,
    net,
    cast(minimum_amount as decimal(18, 8)) as minimum_amount,
    contract_version,
    cast(way_no as integer) as way_no,
    period_no,
    is_last_way
from numbered
