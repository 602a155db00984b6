with

contexts as (

    select
        statement_id,
        direction,
        currency,
        amount_excl_tax,
        tax,
        amount,
        credit_notes,
        credit_notes_unlinked
    from {{ ref('statement_contexts') }}

),

proofs as (

    select
        statement_id,
        lines_excl_tax,
        lines_tax,
        unrounded_excl_tax,
        tax_difference
    from {{ ref('statement_proofs') }}

),

traces as (

    select
        statement_id,
        lines_untraced,
        first_untraced_line,
        first_untraced
    from {{ ref('line_traces') }}

),

fees as (

    select
        statement_id,
        sum(billed_excl_tax) as fees_billed,
        sum(due_excl_tax) as fees_due,
        max(abs(billed_excl_tax - due_excl_tax)) as fee_difference
    from {{ ref('statement_fees') }}
    group by statement_id

),

deadlines as (

    select
        statement_id,
        issue_due_on,
        issued_on,
        source as issue_source
    from {{ ref('statement_deadlines') }}

),

rules as (

    select tolerance
    from {{ ref('rules') }}
    where rule_id = 'TERMS_FEE_DIFF'

),

measured as (

    select
        contexts.*,
        proofs.lines_excl_tax,
        proofs.lines_tax,
        proofs.unrounded_excl_tax,
        proofs.tax_difference,
        traces.lines_untraced,
        traces.first_untraced_line,
        traces.first_untraced,
        fees.fees_billed,
        fees.fees_due,
        fees.fee_difference,
        deadlines.issue_due_on,
        deadlines.issued_on,
        deadlines.issue_source,
        rules.tolerance as fee_tolerance
    from contexts
    cross join rules
    inner join proofs on contexts.statement_id = proofs.statement_id
    inner join traces on contexts.statement_id = traces.statement_id
    left join fees on contexts.statement_id = fees.statement_id
    left join deadlines on contexts.statement_id = deadlines.statement_id

),

checks as (

    select
        statement_id,
        'DOC_ARITHMETIC' as rule_id,
        case
            when lines_excl_tax <> amount_excl_tax or unrounded_excl_tax <> 0 then 0
            when coalesce(tax_difference, 0) <> 0 or coalesce(lines_tax, 0) <> coalesce(tax, 0) then 0
            else 1
        end as flag,
        'lines of ' || cast(lines_excl_tax as varchar) || ' net for a total of ' || cast(amount_excl_tax as varchar)
        || case
            when coalesce(tax_difference, 0) <> 0
                then ', tax ' || cast(tax_difference as varchar) || ' off its rate'
            else ''
        end
        || case
            when unrounded_excl_tax <> 0
                then ', ' || cast(unrounded_excl_tax as varchar) || ' off the minor unit'
            else ''
        end as observed,
        'rounded lines that add up to the total, and tax once for each category' as expected
    from measured

    union all

    select
        statement_id,
        'TERMS_FEE_DIFF' as rule_id,
        case when fee_difference is null then null when fee_difference > fee_tolerance then 0 else 1 end as flag,
        {{ money_text('fees_billed') }} || ' of fees, one of them off by ' || {{ money_text('fee_difference') }}
            as observed,
        {{ money_text('fees_due') }} || ' by the contract' as expected
    from measured

    union all

    select
        statement_id,
        'DOC_CREDIT_UNLINKED' as rule_id,
        case
            when direction <> 'receivable' or tax is null or credit_notes = 0 then null
            when credit_notes_unlinked > 0 then 0
            else 1
        end as flag,
        {{ money_text('amount') }} || ' against sealed statements of which none has an invoice' as observed,
        'an invoice of ours that it corrects' as expected
    from measured

    union all

    select
        statement_id,
        'DOC_ISSUE_DEADLINE' as rule_id,
        case when issue_due_on is null then null when issued_on > issue_due_on then 0 else 1 end as flag,
        'not issued on ' || cast(issued_on as varchar) as observed,
        'issued by ' || cast(issue_due_on as varchar) || ' (' || issue_source || ')' as expected
    from measured

    union all

    select
        statement_id,
        'DOC_TRACE_MISSING' as rule_id,
        case when lines_untraced > 0 then 0 else 1 end as flag,
        'lines without a trace: ' || cast(lines_untraced as varchar) || ', such as line '
        || cast(first_untraced_line as varchar) || ' (' || first_untraced || ')' as observed,
        'of each line its record, and the tariff and the steps of its price' as expected
    from measured

)

select
    statement_id,
    rule_id,
    cast(flag as smallint) as flag,
    observed,
    expected
from checks
