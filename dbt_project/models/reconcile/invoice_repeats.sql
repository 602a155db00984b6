with

matches as (

    select distinct
        cdr_key,
        form,
        invoice_key,
        received_at,
        case when kind = 'credit_note' then -1 else 1 end as billings
    from {{ ref('invoice_matches') }}
    where cdr_key is not null

),

-- A reconciliation record repeats an invoice on purpose: only documents of one form are compared. What a credit note
-- has taken back in between may be billed again.
documents as (

    select
        cdr_key,
        invoice_key,
        form,
        billings,
        row_number() over document_order as document_no,
        coalesce(sum(billings) over (
            document_order
            rows between unbounded preceding and 1 preceding
        ), 0) as billed_before
    from matches
    window document_order as (partition by cdr_key, form order by received_at asc, billings desc, invoice_key asc)

)

select
    documents.invoice_key,
    documents.cdr_key,
    min(firsts.invoice_key) as first_invoice_key
from documents
inner join documents as firsts on documents.cdr_key = firsts.cdr_key and documents.form = firsts.form
where documents.billings = 1 and documents.billed_before > 0 and firsts.document_no = 1
group by documents.invoice_key, documents.cdr_key
