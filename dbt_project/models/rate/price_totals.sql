{{ config(materialized='incremental', incremental_strategy='replace_work') }}

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
        currency
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

price_lines as (

    select
        cdr_key,
        reading,
        part,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('price_lines') }}

),

work_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.currency,
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

parts as (

    select
        cdr_key,
        reading,
        part,
        -- Unknown as soon as one line is unknown.
        case when count(*) = count(amount_excl_tax) then sum(amount_excl_tax) end as excl_tax,
        case when count(*) = count(amount_incl_tax) then sum(amount_incl_tax) end as incl_tax
    from price_lines
    where cdr_key in (select work.cdr_key from work)
    group by cdr_key, reading, part

),

sums as (

    select
        cdr_key,
        reading,
        case when count(*) = count(excl_tax) then sum(excl_tax) end as total_excl_tax,
        case when count(*) = count(incl_tax) then sum(incl_tax) end as total_incl_tax,
{% for part in ['fixed', 'energy', 'time', 'parking', 'reservation', 'limit'] %}
        bool_or(part = '{{ part }}') as has_{{ part }},
        max(case when part = '{{ part }}' then excl_tax end) as {{ part }}_excl_tax,
        max(case when part = '{{ part }}' then incl_tax end) as {{ part }}_incl_tax{{ ',' if not loop.last }}
{% endfor %}
    from parts
    group by cdr_key, reading

)

select
    work_cdrs.cdr_key,
    'base' as reading,
    work_cdrs.currency,
    work_cdrs.is_priced,
{% for amount in ['excl_tax', 'incl_tax'] %}
    -- Thirds of an hour leave a residue in the 16th place: at 12 places halves of a cent are halves again.
    cast(
        round(case when work_cdrs.is_priced and sums.cdr_key is null then 0 else sums.total_{{ amount }} end, 12)
        as decimal(38, 16)
    ) as total_{{ amount }},
{% for part in ['fixed', 'energy', 'time', 'parking', 'reservation', 'limit'] %}
    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_{{ part }}, false) then 0
                else sums.{{ part }}_{{ amount }}
            end,
            12
        )
        as decimal(38, 16)
    ) as {{ part }}_{{ amount }},
{% endfor %}
{% endfor %}
    cast(coalesce(volumes.energy_kwh, 0) as decimal(38, 8)) as total_energy_kwh,
    cast(
        {{ decimal_division('(work_cdrs.elapsed_us - coalesce(volumes.reserved_us, 0)) * 0.000001', '3600') }}
        as decimal(38, 8)
    ) as total_time_hours,
    cast(coalesce(volumes.parking_hours, 0) as decimal(38, 8)) as total_parking_hours
from work_cdrs
left join volumes on work_cdrs.record_id = volumes.record_id
left join sums on work_cdrs.cdr_key = sums.cdr_key
