with

network_as_read as (

    select
        time_zone,
        country,
        currency,
        history_before,
        drift_recent_days,
        drift_history_days,
        drift_minimum_records,
        drift_minimum_faults,
        drift_times,
        drift_deviations
    from {{ source('ingest', 'raw_network') }}

)

select
    time_zone,
    country,
    currency,
    history_before,
    drift_recent_days,
    drift_history_days,
    drift_minimum_records,
    drift_minimum_faults,
    drift_times,
    drift_deviations
from network_as_read
