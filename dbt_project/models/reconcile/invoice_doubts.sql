with

invoices as (

    select
        invoice_key,
        stated_excl_tax,
        our_excl_tax,
        missing_excl_tax,
        volume_invoice_diff,
        invoice_cdr_set_diff,
        invoice_cdr_twice
    from {{ ref('invoice_flags') }}
    where volume_invoice_diff = 0 or invoice_cdr_set_diff = 0 or invoice_cdr_twice = 0

),

-- A line without an amount asks for what its CDR claims.
lines as (

    select
        matches.invoice_key,
        matches.cdr_key,
        abs(coalesce(matches.amount_excl_tax, cdrs.claimed_excl_tax)) as amount,
        row_number() over (partition by matches.invoice_key, matches.named_id order by matches.line_no) as listing_no
    from {{ ref('invoice_matches') }} as matches
    inner join invoices on matches.invoice_key = invoices.invoice_key
    left join {{ ref('cdrs') }} as cdrs on matches.cdr_key = cdrs.cdr_key

),

doubted_lines as (

    select
        invoice_key,
        sum(amount) as amount
    from lines
    where cdr_key is null or listing_no > 1
    group by invoice_key

),

repeated_lines as (

    select
        lines.invoice_key,
        sum(lines.amount) as amount
    from lines
    inner join {{ ref('invoice_repeats') }} as repeats
        on lines.invoice_key = repeats.invoice_key and lines.cdr_key = repeats.cdr_key
    group by lines.invoice_key

),

doubts as (

    select
        invoice_key,
        'VOLUME_INVOICE_DIFF' as rule_id,
        abs(abs(stated_excl_tax) - abs(our_excl_tax)) as amount
    from invoices
    where volume_invoice_diff = 0
    union all
    select
        invoices.invoice_key,
        'INVOICE_CDR_SET_DIFF' as rule_id,
        case
            when coalesce(doubted_lines.amount, invoices.missing_excl_tax) is not null
                then coalesce(doubted_lines.amount, 0) + abs(coalesce(invoices.missing_excl_tax, 0))
        end as amount
    from invoices
    left join doubted_lines on invoices.invoice_key = doubted_lines.invoice_key
    where invoices.invoice_cdr_set_diff = 0
    union all
    select
        invoices.invoice_key,
        'INVOICE_CDR_TWICE' as rule_id,
        repeated_lines.amount
    from invoices
    left join repeated_lines on invoices.invoice_key = repeated_lines.invoice_key
    where invoices.invoice_cdr_twice = 0

)

select
    invoice_key,
    rule_id,
    cast(amount as decimal(38, 8)) as amount_excl_tax
from doubts
