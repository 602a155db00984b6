with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at,
        currency,
        amount_sign
    from "evsettle"."inspect"."cdrs"

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
    from "evsettle"."rate"."period_contexts"

),

price_problems as (

    select cdr_key
    from "evsettle"."rate"."price_problems"
    where is_blocking

),


period_prices as (

    select
        record_id,
        part,
        tax_included = 'YES' as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."period_prices"

),


session_steps as (

    select
        record_id,
        part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),


limit_lines as (

    select
        record_id,
        'limit' as part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."limit_lines"

),


work_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.currency,
        cdrs.amount_sign,
        epoch_us(cdrs.ended_at) - epoch_us(cdrs.started_at) as elapsed_us,
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


    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from period_prices
    union all

    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from session_steps
    union all

    select
        record_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from limit_lines


),

-- Over integers: the same sums over the lines by cdr_key take three times as long. A test holds the two equal.
sums as (

    select
        record_id,
        bool_or(is_divided) as is_divided,

        sum(amount_excl_tax) as total_excl_tax,
        bool_or(amount_excl_tax is null) as is_unknown_excl_tax,

        sum(case when part = 'fixed' then amount_excl_tax end) as fixed_excl_tax,
        bool_or(part = 'fixed' and amount_excl_tax is null) as is_unknown_fixed_excl_tax,

        sum(case when part = 'energy' then amount_excl_tax end) as energy_excl_tax,
        bool_or(part = 'energy' and amount_excl_tax is null) as is_unknown_energy_excl_tax,

        sum(case when part = 'time' then amount_excl_tax end) as time_excl_tax,
        bool_or(part = 'time' and amount_excl_tax is null) as is_unknown_time_excl_tax,

        sum(case when part = 'parking' then amount_excl_tax end) as parking_excl_tax,
        bool_or(part = 'parking' and amount_excl_tax is null) as is_unknown_parking_excl_tax,

        sum(case when part = 'reservation' then amount_excl_tax end) as reservation_excl_tax,
        bool_or(part = 'reservation' and amount_excl_tax is null) as is_unknown_reservation_excl_tax,

        sum(case when part = 'limit' then amount_excl_tax end) as limit_excl_tax,
        bool_or(part = 'limit' and amount_excl_tax is null) as is_unknown_limit_excl_tax,


        sum(amount_incl_tax) as total_incl_tax,
        bool_or(amount_incl_tax is null) as is_unknown_incl_tax,

        sum(case when part = 'fixed' then amount_incl_tax end) as fixed_incl_tax,
        bool_or(part = 'fixed' and amount_incl_tax is null) as is_unknown_fixed_incl_tax,

        sum(case when part = 'energy' then amount_incl_tax end) as energy_incl_tax,
        bool_or(part = 'energy' and amount_incl_tax is null) as is_unknown_energy_incl_tax,

        sum(case when part = 'time' then amount_incl_tax end) as time_incl_tax,
        bool_or(part = 'time' and amount_incl_tax is null) as is_unknown_time_incl_tax,

        sum(case when part = 'parking' then amount_incl_tax end) as parking_incl_tax,
        bool_or(part = 'parking' and amount_incl_tax is null) as is_unknown_parking_incl_tax,

        sum(case when part = 'reservation' then amount_incl_tax end) as reservation_incl_tax,
        bool_or(part = 'reservation' and amount_incl_tax is null) as is_unknown_reservation_incl_tax,

        sum(case when part = 'limit' then amount_incl_tax end) as limit_incl_tax,
        bool_or(part = 'limit' and amount_incl_tax is null) as is_unknown_limit_incl_tax,


        count(*) as line_count
    from amounts
    group by record_id

)

select
    work_cdrs.cdr_key,
    'base' as reading,
    work_cdrs.currency,
    work_cdrs.is_priced,

    case
        when not work_cdrs.is_priced or sums.is_unknown_excl_tax then null
        else case
        when sums.total_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.total_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.total_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.total_excl_tax as decimal(38, 16))
    end
    end as total_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_fixed_excl_tax then null
        else case
        when sums.fixed_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.fixed_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.fixed_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.fixed_excl_tax as decimal(38, 16))
    end
    end as fixed_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_energy_excl_tax then null
        else case
        when sums.energy_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.energy_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.energy_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.energy_excl_tax as decimal(38, 16))
    end
    end as energy_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_time_excl_tax then null
        else case
        when sums.time_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.time_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.time_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.time_excl_tax as decimal(38, 16))
    end
    end as time_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_parking_excl_tax then null
        else case
        when sums.parking_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.parking_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.parking_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.parking_excl_tax as decimal(38, 16))
    end
    end as parking_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_reservation_excl_tax then null
        else case
        when sums.reservation_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.reservation_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.reservation_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.reservation_excl_tax as decimal(38, 16))
    end
    end as reservation_excl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_limit_excl_tax then null
        else case
        when sums.limit_excl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.limit_excl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.limit_excl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.limit_excl_tax as decimal(38, 16))
    end
    end as limit_excl_tax,


    case
        when not work_cdrs.is_priced or sums.is_unknown_incl_tax then null
        else case
        when sums.total_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.total_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.total_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.total_incl_tax as decimal(38, 16))
    end
    end as total_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_fixed_incl_tax then null
        else case
        when sums.fixed_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.fixed_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.fixed_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.fixed_incl_tax as decimal(38, 16))
    end
    end as fixed_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_energy_incl_tax then null
        else case
        when sums.energy_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.energy_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.energy_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.energy_incl_tax as decimal(38, 16))
    end
    end as energy_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_time_incl_tax then null
        else case
        when sums.time_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.time_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.time_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.time_incl_tax as decimal(38, 16))
    end
    end as time_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_parking_incl_tax then null
        else case
        when sums.parking_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.parking_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.parking_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.parking_incl_tax as decimal(38, 16))
    end
    end as parking_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_reservation_incl_tax then null
        else case
        when sums.reservation_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.reservation_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.reservation_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.reservation_incl_tax as decimal(38, 16))
    end
    end as reservation_incl_tax,

    case
        when not work_cdrs.is_priced or sums.is_unknown_limit_incl_tax then null
        else case
        when sums.limit_incl_tax is null then cast(0 as decimal(38, 16))
        when sums.is_divided and sums.limit_incl_tax <> 0
            then cast(work_cdrs.amount_sign * cast(sums.limit_incl_tax as decimal(38, 12)) as decimal(38, 16))
        else cast(work_cdrs.amount_sign * sums.limit_incl_tax as decimal(38, 16))
    end
    end as limit_incl_tax,


    coalesce(volumes.energy_kwh, 0) as total_energy_kwh,
    cast(
        decimal_division(
        cast((work_cdrs.elapsed_us - coalesce(volumes.reserved_us, 0)) * 0.000001 as decimal(30, 16)),
        nullif(cast(3600 as decimal(38, 8)), 0),
        16
    )
        as decimal(38, 8)
    ) as total_time_hours,
    coalesce(volumes.parking_hours, 0) as total_parking_hours
from work_cdrs
left join volumes on work_cdrs.record_id = volumes.record_id
left join sums on work_cdrs.record_id = sums.record_id
