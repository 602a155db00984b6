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
    upper(
        replace(replace(replace(coalesce(postings.document_number, postings.statement_id), '-', ''), '_', ''), '/', '')
    ) as item_key,
    coalesce(documents.kind, 'statement') as kind,
    postings.role as direction,
    postings.partner,
    postings.party,
    postings.period,
    postings.statement_id,
    postings.currency,
    postings.booked_on as issued_on,
    coalesce(
        documents.due_on, {{ add_days('postings.booked_on', 'contracts.payment_terms_days') }}
    ) as due_on,
    cast(case when postings.role = 'receivable' then postings.amount else -postings.amount end as decimal(18, 2))
        as amount
from postings
left join documents on postings.statement_id = documents.statement_id
left join contracts
    on
        postings.partner = contracts.partner
        and postings.booked_on >= contracts.valid_from
        and (contracts.valid_to is null or postings.booked_on < contracts.valid_to)
