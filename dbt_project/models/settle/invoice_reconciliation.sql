{{ config(materialized='table') }}

with

documents as (

    select
        invoice_key,
        period,
        partner,
        direction,
        currency
    from {{ ref('invoice_documents') }}

),

groups as (

    select distinct
        partner,
        period,
        direction,
        currency
    from documents

),

asks as (

    select
        invoice_key,
        line_no,
        kind,
        named_id,
        cdr_key,
        partner,
        home_period,
        direction,
        currency,
        invoice_id,
        energy_kwh,
        amount_excl_tax,
        listing_no
    from {{ ref('invoice_asks') }}

),

ours as (

    select
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        lines.statement_id,
        lines.line_no,
        lines.kind,
        lines.cdr_key,
        lines.energy_kwh,
        lines.amount_excl_tax
    from {{ ref('statement_lines') }} as lines
    inner join {{ ref('statements') }} as statements on lines.statement_id = statements.statement_id

),

cdrs as (

    select
        cdr_key,
        state,
        statement_id,
        location_id
    from {{ ref('cdr_outcomes') }}

),

pairs as (

    select
        asks.invoice_key,
        asks.line_no as invoice_line_no,
        asks.amount_excl_tax as their_excl_tax,
        ours.statement_id,
        ours.line_no as statement_line_no,
        ours.period,
        ours.energy_kwh,
        ours.amount_excl_tax
    from asks
    inner join documents on asks.invoice_key = documents.invoice_key
    inner join ours
        on
            asks.cdr_key = ours.cdr_key
            and ours.kind = 'session'
            and documents.partner = ours.partner
            and documents.direction = ours.direction
            and documents.currency = ours.currency
            and documents.period = ours.period
    where asks.kind = 'session' and asks.listing_no = 1

),

-- Sessions that are listed without an amount are compared in one sum, with the total.
unpriced as (

    select
        invoice_key,
        sum(amount_excl_tax) as amount_excl_tax
    from pairs
    where their_excl_tax is null
    group by invoice_key

),

listed as (

    select
        cdr_key,
        min(invoice_id) as invoice_id
    from asks
    where listing_no = 1 and cdr_key is not null
    group by cdr_key

),

compared as (

    select
        asks.partner,
        coalesce(pairs.period, asks.home_period) as period,
        asks.direction,
        asks.currency,
        case
            when asks.kind <> 'session' then 'other'
            when asks.listing_no > 1 then 'doubled'
            when pairs.statement_id is null then 'missing'
            when abs(asks.amount_excl_tax - pairs.amount_excl_tax) >= 0.005 then 'priced_apart'
            else 'matched'
        end as standing,
        asks.cdr_key,
        case when asks.kind = 'session' then asks.named_id else asks.kind end as named_id,
        pairs.statement_id,
        pairs.statement_line_no,
        asks.invoice_key,
        asks.invoice_id,
        asks.line_no as invoice_line_no,
        case
            when pairs.statement_id is not null or asks.kind <> 'session' then null
            when cdrs.cdr_key is null then 'unknown'
            else coalesce(cdrs.statement_id, cdrs.state)
        end as stands_elsewhere,
        pairs.energy_kwh as our_kwh,
        asks.energy_kwh as their_kwh,
        pairs.amount_excl_tax as our_excl_tax,
        asks.amount_excl_tax as their_excl_tax,
        asks.amount_excl_tax - coalesce(pairs.amount_excl_tax, unpriced.amount_excl_tax, 0) as difference_excl_tax
    from asks
    left join pairs on asks.invoice_key = pairs.invoice_key and asks.line_no = pairs.invoice_line_no
    left join unpriced on asks.kind = 'total' and asks.invoice_key = unpriced.invoice_key
    left join cdrs on asks.cdr_key = cdrs.cdr_key

    union all

    select
        ours.partner,
        ours.period,
        ours.direction,
        ours.currency,
        case when ours.kind = 'session' then 'unlisted' else 'other' end as standing,
        ours.cdr_key,
        case when ours.kind <> 'session' then ours.kind end as named_id,
        ours.statement_id,
        ours.line_no as statement_line_no,
        null as invoice_key,
        null as invoice_id,
        null as invoice_line_no,
        case when ours.kind = 'session' then listed.invoice_id end as stands_elsewhere,
        ours.energy_kwh as our_kwh,
        null as their_kwh,
        ours.amount_excl_tax as our_excl_tax,
        null as their_excl_tax,
        -ours.amount_excl_tax as difference_excl_tax
    from ours
    inner join groups
        on
            ours.partner = groups.partner
            and ours.period = groups.period
            and ours.direction = groups.direction
            and ours.currency = groups.currency
    left join pairs on ours.statement_id = pairs.statement_id and ours.line_no = pairs.statement_line_no
    left join listed on ours.cdr_key = listed.cdr_key
    where pairs.statement_id is null

)

select
    compared.partner,
    compared.period,
    compared.direction,
    compared.currency,
    coalesce(compared.invoice_key, compared.statement_id) || '#'
    || cast(coalesce(compared.invoice_line_no, compared.statement_line_no) as varchar) as line_id,
    compared.standing,
    compared.cdr_key,
    compared.named_id,
    compared.statement_id,
    compared.statement_line_no,
    compared.invoice_key,
    compared.invoice_id,
    cast(compared.invoice_line_no as integer) as invoice_line_no,
    compared.stands_elsewhere,
    cdrs.location_id,
    cast(compared.our_kwh as decimal(18, 8)) as our_kwh,
    cast(compared.their_kwh as decimal(18, 8)) as their_kwh,
    cast(compared.our_excl_tax as decimal(18, 8)) as our_excl_tax,
    cast(compared.their_excl_tax as decimal(18, 8)) as their_excl_tax,
    cast(compared.difference_excl_tax as decimal(18, 8)) as difference_excl_tax
from compared
left join cdrs on compared.cdr_key = cdrs.cdr_key
