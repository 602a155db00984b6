with

statements as (

    select
        period,
        partner,
        status,
        content_sha256,
        period_sha256,
        statement_id
    from {{ ref('statements') }}

),

seals as (

    select
        seal_seq,
        sealed_at,
        sealed_by,
        period,
        partner,
        approval_seq,
        approved_by,
        content_sha256,
        manifest_sha256
    from {{ ref('seals') }}

),

approvals as (

    select
        seq,
        effective_at,
        subject_id,
        value as approved_sha256,
        decided_by,
        approved_by
    from {{ ref('decisions') }}
    where kind = 'period' and subject_kind = 'period'

),

outcomes as (

    select
        cdr_key,
        partner,
        period,
        state,
        coalesce(claimed_excl_tax, expected_excl_tax, 0) as at_stake
    from {{ ref('cdr_outcomes') }}
    where partner is not null and period is not null

),

terms as (

    select
        cdr_key,
        cut_off_days
    from {{ ref('cdr_terms') }}

),

bounds as (

    select
        period,
        ends_on
    from {{ ref('period_bounds') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

policies as (

    select
        outcomes.partner,
        outcomes.period,
        -- Where a contract changed within a period, the later cut-off waits for both.
        max(coalesce(terms.cut_off_days, 5)) as cut_off_days,
        sum(case when outcomes.state = 'held' then 1 else 0 end) as sessions_held,
        sum(case when outcomes.state = 'held' then outcomes.at_stake else 0 end) as held_excl_tax
    from outcomes
    left join terms on outcomes.cdr_key = terms.cdr_key
    group by outcomes.partner, outcomes.period

),

cut_offs as (

    select
        policies.partner,
        policies.period,
        policies.sessions_held,
        policies.held_excl_tax,
        local_days.starts_at as cut_off_at
    from policies
    inner join bounds on policies.period = bounds.period
    inner join local_days on {{ add_days('bounds.ends_on', 'policies.cut_off_days') }} = local_days.day

),

due as (

    select
        period,
        draft_due_at,
        approval_due_at,
        close_due_at
    from {{ ref('checkpoint_days') }}

),

listed as (

    select
        period,
        partner,
        min(status) as status,
        count(*) as statements,
        max(period_sha256) as period_sha256
    from statements
    group by period, partner

)

select
    listed.period,
    listed.partner,
    listed.status,
    cast(listed.statements as bigint) as statements,
    coalesce(seals.content_sha256, listed.period_sha256) as content_sha256,
    cut_offs.cut_off_at,
    coalesce(seals.approval_seq, approvals.seq) as approval_seq,
    approvals.effective_at as approved_at,
    approvals.decided_by as proposed_by,
    coalesce(seals.approved_by, approvals.approved_by) as approved_by,
    -- The drafts are not those that were approved: the approval counts for nothing until it is given again.
    seals.seal_seq is null and approvals.seq is not null and listed.status = 'draft' as is_approval_lost,
    seals.seal_seq,
    seals.sealed_at,
    seals.sealed_by,
    seals.manifest_sha256,
    cast(coalesce(cut_offs.sessions_held, 0) as bigint) as sessions_held,
    cast(coalesce(cut_offs.held_excl_tax, 0) as decimal(38, 16)) as held_excl_tax,
    due.draft_due_at,
    due.approval_due_at,
    due.close_due_at
from listed
left join seals on listed.period = seals.period and listed.partner = seals.partner
left join approvals on listed.period || '|' || listed.partner = approvals.subject_id
left join cut_offs on listed.period = cut_offs.period and listed.partner = cut_offs.partner
left join due on listed.period = due.period
