with

reading_prices as (

    select
        price_id,
        part,
        coalesce(tax_included = 'YES', false) as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."reading_prices"

),

session_steps as (

    select
        price_id,
        part,
        -- Wh into kWh leaves no residue.
        part <> 'energy' or coalesce(tax_included = 'YES', false) as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),

rounding_lines as (

    select
        price_id,
        part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."rounding_lines"

),

limit_lines as (

    select
        price_id,
        'limit' as part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."limit_lines"

),

amounts as (

    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from reading_prices
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from session_steps
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from rounding_lines
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from limit_lines

),

rounded as (

    select
        *,
        decimal_division(amount_excl_tax, cast(1 as decimal(1, 0)), 2) as half_even_excl_tax
    from amounts

),

-- Over integers and not over price_lines, which take three times as long; a test holds both equal.
sums as (

    select
        price_id,
        part,
        bool_or(is_divided) as is_divided,
        sum(amount_excl_tax) as excl_tax,
        sum(amount_incl_tax) as incl_tax,
        sum(half_even_excl_tax) as half_even_excl_tax,
        sum(case
        when abs(half_even_excl_tax - amount_excl_tax) = 0.005
            then cast(round(amount_excl_tax, 2) as decimal(30, 2))
        else half_even_excl_tax
    end) as half_up_excl_tax,
        bool_or(amount_excl_tax is null) as is_net_unknown,
        bool_or(amount_incl_tax is null) as is_gross_unknown
    from rounded
    group by price_id, part

)

-- Division (thirds of an hour, net out of gross) leaves a residue in the 16th place: at 12 places halves of a cent
-- are halves again. Rounding 38 digits is dear, so only where there was one. One unknown line makes its part unknown.
select
    price_id,
    part,
    cast(half_up_excl_tax as decimal(38, 4)) as half_up_excl_tax,
    cast(half_even_excl_tax as decimal(38, 4)) as half_even_excl_tax,
    case
        when is_net_unknown then null
        when is_divided then cast(decimal_division(excl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
        else excl_tax
    end as excl_tax,
    case
        when is_gross_unknown then null
        when is_divided then cast(decimal_division(incl_tax, cast(1 as decimal(1, 0)), 12) as decimal(38, 16))
        else incl_tax
    end as incl_tax
from sums
