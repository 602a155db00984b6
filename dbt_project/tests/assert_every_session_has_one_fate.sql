{{ config(meta={
    "dagster": {"ref": {"name": "cdr_outcomes"}},
    "description": "The conservation law: every record received is quarantined, superseded or in one state, in count, kWh and money."
}) }}
{#
    The conservation law, from the raw records to the outcomes:
    received = quarantined + superseded + (held + valid + adjusted + credited + excluded), in records, kWh and money;
    other feeds in records: received = applied + superseded + quarantined.
    Without it a join that drops or doubles a session would change an invoice and nothing would be red.
    Fails with each feed, currency and measure that does not add up.
#}
with

raw_records as (

    select
        records.record_id,
        files.feed
    from {{ source('ingest', 'raw_records') }} as records
    inner join {{ source('ingest', 'raw_files') }} as files on records.file_seq = files.file_seq

),

raw_cdrs as (

    select
        record_id,
        coalesce(currency, 'unknown') as currency,
        case when is_credit then -abs(energy_kwh) else energy_kwh end as energy_kwh,
        case when is_credit then -abs(claimed_excl_tax) else claimed_excl_tax end as amount
    from {{ source('ingest', 'raw_cdrs') }}

),

dispositions as (

    select
        record_id,
        feed,
        disposition
    from {{ ref('record_dispositions') }}

),

-- What was sealed keeps its numbers though its record may be read otherwise now; here it counts as it is read.
outcomes as (

    select
        outcomes.record_id,
        coalesce(case when outcomes.is_sealed then raw_cdrs.currency else outcomes.currency end, 'unknown') as currency,
        case
            when outcomes.is_sealed then raw_cdrs.energy_kwh
            when outcomes.is_credit then -abs(outcomes.energy_kwh)
            else outcomes.energy_kwh
        end as energy_kwh,
        case when outcomes.is_sealed then raw_cdrs.amount else outcomes.claimed_excl_tax end as amount
    from {{ ref('cdr_outcomes') }} as outcomes
    left join raw_cdrs on outcomes.record_id = raw_cdrs.record_id
    where outcomes.state in ('held', 'valid', 'adjusted', 'credited', 'excluded')

),

received as (

    select
        raw_records.feed,
        coalesce(raw_cdrs.currency, 'unknown') as currency,
        raw_cdrs.energy_kwh,
        raw_cdrs.amount
    from raw_records
    left join raw_cdrs on raw_records.record_id = raw_cdrs.record_id

),

accounted as (

    select
        dispositions.feed,
        coalesce(raw_cdrs.currency, 'unknown') as currency,
        raw_cdrs.energy_kwh,
        raw_cdrs.amount
    from dispositions
    left join raw_cdrs on dispositions.record_id = raw_cdrs.record_id
    where
        dispositions.disposition in ('quarantined', 'superseded')
        or (dispositions.feed <> 'cdrs' and dispositions.disposition = 'applied')

    union all

    select
        'cdrs' as feed,
        currency,
        energy_kwh,
        amount
    from outcomes

),

both_sides as (

    select
        'received' as side,
        feed,
        currency,
        energy_kwh,
        amount
    from received

    union all

    select
        'accounted' as side,
        feed,
        currency,
        energy_kwh,
        amount
    from accounted

),

sums as (

    select
        feed,
        currency,
        sum(case when side = 'received' then 1 else -1 end) as records,
        sum(case when energy_kwh is null then case when side = 'received' then 1 else -1 end else 0 end)
            as unknown_energy,
        sum(case when amount is null then case when side = 'received' then 1 else -1 end else 0 end) as unknown_amount,
        sum(case when side = 'received' then coalesce(energy_kwh, 0) else -coalesce(energy_kwh, 0) end) as energy_kwh,
        sum(case when side = 'received' then coalesce(amount, 0) else -coalesce(amount, 0) end) as amount
    from both_sides
    group by feed, currency

)

select
    feed,
    currency,
    records,
    unknown_energy,
    unknown_amount,
    energy_kwh,
    amount
from sums
where records <> 0 or unknown_energy <> 0 or unknown_amount <> 0 or energy_kwh <> 0 or amount <> 0
