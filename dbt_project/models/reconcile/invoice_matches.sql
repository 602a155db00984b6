with

invoices as (

    select
        record_id,
        invoice_key,
        form,
        kind,
        received_at
    from {{ ref('invoices') }}
    where is_latest

),

lines as (

    select
        invoice_record_id,
        line_no,
        lower(cdr_id) as cdr_id_key,
        lower(session_id) as session_id_key,
        lower(cpo_party) as cpo_party_key,
        energy_kwh,
        amount_excl_tax
    from {{ ref('invoice_lines') }}
    where is_latest

),

cdrs as (

    select
        cdr_key,
        lower(cdr_id) as cdr_id_key,
        lower(session_id) as session_id_key,
        lower(cpo_party) as cpo_party_key
    from {{ ref('cdrs') }}

),

-- A line that names no CDR names its session.
found as (

    select
        lines.invoice_record_id,
        lines.line_no,
        min(cdrs.cdr_key) as cdr_key
    from lines
    inner join cdrs on lines.cdr_id_key = cdrs.cdr_id_key
    where lines.cpo_party_key is null or lines.cpo_party_key = cdrs.cpo_party_key
    group by lines.invoice_record_id, lines.line_no
    union all
    select
        lines.invoice_record_id,
        lines.line_no,
        min(cdrs.cdr_key) as cdr_key
    from lines
    inner join cdrs on lines.session_id_key = cdrs.session_id_key
    where
        lines.cdr_id_key is null
        and (lines.cpo_party_key is null or lines.cpo_party_key = cdrs.cpo_party_key)
    group by lines.invoice_record_id, lines.line_no

)

select
    invoices.invoice_key,
    lines.line_no,
    invoices.form,
    invoices.kind,
    invoices.received_at,
    coalesce(lines.cdr_id_key, lines.session_id_key) as named_id,
    found.cdr_key,
    lines.energy_kwh,
    lines.amount_excl_tax
from lines
inner join invoices on lines.invoice_record_id = invoices.record_id
left join found on lines.invoice_record_id = found.invoice_record_id and lines.line_no = found.line_no
where coalesce(lines.cdr_id_key, lines.session_id_key) is not null
