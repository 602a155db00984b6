{{ config(materialized='incremental', incremental_strategy='replace_work') }}

{% set parts = ['fixed', 'energy', 'time', 'parking', 'reservation', 'limit'] %}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at,
        currency,
        amount_sign
    from {{ ref('cdrs') }}

),

period_contexts as (

    select
        record_id,
        started_us,
        ended_us,
        cdr_started_us,
        cdr_ended_us,
        is_reservation,
        is_charging,
        energy_kwh,
        parking_hours
    from {{ ref('period_contexts') }}

),

price_problems as (

    select cdr_key
    from {{ ref('price_problems') }}
    where is_blocking

),

period_prices as (

    select
        record_id,
        part,
        coalesce(tax_included = 'YES', false) as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('period_prices') }}

),

session_steps as (

    select
        record_id,
        part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('session_steps') }}

),

rounding_lines as (

    select
        record_id,
        part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('rounding_lines') }}

),

limit_lines as (

    select
        record_id,
        'limit' as part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('limit_lines') }}

),

work_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.currency,
        cdrs.amount_sign,
        {{ epoch_microseconds('cdrs.ended_at') }} - {{ epoch_microseconds('cdrs.started_at') }} as elapsed_us,
        cdrs.cdr_key not in (select price_problems.cdr_key from price_problems) as is_priced
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

-- Reserved time is no time of the session.
volumes as (

    select
        record_id,
        sum(energy_kwh) as energy_kwh,
        sum(parking_hours) as parking_hours,
        sum(
            case
                when is_reservation and not is_charging
                    then greatest(least(ended_us, cdr_ended_us) - greatest(started_us, cdr_started_us), 0)
                else 0
            end
        ) as reserved_us
    from period_contexts
    group by record_id

),

amounts as (

    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from period_prices
    union all
    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from session_steps
    union all
    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from rounding_lines
    union all
    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from limit_lines

),

-- Over integers and not over price_lines, which take three times as long; a test holds both equal.
sums as (

    select
        record_id,
        part,
        bool_or(is_divided) as is_divided,
        sum(amount_excl_tax) as excl_tax,
        sum(amount_incl_tax) as incl_tax,
        bool_or(amount_excl_tax is null) as is_net_unknown,
        bool_or(amount_incl_tax is null) as is_gross_unknown
    from amounts
    group by record_id, part

),

-- Division (thirds of an hour, net out of gross) leaves a residue in the 16th place: at 12 places halves of a cent
-- are halves again. Rounding 38 digits is dear, so only where there was one. One unknown line makes its part unknown.
part_totals as (

    select
        record_id,
        part,
        case
            when is_net_unknown then null
            when is_divided then cast(cast(excl_tax as decimal(38, 12)) as decimal(38, 16))
            else excl_tax
        end as excl_tax,
        case
            when is_gross_unknown then null
            when is_divided then cast(cast(incl_tax as decimal(38, 12)) as decimal(38, 16))
            else incl_tax
        end as incl_tax
    from sums

),

totals as (

    select
        record_id,
        case when count(*) = count(excl_tax) then sum(excl_tax) end as total_excl_tax,
        case when count(*) = count(incl_tax) then sum(incl_tax) end as total_incl_tax,
    {% for part in parts %}
        count(*) filter (where part = '{{ part }}') as {{ part }}_count,
        max(excl_tax) filter (where part = '{{ part }}') as {{ part }}_excl_tax,
        max(incl_tax) filter (where part = '{{ part }}') as {{ part }}_incl_tax{{ ',' if not loop.last }}
    {% endfor %}
    from part_totals
    group by record_id

)

select
    work_cdrs.cdr_key,
    'base' as reading,
    work_cdrs.currency,
    work_cdrs.is_priced,
    {% for amount in ['excl_tax', 'incl_tax'] %}
        cast(
            case
                when not work_cdrs.is_priced then null
                when totals.record_id is null then 0
                else work_cdrs.amount_sign * totals.total_{{ amount }}
            end
            as decimal(38, 16)
        ) as total_{{ amount }},
        {% for part in parts %}
            cast(
                case
                    when not work_cdrs.is_priced then null
                    when coalesce(totals.{{ part }}_count, 0) = 0 then 0
                    else work_cdrs.amount_sign * totals.{{ part }}_{{ amount }}
                end
                as decimal(38, 16)
            ) as {{ part }}_{{ amount }},
        {% endfor %}
    {% endfor %}
    coalesce(volumes.energy_kwh, 0) as total_energy_kwh,
    cast(
        {{ decimal_division('(work_cdrs.elapsed_us - coalesce(volumes.reserved_us, 0)) * 0.000001', '3600') }}
        as decimal(38, 8)
    ) as total_time_hours,
    coalesce(volumes.parking_hours, 0) as total_parking_hours
from work_cdrs
left join volumes on work_cdrs.record_id = volumes.record_id
left join totals on work_cdrs.record_id = totals.record_id
