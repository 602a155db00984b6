-- One JSON object a record, in the order of the input: the shape of `evsettle price` (docs/pricing.md).
-- Totals with 4 decimals, half away from zero; volumes and prices of lines as plain as they are.
with

-- Text before it is gathered: sorting a million structs takes twice as long.
line_texts as (

    select
        cdr_key,
        line_no,
        cast(to_json({
            'period': period_no,
            'dimension': dimension,
            'tariff_id': tariff_id,
            'element': element_no,
            'component': component_no,
            'volume': plain(volume),
            'price': plain(unit_price),
            'vat': plain(tax_percent),
            'excl_vat': plain(amount_excl_tax),
            'incl_vat': plain(amount_incl_tax),
            'note': nullif(concat_ws(
                '; ',
                case when part = 'reservation' then 'reservation' end,
                case
                    when kind = 'step'
                        then 'rounded to steps of ' || step_size || case dimension when 'ENERGY' then ' Wh' else ' s' end
                    when kind <> 'component' then kind
                end,
                restrictions
            ), '')
        }) as varchar) as line
    from rate.price_lines
    where reading = 'base'

),

lines as (

    select
        cdr_key,
        '[' || string_agg(line, ',' order by line_no) || ']' as lines
    from line_texts
    group by cdr_key

),

found as (

    select
        records.record_id,
        problems.rule_id,
        problems.severity,
        problems.message,
        problems.is_blocking
    from rate.price_problems as problems
    inner join input_records as records on problems.cdr_key = records.cdr_key
    union all
    select
        record_id,
        coalesce(problem_rule_id, 'SCHEMA_TYPE_INVALID') as rule_id,
        'reject' as severity,
        problem as message,
        true as is_blocking
    from input_records
    where problem is not null
    union all
    select
        record_id,
        'SCHEMA_REQUIRED_MISSING' as rule_id,
        'reject' as severity,
        'The record lacks ' || replace(missing_fields, ',', ', ') || '.' as message,
        false as is_blocking
    from (
        select
            record_id,
            concat_ws(',', case when cdr_id is null and problem is null then 'id' end, missing_fields) as missing_fields
        from input_records
    )
    where missing_fields <> ''
    union all
    select
        record_id,
        if(contains(type_problems, 'not an epoch number'), 'TIME_EPOCH_UNIT', 'SCHEMA_TYPE_INVALID') as rule_id,
        'reject' as severity,
        type_problems || '.' as message,
        false as is_blocking
    from input_records
    where type_problems is not null
    union all
    select
        record_id,
        'NUM_PRECISION_EXCESS' as rule_id,
        'warn' as severity,
        'More than 4 decimals in ' || replace(excess_precision, ',', ', ') || '; read to 8 places.' as message,
        false as is_blocking
    from input_records
    where contains(excess_precision, 'charging_periods') or contains(excess_precision, 'tariffs')

),

problems as (

    select
        record_id,
        list(
            {'rule_id': rule_id, 'severity': severity, 'message': message}
            order by is_blocking desc, rule_id asc, message asc
        ) as problems
    -- What is wrong for two volumes of a period in the same words is said once.
    from (select distinct record_id, rule_id, severity, message, is_blocking from found)
    group by record_id

)

select
    to_json({
        'id': records.cdr_id,
        'position': records.position,
        'version': records.ocpi_version,
        'currency': coalesce(totals.currency, records.currency),
        'total_cost': cost(totals.is_priced, totals.total_excl_tax, totals.total_incl_tax),
        'total_fixed_cost': cost(totals.is_priced, totals.fixed_excl_tax, totals.fixed_incl_tax),
        'total_energy_cost': cost(totals.is_priced, totals.energy_excl_tax, totals.energy_incl_tax),
        'total_time_cost': cost(totals.is_priced, totals.time_excl_tax, totals.time_incl_tax),
        'total_parking_cost': cost(totals.is_priced, totals.parking_excl_tax, totals.parking_incl_tax),
        'total_reservation_cost': cost(totals.is_priced, totals.reservation_excl_tax, totals.reservation_incl_tax),
        'total_energy': case when totals.is_priced then shown(totals.total_energy_kwh) end,
        'total_time': case when totals.is_priced then shown(totals.total_time_hours) end,
        'total_parking_time': case when totals.is_priced then shown(totals.total_parking_hours) end,
        'range': {
            'min': shown(ranges.min_excl_tax),
            'max': shown(ranges.max_excl_tax),
            'readings': case
                when ranges.cdr_key is not null then if(ranges.reading_min = ranges.reading_max, [ranges.reading_min], [ranges.reading_min, ranges.reading_max])
                when totals.is_priced then ['base']
                else []
            end
        },
        'lines': cast(coalesce(lines.lines, '[]') as json),
        'problems': coalesce(problems.problems, [])
    }) as answer
from input_records as records
left join rate.price_totals as totals on records.cdr_key = totals.cdr_key and totals.reading = 'base'
left join rate.price_ranges as ranges on records.cdr_key = ranges.cdr_key
left join lines on records.cdr_key = lines.cdr_key
left join problems on records.record_id = problems.record_id
order by records.record_id
