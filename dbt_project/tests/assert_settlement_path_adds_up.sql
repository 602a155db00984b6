{{ config(meta={
    "dagster": {"ref": {"name": "settlement_path"}},
    "description": "From claimed to paid nothing is unexplained: each level is the one before and what lies between."
}) }}
{#
    claimed, computed, billed and paid each come from their own source. If the steps between do not lead from one to
    the next, a session or an amount was lost or counted twice on the way.
    Fails with each partner, period, direction, currency, site and level that is not explained.
#}
with

path as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        step_no,
        step,
        sessions,
        energy_kwh,
        amount,
        is_level
    from {{ ref('settlement_path') }}

),

levels as (

    select
        listed.step,
        listed.step_no,
        listed.previous_no
    from (
        values ('computed', 3, 1), ('billed', 15, 3), ('invoiced', 18, 15), ('paid', 23, 18)
    ) as listed (step, step_no, previous_no)

),

explained as (

    select
        path.partner,
        path.period,
        path.direction,
        path.currency,
        path.location_id,
        levels.step,
        sum(case when path.step_no = levels.step_no then -path.amount else path.amount end) as unexplained,
        sum(
            case
                when levels.step = 'paid' then 0
                when path.step_no = levels.step_no then -path.sessions
                else path.sessions
            end
        ) as unexplained_sessions,
        sum(
            case
                when levels.step = 'paid' then 0
                when path.step_no = levels.step_no then -path.energy_kwh
                else path.energy_kwh
            end
        ) as unexplained_kwh
    from path
    inner join levels on path.step_no >= levels.previous_no and path.step_no <= levels.step_no
    group by path.partner, path.period, path.direction, path.currency, path.location_id, levels.step

)

select
    partner,
    period,
    direction,
    currency,
    location_id,
    step,
    unexplained,
    unexplained_sessions,
    unexplained_kwh
from explained
where unexplained <> 0 or unexplained_sessions <> 0 or unexplained_kwh <> 0
