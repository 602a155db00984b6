with

cuts as (

    select
        record_id,
        sorted_no,
        cut_us,
        energy_at_cut_kwh
    from "evsettle"."rate"."period_cuts"

),

cut_records as (

    select distinct record_id
    from cuts

),

periods as (

    select period_contexts.*
    from "evsettle"."rate"."period_contexts" as period_contexts
    inner join cut_records on period_contexts.record_id = cut_records.record_id

),

zone_offsets as (

    select
        zone,
        epoch_us(utc_from) as from_us,
        epoch_us(utc_to) as to_us,
        cast(offset_seconds as bigint) * 1000000 as offset_us
    from "evsettle"."ingest"."zone_offsets"

),

starts as (

    select
        record_id,
        sorted_no,
        started_us as at_us,
        cast(null as decimal(38, 8)) as energy_at_cut_kwh
    from periods
    union all
    select
        record_id,
        sorted_no,
        cut_us as at_us,
        energy_at_cut_kwh
    from cuts

),

-- The share of the period's time that lies before the piece.
shares as (

    select
        starts.at_us,
        starts.energy_at_cut_kwh,
        periods.*,
        case
            when starts.at_us = periods.started_us or periods.started_us is null then cast(0 as decimal(18, 16))
            else cast(decimal_division(
        cast(starts.at_us - periods.started_us as decimal(34, 16)),
        nullif(cast(periods.ended_us - periods.started_us as decimal(38, 0)), 0),
        16
    ) as decimal(18, 16))
        end as share_before
    from starts
    inner join periods on starts.record_id = periods.record_id and starts.sorted_no = periods.sorted_no

),

-- Volumes used before the piece, each to 8 places, so that the pieces add up to what was sent. A bound of energy is
-- met exactly: half a billionth less would leave the restriction unmet.
before as (

    select
        *,
        cast(
            coalesce(
                energy_at_cut_kwh - energy_before_kwh,
                cast(energy_kwh as decimal(19, 8)) * share_before
            ) as decimal(18, 8)
        ) as energy_gone,
        cast(cast(time_hours as decimal(19, 8)) * share_before as decimal(18, 8)) as time_gone,
        cast(cast(parking_hours as decimal(19, 8)) * share_before as decimal(18, 8)) as parking_gone,
        cast(cast(reservation_hours as decimal(19, 8)) * share_before as decimal(18, 8)) as reservation_gone
    from shares

),

pieces as (

    select
        *,
        cast(row_number() over (partition by record_id order by sorted_no asc, at_us asc) as integer) as piece_no,
        lead(energy_gone) over in_period as next_energy_gone,
        lead(time_gone) over in_period as next_time_gone,
        lead(parking_gone) over in_period as next_parking_gone,
        lead(reservation_gone) over in_period as next_reservation_gone
    from before
    window in_period as (partition by record_id, sorted_no order by at_us)

),

on_clock as (

    select
        pieces.*,
        case
            when pieces.local_us is null then null
            when pieces.at_us = pieces.started_us then pieces.local_us
            else pieces.at_us + zone_offsets.offset_us
        end as piece_local_us
    from pieces
    left join zone_offsets
        on
            pieces.time_zone = zone_offsets.zone
            and pieces.at_us >= zone_offsets.from_us
            and pieces.at_us < zone_offsets.to_us

)

select
    record_id,
    period_no,
    piece_no as sorted_no,
    is_split,
    is_reservation,
    is_charging,
    is_expired_reservation,
    cast(coalesce(next_energy_gone, energy_kwh) - energy_gone as decimal(18, 8)) as energy_kwh,
    cast(coalesce(next_time_gone, time_hours) - time_gone as decimal(18, 8)) as time_hours,
    cast(coalesce(next_parking_gone, parking_hours) - parking_gone as decimal(18, 8)) as parking_hours,
    cast(coalesce(next_reservation_gone, reservation_hours) - reservation_gone as decimal(18, 8)) as reservation_hours,
    min_current,
    max_current,
    min_power,
    max_power,
    tariff_index,
    tariff_no,
    cast(energy_before_kwh + coalesce(energy_gone, 0) as decimal(38, 8)) as energy_before_kwh,
    case when is_charging then at_us - charging_started_us else 0 end as elapsed_us,
    cast(
        ((piece_local_us % 86400000000 + 86400000000) % 86400000000
        - ((piece_local_us % 86400000000 + 86400000000) % 86400000000) % 60000000) / 60000000 as integer
    ) as local_minute,
    cast((piece_local_us - (piece_local_us % 86400000000 + 86400000000) % 86400000000) / 86400000000 as integer) as local_day
from on_clock
