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
        currency
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

price_lines as (

    select
        cdr_key,
        reading,
        part,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."price_lines"

),

work_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.currency,
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

parts as (

    select
        cdr_key,
        reading,
        part,
        -- Unknown as soon as one line is unknown.
        case when count(*) = count(amount_excl_tax) then sum(amount_excl_tax) end as excl_tax,
        case when count(*) = count(amount_incl_tax) then sum(amount_incl_tax) end as incl_tax
    from price_lines
    where cdr_key in (select work.cdr_key from work)
    group by cdr_key, reading, part

),

sums as (

    select
        cdr_key,
        reading,
        case when count(*) = count(excl_tax) then sum(excl_tax) end as total_excl_tax,
        case when count(*) = count(incl_tax) then sum(incl_tax) end as total_incl_tax,

        bool_or(part = 'fixed') as has_fixed,
        max(case when part = 'fixed' then excl_tax end) as fixed_excl_tax,
        max(case when part = 'fixed' then incl_tax end) as fixed_incl_tax,

        bool_or(part = 'energy') as has_energy,
        max(case when part = 'energy' then excl_tax end) as energy_excl_tax,
        max(case when part = 'energy' then incl_tax end) as energy_incl_tax,

        bool_or(part = 'time') as has_time,
        max(case when part = 'time' then excl_tax end) as time_excl_tax,
        max(case when part = 'time' then incl_tax end) as time_incl_tax,

        bool_or(part = 'parking') as has_parking,
        max(case when part = 'parking' then excl_tax end) as parking_excl_tax,
        max(case when part = 'parking' then incl_tax end) as parking_incl_tax,

        bool_or(part = 'reservation') as has_reservation,
        max(case when part = 'reservation' then excl_tax end) as reservation_excl_tax,
        max(case when part = 'reservation' then incl_tax end) as reservation_incl_tax,

        bool_or(part = 'limit') as has_limit,
        max(case when part = 'limit' then excl_tax end) as limit_excl_tax,
        max(case when part = 'limit' then incl_tax end) as limit_incl_tax

    from parts
    group by cdr_key, reading

)

select
    work_cdrs.cdr_key,
    'base' as reading,
    work_cdrs.currency,
    work_cdrs.is_priced,

    -- Thirds of an hour leave a residue in the 16th place: at 12 places halves of a cent are halves again.
    cast(
        round(case when work_cdrs.is_priced and sums.cdr_key is null then 0 else sums.total_excl_tax end, 12)
        as decimal(38, 16)
    ) as total_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_fixed, false) then 0
                else sums.fixed_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as fixed_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_energy, false) then 0
                else sums.energy_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as energy_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_time, false) then 0
                else sums.time_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as time_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_parking, false) then 0
                else sums.parking_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as parking_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_reservation, false) then 0
                else sums.reservation_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as reservation_excl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_limit, false) then 0
                else sums.limit_excl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as limit_excl_tax,


    -- Thirds of an hour leave a residue in the 16th place: at 12 places halves of a cent are halves again.
    cast(
        round(case when work_cdrs.is_priced and sums.cdr_key is null then 0 else sums.total_incl_tax end, 12)
        as decimal(38, 16)
    ) as total_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_fixed, false) then 0
                else sums.fixed_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as fixed_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_energy, false) then 0
                else sums.energy_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as energy_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_time, false) then 0
                else sums.time_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as time_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_parking, false) then 0
                else sums.parking_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as parking_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_reservation, false) then 0
                else sums.reservation_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as reservation_incl_tax,

    cast(
        round(
            case
                when work_cdrs.is_priced and not coalesce(sums.has_limit, false) then 0
                else sums.limit_incl_tax
            end,
            12
        )
        as decimal(38, 16)
    ) as limit_incl_tax,


    cast(coalesce(volumes.energy_kwh, 0) as decimal(38, 8)) as total_energy_kwh,
    cast(
        decimal_division(
        cast((work_cdrs.elapsed_us - coalesce(volumes.reserved_us, 0)) * 0.000001 as decimal(30, 16)),
        nullif(cast(3600 as decimal(38, 8)), 0),
        16
    )
        as decimal(38, 8)
    ) as total_time_hours,
    cast(coalesce(volumes.parking_hours, 0) as decimal(38, 8)) as total_parking_hours
from work_cdrs
left join volumes on work_cdrs.record_id = volumes.record_id
left join sums on work_cdrs.cdr_key = sums.cdr_key
