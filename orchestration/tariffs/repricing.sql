-- Sessions side by side: what they are expected to cost now and under the drafts, net of tax, credits with their sign.
create or replace temp table compared as
with
clocks as (
    select
        cdrs.cdr_key,
        cast(
            (cast(epoch(cdrs.started_at) as bigint) + zones.offset_seconds) % 86400 // 3600 as integer
        ) as local_hour
    from inspect.cdrs as cdrs
    inner join ingest.zone_offsets as zones
        on cdrs.time_zone = zones.zone and zones.utc_from <= cdrs.started_at and cdrs.started_at < zones.utc_to
)
select
    cdrs.cdr_key,
    cdrs.cdr_id,
    coalesce(outcomes.partner, 'unknown') as partner,
    coalesce(outcomes.direction, 'unknown') as direction,
    outcomes.state,
    outcomes.service_period,
    outcomes.period,
    outcomes.statement_id,
    outcomes.statement_status,
    coalesce(cdrs.location_id, 'unknown') as site,
    clocks.local_hour,
    cdrs.started_at,
    cdrs.currency,
    cdrs.energy_kwh,
    cdrs.claimed_excl_tax,
    now_prices.expected_excl_tax as now_excl_tax,
    draft_prices.expected_excl_tax as draft_excl_tax,
    cast(draft_prices.expected_excl_tax - now_prices.expected_excl_tax as decimal(38, 16)) as difference,
    now_prices.rated_excl_tax as now_rated_excl_tax,
    draft_prices.rated_excl_tax as draft_rated_excl_tax,
    draft_prices.range_min as draft_range_min,
    draft_prices.range_max as draft_range_max
from inspect.cdrs as cdrs
inner join scope as outcomes on cdrs.cdr_key = outcomes.cdr_key
left join now_prices on cdrs.cdr_key = now_prices.cdr_key
left join reconcile.expected_prices as draft_prices on cdrs.cdr_key = draft_prices.cdr_key
left join clocks on cdrs.cdr_key = clocks.cdr_key
