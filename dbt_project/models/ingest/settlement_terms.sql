with

settlement_terms_as_read as (

    select
        partner,
        contract_version,
        payment_terms_days,
        netting,
        minimum_amount,
        tax_country,
        tax_regime,
        vat_id,
        is_vat_id_valid,
        fx_source,
        fx_rate_date,
        fx_max_age_days,
        dispute_window_days,
        dispute_acknowledge_days,
        dispute_answer_days,
        dispute_resolve_days,
        dispute_objection_days,
        dispute_expiry_days,
        dispute_statements,
        cap_session,
        cap_monthly,
        credit_limit,
        is_self_billed,
        self_billing_agreement,
        self_billing_from
    from {{ source('ingest', 'raw_settlement_terms') }}

)

select
    partner,
    contract_version,
    payment_terms_days,
    netting,
    minimum_amount,
    tax_country,
    tax_regime,
    vat_id,
    is_vat_id_valid,
    fx_source,
    fx_rate_date,
    fx_max_age_days,
    dispute_window_days,
    dispute_acknowledge_days,
    dispute_answer_days,
    dispute_resolve_days,
    dispute_objection_days,
    dispute_expiry_days,
    dispute_statements,
    cap_session,
    cap_monthly,
    credit_limit,
    is_self_billed,
    self_billing_agreement,
    self_billing_from
from settlement_terms_as_read
