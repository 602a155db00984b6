with

work as (

    select cdr_key from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        ocpi_version,
        currency,
        energy_kwh,
        claimed_excl_tax,
        claimed_incl_tax,
        claimed_energy_excl_tax,
        contract_id,
        started_at,
        is_credit,
        is_test,
        is_home_charging,
        direction
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_terms.cdr_key,
        coalesce(case when cdr_terms.contract_version is not null then cdr_terms.partner end, '') as partner,
        coalesce(cdr_terms.contract_version, '') as contract_version,
        cdr_terms.contract_currency,
        settled.fx_source,
        cdr_terms.requires
    from {{ ref('cdr_terms') }} as cdr_terms
    left join {{ ref('settlement_terms') }} as settled
        on cdr_terms.partner = settled.partner and cdr_terms.contract_version = settled.contract_version

),

tolerances as (

    select
        partner,
        contract_version,
        tax_arithmetic,
        outcome_unpriced
    from {{ ref('rule_tolerances') }}

),

currencies as (

    select currency from {{ ref('currencies') }}

),

in_force as (

    select
        in_force.cdr_key,
        in_force.tariff_no,
        in_force.tariff_currency
    from {{ ref('tariffs_in_force') }} as in_force
    inner join work on in_force.cdr_key = work.cdr_key
    where in_force.tariff_no is not null

),

uses as (

    select
        cdr_key,
        tariff_no
    from {{ ref('tariff_uses') }}
    where is_embedded and tariff_no is not null

),

memberships as (

    select
        lower(contract_id) as contract_key,
        valid_from,
        valid_to
    from {{ ref('memberships') }}
    where known_to is null and lower(plan) in ('test', 'staff', 'commissioning')

),

bodies as (

    select
        tariff_no,
        currency,
        tax_included
    from {{ ref('tariff_bodies') }}

),

components as (

    select
        tariff_no,
        dimension,
        price,
        tax_percent
    from {{ ref('tariff_components') }}

),

tariff_taxes as (

    select
        bodies.tariff_no,
        coalesce(bodies.tax_included, '') = 'N/A' as is_untaxed,
        bodies.tax_included,
        max(case when components.price <> 0 then 1 else 0 end) as has_price,
        max(case when components.dimension = 'ENERGY' then components.price end) as energy_price_max,
        max(case when components.price <> 0 and components.tax_percent is null then 1 else 0 end) as has_gap,
        min(case when components.price <> 0 then components.tax_percent end) as tax_percent_min,
        max(case when components.price <> 0 then components.tax_percent end) as tax_percent_max
    from bodies
    left join components on bodies.tariff_no = components.tariff_no
    group by
        bodies.tariff_no,
        bodies.tax_included

),

by_cdr as (

    select
        in_force.cdr_key,
        min(in_force.tariff_currency) as tariff_currency_first,
        max(in_force.tariff_currency) as tariff_currency_last,
        max(tariff_taxes.has_price) as has_price,
        max(tariff_taxes.energy_price_max) as energy_price_max,
        max(tariff_taxes.tax_included) as tax_included,
        max(case when tariff_taxes.is_untaxed and tariff_taxes.tax_percent_max > 0 then 1 else 0 end) as has_odd_rate,
        max(case when tariff_taxes.is_untaxed then 1 else 0 end) as has_untaxed,
        max(case when coalesce(tariff_taxes.tax_included, '') = 'YES' then 1 else 0 end) as has_tax_included,
        max(case when tariff_taxes.has_gap = 1 and not tariff_taxes.is_untaxed then 1 else 0 end) as has_gap,
        min(case when tariff_taxes.is_untaxed then 0 else tariff_taxes.tax_percent_min end) as tax_percent_min,
        max(case when tariff_taxes.is_untaxed then 0 else tariff_taxes.tax_percent_max end) as tax_percent_max
    from in_force
    inner join tariff_taxes on in_force.tariff_no = tariff_taxes.tariff_no
    group by in_force.cdr_key

),

-- What the CDR itself carries, where the registry's version may be another.
embedded as (

    select
        uses.cdr_key,
        min(bodies.currency) as currency_first,
        max(bodies.currency) as currency_last
    from uses
    inner join bodies on uses.tariff_no = bodies.tariff_no
    group by uses.cdr_key

),

-- A card of our own people, or one for tests, is a membership of that plan.
testers as (

    select distinct cdrs.cdr_key
    from cdrs
    inner join memberships on lower(cdrs.contract_id) = memberships.contract_key
    where
        (memberships.valid_from is null or memberships.valid_from <= cdrs.started_at)
        and (memberships.valid_to is null or cdrs.started_at < memberships.valid_to)

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.ocpi_version,
        cdrs.currency,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        cdrs.claimed_incl_tax,
        cdrs.is_credit,
        case when testers.cdr_key is not null then true else cdrs.is_test end as is_test,
        cdrs.is_home_charging,
        cdrs.direction,
        currencies.currency is not null as is_currency_active,
        terms.contract_currency,
        terms.fx_source,
        terms.requires,
        by_cdr.cdr_key is not null as has_tariff,
        by_cdr.has_price,
        by_cdr.has_gap,
        by_cdr.tax_included,
        by_cdr.has_odd_rate,
        by_cdr.has_untaxed,
        by_cdr.has_tax_included,
        case
            when by_cdr.tariff_currency_first <> cdrs.currency then by_cdr.tariff_currency_first
            when by_cdr.tariff_currency_last <> cdrs.currency then by_cdr.tariff_currency_last
            when embedded.currency_first <> cdrs.currency then embedded.currency_first
            else coalesce(embedded.currency_last, by_cdr.tariff_currency_last)
        end as tariff_currency,
        cast(abs(cdrs.claimed_energy_excl_tax) as decimal(38, 8)) as paid_for_energy,
        -- At most, by the tariff's prices as they stand; beyond all sense they say nothing.
        case
            when by_cdr.has_tax_included = 1 and abs(cdrs.energy_kwh) < 1000000 and by_cdr.energy_price_max < 100000
                then cast(abs(cdrs.energy_kwh) as decimal(18, 6)) * cast(by_cdr.energy_price_max as decimal(12, 6))
        end as energy_cost,
        by_cdr.tax_percent_min,
        by_cdr.tax_percent_max,
        abs(cdrs.claimed_incl_tax) - abs(cdrs.claimed_excl_tax) as claimed_tax,
        cast(abs(cdrs.claimed_excl_tax) as decimal(38, 8)) * by_cdr.tax_percent_min as tax_min_x100,
        cast(abs(cdrs.claimed_excl_tax) as decimal(38, 8)) * by_cdr.tax_percent_max as tax_max_x100,
        tolerances.tax_arithmetic as tax_tolerance,
        tolerances.outcome_unpriced as unpriced_limit_kwh
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join currencies on cdrs.currency = currencies.currency
    left join by_cdr on cdrs.cdr_key = by_cdr.cdr_key
    left join embedded on cdrs.cdr_key = embedded.cdr_key
    left join testers on cdrs.cdr_key = testers.cdr_key

)

select
    cdr_key,
    tariff_currency,
    claimed_tax,
    tax_percent_min,
    tax_percent_max,
    cast(case
        when currency is null then null
        when is_currency_active then 1
        else 0
    end as smallint) as ccy_invalid,
    cast(case
        when currency is null or tariff_currency is null then null
        when tariff_currency <> currency then 0
        else 1
    end as smallint) as ccy_tariff_mismatch,
    cast(case
        when currency is null or contract_currency is null then null
        when currency <> contract_currency and fx_source is null then 0
        else 1
    end as smallint) as ccy_no_fx_term,
    -- Absent is not nil: a gross total or a rate on every price says what the tax is.
    cast(case
        when requires not like '%,tax,%' or ocpi_version = '2.1.1' then null
        when claimed_incl_tax is not null or claimed_excl_tax = 0 then 1
        when has_tariff and has_gap = 0 then 1
        else 0
    end as smallint) as tax_missing,
    -- The tax lies within what the lowest and the highest rate of its tariffs make of the net.
    cast(case
        when claimed_tax is null or not has_tariff or has_gap = 1 or tax_percent_min is null then null
        when (tax_min_x100 - claimed_tax * 100) > tax_tolerance * 100 then 0
        when (claimed_tax * 100 - tax_max_x100) > tax_tolerance * 100 then 0
        else 1
    end as smallint) as tax_arithmetic,
    -- Without tax, and yet with a rate or a tax; with tax in the price, and yet none in the amounts.
    tax_included,
    cast(case
        when tax_included is null then null
        when has_odd_rate = 1 then 0
        -- With tax in the price the net is less than the price, and not as much as it.
        when
            tax_percent_min > 1
            and paid_for_energy * (100 + tax_percent_min) > energy_cost * 101
            and paid_for_energy * 1000 <= energy_cost * 1002
            then 0
        when has_untaxed = 1 and has_tax_included = 0 and claimed_tax > tax_tolerance then 0
        when has_tax_included = 1 and tax_percent_min > 0 and claimed_excl_tax <> 0 and claimed_tax = 0 then 0
        else 1
    end as smallint) as tax_basis_unclear,
    cast(case
        when is_test is null then null
        when is_test then 0
        else 1
    end as smallint) as outcome_test,
    cast(case
        when energy_kwh is null or claimed_excl_tax is null or is_credit then null
        when energy_kwh > unpriced_limit_kwh and claimed_excl_tax = 0 and coalesce(has_price, 1) = 1 then 0
        else 1
    end as smallint) as outcome_unpriced,
    cast(case
        when is_home_charging is null then null
        when is_home_charging and direction in ('receivable', 'payable') then 0
        else 1
    end as smallint) as outcome_home_comp
from measured
