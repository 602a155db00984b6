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
        
        case
        when currency in (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF',
            'XOF', 'XPF'
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
to_even as (
    
        select
            cdr_key,
            reading,
            is_limited,
            minor_digits,
            total_excl_tax,
            lines_half_up_excl_tax,
            lines_half_even_excl_tax,
            
                fixed_excl_tax,
                case
                    when fixed_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(fixed_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4))
                    else 0
                end as fixed_half_even,
            
                energy_excl_tax,
                case
                    when energy_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(energy_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4))
                    else 0
                end as energy_half_even,
            
                time_excl_tax,
                case
                    when time_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(time_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4))
                    else 0
                end as time_half_even,
            
                parking_excl_tax,
                case
                    when parking_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(parking_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4))
                    else 0
                end as parking_half_even,
            
                reservation_excl_tax,
                case
                    when reservation_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(reservation_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4))
                    else 0
                end as reservation_half_even,
            
            cast(decimal_division(total_excl_tax, cast(1 as decimal(1, 0)), 2) as decimal(38, 4)) as session_half_even
        from totals
        where is_allowed and minor_digits = 2
        

            union all

        
    
        select
            cdr_key,
            reading,
            is_limited,
            minor_digits,
            total_excl_tax,
            lines_half_up_excl_tax,
            lines_half_even_excl_tax,
            
                fixed_excl_tax,
                case
                    when fixed_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(fixed_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4))
                    else 0
                end as fixed_half_even,
            
                energy_excl_tax,
                case
                    when energy_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(energy_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4))
                    else 0
                end as energy_half_even,
            
                time_excl_tax,
                case
                    when time_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(time_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4))
                    else 0
                end as time_half_even,
            
                parking_excl_tax,
                case
                    when parking_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(parking_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4))
                    else 0
                end as parking_half_even,
            
                reservation_excl_tax,
                case
                    when reservation_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(reservation_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4))
                    else 0
                end as reservation_half_even,
            
            cast(decimal_division(total_excl_tax, cast(1 as decimal(1, 0)), 0) as decimal(38, 4)) as session_half_even
        from totals
        where is_allowed and minor_digits = 0
        

            union all

        
    
        select
            cdr_key,
            reading,
            is_limited,
            minor_digits,
            total_excl_tax,
            lines_half_up_excl_tax,
            lines_half_even_excl_tax,
            
                fixed_excl_tax,
                case
                    when fixed_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(fixed_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4))
                    else 0
                end as fixed_half_even,
            
                energy_excl_tax,
                case
                    when energy_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(energy_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4))
                    else 0
                end as energy_half_even,
            
                time_excl_tax,
                case
                    when time_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(time_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4))
                    else 0
                end as time_half_even,
            
                parking_excl_tax,
                case
                    when parking_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(parking_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4))
                    else 0
                end as parking_half_even,
            
                reservation_excl_tax,
                case
                    when reservation_excl_tax <> 0 and not is_limited
                        then cast(decimal_division(reservation_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4))
                    else 0
                end as reservation_half_even,
            
            cast(decimal_division(total_excl_tax, cast(1 as decimal(1, 0)), 3) as decimal(38, 4)) as session_half_even
        from totals
        where is_allowed and minor_digits = 3
        
    

),

to_nearest as (

    select
        *,
        
            case
        when minor_digits = 2 and abs(fixed_half_even - fixed_excl_tax) = 0.005
            then cast(round(fixed_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(fixed_half_even - fixed_excl_tax) = 0.5
            then cast(round(fixed_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(fixed_half_even - fixed_excl_tax) = 0.0005
            then cast(round(fixed_excl_tax, 3) as decimal(38, 4))
        else fixed_half_even
    end as fixed_half_up,
        
            case
        when minor_digits = 2 and abs(energy_half_even - energy_excl_tax) = 0.005
            then cast(round(energy_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(energy_half_even - energy_excl_tax) = 0.5
            then cast(round(energy_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(energy_half_even - energy_excl_tax) = 0.0005
            then cast(round(energy_excl_tax, 3) as decimal(38, 4))
        else energy_half_even
    end as energy_half_up,
        
            case
        when minor_digits = 2 and abs(time_half_even - time_excl_tax) = 0.005
            then cast(round(time_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(time_half_even - time_excl_tax) = 0.5
            then cast(round(time_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(time_half_even - time_excl_tax) = 0.0005
            then cast(round(time_excl_tax, 3) as decimal(38, 4))
        else time_half_even
    end as time_half_up,
        
            case
        when minor_digits = 2 and abs(parking_half_even - parking_excl_tax) = 0.005
            then cast(round(parking_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(parking_half_even - parking_excl_tax) = 0.5
            then cast(round(parking_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(parking_half_even - parking_excl_tax) = 0.0005
            then cast(round(parking_excl_tax, 3) as decimal(38, 4))
        else parking_half_even
    end as parking_half_up,
        
            case
        when minor_digits = 2 and abs(reservation_half_even - reservation_excl_tax) = 0.005
            then cast(round(reservation_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(reservation_half_even - reservation_excl_tax) = 0.5
            then cast(round(reservation_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(reservation_half_even - reservation_excl_tax) = 0.0005
            then cast(round(reservation_excl_tax, 3) as decimal(38, 4))
        else reservation_half_even
    end as reservation_half_up,
        
        case
        when minor_digits = 2 and abs(session_half_even - total_excl_tax) = 0.005
            then cast(round(total_excl_tax, 2) as decimal(38, 4))
        when minor_digits = 0 and abs(session_half_even - total_excl_tax) = 0.5
            then cast(round(total_excl_tax, 0) as decimal(38, 4))
        when minor_digits = 3 and abs(session_half_even - total_excl_tax) = 0.0005
            then cast(round(total_excl_tax, 3) as decimal(38, 4))
        else session_half_even
    end as session_half_up
    from to_even

),

rounded as (

    select
        cdr_key,
        reading,
        total_excl_tax,
        session_half_even,
        session_half_up,
        
            case
                when not is_limited
                    then
                        fixed_half_even + energy_half_even + time_half_even + parking_half_even
                        + reservation_half_even
            end as part_half_even,
        
            case
                when not is_limited
                    then
                        fixed_half_up + energy_half_up + time_half_up + parking_half_up
                        + reservation_half_up
            end as part_half_up,
        
        case when not is_limited and minor_digits = 2 then lines_half_up_excl_tax end as line_half_up,
        case when not is_limited and minor_digits = 2 then lines_half_even_excl_tax end as line_half_even
    from to_nearest

),

-- Of one type: among decimals of 38 digits with different places DuckDB keeps the fewest. Null is left out of least
-- and greatest.
wide as (

    select
        cdr_key,
        reading,
        cast(total_excl_tax as decimal(38, 16)) as total_excl_tax,
    
        cast(session_half_up as decimal(38, 16)) as session_half_up,
    
        cast(session_half_even as decimal(38, 16)) as session_half_even,
    
        cast(part_half_up as decimal(38, 16)) as part_half_up,
    
        cast(part_half_even as decimal(38, 16)) as part_half_even,
    
        cast(line_half_up as decimal(38, 16)) as line_half_up,
    
        cast(line_half_even as decimal(38, 16)) as line_half_even
    
    from rounded

),

bounds as (

    select
        *,
        least(total_excl_tax, session_half_up, session_half_even, part_half_up, part_half_even, line_half_up, line_half_even) as min_excl_tax,
        greatest(total_excl_tax, session_half_up, session_half_even, part_half_up, part_half_even, line_half_up, line_half_even) as max_excl_tax
    from wide

)

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
