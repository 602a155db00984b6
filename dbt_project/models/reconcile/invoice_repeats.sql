with

matches as (

    select
        invoice_key,
        form,
        kind,
        received_at,
        cdr_key
    from {{ ref('invoice_matches') }}
    where cdr_key is not null and kind <> 'credit_note'

),

billed as (

    select
        cdr_key,
        form,
        invoice_key,
        min(received_at) as received_at
    from matches
    group by cdr_key, form, invoice_key

),

-- A reconciliation record repeats an invoice on purpose: only documents of one form are compared.
documents as (

    select
        cdr_key,
        invoice_key,
        form,
        row_number() over (partition by cdr_key, form order by received_at asc, invoice_key asc) as document_no
    from billed

)

select
    documents.invoice_key,
    count(*) as repeated,
    min(documents.cdr_key) as repeated_example,
    min(firsts.invoice_key) as first_invoice_key
from documents
inner join documents as firsts on documents.cdr_key = firsts.cdr_key and documents.form = firsts.form
where documents.document_no > 1 and firsts.document_no = 1
group by documents.invoice_key
