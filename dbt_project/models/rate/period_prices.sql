with

period_elements as (

    select
        price_id,
        period_no,
        sorted_no,
        tariff_index,
        tariff_no,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        energy_rank,
        time_rank,
        parking_rank,
        flat_rank,
        reservation_rank,
        reservation_flat_rank
    from {{ ref('period_elements') }}

),

tariff_prices as (

    select
        tariff_no,
        element_no,
        component_no,
        part_no,
        price,
        tax_percent,
        tax_included,
        tax_factor,
        gross_price,
        is_gross_price_exact,
        step_size
    from {{ ref('tariff_prices') }}
    where not is_oversized

),

-- A flat fee falls due once for the session and once for the reservation, when it is first active.
first_flats as (

    select
        price_id,
        min(sorted_no) filter (where flat_rank is not null) as flat_sorted_no,
        min(sorted_no) filter (where reservation_flat_rank is not null) as reservation_flat_sorted_no
    from period_elements
    where coalesce(flat_rank, reservation_flat_rank) is not null
    group by price_id

),

-- A volume of zero is no use of a dimension: it costs nothing, and its component is not the last one used.
-- One of a million or more is a problem of its CDR and could not be multiplied within 38 digits.
priced as (
{% for part_no, volume, rank in [
    (4, 'energy_kwh', 'energy_rank'),
    (5, 'time_hours', 'time_rank'),
    (6, 'parking_hours', 'parking_rank'),
    (2, 'reservation_hours', 'reservation_rank'),
] %}
        select
            price_id,
            period_no,
            sorted_no,
            tariff_no,
            tariff_index,
            {{ part_no }} as part_no,
            {{ volume }} as volume,
            {{ rank }} as element_rank
        from period_elements
        where {{ volume }} <> 0 and {{ rank }} is not null and abs({{ volume }}) < 1000000

        union all
    {% endfor %}
{% for part_no, first, rank in [
    (3, 'flat_sorted_no', 'flat_rank'),
    (1, 'reservation_flat_sorted_no', 'reservation_flat_rank'),
] %}
        select
            period_elements.price_id,
            period_elements.period_no,
            period_elements.sorted_no,
            period_elements.tariff_no,
            period_elements.tariff_index,
            {{ part_no }} as part_no,
            cast(1 as decimal(18, 8)) as volume,
            period_elements.{{ rank }} as element_rank
        from period_elements
        inner join
            first_flats
            on period_elements.price_id = first_flats.price_id and period_elements.sorted_no = first_flats.{{ first }}
        {% if not loop.last %}

            union all
        {% endif %}
    {% endfor %}

),

amounts as (

    select
        priced.*,
        tariff_prices.element_no,
        tariff_prices.component_no,
        tariff_prices.price as unit_price,
        tariff_prices.tax_percent,
        tariff_prices.tax_included,
        tariff_prices.tax_factor,
        tariff_prices.gross_price,
        tariff_prices.is_gross_price_exact,
        tariff_prices.step_size,
        cast(priced.volume as decimal(19, 8)) * cast(tariff_prices.price as decimal(19, 8)) as amount
    from priced
    inner join tariff_prices
        on
            priced.tariff_no = tariff_prices.tariff_no
            and priced.part_no = tariff_prices.part_no
            and cast((priced.element_rank % 4000000 - priced.element_rank % 4) / 4 as integer)
            = tariff_prices.element_no

)

select
    price_id,
    period_no,
    sorted_no,
    part_no,
    volume,
    tariff_index,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    step_size,
    coalesce(tax_included = 'YES', false) as is_divided,
    element_rank % 2 = 1 as is_clock_assumed,
    element_rank % 4 >= 2 as is_flow_assumed,
    cast(
        case
            when tax_included = 'YES' and amount <> 0 then {{ decimal_division('amount', 'tax_factor') }}
            else amount
        end
        as decimal(38, 16)
    ) as amount_excl_tax,
    -- An absent rate on an amount that is not zero leaves the gross unknown: the spec says both "no VAT is applicable"
    -- and "not known beforehand". Rounding 38 digits down is dear, so a gross price of 8 places goes without.
    cast(
        case
            when amount = 0 or tax_included in ('YES', 'N/A') then amount
            when is_gross_price_exact then cast(volume as decimal(19, 8)) * gross_price
            else cast(cast(amount as decimal(38, 14)) * cast(tax_factor as decimal(12, 8)) as decimal(38, 16))
        end
        as decimal(38, 16)
    ) as amount_incl_tax
from amounts
