with

settlements as (

    select
        settlement_id,
        partner,
        period,
        currency,
        due,
        contract_version
    from {{ ref('settlements') }}
    where status <> 'sealed' and due <> 0

),

terms as (

    select
        partner,
        contract_version,
        payment_terms_days
    from {{ ref('settlement_terms') }}

),

checkpoint_days as (

    select
        period,
        close_due_on
    from {{ ref('checkpoint_days') }}

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at,
        is_working,
        working_day_no,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

today as (

    select local_days.day
    from run
    inner join local_days on run.as_of >= local_days.starts_at and run.as_of < local_days.ends_at

),

working_days as (

    select
        working_day_no,
        min(day) as day
    from local_days
    where is_working
    group by working_day_no

),

-- What is not sealed by its day is sealed today at the earliest: each day that passes moves the cash.
drafts as (

    select
        settlements.settlement_id,
        settlements.partner,
        settlements.period,
        settlements.currency,
        settlements.due,
        terms.payment_terms_days,
        case
            when checkpoint_days.close_due_on < today.day then today.day
            else checkpoint_days.close_due_on
        end as seal_on,
        checkpoint_days.close_due_on < today.day as is_close_missed
    from settlements
    cross join today
    inner join checkpoint_days on settlements.period = checkpoint_days.period
    left join terms
        on settlements.partner = terms.partner and settlements.contract_version = terms.contract_version

),

dated as (

    select
        drafts.*,
        {{ add_days('drafts.seal_on', 'drafts.payment_terms_days') }} as due_on
    from drafts

)

select
    due_id,
    'billed' as standing,
    partner,
    period,
    direction,
    currency,
    cast(null as date) as seal_on,
    false as is_close_missed,
    due_on,
    expected_on,
    due_amount as amount
from {{ ref('amounts_due') }}
where expected_on is not null

union all

select
    dated.settlement_id as due_id,
    'draft' as standing,
    dated.partner,
    dated.period,
    case when dated.due > 0 then 'receivable' else 'payable' end as direction,
    dated.currency,
    dated.seal_on,
    dated.is_close_missed,
    dated.due_on,
    working_days.day as expected_on,
    cast(abs(dated.due) as decimal(18, 2)) as amount
from dated
left join local_days on dated.due_on = local_days.day
left join working_days
    on local_days.working_day_no + case when local_days.is_working then 0 else 1 end = working_days.working_day_no
