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

{% for lines in ['period_prices', 'session_steps', 'limit_lines'] %}
{{ lines }} as (

    select
        record_id,
        {{ "'limit' as part" if lines == 'limit_lines' else 'part' }},
        {{ "tax_included = 'YES'" if lines == 'period_prices' else 'true' }} as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref(lines) }}

),

{% endfor %}
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
{% for lines in ['period_prices', 'session_steps', 'limit_lines'] %}

    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ lines }}
{{ '    union all' if not loop.last }}
{%- endfor %}

),

-- Over integers: the same sums over the lines by cdr_key take three times as long. A test holds the two equal.
sums as (

    select
        record_id,
        bool_or(is_divided) as is_divided,
{% for amount in ['excl_tax', 'incl_tax'] %}
        sum(amount_{{ amount }}) as total_{{ amount }},
        bool_or(amount_{{ amount }} is null) as is_unknown_{{ amount }},
{% for part in parts %}
        sum(case when part = '{{ part }}' then amount_{{ amount }} end) as {{ part }}_{{ amount }},
        bool_or(part = '{{ part }}' and amount_{{ amount }} is null) as is_unknown_{{ part }}_{{ amount }},
{% endfor %}
{% endfor %}
        count(*) as line_count
    from amounts
    group by record_id

)

select
    work_cdrs.cdr_key,
    'base' as reading,
    work_cdrs.currency,
    work_cdrs.is_priced,
{% for amount in ['excl_tax', 'incl_tax'] %}
    case
        when not work_cdrs.is_priced or sums.is_unknown_{{ amount }} then null
        else {{ exact_amount('sums.total_' ~ amount, 'work_cdrs.amount_sign', 'sums.is_divided') }}
    end as total_{{ amount }},
{% for part in parts %}
    case
        when not work_cdrs.is_priced or sums.is_unknown_{{ part }}_{{ amount }} then null
        else {{ exact_amount('sums.' ~ part ~ '_' ~ amount, 'work_cdrs.amount_sign', 'sums.is_divided') }}
    end as {{ part }}_{{ amount }},
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
left join sums on work_cdrs.record_id = sums.record_id
