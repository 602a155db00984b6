with

postings as (

    select
        statement_id,
        count(*) over (partition by statement_id) as parties,
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
        number,
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
        side,
        is_netted
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

),

items as (

    select
        coalesce(
            postings.document_number,
            postings.statement_id
            || case when postings.parties > 1 then '-' || replace(postings.party, '/', '') else '' end
        ) as item_id,
        coalesce(documents.kind, 'statement') as kind,
        postings.role as direction,
        postings.partner,
        postings.party,
        postings.period,
        postings.statement_id,
        settlements.settlement_id,
        settlements.settled_with,
        settlements.is_netted,
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
            and (
                settlements.side = 'N'
                or settlements.side = case when postings.role = 'receivable' then 'R' else 'P' end
            )
    left join documents on postings.document_number = documents.number
    left join contracts
        on
            postings.partner = contracts.partner
            and postings.booked_on >= contracts.valid_from
            and (contracts.valid_to is null or postings.booked_on < contracts.valid_to)

)

select
    item_id,
    kind,
    direction,
    partner,
    party,
    period,
    statement_id,
    settlement_id,
    settled_with,
    -- One sum has one account: only what a contract nets is paid together for several legal entities of ours.
    settled_with || case
        when
            not is_netted
            and min(party) over (partition by settled_with) <> max(party) over (partition by settled_with)
            then '-' || replace(party, '/', '')
        else ''
    end as paid_as,
    currency,
    issued_on,
    due_on,
    amount
from items
