with

period_prices as (

    select
        price_id,
        period_no,
        sorted_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."period_prices"

),

rounded as (

    select
        *,
        decimal_division(amount_excl_tax, cast(1 as decimal(1, 0)), 2) as half_even_excl_tax
    from period_prices

)

-- One pass over all priced volumes: what is summed for the steps, for the totals and for the range.
select
    price_id,
    part_no,
    sum(volume) as volume,
    max(sorted_no) as last_sorted_no,
    max_by(period_no, sorted_no) as last_period_no,
    max_by(tariff_index, sorted_no) as last_tariff_index,
    max_by(tariff_no, sorted_no) as last_tariff_no,
    max_by(element_no, sorted_no) as last_element_no,
    bool_or(is_divided) as is_divided,
    case when count(*) = count(amount_excl_tax) then sum(amount_excl_tax) end as amount_excl_tax,
    case when count(*) = count(amount_incl_tax) then sum(amount_incl_tax) end as amount_incl_tax,
    sum(case
        when abs(half_even_excl_tax - amount_excl_tax) = 0.005
            then cast(round(amount_excl_tax, 2) as decimal(30, 2))
        else half_even_excl_tax
    end) as half_up_excl_tax,
    sum(half_even_excl_tax) as half_even_excl_tax
from rounded
group by price_id, part_no
