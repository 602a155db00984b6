with

statements as (

    select
        seal_seq,
        statement_id,
        partner,
        period,
        direction,
        currency
    from {{ ref('sealed_statements') }}

),

seals as (

    select
        seal_seq,
        sealed_at
    from {{ ref('seals') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

lines as (

    select
        statement_id,
        own_party,
        kind,
        amount_excl_tax,
        tax,
        tax_category,
        tax_percent
    from {{ ref('sealed_lines') }}

),

documents as (

    select
        statement_id,
        number,
        party
    from {{ ref('document_numbers') }}

),

-- Each legal entity of ours has its own document and its own books.
parties as (

    select
        statement_id,
        own_party,
        count(*) over (partition by statement_id) as parties
    from (
        select distinct
            statement_id,
            own_party
        from lines
    ) as shares

),

heads as (

    select
        statements.statement_id,
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        documents.number as document_number,
        local_days.day as booked_on,
        parties.own_party,
        'statement:' || statements.statement_id
        || case when parties.parties > 1 then '-' || replace(parties.own_party, '/', '') else '' end as entry_id,
        -- Debits are positive: what is receivable is a debit, what is payable a credit.
        case when statements.direction = 'receivable' then 1 else -1 end as side
    from statements
    inner join seals on statements.seal_seq = seals.seal_seq
    inner join local_days on seals.sealed_at >= local_days.starts_at and seals.sealed_at < local_days.ends_at
    inner join parties on statements.statement_id = parties.statement_id
    left join documents
        on statements.statement_id = documents.statement_id and parties.own_party = documents.party

),

-- One row for each rate on a document. A tax that is undecided is not booked.
rates as (

    select
        statement_id,
        own_party,
        tax_category,
        tax_percent,
        sum(amount_excl_tax) as net,
        sum(coalesce(tax, 0)) as tax,
        sum(case when kind in ('session', 'adjustment') then amount_excl_tax else 0 end) as sessions,
        sum(case when kind = 'fee' then amount_excl_tax else 0 end) as fees,
        sum(case when kind in ('rounding', 'tax_rounding') then amount_excl_tax else 0 end) as rounding
    from lines
    group by statement_id, own_party, tax_category, tax_percent

),

in_cents as (

    select
        statement_id,
        own_party,
        tax_category,
        tax_percent,
        {{ in_cents('net') }} as net_cents,
        {{ in_cents('tax') }} as tax_cents,
        {{ in_cents('sessions') }} as session_cents,
        {{ in_cents('fees') }} as fee_cents,
        net,
        sessions,
        fees,
        rounding
    from rates

),

-- Books are kept in cents. What that takes away or adds is a rounding difference, each from its own sum, so that a line
-- which is none of these leaves the entry unbalanced instead of hiding there.
postings as (

    select
        statement_id,
        own_party,
        'balance' as what,
        cast(null as varchar) as tax_category,
        cast(null as decimal(18, 8)) as tax_percent,
        cast(sum(net_cents + tax_cents) as decimal(18, 2)) as amount
    from in_cents
    group by statement_id, own_party

    union all

    select
        statement_id,
        own_party,
        'sessions' as what,
        tax_category,
        tax_percent,
        -session_cents as amount
    from in_cents

    union all

    select
        statement_id,
        own_party,
        'fees' as what,
        tax_category,
        tax_percent,
        -fee_cents as amount
    from in_cents

    union all

    select
        statement_id,
        own_party,
        'tax' as what,
        tax_category,
        tax_percent,
        -tax_cents as amount
    from in_cents

    union all

    select
        statement_id,
        own_party,
        'rounding' as what,
        tax_category,
        tax_percent,
        cast(
            -(rounding + (net_cents - net) + (sessions - session_cents) + (fees - fee_cents)) as decimal(18, 2)
        ) as amount
    from in_cents

)

select
    heads.entry_id,
    'statement' as entry_kind,
    heads.booked_on,
    heads.period,
    heads.own_party as party,
    heads.partner,
    heads.currency,
    heads.statement_id,
    heads.document_number,
    case
        when postings.what = 'rounding' then 'rounding'
        when heads.side = 1
            then
                case postings.what
                    when 'balance' then 'receivable'
                    when 'sessions' then 'revenue'
                    when 'fees' then 'fee_revenue'
                    else 'tax_payable'
                end
        else
            case postings.what
                when 'balance' then 'payable'
                when 'sessions' then 'cost'
                when 'fees' then 'fee_cost'
                else 'tax_receivable'
            end
    end as role,
    postings.tax_category,
    postings.tax_percent,
    cast(heads.side * postings.amount as decimal(18, 2)) as amount
from postings
inner join heads on postings.statement_id = heads.statement_id and postings.own_party = heads.own_party
where postings.amount <> 0
