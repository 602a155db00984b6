with

apart as (

    select
        invoice_key,
        stated_sessions - our_sessions as sessions,
        stated_energy_kwh - our_energy_kwh as energy_kwh,
        stated_excl_tax - our_excl_tax as excl_tax,
        our_energy_kwh
    from {{ ref('invoice_flags') }}
    -- What its lines name is held against these lines, whatever a gate says of the sessions.
    where volume_invoice_diff = 0 and invoice_cdr_set_diff is null

),

invoices as (

    select
        invoices.invoice_key,
        invoices.partner,
        invoices.direction,
        lower(invoices.seller_party) as seller_key,
        lower(invoices.buyer_party) as buyer_key,
        invoices.period_from,
        invoices.period_to,
        invoices.currency
    from {{ ref('invoices') }} as invoices
    inner join apart on invoices.invoice_key = apart.invoice_key
    where invoices.is_latest

),

terms as (

    select
        subject_key as invoice_key,
        tolerance as money_tolerance,
        second_tolerance as energy_percent
    from {{ ref('subject_terms') }}
    where subject_kind = 'invoice'

),

found as (

    select
        cdr_key,
        revision,
        coalesce(caused_by, finding_id) as root_finding_id,
        rule_id,
        severity,
        rule_id like 'TIME!_%' escape '!' as is_about_time
    from {{ source('inspect', 'gate_findings') }}
    where cdr_key is not null and severity <> 'warn' and status = 'open'

),

roots as (

    select
        cdr_key,
        revision,
        min(root_finding_id) as root_finding_id,
        min(rule_id) as rule_id,
        max(case when severity = 'reject' then 1 else 0 end) as is_rejected,
        max(case when is_about_time then 1 else 0 end) as has_wrong_time
    from found
    where severity = 'reject' or is_about_time
    group by cdr_key, revision

),

-- What its operator bills all the same, and what our sums of the period do not have: sessions that gate 1 rejected, and
-- those whose own wrong times put them into another period.
candidates as (

    select
        invoices.invoice_key,
        cdrs.cdr_key,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        roots.root_finding_id,
        roots.rule_id,
        coalesce(cdrs.ended_at, cdrs.started_at) >= first_days.starts_at
        and coalesce(cdrs.ended_at, cdrs.started_at) < last_days.starts_at as is_of_period,
        roots.is_rejected = 1 as is_rejected,
        roots.has_wrong_time = 1 as has_wrong_time
    from invoices
    inner join {{ ref('local_days') }} as first_days on invoices.period_from = first_days.day
    inner join {{ ref('local_days') }} as last_days on invoices.period_to = last_days.day
    inner join {{ ref('cdrs') }} as cdrs
        on
            invoices.partner = cdrs.partner
            and invoices.direction = cdrs.direction
            and invoices.currency = cdrs.currency
            and coalesce(invoices.seller_key = lower(cdrs.cpo_party), true)
            and coalesce(invoices.buyer_key = lower(cdrs.emsp_party), true)
    inner join roots on cdrs.cdr_key = roots.cdr_key and cdrs.revision = roots.revision

),

left_out as (

    select *
    from candidates
    where case when is_of_period then is_rejected else has_wrong_time end

),

-- Each of them may be the difference, those of one rule, those of the period, or all.
sets as (

    select
        invoice_key,
        'cdr ' || cdr_key as set_id,
        root_finding_id,
        cdr_key,
        energy_kwh,
        claimed_excl_tax
    from left_out
    union all
    select
        invoice_key,
        'rule ' || rule_id as set_id,
        root_finding_id,
        cdr_key,
        energy_kwh,
        claimed_excl_tax
    from left_out
    union all
    select
        invoice_key,
        'period' as set_id,
        root_finding_id,
        cdr_key,
        energy_kwh,
        claimed_excl_tax
    from left_out
    where is_of_period
    union all
    select
        invoice_key,
        'all' as set_id,
        root_finding_id,
        cdr_key,
        energy_kwh,
        claimed_excl_tax
    from left_out

),

numbered as (

    select
        *,
        row_number() over (
            partition by invoice_key, set_id
            order by claimed_excl_tax desc nulls last, cdr_key asc
        ) as size_no
    from sets

),

sums as (

    select
        invoice_key,
        set_id,
        max(case when size_no = 1 then root_finding_id end) as root_finding_id,
        count(*) as sessions,
        sum(energy_kwh) as energy_kwh,
        sum(claimed_excl_tax) as excl_tax
    from numbered
    group by invoice_key, set_id

),

-- Of what the invoice states, all must be what these sessions make it.
fitting as (

    select
        apart.invoice_key,
        sums.root_finding_id,
        row_number() over (partition by apart.invoice_key order by sums.sessions asc, sums.set_id asc) as fit_no
    from apart
    inner join terms on apart.invoice_key = terms.invoice_key
    inner join sums on apart.invoice_key = sums.invoice_key
    where
        coalesce(apart.sessions = sums.sessions, true)
        and coalesce(
            abs(apart.energy_kwh - sums.energy_kwh) * 100
            <= abs(cast(apart.our_energy_kwh as decimal(38, 8))) * terms.energy_percent,
            true
        )
        and coalesce(abs(apart.excl_tax - sums.excl_tax) <= terms.money_tolerance, true)

)

select
    invoice_key as subject_id,
    'VOLUME_INVOICE_DIFF' as rule_id,
    root_finding_id
from fitting
where fit_no = 1
