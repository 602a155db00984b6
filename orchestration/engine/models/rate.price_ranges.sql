with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

price_totals as (

    select
        cdr_key,
        reading,
        is_allowed,
        is_limited,
        total_excl_tax,
        lines_half_up_excl_tax,
        lines_half_even_excl_tax,
        
            fixed_excl_tax,
        
            energy_excl_tax,
        
            time_excl_tax,
        
            parking_excl_tax,
        
            reservation_excl_tax,
        
        -- Currencies whose minor unit is not the hundredth (ISO 4217).
        case
            when currency in (
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF'
            ) then 0
            when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
            else 2
        end as minor_digits
    from "evsettle"."rate"."price_totals"
    where is_priced and total_excl_tax is not null

),

totals as (

    select price_totals.*
    from price_totals
    inner join work on price_totals.cdr_key = work.cdr_key

),

-- OCPI leaves rounding to law and contract: amounts may be rounded to the minor unit once for the session, once a
-- part or once a line, with halves away from zero or to even. A limit holds for the sum of the lines, so
-- where one was met only the session is rounded.
rounded as (

    select
        cdr_key,
        reading,
        total_excl_tax,
        case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(total_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(total_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(total_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(total_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(total_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(total_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(total_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(total_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(total_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(total_excl_tax, 4) as decimal(18, 4))
    end as session_half_up,
        case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(total_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(total_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(total_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(total_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(total_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(total_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(total_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(total_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(total_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(total_excl_tax, 4) as decimal(18, 4))
    end as session_half_even,
    
        case when not is_limited and minor_digits = 2 then lines_half_up_excl_tax end as line_half_up,
        case
            when not is_limited
                then
            
                    case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(fixed_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(fixed_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(fixed_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(fixed_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(fixed_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(fixed_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(fixed_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(fixed_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(fixed_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(fixed_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(energy_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(energy_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(energy_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(energy_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(energy_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(energy_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(energy_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(energy_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(energy_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(energy_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(time_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(time_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(time_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(time_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(time_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(time_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(time_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(time_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(time_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(time_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(parking_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(parking_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(parking_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(parking_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(parking_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(parking_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(parking_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(parking_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(parking_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(parking_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-up' = 'half-up' and minor_digits = 0
            then cast(round(reservation_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 0
            then cast(round_even(reservation_excl_tax, 0) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 1
            then cast(round(reservation_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 1
            then cast(round_even(reservation_excl_tax, 1) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 2
            then cast(round(reservation_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 2
            then cast(round_even(reservation_excl_tax, 2) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 3
            then cast(round(reservation_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 3
            then cast(round_even(reservation_excl_tax, 3) as decimal(18, 4))
        when 'half-up' = 'half-up' and minor_digits = 4
            then cast(round(reservation_excl_tax, 4) as decimal(18, 4))
        when 'half-up' = 'half-even' and minor_digits = 4
            then cast(round_even(reservation_excl_tax, 4) as decimal(18, 4))
    end
                    
            
        end as part_half_up,
    
        case when not is_limited and minor_digits = 2 then lines_half_even_excl_tax end as line_half_even,
        case
            when not is_limited
                then
            
                    case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(fixed_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(fixed_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(fixed_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(fixed_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(fixed_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(fixed_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(fixed_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(fixed_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(fixed_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(fixed_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(energy_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(energy_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(energy_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(energy_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(energy_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(energy_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(energy_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(energy_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(energy_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(energy_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(time_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(time_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(time_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(time_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(time_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(time_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(time_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(time_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(time_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(time_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(parking_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(parking_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(parking_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(parking_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(parking_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(parking_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(parking_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(parking_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(parking_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(parking_excl_tax, 4) as decimal(18, 4))
    end
                    +
            
                    case
        when 'half-even' = 'half-up' and minor_digits = 0
            then cast(round(reservation_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 0
            then cast(round_even(reservation_excl_tax, 0) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 1
            then cast(round(reservation_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 1
            then cast(round_even(reservation_excl_tax, 1) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 2
            then cast(round(reservation_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 2
            then cast(round_even(reservation_excl_tax, 2) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 3
            then cast(round(reservation_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 3
            then cast(round_even(reservation_excl_tax, 3) as decimal(18, 4))
        when 'half-even' = 'half-up' and minor_digits = 4
            then cast(round(reservation_excl_tax, 4) as decimal(18, 4))
        when 'half-even' = 'half-even' and minor_digits = 4
            then cast(round_even(reservation_excl_tax, 4) as decimal(18, 4))
    end
                    
            
        end as part_half_even
    
    from totals
    where is_allowed

),

-- Null is left out of least and greatest.
bounds as (

    select
        *,
        least(total_excl_tax, session_half_up, session_half_even, part_half_up, part_half_even, line_half_up, line_half_even) as min_excl_tax,
        greatest(total_excl_tax, session_half_up, session_half_even, part_half_up, part_half_even, line_half_up, line_half_even) as max_excl_tax
    from rounded

),

named as (

    select
        cdr_key,
        reading,
        min_excl_tax,
        max_excl_tax,
    
        case
            when min_excl_tax = total_excl_tax then reading
            
                when min_excl_tax = session_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'session_half_up'
            
                when min_excl_tax = session_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'session_half_even'
            
                when min_excl_tax = part_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'part_half_up'
            
                when min_excl_tax = part_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'part_half_even'
            
                when min_excl_tax = line_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'line_half_up'
            
                when min_excl_tax = line_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'line_half_even'
            
        end as reading_min,
    
        case
            when max_excl_tax = total_excl_tax then reading
            
                when max_excl_tax = session_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'session_half_up'
            
                when max_excl_tax = session_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'session_half_even'
            
                when max_excl_tax = part_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'part_half_up'
            
                when max_excl_tax = part_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'part_half_even'
            
                when max_excl_tax = line_half_up
                    then case when reading = 'base' then '' else reading || '+' end || 'line_half_up'
            
                when max_excl_tax = line_half_even
                    then case when reading = 'base' then '' else reading || '+' end || 'line_half_even'
            
        end as reading_max
    
    from bounds

),

-- Nearly every session has one reading, and nothing is gathered.
several as (

    select
        cdr_key,
        min(min_excl_tax) as min_excl_tax,
        max(max_excl_tax) as max_excl_tax
    from named
    where
        cdr_key in (
            select others.cdr_key
            from named as others
            where others.reading <> 'base'
        )
    group by cdr_key

),

lowest as (

    select
        several.cdr_key,
        min(named.reading_min) as reading_min
    from several
    inner join named on several.cdr_key = named.cdr_key and several.min_excl_tax = named.min_excl_tax
    group by several.cdr_key

),

highest as (

    select
        several.cdr_key,
        min(named.reading_max) as reading_max
    from several
    inner join named on several.cdr_key = named.cdr_key and several.max_excl_tax = named.max_excl_tax
    group by several.cdr_key

),

cut_prices as (

    select
        cdr_key,
        total_excl_tax
    from totals
    where reading = 'split'

)

select
    named.cdr_key,
    coalesce(lowest.reading_min, named.reading_min) as reading_min,
    coalesce(highest.reading_max, named.reading_max) as reading_max,
    cast(coalesce(several.min_excl_tax, named.min_excl_tax) as decimal(38, 16)) as min_excl_tax,
    cast(coalesce(several.max_excl_tax, named.max_excl_tax) as decimal(38, 16)) as max_excl_tax,
    cut_prices.total_excl_tax as split_excl_tax
from named
left join several on named.cdr_key = several.cdr_key
left join lowest on named.cdr_key = lowest.cdr_key
left join highest on named.cdr_key = highest.cdr_key
left join cut_prices on named.cdr_key = cut_prices.cdr_key
where named.reading = 'base'
