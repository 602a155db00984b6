-- Doubted claims as CDRs of their own in `repricing`, a database in memory under the names that the pricing models
-- read: one record for each reading to be tried, with what that reading changes.
create schema repricing.ingest;
create schema repricing.inspect;
create schema repricing.rate;

create table repricing.jobs as
select
    row_number() over (order by cdr_key, reading, variant) as record_id,
    cdr_key,
    reading,
    variant,
    cdr_key || '|' || reading || '|' || variant as job_key
from (select distinct cdr_key, reading, variant from evsettle.reconcile.doubted_claims);

create table repricing.inspect.work as select job_key as cdr_key from repricing.jobs;

create table repricing.inspect.cdrs as
select cdrs.* replace (
    jobs.job_key as cdr_key,
    jobs.record_id as record_id,
    case when jobs.reading = 'bands_in_utc' then 'UTC' else cdrs.time_zone end as time_zone
)
from evsettle.inspect.cdrs as cdrs
inner join repricing.jobs as jobs on cdrs.cdr_key = jobs.cdr_key;

create table repricing.inspect.cdr_terms as
select terms.* replace (jobs.job_key as cdr_key)
from evsettle.inspect.cdr_terms as terms
inner join repricing.jobs as jobs on terms.cdr_key = jobs.cdr_key;

create table repricing.ingest.sent_periods as
select periods.* replace (jobs.record_id as record_id)
from evsettle.ingest.sent_periods as periods
inner join evsettle.inspect.cdrs as cdrs on periods.record_id = cdrs.record_id
inner join repricing.jobs as jobs on cdrs.cdr_key = jobs.cdr_key;

create table repricing.ingest.charging_periods as
select periods.* replace (jobs.record_id as record_id)
from evsettle.ingest.charging_periods as periods
inner join evsettle.inspect.cdrs as cdrs on periods.record_id = cdrs.record_id
inner join repricing.jobs as jobs on cdrs.cdr_key = jobs.cdr_key;

-- The tariff of each reading: another body, or the same one with its elements in another order.
create table repricing.uses as
select
    tariffs.*,
    jobs.job_key,
    coalesce(doubted.tariff_no, tariffs.tariff_no) as body_no,
    case when jobs.reading in ('last_element', 'second_element') then jobs.reading else 'as_is' end as element_order
from evsettle.inspect.tariffs_in_force as tariffs
inner join repricing.jobs as jobs on tariffs.cdr_key = jobs.cdr_key
left join evsettle.reconcile.doubted_claims as doubted
    on
        jobs.cdr_key = doubted.cdr_key
        and jobs.reading = doubted.reading
        and jobs.variant = doubted.variant
        and tariffs.tariff_index = doubted.tariff_index;

create table repricing.bodies as
select row_number() over (order by body_no, element_order) as tariff_no, body_no, element_order
from (select distinct body_no, element_order from repricing.uses where body_no is not null);

create table repricing.inspect.tariffs_in_force as
select uses.* exclude (job_key, body_no, element_order)
    replace (uses.job_key as cdr_key, bodies.tariff_no as tariff_no)
from repricing.uses as uses
left join repricing.bodies as bodies on uses.body_no = bodies.body_no and uses.element_order = bodies.element_order;

create table repricing.ingest.tariff_bodies as
select tariffs.* replace (bodies.tariff_no as tariff_no)
from evsettle.ingest.tariff_bodies as tariffs
inner join repricing.bodies as bodies on tariffs.tariff_no = bodies.body_no;

-- Backwards the last element that matches comes first; without its first element a tariff begins with the next one.
create table repricing.ingest.tariff_elements as
select elements.* replace (
    bodies.tariff_no as tariff_no,
    case when bodies.element_order = 'last_element' then 100000 - elements.element_no else elements.element_no end
    as element_no
)
from evsettle.ingest.tariff_elements as elements
inner join repricing.bodies as bodies on elements.tariff_no = bodies.body_no
where bodies.element_order <> 'second_element' or elements.element_no > 1;

create table repricing.ingest.tariff_components as
select components.* replace (
    bodies.tariff_no as tariff_no,
    case when bodies.element_order = 'last_element' then 100000 - components.element_no else components.element_no end
    as element_no
)
from evsettle.ingest.tariff_components as components
inner join repricing.bodies as bodies on components.tariff_no = bodies.body_no
where bodies.element_order <> 'second_element' or components.element_no > 1;

create table repricing.ingest.zone_offsets as
select *
from evsettle.ingest.zone_offsets
where zone <> 'UTC'
union all by name
select
    'UTC' as zone,
    timestamptz '1900-01-01 00:00:00+00' as utc_from,
    timestamptz '2200-01-01 00:00:00+00' as utc_to,
    0 as offset_seconds;
