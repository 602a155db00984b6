with

part_prices as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        half_up_excl_tax,
        half_even_excl_tax
    from "evsettle"."rate"."part_prices"

),

step_readings as (

    select
        price_id,
        base_price_id
    from "evsettle"."rate"."step_readings"

),

session_steps as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),

rounding_lines as (

    select
        price_id,
        part_no,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."rounding_lines"

),

limit_lines as (

    select
        price_id,
        7 as part_no,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."limit_lines"

),

added_lines as (

    select *
    from session_steps
    union all
    select *
    from rounding_lines
    union all
    select *
    from limit_lines

),

rounded_lines as (

    select
        *,
        decimal_division(amount_excl_tax, cast(1 as decimal(1, 0)), 2) as half_even_excl_tax
    from added_lines

),

-- Of the periods' lines only the sums of each part, and of the lines that are added once each one itself.
amounts as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        half_up_excl_tax,
        half_even_excl_tax
    from part_prices
    union all
    select
        step_readings.price_id,
        part_prices.part_no,
        part_prices.is_divided,
        part_prices.amount_excl_tax,
        part_prices.amount_incl_tax,
        part_prices.half_up_excl_tax,
        part_prices.half_even_excl_tax
    from step_readings
    inner join part_prices on step_readings.base_price_id = part_prices.price_id
    union all
    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        case
        when abs(half_even_excl_tax - amount_excl_tax) = 0.005
            then cast(round(amount_excl_tax, 2) as decimal(30, 2))
        else half_even_excl_tax
    end as half_up_excl_tax,
        half_even_excl_tax
    from rounded_lines

),

bits as (

    select
        *,
        case part_no
                when 1 then 1
                when 2 then 2
                when 3 then 4
                when 4 then 8
                when 5 then 16
                when 6 then 32
                when 7 then 64
        end as part_bit
    from amounts

),

-- A bit a part tells which have a line, an unknown one, a division.
sums as (

    select
        price_id,
        bit_or(part_bit) as parts_there,
        bit_or(case when amount_excl_tax is null then part_bit else 0 end) as parts_net_unknown,
        bit_or(case when amount_incl_tax is null then part_bit else 0 end) as parts_gross_unknown,
        bit_or(case when is_divided then part_bit else 0 end) as parts_divided,
        sum(half_even_excl_tax) as half_even_excl_tax,
        sum(half_up_excl_tax) as half_up_excl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (3)) as fixed_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (3)) as fixed_incl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (4)) as energy_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (4)) as energy_incl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (5)) as time_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (5)) as time_incl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (6)) as parking_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (6)) as parking_incl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (1, 2)) as reservation_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (1, 2)) as reservation_incl_tax,
    
        sum(amount_excl_tax) filter (where part_no in (7)) as limit_excl_tax,
        sum(amount_incl_tax) filter (where part_no in (7)) as limit_incl_tax
    
    from bits
    group by price_id

)

-- Division (thirds of an hour, net out of gross) leaves a residue in the 16th place: at 12 places halves of a cent
-- are halves again. Rounding 38 digits is dear, so only where there was one. One unknown line makes its part unknown.
select
    price_id,
    
        
            
            case
                when (parts_there & 4) = 0 then 0
                when (parts_net_unknown & 4) > 0 then null
                when (parts_divided & 4) > 0
                    then cast(decimal_division(fixed_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else fixed_excl_tax
            end as fixed_excl_tax,
        
            
            case
                when (parts_there & 4) = 0 then 0
                when (parts_gross_unknown & 4) > 0 then null
                when (parts_divided & 4) > 0
                    then cast(decimal_division(fixed_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else fixed_incl_tax
            end as fixed_incl_tax,
        
    
        
            
            case
                when (parts_there & 8) = 0 then 0
                when (parts_net_unknown & 8) > 0 then null
                when (parts_divided & 8) > 0
                    then cast(decimal_division(energy_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else energy_excl_tax
            end as energy_excl_tax,
        
            
            case
                when (parts_there & 8) = 0 then 0
                when (parts_gross_unknown & 8) > 0 then null
                when (parts_divided & 8) > 0
                    then cast(decimal_division(energy_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else energy_incl_tax
            end as energy_incl_tax,
        
    
        
            
            case
                when (parts_there & 16) = 0 then 0
                when (parts_net_unknown & 16) > 0 then null
                when (parts_divided & 16) > 0
                    then cast(decimal_division(time_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else time_excl_tax
            end as time_excl_tax,
        
            
            case
                when (parts_there & 16) = 0 then 0
                when (parts_gross_unknown & 16) > 0 then null
                when (parts_divided & 16) > 0
                    then cast(decimal_division(time_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else time_incl_tax
            end as time_incl_tax,
        
    
        
            
            case
                when (parts_there & 32) = 0 then 0
                when (parts_net_unknown & 32) > 0 then null
                when (parts_divided & 32) > 0
                    then cast(decimal_division(parking_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else parking_excl_tax
            end as parking_excl_tax,
        
            
            case
                when (parts_there & 32) = 0 then 0
                when (parts_gross_unknown & 32) > 0 then null
                when (parts_divided & 32) > 0
                    then cast(decimal_division(parking_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else parking_incl_tax
            end as parking_incl_tax,
        
    
        
            
            case
                when (parts_there & 3) = 0 then 0
                when (parts_net_unknown & 3) > 0 then null
                when (parts_divided & 3) > 0
                    then cast(decimal_division(reservation_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else reservation_excl_tax
            end as reservation_excl_tax,
        
            
            case
                when (parts_there & 3) = 0 then 0
                when (parts_gross_unknown & 3) > 0 then null
                when (parts_divided & 3) > 0
                    then cast(decimal_division(reservation_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else reservation_incl_tax
            end as reservation_incl_tax,
        
    
        
            
            case
                when (parts_there & 64) = 0 then 0
                when (parts_net_unknown & 64) > 0 then null
                when (parts_divided & 64) > 0
                    then cast(decimal_division(limit_excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else limit_excl_tax
            end as limit_excl_tax,
        
            
            case
                when (parts_there & 64) = 0 then 0
                when (parts_gross_unknown & 64) > 0 then null
                when (parts_divided & 64) > 0
                    then cast(decimal_division(limit_incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
                else limit_incl_tax
            end as limit_incl_tax,
        
    
    (parts_there & 64) > 0 as is_limited,
    case when parts_net_unknown = 0 then cast(half_up_excl_tax as decimal(38, 4)) end as half_up_excl_tax,
    case when parts_net_unknown = 0 then cast(half_even_excl_tax as decimal(38, 4)) end as half_even_excl_tax
from sums
