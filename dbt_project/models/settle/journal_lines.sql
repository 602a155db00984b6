with

postings as (

    select
        entry_id,
        entry_kind,
        booked_on,
        period,
        party,
        partner,
        currency,
        statement_id,
        document_number,
        role,
        tax_category,
        tax_percent,
        amount
    from {{ ref('statement_postings') }}

    union all

    select
        entry_id,
        entry_kind,
        booked_on,
        period,
        party,
        partner,
        currency,
        statement_id,
        document_number,
        role,
        cast(null as varchar) as tax_category,
        cast(null as decimal(18, 8)) as tax_percent,
        amount
    from {{ ref('dispute_postings') }}

    union all

    select
        entry_id,
        entry_kind,
        booked_on,
        period,
        party,
        partner,
        currency,
        statement_id,
        document_number,
        role,
        cast(null as varchar) as tax_category,
        cast(null as decimal(18, 8)) as tax_percent,
        amount
    from {{ ref('payment_postings') }}

    union all

    select
        entry_id,
        entry_kind,
        booked_on,
        period,
        party,
        partner,
        currency,
        cast(null as varchar) as statement_id,
        cast(null as varchar) as document_number,
        role,
        cast(null as varchar) as tax_category,
        cast(null as decimal(18, 8)) as tax_percent,
        amount
    from {{ ref('accrual_postings') }}

),

accounts as (

    select
        role,
        account,
        account_name
    from {{ ref('chart_of_accounts') }}

)

select
    postings.entry_id,
    cast(
        row_number() over (
            partition by postings.entry_id
            order by
                postings.role asc,
                postings.tax_category asc,
                postings.tax_percent asc,
                postings.statement_id asc
        ) as integer
    ) as line_no,
    postings.entry_kind,
    postings.booked_on,
    postings.period,
    postings.party,
    postings.partner,
    postings.currency,
    accounts.account,
    accounts.account_name,
    postings.role,
    cast(greatest(postings.amount, 0) as decimal(18, 2)) as debit,
    cast(greatest(-postings.amount, 0) as decimal(18, 2)) as credit,
    postings.tax_category,
    postings.tax_percent,
    postings.statement_id,
    postings.document_number
from postings
inner join accounts on postings.role = accounts.role
