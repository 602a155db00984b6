with

cdrs as (

    select
        cdr_key,
        revision,
        credit_of,
        is_credit,
        received_at,
        claimed_excl_tax,
        claimed_incl_tax
    from {{ ref('cdrs') }}

),

rejected as (

    select
        cdr_key,
        revision
    from {{ source('inspect', 'gate_verdicts') }}
    where verdict = 'reject'

),

excluded as (

    select distinct subject_id as cdr_key
    from {{ ref('decisions') }}
    where kind = 'exclude' and subject_kind = 'cdr'

),

-- Of what was never billed a seal says that too: its credit pays nothing out.
billed as (

    select cdr_key
    from {{ ref('sealed_outcomes') }}
    where statement_id is not null

),

-- A credit that is out itself takes nothing back: the corrected one after it must not look like a second.
credits as (

    select
        cdrs.cdr_key,
        cdrs.credit_of,
        cdrs.received_at,
        cdrs.claimed_excl_tax,
        cdrs.claimed_incl_tax,
        rejected.cdr_key is null and excluded.cdr_key is null as is_standing
    from cdrs
    left join rejected on cdrs.cdr_key = rejected.cdr_key and cdrs.revision = rejected.revision
    left join excluded on cdrs.cdr_key = excluded.cdr_key
    where cdrs.is_credit

),

paired as (

    select
        credits.cdr_key,
        originals.cdr_key as original_key,
        credits.is_standing,
        billed.cdr_key is not null as is_original_billed,
        row_number() over (
            partition by originals.cdr_key, credits.is_standing
            order by credits.received_at asc, credits.cdr_key asc
        ) as credit_no,
        -- Net sizes where both sides sent them, else gross ones: a size is never compared across the two.
        case
            when credits.claimed_excl_tax is not null and originals.claimed_excl_tax is not null
                then abs(credits.claimed_excl_tax) - abs(originals.claimed_excl_tax)
            else abs(credits.claimed_incl_tax) - abs(originals.claimed_incl_tax)
        end as size_difference,
        coalesce(abs(originals.claimed_excl_tax), abs(originals.claimed_incl_tax)) as original_size,
        coalesce(abs(credits.claimed_excl_tax), abs(credits.claimed_incl_tax)) as credit_size
    from credits
    inner join cdrs as originals on credits.credit_of = originals.cdr_key
    left join billed on originals.cdr_key = billed.cdr_key
    -- A credit of a credit, or of itself, is no pair: it stays without an original.
    where not originals.is_credit

)

select
    cdr_key,
    original_key,
    is_standing,
    cast(credit_no as integer) as credit_no,
    cast(original_size as decimal(18, 8)) as original_size,
    cast(credit_size as decimal(18, 8)) as credit_size,
    cast(size_difference as decimal(18, 8)) as size_difference,
    is_original_billed
from paired
