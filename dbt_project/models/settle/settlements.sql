with recursive

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

numbered as (

    select
        sums.*,
        cast(
            sums.receivable - sums.disputed_receivable - sums.payable + sums.disputed_payable as decimal(38, 8)
        ) as net,
        cast(
            row_number() over (
                partition by sums.partner, sums.side, sums.currency
                order by bounds.starts_on asc, bounds.frequency asc
            ) as integer
        ) as period_no
    from sums
    inner join bounds on sums.period = bounds.period

),

-- What is less than the contract's minimum waits for the next period, and for no more than three.
carried as (

    select
        partner,
        side,
        currency,
        period_no,
        cast(0 as decimal(38, 8)) as carried_in,
        case when net <> 0 and abs(net) < minimum_amount then net else cast(0 as decimal(38, 8)) end as carried_out,
        case when net <> 0 and abs(net) < minimum_amount then 1 else 0 end as periods_carried
    from numbered
    where period_no = 1

    union all

    select
        numbered.partner,
        numbered.side,
        numbered.currency,
        numbered.period_no,
        carried.carried_out as carried_in,
        case
            when
                numbered.net + carried.carried_out <> 0
                and abs(numbered.net + carried.carried_out) < numbered.minimum_amount
                and carried.periods_carried < 3
                then cast(numbered.net + carried.carried_out as decimal(38, 8))
            else cast(0 as decimal(38, 8))
        end as carried_out,
        case
            when
                numbered.net + carried.carried_out <> 0
                and abs(numbered.net + carried.carried_out) < numbered.minimum_amount
                and carried.periods_carried < 3
                then carried.periods_carried + 1
            else 0
        end as periods_carried
    from carried
    inner join numbered
        on
            carried.partner = numbered.partner
            and carried.side = numbered.side
            and carried.currency = numbered.currency
            and carried.period_no + 1 = numbered.period_no

)

select
    numbered.period || '-' || numbered.partner || '-' || numbered.side || '-' || numbered.currency as settlement_id,
    numbered.partner,
    numbered.period,
    numbered.currency,
    numbered.is_netted,
    numbered.status,
    cast(numbered.statements as bigint) as statements,
    cast(numbered.receivable as decimal(38, 8)) as receivable,
    cast(numbered.disputed_receivable as decimal(38, 8)) as disputed_receivable,
    cast(numbered.payable as decimal(38, 8)) as payable,
    cast(numbered.disputed_payable as decimal(38, 8)) as disputed_payable,
    numbered.net,
    carried.carried_in,
    carried.carried_out,
    cast(carried.periods_carried as integer) as periods_carried,
    cast(numbered.net + carried.carried_in - carried.carried_out as decimal(38, 8)) as due,
    cast(numbered.minimum_amount as decimal(18, 8)) as minimum_amount,
    numbered.contract_version
from numbered
inner join carried
    on
        numbered.partner = carried.partner
        and numbered.side = carried.side
        and numbered.currency = carried.currency
        and numbered.period_no = carried.period_no
