{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

claims as (

    select
        expected_prices.cdr_key,
        expected_prices.claimed_excl_tax,
        expected_prices.rated_excl_tax,
        expected_prices.discount_percent
    from {{ ref('expected_prices') }} as expected_prices
    inner join work on expected_prices.cdr_key = work.cdr_key
    where
        expected_prices.range_gap > expected_prices.tolerance
        and not expected_prices.is_credit
        and expected_prices.rated_excl_tax <> 0

),

cdrs as (

    select
        cdr_key,
        partner
    from {{ ref('cdrs') }}

),

granted as (

    select
        cdr_key,
        granted_by,
        plan,
        discount_percent
    from {{ ref('session_discounts') }}

),

contract_shares as (

    select
        cdr_key,
        sum(case when granted_by = 'contract' then discount_percent else 0 end) as contract_percent
    from granted
    group by cdr_key

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

-- Every plan of the partner, of whomever and whenever: what is taken without being in force is taken from these.
plans as (

    select distinct
        lower(memberships.partner) as partner_key,
        memberships.plan,
        memberships.discount_percent
    from {{ ref('memberships') }} as memberships
    cross join run
    where run.as_of is null or memberships.known_from <= run.as_of

),

contract_discounts as (

    select distinct
        lower(partner) as partner_key,
        discount_percent
    from {{ ref('contracts') }}
    where discount_percent <> 0

),

partners as (

    select
        claims.cdr_key,
        claims.discount_percent,
        lower(cdrs.partner) as partner_key,
        coalesce(contract_shares.contract_percent, 0) as contract_percent
    from claims
    inner join cdrs on claims.cdr_key = cdrs.cdr_key
    left join contract_shares on claims.cdr_key = contract_shares.cdr_key

),

candidates as (

    select
        cdr_key,
        1 as order_no,
        'no discount' as taken,
        cast(0 as decimal(18, 8)) as percent
    from claims

    union all

    select
        cdr_key,
        2 as order_no,
        'only the discount of ' || case when granted_by = 'contract' then 'the contract' else 'plan ' || plan end
            as taken,
        cast(discount_percent as decimal(18, 8)) as percent
    from granted

    union all

    select
        cdr_key,
        3 as order_no,
        'the discount twice' as taken,
        cast(discount_percent * 2 as decimal(18, 8)) as percent
    from claims
    where discount_percent <> 0

    union all

    -- Once more off what the first one left.
    select
        cdr_key,
        3 as order_no,
        'the discount twice' as taken,
        cast(
            discount_percent * 2
            - cast(discount_percent as decimal(9, 4)) * cast(discount_percent as decimal(9, 4)) * 0.01
            as decimal(18, 8)
        ) as percent
    from claims
    where discount_percent > 0 and discount_percent < 100

    union all

    select
        partners.cdr_key,
        4 as order_no,
        'plan ' || plans.plan || ', which the driver did not hold then' as taken,
        cast(partners.contract_percent + plans.discount_percent as decimal(18, 8)) as percent
    from partners
    inner join plans on partners.partner_key = plans.partner_key

    union all

    select
        partners.cdr_key,
        5 as order_no,
        'the discount of another contract version' as taken,
        cast(
            partners.discount_percent - partners.contract_percent + contract_discounts.discount_percent
            as decimal(18, 8)
        ) as percent
    from partners
    inner join contract_discounts on partners.partner_key = contract_discounts.partner_key

),

tolerances as (

    select
        cdr_key,
        price_discount_diff
    from {{ ref('claim_tolerances') }}

),

matching as (

    select
        claims.cdr_key,
        candidates.taken,
        candidates.percent,
        row_number() over (
            partition by claims.cdr_key order by candidates.order_no asc, candidates.taken asc, candidates.percent asc
        ) as choice_no
    from claims
    inner join candidates on claims.cdr_key = candidates.cdr_key
    inner join tolerances on claims.cdr_key = tolerances.cdr_key
    where
        candidates.percent <> claims.discount_percent
        and abs(
            claims.claimed_excl_tax - claims.rated_excl_tax
            - {{ discount_amount('claims.rated_excl_tax', 'candidates.percent') }}
        ) <= tolerances.price_discount_diff

)

select
    cdr_key,
    taken,
    percent
from matching
where choice_no = 1
