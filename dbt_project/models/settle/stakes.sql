with

cdrs as (

    select
        outcomes.cdr_key,
        outcomes.currency,
        abs(coalesce(outcomes.claimed_excl_tax, outcomes.expected_excl_tax)) as amount,
        records.source || '/cdrs/' || records.file_name as file_subject_id
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join {{ ref('cdrs') }} as records on outcomes.cdr_key = records.cdr_key

),

stakes as (

    select
        'cdr' as subject_kind,
        cdr_key as subject_id,
        'any' as rule_id,
        amount
    from cdrs
    union all
    -- Amounts of several currencies add up to nothing.
    select
        'file' as subject_kind,
        file_subject_id as subject_id,
        'any' as rule_id,
        case when count(distinct currency) = 1 then sum(amount) end as amount
    from cdrs
    group by file_subject_id
    union all
    select
        'session' as subject_kind,
        session_key as subject_id,
        'any' as rule_id,
        abs(total_cost_excl_tax) as amount
    from {{ ref('sessions') }}
    where is_latest
    union all
    -- Of an invoice only what is in question, not the rest of it.
    select
        'invoice' as subject_kind,
        invoice_key as subject_id,
        rule_id,
        amount_excl_tax as amount
    from {{ ref('invoice_doubts') }}
    union all
    select
        'statement' as subject_kind,
        statement_id as subject_id,
        'any' as rule_id,
        abs(amount_excl_tax) as amount
    from {{ ref('statements') }}

)

select
    subject_kind,
    subject_id,
    rule_id,
    cast(amount as decimal(38, 16)) as amount_at_stake
from stakes
