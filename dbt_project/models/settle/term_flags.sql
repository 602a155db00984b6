with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        direction,
        currency,
        coalesce(ended_at, started_at) as ended_at
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_terms.cdr_key,
        cdr_terms.contract_currency,
        settlement_terms.cap_session,
        settlement_terms.is_self_billed,
        settlement_terms.self_billing_agreement,
        settlement_terms.self_billing_from
    from {{ ref('cdr_terms') }} as cdr_terms
    inner join {{ ref('settlement_terms') }} as settlement_terms
        on
            cdr_terms.partner = settlement_terms.partner
            and cdr_terms.contract_version = settlement_terms.contract_version
    where settlement_terms.cap_session is not null or settlement_terms.is_self_billed

),

prices as (

    select
        cdr_key,
        coalesce(claimed_excl_tax, expected_excl_tax) as amount_excl_tax
    from {{ ref('expected_prices') }}

),

decided as (

    select
        cdr_key,
        settled_by,
        amount_excl_tax
    from {{ ref('decided_amounts') }}

),

exchanges as (

    select
        cdr_key,
        fx_numerator,
        fx_denominator
    from {{ ref('fx_applied') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

-- What it would be settled at: a price that the remedies of the contract corrected, else the claim, else our own.
amounts as (

    select
        cdrs.cdr_key,
        cdrs.direction,
        terms.cap_session,
        terms.is_self_billed,
        terms.self_billing_agreement,
        terms.self_billing_from,
        local_days.day as supplied_on,
        decided.settled_by,
        -- An amount whose rate is missing waits for that.
        case
            when cdrs.currency = terms.contract_currency or exchanges.fx_numerator is not null
                then {{ exchanged('coalesce(decided.amount_excl_tax, prices.amount_excl_tax)', 'exchanges') }}
        end as cap_amount
    from work
    inner join cdrs on work.cdr_key = cdrs.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join prices on cdrs.cdr_key = prices.cdr_key
    left join decided on cdrs.cdr_key = decided.cdr_key
    left join exchanges on cdrs.cdr_key = exchanges.cdr_key
    left join local_days on cdrs.ended_at >= local_days.starts_at and cdrs.ended_at < local_days.ends_at

)

select
    cdr_key,
    cap_session,
    cast(cap_amount as decimal(38, 16)) as cap_amount,
    self_billing_agreement,
    self_billing_from,
    supplied_on,
    cast(
        case
            when cap_session is null or cap_amount is null then null
            -- Two people looked at this amount and signed it.
            when settled_by = 'decision' then 1
            when cap_amount > cap_session then 0
            else 1
        end as smallint
    ) as cap_exceeded,
    cast(
        case
            when direction <> 'payable' or not is_self_billed then null
            when self_billing_agreement is not null and self_billing_from <= supplied_on then 1
            else 0
        end as smallint
    ) as doc_self_bill
from amounts
