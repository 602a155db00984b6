with

session_tariffs as (

    select
        cdr_key,
        record_id,
        currency
    from {{ ref('session_tariffs') }}

),

period_contexts as (

    select
        record_id,
        energy_kwh,
        time_hours,
        tariff_index,
        tariff_no
    from {{ ref('period_contexts') }}
    where tariff_no is not null

),

period_elements as (

    select
        price_id,
        period_no,
        tariff_no,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        energy_rank,
        time_rank,
        parking_rank,
        reservation_rank
    from {{ ref('period_elements') }}
    where
        price_id % 16 = 0
        and (
            (energy_rank is null and energy_kwh <> 0)
            or (time_rank is null and time_hours <> 0)
            or (parking_rank is null and parking_hours <> 0)
            or (reservation_rank is null and reservation_hours <> 0)
        )

),

assumed_prices as (

    select
        price_id,
        period_no,
        part_no,
        element_no,
        is_clock_assumed,
        is_flow_assumed
    from {{ ref('period_prices') }}
    where is_clock_assumed or is_flow_assumed

),

-- Of the base reading only: each of the others assumes the same.
assumptions as (

    select
        session_tariffs.record_id,
        assumed_prices.period_no,
        {{ part_name('assumed_prices.part_no') }} as part,
        assumed_prices.element_no,
        assumed_prices.is_clock_assumed,
        assumed_prices.is_flow_assumed
    from assumed_prices
    inner join session_tariffs on assumed_prices.price_id = session_tariffs.record_id * 16

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_index,
        tariff_id
    from {{ ref('tariffs_in_force') }}

),

tariff_bodies as (

    select
        tariff_no,
        currency,
        problems
    from {{ ref('tariff_bodies') }}

),

tariff_prices as (

    select
        tariff_no,
        element_no,
        dimension,
        part_no,
        is_oversized
    from {{ ref('tariff_prices') }}

),

oversized_tariffs as (

    select
        tariff_no,
        min(dimension) as dimension
    from tariff_prices
    where is_oversized
    group by tariff_no

),

-- A dimension that the tariff prices nowhere is free by intent; one that it prices elsewhere has a gap here.
tariff_dimensions as (

    select
        tariff_no,
        bool_or(part_no = 4) as has_energy,
        bool_or(part_no = 5) as has_time,
        bool_or(part_no = 6) as has_parking,
        bool_or(part_no = 2) as has_reservation
    from tariff_prices
    group by tariff_no

),

tariff_uses as (

    select
        record_id,
        tariff_no,
        min(tariff_index) as tariff_index,
        coalesce(bool_or(energy_kwh <> 0), false) as has_energy,
        coalesce(bool_or(time_hours <> 0), false) as has_time
    from period_contexts
    group by record_id, tariff_no

),

faulty_tariffs as (

    select
        tariff_bodies.tariff_no,
        tariff_bodies.currency,
        tariff_bodies.problems,
        oversized_tariffs.dimension as oversized_dimension
    from tariff_bodies
    left join oversized_tariffs on tariff_bodies.tariff_no = oversized_tariffs.tariff_no

),

-- Names are looked up only where something is wrong.
faulty_uses as (

    select
        tariff_uses.record_id,
        coalesce(tariffs_in_force.tariff_id, 'without an id') as tariff_id,
        faulty_tariffs.currency,
        faulty_tariffs.problems,
        faulty_tariffs.oversized_dimension,
        session_tariffs.currency as cdr_currency
    from tariff_uses
    inner join faulty_tariffs on tariff_uses.tariff_no = faulty_tariffs.tariff_no
    inner join session_tariffs on tariff_uses.record_id = session_tariffs.record_id
    left join tariffs_in_force
        on
            session_tariffs.cdr_key = tariffs_in_force.cdr_key
            and tariff_uses.tariff_index = tariffs_in_force.tariff_index
    where
        upper(session_tariffs.currency) <> upper(faulty_tariffs.currency)
        or coalesce(faulty_tariffs.problems, faulty_tariffs.oversized_dimension) is not null

),

-- Where the contract cuts periods, a period with several such pieces is told once.
gaps as (

    select distinct
        period_elements.price_id,
        period_elements.period_no
    from period_elements
    inner join tariff_dimensions on period_elements.tariff_no = tariff_dimensions.tariff_no
    where
        false
        {% for part, volume in [('energy', 'energy_kwh'), ('time', 'time_hours'), ('parking', 'parking_hours'),
            ('reservation', 'reservation_hours')] %}
            or (
                tariff_dimensions.has_{{ part }}
                and period_elements.{{ volume }} <> 0 and period_elements.{{ part }}_rank is null
            )
        {% endfor %}

),

problems as (

    select
        record_id,
        'CCY_TARIFF_MISMATCH' as rule_id,
        lower(tariff_id) as detail,
        'hold' as severity,
        true as is_blocking,
        'Tariff ' || tariff_id || ' is in ' || currency || ', the CDR in ' || cdr_currency || '.' as message
    from faulty_uses
    where upper(cdr_currency) <> upper(currency)

    union all

    {% for place, flaw, message in [
        ('tariff ', 'problems', "': ' || problems || '.'"),
        ('size in tariff ', 'oversized_dimension',
         "' has a price, tax or step for ' || oversized_dimension || ' too large to be priced, or a tax or step below 0.'"),
    ] %}
        select
            record_id,
            'SCHEMA_TYPE_INVALID' as rule_id,
            '{{ place }}' || lower(tariff_id) as detail,
            'reject' as severity,
            true as is_blocking,
            'Tariff ' || tariff_id || {{ message }} as message
        from faulty_uses
        where {{ flaw }} is not null

        union all
    {% endfor %}

    select
        record_id,
        'TIME_ZONE_MISSING' as rule_id,
        'element ' || cast(element_no as varchar) as detail,
        'hold' as severity,
        true as is_blocking,
        'Element ' || cast(element_no as varchar)
        || ' is restricted by local time: it needs an IANA zone that exists, and years 2009 to 2040.' as message
    from assumptions
    where is_clock_assumed
    group by record_id, element_no

    union all

    select
        record_id,
        'PRICE_NOT_COMPUTABLE' as rule_id,
        'period ' || cast(period_no as varchar) || ' ' || part as detail,
        'hold' as severity,
        false as is_blocking,
        'Period ' || cast(period_no as varchar)
        || ' has no MIN_ or MAX_ dimension that the current or power restriction of element '
        || cast(min(element_no) as varchar) || ' needs; the restriction was taken to match.' as message
    from assumptions
    where is_flow_assumed
    group by record_id, period_no, part

    union all

    select
        session_tariffs.record_id,
        'TARIFF_NO_ELEMENT' as rule_id,
        'period ' || cast(gaps.period_no as varchar) as detail,
        'warn' as severity,
        false as is_blocking,
        'Period ' || cast(gaps.period_no as varchar)
        || ' has a volume that no active element of the tariff prices, so it costs nothing.' as message
    from gaps
    inner join session_tariffs on gaps.price_id = session_tariffs.record_id * 16

    union all

    select
        tariff_uses.record_id,
        'TARIFF_NO_ELEMENT' as rule_id,
        'TIME' as detail,
        'warn' as severity,
        false as is_blocking,
        'The tariff prices TIME and the CDR has energy but no TIME volume: time costs nothing.' as message
    from tariff_uses
    inner join tariff_dimensions on tariff_uses.tariff_no = tariff_dimensions.tariff_no
    where tariff_dimensions.has_time and tariff_uses.has_energy and not tariff_uses.has_time

)

select
    record_id,
    rule_id,
    detail,
    severity,
    is_blocking,
    message
from problems
