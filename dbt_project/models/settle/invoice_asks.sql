with

homes as (

    select
        invoice_key,
        invoice_id,
        period as home_period,
        partner,
        direction,
        currency,
        sign,
        stated_excl_tax,
        received_at
    from {{ ref('invoice_documents') }}
    where is_home

),

credits as (

    select
        credit_of as cdr_key,
        min(cdr_key) as credit_key
    from {{ ref('cdr_outcomes') }}
    where is_credit and credit_of is not null
    group by credit_of

),

-- A line of a credit note that names the session is about the credit of it, where we have one.
named as (

    select
        matches.invoice_key,
        matches.line_no,
        matches.named_id,
        case when homes.sign = -1 then coalesce(credits.credit_key, matches.cdr_key) else matches.cdr_key end
            as cdr_key,
        homes.sign * abs(matches.energy_kwh) as energy_kwh,
        case when homes.sign = -1 then -abs(matches.amount_excl_tax) else matches.amount_excl_tax end
            as amount_excl_tax
    from {{ ref('invoice_matches') }} as matches
    inner join homes on matches.invoice_key = homes.invoice_key
    left join credits on matches.cdr_key = credits.cdr_key

),

lines as (

    select
        invoice_key,
        line_no,
        'session' as kind,
        named_id,
        cdr_key,
        energy_kwh,
        amount_excl_tax
    from named

    union all

    -- Fees and texts: a line that names no session.
    select
        lines.invoice_key,
        lines.line_no,
        'line' as kind,
        cast(null as varchar) as named_id,
        cast(null as varchar) as cdr_key,
        cast(null as decimal(18, 8)) as energy_kwh,
        case when homes.sign = -1 then -abs(lines.amount_excl_tax) else lines.amount_excl_tax end as amount_excl_tax
    from {{ ref('invoice_lines') }} as lines
    inner join homes on lines.invoice_key = homes.invoice_key
    left join named on lines.invoice_key = named.invoice_key and lines.line_no = named.line_no
    where lines.is_latest and named.invoice_key is null

),

sums as (

    select
        invoice_key,
        sum(amount_excl_tax) as amount_excl_tax
    from lines
    group by invoice_key

),

asks as (

    select *
    from lines

    union all

    -- What a total says beyond its lines: all of it, where a record lists sessions without amounts.
    select
        homes.invoice_key,
        0 as line_no,
        'total' as kind,
        cast(null as varchar) as named_id,
        cast(null as varchar) as cdr_key,
        cast(null as decimal(18, 8)) as energy_kwh,
        homes.stated_excl_tax - coalesce(sums.amount_excl_tax, 0) as amount_excl_tax
    from homes
    left join sums on homes.invoice_key = sums.invoice_key
    where homes.stated_excl_tax <> coalesce(sums.amount_excl_tax, 0)

)

select
    asks.invoice_key,
    cast(asks.line_no as integer) as line_no,
    asks.kind,
    asks.named_id,
    asks.cdr_key,
    homes.partner,
    homes.home_period,
    homes.direction,
    homes.currency,
    homes.invoice_id,
    cast(asks.energy_kwh as decimal(18, 8)) as energy_kwh,
    cast(asks.amount_excl_tax as decimal(18, 8)) as amount_excl_tax,
    -- The first that asks for a session asks for it; who asks again doubles it.
    cast(
        row_number() over (
            partition by
                homes.partner, homes.direction, homes.sign, asks.kind,
                coalesce(asks.cdr_key, asks.named_id, asks.invoice_key || '|' || cast(asks.line_no as varchar))
            order by homes.received_at asc, asks.invoice_key asc, asks.line_no asc
        ) as integer
    ) as listing_no
from asks
inner join homes on asks.invoice_key = homes.invoice_key
