with

statements as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency
    from {{ ref('statements') }}

),

-- What stands on a statement, by site and by legal entity of ours: each of these has its document. A line
-- without a site is of none: fees, rounding.
sites as (

    select
        lines.statement_id,
        lines.own_party,
        coalesce(cdrs.location_id, '-') as location_id,
        sum(case when lines.kind = 'session' then 1 else 0 end) as sessions,
        sum(coalesce(lines.energy_kwh, 0)) as energy_kwh,
        sum(lines.amount_excl_tax) as amount_excl_tax,
        sum(lines.amount_excl_tax + coalesce(lines.tax, 0)) as amount_incl_tax
    from {{ ref('statement_lines') }} as lines
    left join {{ ref('cdr_outcomes') }} as cdrs on lines.cdr_key = cdrs.cdr_key
    group by lines.statement_id, lines.own_party, coalesce(cdrs.location_id, '-')

),

billed as (

    select
        statements.*,
        documents.number is not null as has_document,
        items.item_id,
        items.amount as item_amount,
        sites.location_id,
        sites.sessions,
        sites.energy_kwh,
        sites.amount_excl_tax,
        sites.amount_incl_tax
    from statements
    inner join sites on statements.statement_id = sites.statement_id
    left join {{ ref('documents') }} as documents
        on sites.statement_id = documents.statement_id and sites.own_party = documents.party
    left join {{ ref('open_items') }} as items
        on sites.statement_id = items.statement_id and sites.own_party = items.party

),

theirs as (

    select
        partner,
        period,
        direction,
        currency,
        coalesce(location_id, '-') as location_id,
        invoice_id is null as is_uninvoiced,
        case
            when standing = 'unlisted' then -1
            when standing in ('missing', 'doubled') then 1
            else 0
        end as sessions,
        case
            when invoice_id is null then -coalesce(our_kwh, 0)
            else coalesce(their_kwh - coalesce(our_kwh, 0), 0)
        end as energy_kwh,
        coalesce(difference_excl_tax, 0) as amount_excl_tax
    from {{ ref('invoice_reconciliation') }}
    where direction = 'payable'

),

compared as (

    select distinct
        partner,
        period,
        direction,
        currency
    from theirs

),

-- What is invoiced is what we ask for on a document, and what the partner asks for on its own.
invoiced_apart as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'not_invoiced' as step,
        -sessions as sessions,
        -energy_kwh as energy_kwh,
        -amount_excl_tax as amount_excl_tax,
        item_id is not null as is_owed
    from billed
    where direction = 'receivable' and not has_document

    union all

    select
        billed.partner,
        billed.period,
        billed.direction,
        billed.currency,
        billed.location_id,
        'not_invoiced' as step,
        -billed.sessions as sessions,
        -billed.energy_kwh as energy_kwh,
        -billed.amount_excl_tax as amount_excl_tax,
        true as is_owed
    from billed
    left join compared
        on
            billed.partner = compared.partner
            and billed.period = compared.period
            and billed.direction = compared.direction
            and billed.currency = compared.currency
    where billed.direction = 'payable' and compared.partner is null and not billed.has_document

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        case when is_uninvoiced then 'not_invoiced' else 'invoiced_otherwise' end as step,
        sessions,
        energy_kwh,
        amount_excl_tax,
        true as is_owed
    from theirs

),

movements as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        step,
        sessions,
        energy_kwh,
        amount_excl_tax
    from invoiced_apart

    union all

    -- What is owed and paid is what stands on the sealed statement, whatever the partner asks for.
    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'not_followed' as step,
        -sessions as sessions,
        -energy_kwh as energy_kwh,
        -amount_excl_tax as amount_excl_tax
    from invoiced_apart
    where is_owed

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'not_sealed' as step,
        -sessions as sessions,
        -energy_kwh as energy_kwh,
        -amount_excl_tax as amount_excl_tax
    from billed
    where item_id is null and direction = 'payable'

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'tax' as step,
        0 as sessions,
        0 as energy_kwh,
        amount_incl_tax - amount_excl_tax as amount_excl_tax
    from billed
    where item_id is not null

    union all

    -- A document is in cents, for each rate of tax.
    select
        billed.partner,
        billed.period,
        billed.direction,
        billed.currency,
        '-' as location_id,
        steps.step,
        0 as sessions,
        0 as energy_kwh,
        steps.sign * (billed.item_amount - sum(billed.amount_incl_tax)) as amount_excl_tax
    from billed
    cross join (values ('tax', 1), ('unpaid', -1)) as steps (step, sign)
    where billed.item_id is not null
    group by
        billed.item_id, billed.partner, billed.period, billed.direction, billed.currency, billed.item_amount,
        steps.step, steps.sign

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'unpaid' as step,
        0 as sessions,
        0 as energy_kwh,
        -amount_incl_tax as amount_excl_tax
    from billed
    where item_id is not null

    union all

    select
        shares.partner,
        shares.period,
        shares.direction,
        shares.currency,
        shares.location_id,
        steps.step,
        0 as sessions,
        0 as energy_kwh,
        shares.paid as amount_excl_tax
    from {{ ref('paid_sites') }} as shares
    cross join (values ('unpaid'), ('paid')) as steps (step)

    union all

    -- Nothing is paid yet of most statements, and that is a level too.
    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'paid' as step,
        0 as sessions,
        0 as energy_kwh,
        0 as amount_excl_tax
    from billed

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'billed' as step,
        sessions,
        energy_kwh,
        amount_excl_tax
    from billed

)

select
    partner,
    period,
    direction,
    currency,
    location_id,
    step,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(energy_kwh) as decimal(38, 8)) as energy_kwh,
    cast(sum(amount_excl_tax) as decimal(38, 16)) as amount_excl_tax
from movements
group by partner, period, direction, currency, location_id, step
