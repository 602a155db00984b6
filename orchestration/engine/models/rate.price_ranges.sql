with

reading_bounds as (

    select
        cdr_key,
        reading,
        reading_min,
        reading_max,
        min_excl_tax,
        max_excl_tax
    from "evsettle"."rate"."reading_bounds"

),

cut_prices as (

    select
        cdr_key,
        total_excl_tax
    from "evsettle"."rate"."price_totals"
    where reading = 'split' and is_priced

),

-- Nearly every session has one reading, and nothing is gathered.
others as (

    select distinct cdr_key
    from reading_bounds
    where reading <> 'base'

),

several as (

    select
        reading_bounds.cdr_key,
        min(reading_bounds.min_excl_tax) as min_excl_tax,
        max(reading_bounds.max_excl_tax) as max_excl_tax
    from reading_bounds
    inner join others on reading_bounds.cdr_key = others.cdr_key
    group by reading_bounds.cdr_key

),

-- Of several readings that end the range at one price the first by name is told: base before all others.
lowest as (

    select
        several.cdr_key,
        min(reading_bounds.reading_min) as reading_min
    from several
    inner join reading_bounds
        on several.cdr_key = reading_bounds.cdr_key and several.min_excl_tax = reading_bounds.min_excl_tax
    group by several.cdr_key

),

highest as (

    select
        several.cdr_key,
        min(reading_bounds.reading_max) as reading_max
    from several
    inner join reading_bounds
        on several.cdr_key = reading_bounds.cdr_key and several.max_excl_tax = reading_bounds.max_excl_tax
    group by several.cdr_key

)

select
    reading_bounds.cdr_key,
    coalesce(lowest.reading_min, reading_bounds.reading_min) as reading_min,
    coalesce(highest.reading_max, reading_bounds.reading_max) as reading_max,
    coalesce(several.min_excl_tax, reading_bounds.min_excl_tax) as min_excl_tax,
    coalesce(several.max_excl_tax, reading_bounds.max_excl_tax) as max_excl_tax,
    cut_prices.total_excl_tax as split_excl_tax
from reading_bounds
left join several on reading_bounds.cdr_key = several.cdr_key
left join lowest on reading_bounds.cdr_key = lowest.cdr_key
left join highest on reading_bounds.cdr_key = highest.cdr_key
left join cut_prices on reading_bounds.cdr_key = cut_prices.cdr_key
where reading_bounds.reading = 'base'
