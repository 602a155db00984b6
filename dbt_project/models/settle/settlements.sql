with recursive

numbered as (

    select
        partner,
        period,
        side,
        currency,
        is_netted,
        status,
        statements,
        receivable,
        disputed_receivable,
        payable,
        disputed_payable,
        net,
        minimum_amount,
        contract_version,
        way_no,
        period_no,
        is_last_way
    from {{ ref('settlement_sums') }}

),

-- What is less than the contract's minimum waits for the next period, and for no more than three.
carried as (

    select
        partner,
        side,
        currency,
        way_no,
        period_no,
        cast(0 as decimal(38, 8)) as carried_in,
        case
            when net <> 0 and abs(net) < minimum_amount and not is_last_way then net
            else cast(0 as decimal(38, 8))
        end as carried_out,
        case when net <> 0 and abs(net) < minimum_amount and not is_last_way then 1 else 0 end as periods_carried
    from numbered
    where period_no = 1

    union all

    select
        numbered.partner,
        numbered.side,
        numbered.currency,
        numbered.way_no,
        numbered.period_no,
        carried.carried_out as carried_in,
        case
            when
                numbered.net + carried.carried_out <> 0
                and abs(numbered.net + carried.carried_out) < numbered.minimum_amount
                and carried.periods_carried < 3
                and not numbered.is_last_way
                then cast(numbered.net + carried.carried_out as decimal(38, 8))
            else cast(0 as decimal(38, 8))
        end as carried_out,
        case
            when
                numbered.net + carried.carried_out <> 0
                and abs(numbered.net + carried.carried_out) < numbered.minimum_amount
                and carried.periods_carried < 3
                and not numbered.is_last_way
                then carried.periods_carried + 1
            else 0
        end as periods_carried
    from carried
    inner join numbered
        on
            carried.partner = numbered.partner
            and carried.side = numbered.side
            and carried.currency = numbered.currency
            and carried.way_no = numbered.way_no
            and carried.period_no + 1 = numbered.period_no

),

balanced as (

    select
        numbered.*,
        numbered.period || '-' || numbered.partner || '-' || numbered.side || '-' || numbered.currency as settlement_id,
        carried.carried_in,
        carried.carried_out,
        carried.periods_carried,
        -- How many came to an end before it: one number for all that are paid together.
        coalesce(
            sum(case when carried.carried_out = 0 then 1 else 0 end) over (
                partition by numbered.partner, numbered.side, numbered.currency, numbered.way_no
                order by numbered.period_no
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as end_no
    from numbered
    inner join carried
        on
            numbered.partner = carried.partner
            and numbered.side = carried.side
            and numbered.currency = carried.currency
            and numbered.way_no = carried.way_no
            and numbered.period_no = carried.period_no

)

select
    settlement_id,
    last_value(settlement_id) over (
        partition by partner, side, currency, way_no, end_no
        order by period_no
        rows between unbounded preceding and unbounded following
    ) as settled_with,
    partner,
    period,
    side,
    currency,
    is_netted,
    status,
    statements,
    receivable,
    disputed_receivable,
    payable,
    disputed_payable,
    net,
    carried_in,
    carried_out,
    cast(periods_carried as integer) as periods_carried,
    cast(net + carried_in - carried_out as decimal(38, 8)) as due,
    minimum_amount,
    contract_version
from balanced
