with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        revision,
        partner,
        direction,
        cpo_party,
        emsp_party,
        currency,
        received_at,
        coalesce(ended_at, started_at) as ended_at
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        contract_version,
        is_contract_approved,
        contract_currency,
        rounding_scale,
        late_days
    from {{ ref('cdr_terms') }}

),

exchanges as (

    select
        cdr_key,
        to_currency,
        fx_source,
        wanted_on,
        fx_numerator
    from {{ ref('fx_applied') }}

),

periods as (

    select
        cdr_key,
        is_history,
        service_period,
        service_cut_off_at,
        billing_period
    from {{ ref('cdr_periods') }}

),

taxes as (

    select
        cdr_key,
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        customer_vat_id,
        is_customer_vat_id_valid,
        has_rules,
        answers,
        decision_id,
        category,
        rate_percent,
        note
    from {{ ref('cdr_taxes_due') }}

),

remedies as (

    select
        remedies.cdr_key,
        remedies.rule_id,
        remedies.claimed_excl_tax,
        remedies.after_excl_tax,
        remedies.limit_excl_tax,
        remedies.is_within_limit
    from {{ ref('remedies') }} as remedies
    inner join work on remedies.cdr_key = work.cdr_key
    left join {{ ref('decided_amounts') }} as decided
        on remedies.cdr_key = decided.cdr_key and decided.settled_by = 'decision'
    -- Where two people have decided, the contract's own remedy is not asked for.
    where remedies.is_allowed and remedies.is_changed and decided.cdr_key is null

),

disputes as (

    select
        cdr_key,
        dispute_id,
        reason_code,
        disputed_excl_tax
    from {{ ref('unbilled_disputes') }}

),

term_flags as (

    select *
    from {{ ref('term_flags') }}

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.revision,
        cdrs.partner,
        cdrs.direction,
        cdrs.cpo_party,
        cdrs.emsp_party,
        cdrs.received_at,
        cdrs.ended_at,
        terms.contract_version,
        coalesce(terms.is_contract_approved, false) as is_contract_approved,
        terms.late_days,
        periods.is_history,
        periods.service_period,
        periods.service_cut_off_at,
        periods.billing_period,
        taxes.supplier_country,
        taxes.customer_country,
        taxes.customer_regime,
        taxes.site_country,
        taxes.customer_vat_id,
        taxes.is_customer_vat_id_valid,
        taxes.has_rules,
        taxes.answers as tax_answers,
        taxes.decision_id as tax_decision_id,
        taxes.category as tax_category,
        taxes.rate_percent as tax_rate_percent,
        taxes.note as tax_note,
        cdrs.currency,
        terms.contract_currency,
        terms.rounding_scale,
        exchanges.to_currency,
        exchanges.fx_source,
        exchanges.wanted_on as fx_wanted_on,
        exchanges.fx_numerator,
        remedies.rule_id as remedy_rule_id,
        remedies.claimed_excl_tax as remedy_before,
        remedies.after_excl_tax as remedy_after,
        remedies.limit_excl_tax as remedy_limit,
        remedies.is_within_limit as is_remedy_within_limit,
        term_flags.cap_session,
        term_flags.cap_amount,
        term_flags.cap_exceeded,
        term_flags.self_billing_agreement,
        term_flags.self_billing_from,
        term_flags.supplied_on,
        term_flags.doc_self_bill,
        disputes.dispute_id,
        disputes.reason_code as dispute_reason,
        disputes.disputed_excl_tax,
        cast({{ seconds_between('cdrs.ended_at', 'cdrs.received_at') }} as bigint) as late_seconds
    from work
    inner join cdrs on work.cdr_key = cdrs.cdr_key
    inner join periods on cdrs.cdr_key = periods.cdr_key
    left join terms on cdrs.cdr_key = terms.cdr_key
    left join taxes on cdrs.cdr_key = taxes.cdr_key
    left join remedies on cdrs.cdr_key = remedies.cdr_key
    left join disputes on cdrs.cdr_key = disputes.cdr_key
    left join term_flags on cdrs.cdr_key = term_flags.cdr_key
    left join exchanges on cdrs.cdr_key = exchanges.cdr_key

)

select
    cdr_key,
    revision,
    partner,
    direction,
    cpo_party,
    emsp_party,
    received_at,
    ended_at,
    contract_version,
    is_contract_approved,
    late_days,
    late_seconds,
    service_period,
    service_cut_off_at,
    supplier_country,
    customer_country,
    customer_regime,
    site_country,
    customer_vat_id,
    tax_answers,
    tax_category,
    tax_rate_percent,
    tax_note,
    -- A session of our own drivers at our own chargers needs no contract: there is nobody to bill.
    cast(
        case
            when direction = 'internal' then null
            when partner is null or direction is null or contract_version is null or not is_contract_approved then 0
            else 1
        end as smallint
    ) as terms_missing,
    cast(case when billing_period is null or service_period is null then 0 else 1 end as smallint) as period_boundary,
    -- Lateness says nothing about history taken in at the start.
    cast(
        case
            when is_history or service_cut_off_at is null then null
            when received_at >= service_cut_off_at then 0
            else 1
        end as smallint
    ) as period_late_cdr,
    cast(
        case
            when is_history or late_days is null or late_seconds is null then null
            when late_seconds > cast(late_days as bigint) * 86400 then 0
            else 1
        end as smallint
    ) as period_too_old,
    -- A home that declares no rule of tax decides none, and its documents bear none.
    cast(
        case
            when has_rules is null or not has_rules then null
            when tax_decision_id is null then 0
            else 1
        end as smallint
    ) as tax_no_decision,
    cast(
        case
            when tax_category is null or tax_category <> 'AE' then null
            when is_customer_vat_id_valid then 1
            else 0
        end as smallint
    ) as tax_dealer_evidence,
    cast(case when tax_category is null then null when tax_category = 'K' then 0 else 1 end as smallint)
        as tax_category_mix,
    cast(
        case
            when tax_category is null or tax_category <> 'S' then null
            when lower(tax_note) like 'contested%' then 0
            else 1
        end as smallint
    ) as tax_rate_contested,
    currency,
    remedy_rule_id,
    remedy_before,
    remedy_after,
    remedy_limit,
    cast(case when is_remedy_within_limit then 1 when remedy_rule_id is not null then 0 end as smallint)
        as adjustment_limit,
    contract_currency,
    rounding_scale,
    fx_source,
    fx_wanted_on,
    cast(
        case
            when to_currency is null or direction = 'internal' then null
            when fx_numerator is null then 0
            else 1
        end as smallint
    ) as fx_rate_missing,
    cast(
        case
            when direction = 'internal' or contract_currency is null or rounding_scale is null then null
            when rounding_scale <> {{ minor_digits('contract_currency') }} then 0
            else 1
        end as smallint
    ) as fx_minor_unit,
    cap_session,
    cap_amount,
    cap_exceeded,
    self_billing_agreement,
    self_billing_from,
    supplied_on,
    doc_self_bill,
    dispute_id,
    dispute_reason,
    disputed_excl_tax,
    cast(case when dispute_id is null then 1 else 0 end as smallint) as dispute_included
from measured
