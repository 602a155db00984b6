with

sent_again as (

    select
        cdr_key,
        resubmission_no,
        earlier_key,
        asked_at,
        resubmit_limit,
        resubmit_totals_changed
    from {{ ref('cdr_completeness') }}
    where resubmission_no is not null

),

outcomes as (

    select
        outcomes.cdr_key,
        outcomes.partner,
        outcomes.direction,
        outcomes.period,
        outcomes.state,
        records.session_id,
        records.received_at
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join {{ ref('cdrs') }} as records on outcomes.cdr_key = records.cdr_key

)

select
    sent_again.cdr_key,
    outcomes.partner,
    outcomes.direction,
    outcomes.period,
    outcomes.session_id,
    sent_again.resubmission_no,
    sent_again.asked_at,
    outcomes.received_at,
    sent_again.earlier_key,
    case
        when outcomes.state in ('valid', 'adjusted', 'credited') then 'accepted'
        when outcomes.state = 'excluded' then 'refused'
        when sent_again.resubmit_totals_changed = 0 then 'blocked'
        when sent_again.resubmit_limit = 0 then 'refused'
        else 'submitted'
    end as standing
from sent_again
inner join outcomes on sent_again.cdr_key = outcomes.cdr_key
