{{ config(meta={
    "dagster": {"ref": {"name": "journal_lines"}},
    "description": "From sealed statements to the journal nothing is lost: net, tax and what is owed are equal."
}) }}
{#
    Conservation from sealed statements to the journal: net to revenue, cost, fees and rounding, tax to tax, what an
    invoice asks for to receivable. Without it a statement or a rate could be missing from the books.
#}
with

booked as (

    select
        statement_id,
        sum(
            case
                when role in ('revenue', 'fee_revenue', 'cost', 'fee_cost', 'rounding') then credit - debit else 0
            end
        ) as net,
        sum(case when role in ('tax_payable', 'tax_receivable') then credit - debit else 0 end) as tax
    from {{ ref('journal_lines') }}
    where entry_kind = 'statement'
    group by statement_id

),

documents as (

    select
        statement_id,
        party,
        -- What we bill in the partner's name we owe.
        case when supplier is null then 1 else -1 end
        * case when kind = 'credit_note' then -amount_incl_tax else amount_incl_tax end as owed_incl_tax
    from {{ ref('document_numbers') }}

),

-- A document is one legal entity's part of what the statement makes owed.
owed as (

    select
        statement_id,
        party,
        sum(debit - credit) as owed
    from {{ ref('journal_lines') }}
    where entry_kind = 'statement' and role in ('receivable', 'payable')
    group by statement_id, party

),

documents_apart as (

    select
        documents.statement_id,
        max(abs(coalesce(owed.owed, 0) - documents.owed_incl_tax)) as difference
    from documents
    left join owed on documents.statement_id = owed.statement_id and documents.party = owed.party
    group by documents.statement_id

),

statements as (

    select
        statement_id,
        case when direction = 'receivable' then amount_excl_tax else -amount_excl_tax end as net,
        case when direction = 'receivable' then tax else -tax end as tax
    from {{ ref('sealed_statements') }}

)

select
    statements.statement_id,
    statements.net,
    booked.net as booked_net,
    statements.tax,
    booked.tax as booked_tax,
    documents_apart.difference
from statements
left join booked on statements.statement_id = booked.statement_id
left join documents_apart on statements.statement_id = documents_apart.statement_id
where
    -- In cents: a statement may be kept in parts of them.
    cast(round(coalesce(booked.net, 0) - statements.net, 2) as decimal(18, 2)) <> 0
    or cast(round(coalesce(booked.tax, 0) - coalesce(statements.tax, 0), 2) as decimal(18, 2)) <> 0
    or documents_apart.difference <> 0
