with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        partner,
        direction,
        cpo_party,
        emsp_party,
        coalesce(ended_at, started_at) as supplied_at
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        partner,
        contract_version
    from {{ ref('cdr_terms') }}

),

sites as (

    select
        cdr_key,
        site_country
    from {{ ref('duty_flags') }}

),

settlement_terms as (

    select
        partner,
        contract_version,
        upper(tax_country) as tax_country,
        lower(tax_regime) as tax_regime,
        vat_id,
        is_vat_id_valid
    from {{ ref('settlement_terms') }}

),

own_parties as (

    select
        party,
        upper(min(country)) as country,
        min(vat_id) as vat_id,
        coalesce(max(case when is_vat_id_valid then 1 else 0 end), 0) = 1 as is_vat_id_valid
    from {{ ref('own_parties') }}
    group by party

),

sides as (

    select
        cdrs.cdr_key,
        cdrs.direction,
        cdrs.supplied_at,
        sites.site_country,
        own_parties.country as own_country,
        own_parties.vat_id as own_vat_id,
        own_parties.is_vat_id_valid as is_own_vat_id_valid,
        coalesce(
            settlement_terms.tax_country,
            upper(substring(case when cdrs.direction = 'payable' then cdrs.cpo_party else cdrs.emsp_party end, 1, 2))
        ) as partner_country,
        settlement_terms.tax_regime,
        settlement_terms.vat_id,
        settlement_terms.is_vat_id_valid
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join terms on cdrs.cdr_key = terms.cdr_key
    left join sites on cdrs.cdr_key = sites.cdr_key
    left join settlement_terms
        on terms.partner = settlement_terms.partner and terms.contract_version = settlement_terms.contract_version
    left join own_parties
        on case when cdrs.direction = 'payable' then cdrs.emsp_party else cdrs.cpo_party end = own_parties.party
    where cdrs.direction in ('receivable', 'payable')

)

select
    cdr_key,
    supplied_at,
    case when direction = 'receivable' then own_country else partner_country end as supplier_country,
    case when direction = 'receivable' then partner_country else own_country end as customer_country,
    -- What we buy as a mobility provider we sell on to our drivers.
    case when direction = 'receivable' then tax_regime else 'reseller' end as customer_regime,
    site_country,
    case when direction = 'receivable' then own_vat_id else vat_id end as supplier_vat_id,
    case when direction = 'receivable' then vat_id else own_vat_id end as customer_vat_id,
    coalesce(case when direction = 'receivable' then is_vat_id_valid else is_own_vat_id_valid end, false)
        as is_customer_vat_id_valid
from sides
