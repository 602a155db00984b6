with

due as (

    select
        due_id,
        paid_as,
        partner,
        period,
        direction,
        currency,
        due_on,
        bucket,
        due_amount
    from {{ ref('amounts_due') }}
    where status <> 'paid'

),

items as (

    select
        statement_id,
        party,
        paid_as
    from {{ ref('open_items') }}

),

disputes as (

    select
        dispute_id,
        state
    from {{ ref('disputes') }}
    where is_open

),

-- What it brings us: of what is payable it is negative.
postings as (

    select
        dispute_id,
        statement_id,
        party,
        amount
    from {{ ref('dispute_postings') }}
    where role in ('disputed_receivable', 'disputed_payable')

),

disputed as (

    select
        items.paid_as,
        disputes.state,
        count(distinct postings.dispute_id) as disputes,
        sum(postings.amount) as amount
    from postings
    inner join disputes on postings.dispute_id = disputes.dispute_id
    inner join items on postings.statement_id = items.statement_id and postings.party = items.party
    group by items.paid_as, disputes.state

)

select
    due_id,
    partner,
    period,
    direction,
    currency,
    'undisputed' as standing,
    due_on,
    bucket,
    cast(0 as bigint) as disputes,
    due_amount as amount
from due

union all

select
    due.due_id,
    due.partner,
    due.period,
    due.direction,
    due.currency,
    disputed.state as standing,
    due.due_on,
    due.bucket,
    cast(disputed.disputes as bigint) as disputes,
    cast(case when due.direction = 'receivable' then disputed.amount else -disputed.amount end as decimal(18, 2))
        as amount
from due
inner join disputed on due.paid_as = disputed.paid_as
