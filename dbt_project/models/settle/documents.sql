with

numbers as (

    select
        seal_seq,
        number,
        kind,
        type_code,
        sequence,
        statement_id,
        party,
        partner,
        issued_on,
        due_on,
        currency,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        preceding,
        supplier
    from {{ ref('document_numbers') }}

),

statements as (

    select
        statement_id,
        period,
        adjustment_no
    from {{ ref('sealed_statements') }}

)

select
    numbers.number,
    numbers.kind,
    numbers.type_code,
    numbers.statement_id,
    numbers.party,
    numbers.partner,
    statements.period,
    numbers.issued_on,
    numbers.due_on,
    numbers.currency,
    numbers.amount_excl_tax,
    numbers.tax,
    numbers.amount_incl_tax,
    numbers.preceding,
    numbers.supplier,
    statements.adjustment_no,
    numbers.sequence,
    numbers.seal_seq,
    -- What the partner owes for it: a credit note takes away, and for what we bill in its name we owe.
    cast(
        case when numbers.kind = 'credit_note' then -1 else 1 end
        * case when numbers.supplier is null then 1 else -1 end * numbers.amount_incl_tax as decimal(18, 2)
    )
        as owed_incl_tax
from numbers
inner join statements on numbers.statement_id = statements.statement_id
