with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        ocpi_version,
        currency,
        amount_sign,
        started_at,
        ended_at,
        time_zone
    from {{ ref('cdrs') }}

),

cdr_terms as (

    select
        cdr_key,
        period_tariff,
        period_policy
    from {{ ref('cdr_terms') }}

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_id,
        tariff_version,
        tariff_index,
        tariff_no,
        status
    from {{ ref('tariffs_in_force') }}

),

tariff_counts as (

    select
        cdr_key,
        count(*) as tariff_count,
        min(tariff_index) as tariff_index
    from tariffs_in_force
    group by cdr_key

),

tariff_elements as (

    select
        tariff_no,
        bool_or(
            coalesce(start_minute, end_minute, day_mask) is not null or coalesce(start_date, end_date) is not null
        ) as reads_clock,
        bool_or(coalesce(min_kwh, max_kwh) is not null) as reads_energy
    from {{ ref('tariff_elements') }}
    group by tariff_no

)

-- Texts are joined here, once: an integer joins five times as fast. Nearly every CDR has one tariff, which comes with
-- the session, so no period looks for it by name. Of several it is not known here which of them a period takes.
select
    cdrs.record_id,
    cdrs.cdr_key,
    cdrs.currency,
    cdrs.amount_sign,
    cdrs.time_zone,
    cdrs.ocpi_version = '2.1.1' as is_v211,
    coalesce(cdr_terms.period_policy = 'split', false) as is_split,
    -- "If not provided, no Tariff is relevant" came with 2.2: a 2.1.1 period cannot name one.
    coalesce(cdr_terms.period_tariff = 'literal' and cdrs.ocpi_version not in ('2.1.1', 'csv', 'oicp'), false)
        as is_literal,
    {{ epoch_microseconds('cdrs.started_at') }} as started_us,
    {{ epoch_microseconds('cdrs.ended_at') }} as ended_us,
    coalesce(tariff_counts.tariff_count, 0) as tariff_count,
    tariffs_in_force.tariff_id,
    tariffs_in_force.tariff_version,
    tariffs_in_force.tariff_index,
    tariffs_in_force.tariff_no,
    tariffs_in_force.status,
    coalesce(tariff_counts.tariff_count > 1 or tariff_elements.reads_clock, false) as may_read_clock,
    coalesce(tariff_counts.tariff_count > 1 or tariff_elements.reads_energy, false) as may_read_energy
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join cdr_terms on cdrs.cdr_key = cdr_terms.cdr_key
left join tariff_counts on cdrs.cdr_key = tariff_counts.cdr_key
left join tariffs_in_force
    on
        tariff_counts.cdr_key = tariffs_in_force.cdr_key
        and tariff_counts.tariff_index = tariffs_in_force.tariff_index
        and tariff_counts.tariff_count = 1
left join tariff_elements on tariffs_in_force.tariff_no = tariff_elements.tariff_no
