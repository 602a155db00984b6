-- What a gate writes: one pair of tables in the schema of each stage that has a gate.
create table if not exists inspect.gate_findings (
    finding_id varchar,                -- sha256 of subject_kind, subject_id, rule_id, revision
    subject_kind varchar,              -- cdr, record, file
    subject_id varchar,                -- cdr_key; <source>/<feed>/<file>#<position>; <source>/<feed>/<file>
    cdr_key varchar,                   -- null unless the subject is a CDR
    work_key varchar,                  -- the key in inspect.work that renews this row; null for files
    revision integer,
    gate varchar,
    rule_id varchar,
    reason_code varchar,
    severity varchar,                  -- reject, hold, warn (contract override applied)
    owner varchar,
    status varchar,                    -- open, waived
    waived_by varchar,                 -- waiver, adjustment (decisions), remedy (of the contract); null while open
    observed varchar,
    expected varchar,
    tolerance varchar,
    caused_by varchar                  -- finding_id of the root
);

create table if not exists inspect.gate_verdicts (
    cdr_key varchar,
    revision integer,
    gate varchar,
    verdict varchar,                   -- pass, hold, reject: the worst open severity, warn passes
    suite_sha256 varchar,
    rules_evaluated integer,
    rules_not_evaluated integer
);

create table if not exists reconcile.gate_findings as select * from inspect.gate_findings limit 0;
create table if not exists reconcile.gate_verdicts as select * from inspect.gate_verdicts limit 0;
create table if not exists settle.gate_findings as select * from inspect.gate_findings limit 0;
create table if not exists settle.gate_verdicts as select * from inspect.gate_verdicts limit 0;

-- What doubted claims would cost under wrong readings (defs/reconcile/repricing.py).
create table if not exists reconcile.repriced_claims (
    cdr_key varchar,
    reading varchar,                   -- the wrong one, as in reconcile.doubted_claims
    variant integer,
    other_reading varchar,             -- an allowed one within it
    total_excl_tax decimal(38, 16)     -- by the tariff alone, before discounts
);
