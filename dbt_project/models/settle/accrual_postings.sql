with

accruals as (

    select
        period,
        accrued_on,
        reversed_on,
        partner,
        party,
        direction,
        currency,
        amount_excl_tax
    from {{ ref('accruals') }}
    where amount_excl_tax <> 0

),

-- Made on the last day of a month, taken back on the first of the next: over both nothing is left.
moves as (

    select
        'accrual' as entry_kind,
        accrued_on as booked_on,
        1 as sign,
        *
    from accruals

    union all

    select
        'accrual_reversal' as entry_kind,
        reversed_on as booked_on,
        -1 as sign,
        *
    from accruals

),

sides as (

    select
        'receivable' as direction,
        'accrued_revenue' as role,
        1 as side

    union all

    select
        'receivable' as direction,
        'revenue' as role,
        -1 as side

    union all

    select
        'payable' as direction,
        'cost' as role,
        1 as side

    union all

    select
        'payable' as direction,
        'accrued_cost' as role,
        -1 as side

)

select
    moves.entry_kind || ':' || moves.period || '-' || moves.partner || '-'
    || case when moves.direction = 'receivable' then 'R' else 'P' end || '-' || moves.currency || '-'
    || replace(moves.party, '/', '') as entry_id,
    moves.entry_kind,
    moves.booked_on,
    substring(cast(moves.booked_on as varchar), 1, 7) as period,
    moves.party,
    moves.partner,
    moves.currency,
    sides.role,
    cast(moves.sign * sides.side * moves.amount_excl_tax as decimal(18, 2)) as amount
from moves
inner join sides on moves.direction = sides.direction
