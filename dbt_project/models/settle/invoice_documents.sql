with

documents as (

    select
        invoice_key,
        form,
        coalesce(lower(issuer_party), source) as issuer_key,
        lower(invoice_id) as invoice_id_key,
        invoice_id,
        partner,
        direction,
        case when kind = 'credit_note' then -1 else 1 end as sign,
        currency,
        period_from,
        period_to,
        amount_excl_tax,
        coalesce(line_count, 0) as line_count,
        received_at
    from {{ ref('invoices') }}
    where is_latest

),

heads as (

    select *
    from documents
    where form = 'invoice'

),

records as (

    select
        *,
        row_number() over (partition by issuer_key, invoice_id_key order by invoice_key) as record_no
    from documents
    where form = 'reconciliation'

),

-- A record is the list of an invoice that has none: its sessions, beside the invoice's own total. Beside an invoice
-- with lines it repeats them, and gate 2 compares the two.
listed as (

    select
        heads.invoice_key,
        heads.form,
        heads.invoice_id,
        heads.partner,
        heads.direction,
        heads.sign,
        heads.currency,
        heads.period_from,
        heads.period_to,
        heads.sign * abs(heads.amount_excl_tax) as stated_excl_tax,
        heads.received_at
    from heads
    left join records
        on
            heads.issuer_key = records.issuer_key
            and heads.invoice_id_key = records.invoice_id_key
            and records.record_no = 1
    where heads.line_count > 0 or records.invoice_key is null

    union all

    select
        records.invoice_key,
        records.form,
        records.invoice_id,
        records.partner,
        coalesce(records.direction, heads.direction) as direction,
        coalesce(heads.sign, 1) as sign,
        coalesce(records.currency, heads.currency) as currency,
        heads.period_from,
        heads.period_to,
        case when records.record_no = 1 then heads.sign * abs(heads.amount_excl_tax) end as stated_excl_tax,
        records.received_at
    from records
    left join heads on records.issuer_key = heads.issuer_key and records.invoice_id_key = heads.invoice_id_key
    where coalesce(heads.line_count, 0) = 0

),

-- What an invoice does not say of itself, most of its sessions say.
votes as (

    select
        matches.invoice_key,
        cdrs.direction,
        cdrs.currency,
        cdrs.period,
        count(*) as sessions
    from {{ ref('invoice_matches') }} as matches
    inner join {{ ref('cdr_outcomes') }} as cdrs on matches.cdr_key = cdrs.cdr_key
    where cdrs.direction in ('receivable', 'payable')
    group by matches.invoice_key, cdrs.direction, cdrs.currency, cdrs.period

),

elected as (

    select
        *,
        row_number() over (
            partition by invoice_key
            order by sessions desc, direction asc, currency asc nulls last, period asc nulls last
        ) as vote_no
    from votes

),

sided as (

    select
        listed.invoice_key,
        listed.form,
        listed.invoice_id,
        listed.partner,
        coalesce(listed.direction, elected.direction, 'unknown') as direction,
        listed.sign,
        coalesce(listed.currency, elected.currency, 'unknown') as currency,
        listed.period_from,
        listed.period_to,
        listed.stated_excl_tax,
        listed.received_at,
        elected.period as elected_period
    from listed
    left join elected on listed.invoice_key = elected.invoice_key and elected.vote_no = 1

),

statement_periods as (

    select distinct
        statements.partner,
        statements.direction,
        statements.currency,
        statements.period,
        bounds.starts_on,
        bounds.ends_on
    from {{ ref('statements') }} as statements
    inner join {{ ref('billing_periods') }} as bounds on statements.period = bounds.period

),

overlapping as (

    select
        sided.invoice_key,
        periods.period,
        row_number() over (partition by sided.invoice_key order by periods.starts_on asc, periods.period asc)
            as period_no
    from sided
    inner join statement_periods as periods
        on
            sided.partner = periods.partner
            and sided.direction = periods.direction
            and sided.currency = periods.currency
            and sided.period_from < periods.ends_on
            and coalesce(sided.period_to, {{ add_days('sided.period_from', '1') }}) > periods.starts_on

)

select
    sided.invoice_key,
    coalesce(overlapping.period, sided.elected_period, 'unknown') as period,
    coalesce(overlapping.period_no, 1) = 1 as is_home,
    sided.form,
    sided.invoice_id,
    sided.partner,
    sided.direction,
    sided.currency,
    cast(sided.sign as integer) as sign,
    cast(sided.stated_excl_tax as decimal(18, 8)) as stated_excl_tax,
    sided.received_at
from sided
left join overlapping on sided.invoice_key = overlapping.invoice_key
