with

postings as (

    select
        statement_id,
        document_number,
        booked_on,
        period,
        party,
        partner,
        currency,
        role,
        amount
    from {{ ref('statement_postings') }}
    where role in ('receivable', 'payable')

),

documents as (

    select
        statement_id,
        kind,
        due_on
    from {{ ref('document_numbers') }}

),

settlements as (

    select
        settlement_id,
        settled_with,
        partner,
        period,
        currency,
        side
    from {{ ref('settlements') }}

),

contracts as (

    select
        contracts.partner,
        contracts.valid_from,
        contracts.valid_to,
        terms.payment_terms_days
    from {{ ref('contracts') }} as contracts
    inner join {{ ref('settlement_terms') }} as terms
        on contracts.partner = terms.partner and contracts.contract_version = terms.contract_version

)

select
    coalesce(postings.document_number, postings.statement_id) as item_id,
    coalesce(documents.kind, 'statement') as kind,
    postings.role as direction,
    postings.partner,
    postings.party,
    postings.period,
    postings.statement_id,
    settlements.settlement_id,
    settlements.settled_with,
    postings.currency,
    postings.booked_on as issued_on,
    coalesce(
        documents.due_on, {{ add_days('postings.booked_on', 'contracts.payment_terms_days') }}
    ) as due_on,
    cast(case when postings.role = 'receivable' then postings.amount else -postings.amount end as decimal(18, 2))
        as amount
from postings
-- Inner is safe: a test holds every statement to one settlement.
inner join settlements
    on
        postings.partner = settlements.partner
        and postings.period = settlements.period
        and postings.currency = settlements.currency
        and (settlements.side = 'N' or settlements.side = case when postings.role = 'receivable' then 'R' else 'P' end)
left join documents on postings.statement_id = documents.statement_id
left join contracts
    on
        postings.partner = contracts.partner
        and postings.booked_on >= contracts.valid_from
        and (contracts.valid_to is null or postings.booked_on < contracts.valid_to)
