with

lines as (

    select
        record_id,
        invoice_record_id,
        line_no,
        cdr_id,
        session_id,
        cpo_party,
        started_at,
        ended_at,
        energy_kwh,
        amount_excl_tax,
        tax_percent,
        tax_amount,
        amount_incl_tax,
        text
    from "evsettle"."ingest"."raw_invoice_lines"

),

invoices as (

    select
        record_id,
        invoice_key,
        invoice_id,
        form,
        partner,
        direction,
        currency,
        seller_party,
        issuer_party,
        known_from,
        known_to,
        is_latest
    from "evsettle"."ingest"."invoices"

)

select
    lines.invoice_record_id,
    lines.line_no,
    lines.record_id,
    invoices.invoice_key,
    invoices.invoice_id,
    invoices.form,
    invoices.partner,
    invoices.direction,
    invoices.currency,
    lines.cdr_id,
    lines.session_id,
    coalesce(lines.cpo_party, invoices.seller_party) as cpo_party,
    lines.started_at,
    lines.ended_at,
    lines.energy_kwh,
    lines.amount_excl_tax,
    lines.tax_percent,
    lines.tax_amount,
    lines.amount_incl_tax,
    lines.text,
    invoices.known_from,
    invoices.known_to,
    invoices.is_latest
from lines
inner join invoices on lines.invoice_record_id = invoices.record_id
