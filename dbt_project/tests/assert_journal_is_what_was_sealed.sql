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
        sum(case when role in ('tax_payable', 'tax_receivable') then credit - debit else 0 end) as tax,
        sum(case when role in ('receivable', 'payable') then debit - credit else 0 end) as owed
    from {{ ref('journal_lines') }}
    where entry_kind = 'statement'
    group by statement_id

),

statements as (

    select
        statement_id,
        case when direction = 'receivable' then amount_excl_tax else -amount_excl_tax end as net,
        case when direction = 'receivable' then tax else -tax end as tax
    from {{ ref('sealed_statements') }}

),

documents as (

    select
        statement_id,
        -- What we bill in the partner's name we owe.
        case when supplier is null then 1 else -1 end
        * case when kind = 'credit_note' then -amount_incl_tax else amount_incl_tax end as owed_incl_tax
    from {{ ref('document_numbers') }}

)

select
    statements.statement_id,
    statements.net,
    booked.net as booked_net,
    statements.tax,
    booked.tax as booked_tax,
    documents.owed_incl_tax,
    booked.owed as booked_owed
from statements
left join booked on statements.statement_id = booked.statement_id
left join documents on statements.statement_id = documents.statement_id
where
    -- In cents: a statement may be kept in parts of them.
    cast(round(coalesce(booked.net, 0) - statements.net, 2) as decimal(18, 2)) <> 0
    or cast(round(coalesce(booked.tax, 0) - coalesce(statements.tax, 0), 2) as decimal(18, 2)) <> 0
    or coalesce(booked.owed, 0) <> coalesce(documents.owed_incl_tax, coalesce(booked.owed, 0))
