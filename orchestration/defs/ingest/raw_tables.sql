-- The raw tables: what the Python side of ingest writes and dbt's ingest models read.
-- JSON has ended before a row gets here: every column is typed. Times are UTC. Money, energy
-- and hours are decimals with 8 places. A column the source does not carry is null, never 0.

create schema if not exists ingest;
create schema if not exists inspect;
create schema if not exists rate;
create schema if not exists reconcile;
create schema if not exists settle;

-- One row: the run in progress. as_of is the only clock that SQL may read.
create table if not exists ingest.raw_run (
    run_seq bigint,                    -- ledger seq of the run entry
    as_of timestamptz,
    engine_version varchar,
    rules_sha256 varchar
);

-- What this run must look at again; emptied when a run ends well. See dbt model inspect.work.
create table if not exists ingest.raw_touched (
    kind varchar,                      -- everything, cdr, tariff, location, token, session, evse, contract, party, agreement, evidence; outcome: its outcome alone
    id varchar,                        -- cdr_key, or 'record|<record_id>' for a CDR record without key; <party>|<tariff_id>; <location_id>; <token_uid>; an EVSE id without signs and party; <cpo_party>|<emsp_party> of an agreement; <record_id> of evidence; '' for everything
    reason varchar
);

-- One row per file taken in by an arrival.
create table if not exists ingest.raw_files (
    file_seq bigint,
    arrival_seq bigint,                -- ledger seq of the arrival entry
    received_at timestamptz,
    source varchar,
    feed varchar,
    file_name varchar,
    file_sha256 varchar,
    size_bytes bigint,
    record_count bigint,
    replays_file_seq bigint,           -- not null: the same bytes were taken in before, no records
    reading_sha256 varchar,            -- how it was read: mapping and approved repairs; another value re-reads the file
    stated_record_count bigint,        -- by <file>.manifest.json; null = none stated
    stated_energy_kwh decimal(18, 8),
    stated_excl_tax decimal(18, 8),
    stated_incl_tax decimal(18, 8)
);

-- One row per physical record of one file, of any feed, readable or not.
create table if not exists ingest.raw_records (
    record_id bigint,                  -- (file_seq << 32) | position
    file_seq bigint,
    position integer,
    record_sha256 varchar using compression uncompressed, -- of its bytes as they stand in the file
    raw_text varchar using compression zstd,
    is_typed boolean,                  -- false: could not be typed; no row in the feed's table
    problem_rule_id varchar,           -- SCHEMA_TYPE_INVALID, SCHEMA_REQUIRED_MISSING ... when it could not be read at all
    problem varchar                    -- one sentence: field, what stands there, what was expected
);

-- One row per CDR record that is an object with enough in it to be a row (it may still lack fields).
create table if not exists ingest.raw_cdrs (
    record_id bigint,
    file_seq bigint,
    position integer,
    cdr_key varchar,                   -- lower(cpo_party) || '|' || lower(cdr_id); null when either is missing
    cpo_party varchar,                 -- NL/EVS
    emsp_party varchar,
    party_source varchar,              -- record, prefix, mapping
    cdr_id varchar,
    ocpi_version varchar,              -- 2.1.1, 2.2.1, 2.3.0, oicp, csv
    started_at timestamptz,
    ended_at timestamptz,
    session_id varchar,
    authorization_reference varchar,
    auth_method varchar,
    token_uid varchar,
    token_type varchar,
    contract_id varchar,
    location_id varchar,
    evse_uid varchar,
    evse_id varchar,
    connector_id varchar,
    location_country varchar,
    sent_standard varchar,             -- of the connector, as the record's own copy of the location has it
    sent_power_type varchar,
    sent_address varchar,
    sent_city varchar,
    sent_latitude decimal(10, 7),
    sent_longitude decimal(10, 7),
    record_time_zone varchar,          -- when the record (2.1.1) or the mapping names it
    meter_id varchar,
    currency varchar,
    energy_kwh decimal(18, 8),         -- total_energy as sent
    total_time_hours decimal(18, 8),
    total_parking_hours decimal(18, 8),
    claimed_excl_tax decimal(18, 8),   -- as sent, sign as sent
    claimed_incl_tax decimal(18, 8),
    claimed_fixed_excl_tax decimal(18, 8),
    claimed_energy_excl_tax decimal(18, 8),
    claimed_time_excl_tax decimal(18, 8),
    claimed_parking_excl_tax decimal(18, 8),
    claimed_reservation_excl_tax decimal(18, 8),
    is_credit boolean,                 -- false when absent
    credit_reference_id varchar,
    is_home_charging boolean,
    invoice_reference_id varchar,      -- the invoice that the sender has put it on
    remark varchar,
    charging_started_at timestamptz,   -- within the session, where the record says so by itself (OICP)
    charging_ended_at timestamptz,
    register_start_kwh decimal(18, 8), -- what the meter read before and after (OICP, CSV)
    register_end_kwh decimal(18, 8),
    last_updated timestamptz,
    time_form varchar,                 -- utc, none (no designator), offset, epoch (a number): how the record's stamps are written; worst of them
    is_time_ambiguous boolean,         -- local stamp in the repeated hour of the clock change; null when not local
    is_test boolean,                   -- the mapping's test_when matched; null when the source cannot say
    version_conflict varchar,          -- comma list: what contradicts the OCPI version, declared or told from the fields; null = none
    missing_fields varchar,            -- comma list of mandatory fields that are absent or null; null = none
    type_problems varchar,             -- '; ' list, a sentence a field; the field's column is null; null = none
    excess_precision varchar           -- comma list of number fields with more than 4 decimals; null = none
);

-- One row per charging period, in the order of the record.
create table if not exists ingest.raw_charging_periods (
    record_id bigint,
    period_no integer,                 -- 1-based, as sent
    started_at timestamptz,
    tariff_id varchar,
    energy_kwh decimal(18, 8),         -- ENERGY volume, null when the dimension is absent
    time_hours decimal(18, 8),
    parking_hours decimal(18, 8),
    reservation_hours decimal(18, 8),
    min_current decimal(18, 8),
    max_current decimal(18, 8),
    min_power decimal(18, 8),
    max_power decimal(18, 8),
    energy_import_kwh decimal(18, 8),
    energy_export_kwh decimal(18, 8),
    other_dimensions varchar,          -- comma list: known but not billable (POWER, CURRENT, SOC ...)
    unknown_dimensions varchar,        -- comma list: not in this version
    dimension_problems varchar         -- '; ' list: volume not finite, not a number, dimension given twice
);

-- One row per signed meter value of a CDR, in the order of the record.
create table if not exists ingest.raw_signed_values (
    record_id bigint,
    value_no integer,                  -- 1-based
    nature varchar,                    -- Start, End, Intermediate, as sent
    plain_data varchar,
    signed_data varchar,               -- as sent: OCMF, or Base64 of whatever encoding_method says
    encoding_method varchar,
    encoding_version varchar,
    public_key varchar,                -- the payload's own: not the registered one
    url varchar
);

-- One row per named tax of a cost of a CDR (OCPI 2.3.0).
create table if not exists ingest.raw_cdr_taxes (
    record_id bigint,
    part varchar,                      -- total, fixed, energy, time, parking, reservation
    tax_no integer,                    -- 1-based
    tax_name varchar,
    account_number varchar,
    tax_percent decimal(18, 8),
    tax_amount decimal(18, 8)
);

-- One row per energy reading within a signed meter value; a value without any has one row of number 0.
create table if not exists ingest.raw_meter_readings (
    record_id bigint,
    value_no integer,                  -- as in raw_signed_values
    reading_no integer,                -- 1-based
    nature varchar,                    -- Start, End, Intermediate
    meter_serial varchar,              -- OCMF MS
    page varchar,                      -- OCMF PG: T12, F3
    page_no bigint,
    context varchar,                   -- OCMF TX: B, C, E ...
    register_id varchar,               -- OCMF RI
    reading_kwh decimal(18, 8),
    loss_kwh decimal(18, 8),           -- OCMF CL
    read_at timestamptz,
    time_status varchar,               -- U, I, S, R
    status varchar,                    -- OCMF ST
    error_flags varchar,               -- OCMF EF
    signature varchar,                 -- good, bad, unknown, by the key of master/meters.csv
    keys_sha256 varchar                -- of all registered keys: with others everything is proved again
);

-- The two readings of a date whose day and month could be swapped (CSV only).
create table if not exists ingest.raw_date_readings (
    record_id bigint,
    row_in_file integer,               -- physical order
    started_at timestamptz,            -- as written
    ended_at timestamptz,
    started_at_swapped timestamptz,    -- day and month exchanged; equal to started_at when they cannot be
    ended_at_swapped timestamptz,
    is_swappable boolean,              -- start or end would change
    is_swapped boolean,                -- an approved repair has swapped this file already: raw_cdrs has the swapped ones
    started_at_by_zone timestamptz,    -- what the zone column beside the start says; null = there is none
    ended_at_by_zone timestamptz,
    started_at_in_2000s timestamptz,   -- with 2000 years more, for a year below 100
    is_weekday_right boolean           -- the weekday beside it is that day's; null = nothing says so
);

-- Canonical content of records whose cdr_key occurs more than once.
create table if not exists ingest.raw_content_hashes (record_id bigint, content_sha256 varchar);

-- One row per distinct price-relevant tariff content.
create table if not exists ingest.raw_tariff_bodies (
    tariff_no bigint,                  -- first 15 hex digits of tariff_body
    tariff_body varchar,               -- sha256 of the canonical content, ids and dates left out
    currency varchar,
    min_price_excl_tax decimal(18, 8),
    min_price_incl_tax decimal(18, 8),
    max_price_excl_tax decimal(18, 8),
    max_price_incl_tax decimal(18, 8),
    tax_included varchar,              -- YES, NO, N/A; null before 2.3.0
    problems varchar,                  -- '; ' list: what in it cannot be priced; null = none
    price_body varchar,                -- sha256 of the content without taxes, and of the taxes alone
    tax_body varchar
);

create table if not exists ingest.raw_tariff_elements (
    tariff_no bigint,
    element_no integer,                -- 1-based
    start_minute integer,              -- minutes of the local day; null = no such restriction
    end_minute integer,                -- 00:00 as an end is 1440; start > end wraps past midnight, start = end never matches
    start_date date,
    end_date date,
    day_mask integer,                  -- bit 0 Monday ... bit 6 Sunday; null = none given
    min_kwh decimal(18, 8),
    max_kwh decimal(18, 8),
    min_current decimal(18, 8),
    max_current decimal(18, 8),
    min_power decimal(18, 8),
    max_power decimal(18, 8),
    min_duration_seconds bigint,
    max_duration_seconds bigint,
    reservation varchar,               -- RESERVATION, RESERVATION_EXPIRES, null
    restrictions_text varchar          -- as a person would read them, null = none
);

create table if not exists ingest.raw_tariff_components (
    tariff_no bigint,
    element_no integer,
    component_no integer,              -- 1-based within the element
    dimension varchar,                 -- ENERGY, TIME, PARKING_TIME, FLAT
    price decimal(18, 8),
    tax_percent decimal(18, 8),        -- vat, or the sum of the named taxes; null = not given
    step_size bigint,                  -- Wh or seconds; 0 or null = none
    price_round_granularity varchar,   -- Gireve 2.1.1 extension
    price_round_rule varchar,
    step_round_granularity varchar,
    step_round_rule varchar
);

-- One row per tariff object of a CDR, in order. tariff_no is null when it cannot be read.
create table if not exists ingest.raw_cdr_tariffs (
    record_id bigint,
    tariff_index integer,              -- 1-based
    tariff_id varchar,
    tariff_no bigint,
    tariff_type varchar,
    valid_from timestamptz,
    valid_to timestamptz
);

-- One row per tariff object seen in a tariffs feed or in master/tariffs.
create table if not exists ingest.raw_tariff_sightings (
    record_id bigint,                  -- null for master/tariffs
    sighting_seq bigint,               -- ledger seq of the entry that brought it
    seen_at timestamptz,
    source varchar,                    -- partner, hub or own
    is_opening boolean,                -- first arrival of this source and feed: known from its own validity start
    cpo_party varchar,
    tariff_id varchar,
    tariff_no bigint,
    tariff_type varchar,
    valid_from timestamptz,
    valid_to timestamptz,
    last_updated timestamptz
);

-- One row per connector (a location without EVSEs gives one row with null evse_uid).
create table if not exists ingest.raw_connectors (
    record_id bigint,
    sighting_seq bigint,
    seen_at timestamptz,
    source varchar,
    is_opening boolean,
    cpo_party varchar,
    location_id varchar,
    country varchar,                   -- as sent (ISO alpha-3 in OCPI)
    address varchar,
    city varchar,
    latitude decimal(10, 7),
    longitude decimal(10, 7),
    time_zone varchar,
    evse_uid varchar,
    evse_id varchar,
    evse_status varchar,
    connector_id varchar,
    standard varchar,
    power_type varchar,
    max_power_w decimal(18, 2),        -- max_electric_power, else derived from voltage x amperage (AC_3_PHASE x3)
    last_updated timestamptz
);

create table if not exists ingest.raw_tokens (
    record_id bigint,
    sighting_seq bigint,
    seen_at timestamptz,
    source varchar,
    is_opening boolean,
    emsp_party varchar,
    token_uid varchar,
    token_type varchar,
    contract_id varchar,
    is_valid boolean,
    whitelist varchar,
    last_updated timestamptz
);

-- One row per OCPI Session, or session of a CSV file, as one record told it.
create table if not exists ingest.raw_sessions (
    record_id bigint,
    party_source varchar,              -- record, prefix, mapping, contract (the only party of the source); the weakest of both
    cpo_party varchar,
    emsp_party varchar,
    session_id varchar,
    started_at timestamptz,
    ended_at timestamptz,              -- null while it runs
    energy_kwh decimal(18, 8),
    status varchar,                    -- ACTIVE, COMPLETED, INVALID, PENDING, RESERVATION
    token_uid varchar,
    token_type varchar,
    contract_id varchar,
    auth_method varchar,
    authorization_reference varchar,
    location_id varchar,
    evse_uid varchar,
    evse_id varchar,
    connector_id varchar,
    meter_id varchar,
    currency varchar,
    total_cost_excl_tax decimal(18, 8),
    total_cost_incl_tax decimal(18, 8),
    last_updated timestamptz
);

-- One row per answer that was given when somebody wanted to charge.
create table if not exists ingest.raw_authorizations (
    record_id bigint,
    party_source varchar,
    cpo_party varchar,
    emsp_party varchar,
    token_uid varchar,
    token_type varchar,
    contract_id varchar,
    location_id varchar,
    evse_uid varchar,
    evse_id varchar,
    connector_id varchar,
    answered_at timestamptz,
    allowed varchar,                   -- ALLOWED, ALLOWED_OFFLINE, BLOCKED, EXPIRED, NO_CREDIT, NOT_ALLOWED
    authorization_reference varchar,
    session_id varchar
);

-- One row per thing that happened at a charger.
create table if not exists ingest.raw_charger_events (
    record_id bigint,
    party_source varchar,
    cpo_party varchar,
    location_id varchar,
    evse_uid varchar,
    evse_id varchar,
    connector_id varchar,
    session_id varchar,
    cdr_id varchar,
    happened_at timestamptz,           -- by the charger's clock
    recorded_at timestamptz,           -- by the clock of the operator's platform, when the message came in
    event varchar,                     -- boot, clock, firmware, meter_swap, outage_start, outage_end, pause_start, pause_end, start, stop
    value varchar,                     -- stop: OCPP's reason; pause: EV or EVSE; firmware: the version; meter_swap: the new meter
    meter_id varchar
);

-- One row per receipt or price display that a driver got.
create table if not exists ingest.raw_receipts (
    record_id bigint,
    party_source varchar,
    cpo_party varchar,
    cdr_id varchar,
    session_id varchar,
    evse_uid varchar,
    kind varchar,                      -- shown, charged
    shown_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    energy_kwh decimal(18, 8),
    amount_excl_tax decimal(18, 8),
    tax_amount decimal(18, 8),
    amount_incl_tax decimal(18, 8),
    currency varchar,
    terminal_id varchar,
    payment_reference varchar
);

-- One row per invoice of a file, or OCPI 2.3.0 InvoiceReconciliationRecord.
create table if not exists ingest.raw_invoices (
    record_id bigint,                  -- the record it begins with
    form varchar,                      -- invoice, reconciliation
    reconciliation_id varchar,         -- id of the InvoiceReconciliationRecord
    invoice_id varchar,
    issuer_party varchar,              -- who sent it
    seller_party varchar,
    buyer_party varchar,
    kind varchar,                      -- invoice, credit_note
    issued_on date,
    period_from date,
    period_to date,
    due_on date,
    currency varchar,
    sessions bigint,                   -- totals as the invoice states them; null = not stated
    energy_kwh decimal(18, 8),
    amount_excl_tax decimal(18, 8),
    tax_amount decimal(18, 8),
    amount_incl_tax decimal(18, 8),
    last_updated timestamptz,
    line_count bigint,
    content_sha256 varchar             -- head and lines
);

-- One row per line of an invoice, or CDR id of an InvoiceReconciliationRecord.
create table if not exists ingest.raw_invoice_lines (
    record_id bigint,                  -- the record it stands in: a row of CSV, or the whole invoice
    invoice_record_id bigint,
    line_no integer,                   -- 1-based within the invoice
    cdr_id varchar,
    session_id varchar,
    cpo_party varchar,
    started_at timestamptz,
    ended_at timestamptz,
    energy_kwh decimal(18, 8),
    amount_excl_tax decimal(18, 8),
    tax_percent decimal(18, 8),
    tax_amount decimal(18, 8),
    amount_incl_tax decimal(18, 8),
    text varchar
);

-- Bank statements (camt.053): one row per transaction of a booked entry.
create table if not exists ingest.raw_payments (
    record_id bigint,                  -- of the entry
    payment_no integer,                -- 1-based in its entry
    account_iban varchar,              -- of the account that the statement is of
    booked_on date,
    value_on date,
    currency varchar,
    amount decimal(18, 2),             -- positive
    is_credit boolean,                 -- it came in
    counterparty_name varchar,
    counterparty_iban varchar,
    end_to_end_id varchar,
    reference varchar,                 -- structured (RF18…)
    remittance varchar,                -- free text
    reference_key varchar,             -- the three before, capitals and digits only
    bank_reference varchar             -- the bank's own id of the transaction
);

-- Bank accounts, ours and of partners, as network.yaml and contracts say now.
create table if not exists ingest.raw_bank_accounts (
    owner varchar,                     -- own party, or partner
    is_ours boolean,
    iban varchar,                      -- capitals, without spaces
    bic varchar,
    holder varchar,
    creditor_id varchar,               -- ours: SEPA creditor identifier
    method varchar,                    -- of a partner: transfer, direct_debit
    mandate_id varchar,
    mandate_signed_on date
);

-- Every contract id that a CDR, token or membership names.
create table if not exists ingest.raw_contract_ids (
    contract_id varchar,
    contract_key varchar,              -- lower case; an eMAID without hyphens and check digit
    is_emaid boolean,
    is_check_digit_right boolean       -- null = no eMAID, or one without check digit
);

-- Who we are: one row per own party.
create table if not exists ingest.raw_own_parties (
    party varchar,
    role varchar,                      -- CPO, EMSP; one row per role
    legal_name varchar,
    country varchar,
    vat_id varchar,
    is_vat_id_valid boolean            -- form and check digits; null = no id
);

-- One row: network-wide terms.
create table if not exists ingest.raw_network (
    time_zone varchar,
    country varchar,
    currency varchar,
    history_before date,
    drift_recent_days integer,         -- network.yaml's drift: when a partner's faults count as a jump
    drift_history_days integer,
    drift_minimum_records integer,
    drift_minimum_faults integer,
    drift_times decimal(8, 2),
    drift_deviations integer
);

-- One row per partner and contract version (template and file resolved). Later known_from wins for one valid_from.
create table if not exists ingest.raw_contracts (
    partner varchar,
    contract_version varchar,          -- sha256 of the resolved terms
    name varchar,
    valid_from date,
    known_seq bigint,                  -- ledger seq of the master entry
    known_from timestamptz,
    is_approved boolean,               -- propose and approve by two people
    currency varchar,
    frequency varchar,                 -- monthly, semi-monthly, weekly
    cut_off_days integer,
    tariff_source varchar,             -- cdr, registry
    tariff_approval varchar,           -- auto, manual
    period_tariff varchar,             -- only_tariff, literal
    period_policy varchar,             -- as_sent, split
    discount_percent decimal(18, 8),
    rounding_mode varchar,             -- half-up, half-even
    rounding_level varchar,            -- session, line, statement
    rounding_scale integer,
    tolerance_amount decimal(18, 8),
    tolerance_percent decimal(18, 8),
    tolerance_energy_kwh decimal(18, 8),
    tolerance_duration_seconds integer,
    tolerance_clock_skew_seconds integer,
    late_days integer,                 -- null = never too late
    due_days_reject integer,
    due_days_hold integer,
    due_days_warn integer,             -- null = no deadline
    requires varchar                   -- ',location,token,' : commas around each word; ',' when empty
);

create table if not exists ingest.raw_contract_parties (partner varchar, contract_version varchar, party varchar);

-- Overrides of rules by template or contract.
create table if not exists ingest.raw_contract_rules (
    partner varchar,
    contract_version varchar,
    rule_id varchar,
    severity varchar,                  -- null = the rule's own
    tolerance decimal(18, 8),          -- null = the rule's own
    second_tolerance decimal(18, 8)    -- null = the rule's own
);

-- What each version of a contract charges beside the sessions.
create table if not exists ingest.raw_contract_fees (
    partner varchar,
    contract_version varchar,
    name varchar,
    per varchar,                       -- session, percent, period
    rate decimal(18, 8),               -- an amount in the contract's currency, or a percentage of the sessions' net
    direction varchar                  -- receivable, payable: the statement that bears it
);

-- Within how many hours each version of a contract expects each hand-off.
create table if not exists ingest.raw_handoff_terms (
    partner varchar,
    contract_version varchar,
    hop varchar,                       -- record, hub, delivery, clearing
    limit_hours integer                -- null = never late
);

-- How each version of a contract is settled: payment, tax, currency.
create table if not exists ingest.raw_settlement_terms (
    partner varchar,
    contract_version varchar,
    payment_terms_days integer,
    netting boolean,                   -- a settlement nets receivable and payable of one currency
    minimum_amount decimal(18, 8),
    tax_country varchar,               -- where the partner is established
    tax_regime varchar,                -- reseller ...
    vat_id varchar,
    is_vat_id_valid boolean,           -- form and check digits; null = no id
    fx_source varchar,                 -- null = no other currency is settled
    fx_rate_date varchar,              -- session, period_end
    fx_max_age_days integer,
    dispute_window_days integer,       -- from the statement's issue; null = no end
    dispute_acknowledge_days integer,  -- working days
    dispute_answer_days integer,       -- days of silence after which the clock runs on
    dispute_resolve_days integer,      -- days on the running clock
    dispute_objection_days integer,    -- days after the outcome
    dispute_expiry_days integer,       -- of silence, after which the claimant has withdrawn; null = never
    dispute_statements varchar,        -- at_draft, at_seal: what the window runs from
    cap_session decimal(18, 8),        -- net, in the contract's currency; null = none
    cap_monthly decimal(18, 8),
    credit_limit decimal(18, 8),
    is_self_billed boolean,            -- we issue the partner's invoices to us
    self_billing_agreement varchar,    -- null = there is none yet
    self_billing_from date             -- the first day of supply that it covers
);

-- The places that each version of a contract covers; a version without rows covers all.
create table if not exists ingest.raw_contract_scope (
    partner varchar,
    contract_version varchar,
    kind varchar,                      -- location, owner, country
    place varchar                      -- in small letters
);

-- The rules as declared in the suites: one row per rule.
create table if not exists ingest.raw_rules (
    rule_id varchar,
    gate varchar,
    rule_group varchar,                -- SCHEMA, IDENT ...
    severity varchar,
    owner varchar,
    reason_code varchar,
    tolerance decimal(18, 8),          -- the default; null = none
    second_tolerance decimal(18, 8),   -- of a rule that has two: 120 s and 0.1 kWh
    is_overridable boolean,
    adjust_reason varchar,             -- ADJ_*: of a remedy that changes the amount; null = none
    adjust_to varchar                  -- expected, zero, no_fees, no_parking, no_time, energy
);

-- Remedies that a contract version allows by itself: approved versions only, for they are the signer.
create table if not exists ingest.raw_contract_remedies (
    partner varchar,
    contract_version varchar,
    rule_id varchar,
    limit_excl_tax decimal(18, 8)      -- how far it may move a session's net amount; null = as far as needed
);

-- What people are told of a rule, and the decision that ends its case.
create table if not exists ingest.raw_rule_actions (
    rule_id varchar,
    subject_kind varchar,              -- cdr, record, file, session, invoice, statement
    rule_group varchar,
    text varchar,
    remedy varchar,
    decide_kind varchar,               -- a kind of decision
    decide_reason varchar,
    decide_amount varchar,             -- claimed, expected: what an adjustment proposes; null = a person names it
    decide_repair varchar              -- of a file
);

-- Decisions that stand: a two-person kind appears once the second person approved.
create table if not exists ingest.raw_decisions (
    seq bigint,                        -- of the entry that made it stand
    effective_at timestamptz,
    kind varchar,                      -- waive, exclude, adjust, release, replace, reprocess, repair, tariff, terms ...
    subject_kind varchar,              -- cdr, file, tariff, partner, record, finding, period
    subject_id varchar,                -- cdr_key; <source>/<feed>/<file>; <party>:<tariff_id>; partner; finding_id ...
    rule_id varchar,                   -- --set rule=, else null
    amount_excl_tax decimal(18, 8),    -- --set amount=, else null
    value varchar,                     -- --set repair= / body= / revision=, else null
    reason_code varchar,
    note varchar,
    decided_by varchar,
    approved_by varchar,               -- null for one-person kinds
    valid_from timestamptz,            -- --set valid_from= of a tariff: the start that was approved; null = any
    energy_kwh decimal(18, 8),         -- --set kwh= of an adjustment, else null
    started_at timestamptz,            -- --set started_at= and ended_at= of an adjustment, else null
    ended_at timestamptz,
    expires_at timestamptz             -- --set until= of a waiver; a waiver that has expired is not here
);

-- What was done about disputes, in the order of the ledger.
create table if not exists ingest.raw_dispute_events (
    dispute_id varchar,                -- seq of the entry that opened it; <seq>-<n> when it opened several
    seq bigint,                        -- of the entry that made the act stand
    happened_at timestamptz,
    event varchar,                     -- dispute, acknowledge, assign, ask, answer, resolve, escalate, withdraw
    state_from varchar,                -- null = it begins
    state_to varchar,                  -- opened, acknowledged, investigating, waiting, resolved, escalated, withdrawn
    cdr_key varchar,
    reason_code varchar,
    amount_excl_tax decimal(18, 8),    -- of dispute: in dispute; of resolve: settled from now on; null = as billed
    claimant varchar,                  -- of dispute: partner, us
    assigned_to varchar,               -- of assign
    note varchar,
    decided_by varchar,
    approved_by varchar
);

-- Proposals that nobody has answered: one row per proposal and subject.
create table if not exists ingest.raw_open_proposals (
    seq bigint,
    proposed_at timestamptz,
    proposed_by varchar,
    what varchar,                      -- the kind of decision it would be
    subject_kind varchar,
    subject_id varchar,
    rule_id varchar,
    amount_excl_tax decimal(18, 8),
    reason_code varchar,
    note varchar
);

create table if not exists ingest.raw_ledger (
    seq bigint, kind varchar, happened_at timestamptz, actor varchar, subject varchar,
    event varchar, reason_code varchar, note varchar, evidence_sha256 varchar, previous_hash varchar, hash varchar
);

-- One row per seal: a closed period of a partner.
create table if not exists ingest.raw_seals (
    seal_seq bigint,                   -- ledger seq of the seal entry
    sealed_at timestamptz,
    sealed_by varchar,
    period varchar,
    partner varchar,
    approval_seq bigint,               -- of the entry that approved the drafts
    approved_by varchar,
    content_sha256 varchar,            -- of the drafts that were approved
    manifest_sha256 varchar
);

-- The invoices and credit notes that a seal issued.
create table if not exists ingest.raw_documents (
    seal_seq bigint,
    number varchar,
    kind varchar,                      -- invoice, credit_note
    type_code varchar,                 -- UNTDID 1001: 380, 381; in a supplier's name 389, 261
    sequence integer,                  -- in its series: own party, kind, year and supplier
    statement_id varchar,
    party varchar,                     -- ours, who issues it
    partner varchar,
    issued_on date,
    due_on date,
    currency varchar,
    amount_excl_tax decimal(18, 2),    -- as they stand on it: a credit note's are positive
    tax decimal(18, 2),
    amount_incl_tax decimal(18, 2),
    preceding varchar,                 -- numbers of the documents that it corrects, comma between; '' = none
    supplier varchar                   -- the partner's party in whose name we issue it; null = we are the seller
);

-- The rows of settle.cdr_outcomes that a seal froze, as they stood.
create table if not exists ingest.raw_sealed_outcomes (
    seal_seq bigint,
    cdr_key varchar, cpo_party varchar, emsp_party varchar, party_source varchar, cdr_id varchar, credit_of varchar,
    revision integer, partner varchar, direction varchar, state varchar, service_period varchar, period varchar,
    started_at timestamptz, ended_at timestamptz, location_id varchar, evse_uid varchar, connector_id varchar,
    energy_kwh decimal(18, 8), currency varchar, tariff_id varchar, tariff_version varchar,
    claimed_excl_tax decimal(18, 8), claimed_incl_tax decimal(18, 8), rated_excl_tax decimal(38, 16),
    rated_incl_tax decimal(38, 16), expected_excl_tax decimal(38, 16), settled_excl_tax decimal(38, 16),
    settled_incl_tax decimal(38, 16), record_id bigint, is_credit boolean, discount_excl_tax decimal(38, 16),
    settled_by varchar, cleared_at timestamptz, statement_id varchar, settled_energy_kwh decimal(18, 8),
    settled_started_at timestamptz, settled_ended_at timestamptz, adjustment_rule_id varchar, adjustment_reason varchar,
    adjustment_version varchar, adjustment_seq bigint, adjustment_decided_by varchar, adjustment_approved_by varchar,
    adjustment_note varchar
);

-- The rows of settle.record_fates that a seal froze: the record of each frozen session and those set aside beside it.
create table if not exists ingest.raw_sealed_fates (
    seal_seq bigint,
    record_id bigint, cdr_key varchar, partner varchar, period varchar, direction varchar, currency varchar,
    fate varchar, energy_kwh decimal(18, 8), claimed_excl_tax decimal(18, 8)
);

-- The rows of settle.statements that a seal froze.
create table if not exists ingest.raw_sealed_statements (
    seal_seq bigint,
    statement_id varchar, partner varchar, period varchar, direction varchar, currency varchar,
    sessions bigint, energy_kwh decimal(38, 8), amount_excl_tax decimal(38, 8), tax decimal(38, 8),
    amount_incl_tax decimal(38, 8), sessions_unknown_energy bigint, content_sha256 varchar, adjustment_no integer
);

-- The rows of settle.statement_lines that a seal froze.
create table if not exists ingest.raw_sealed_lines (
    seal_seq bigint,
    statement_id varchar, line_no integer, kind varchar, cdr_key varchar, amount_excl_tax decimal(18, 8),
    tax decimal(18, 8), amount_incl_tax decimal(18, 8), currency varchar, energy_kwh decimal(18, 8),
    tax_category varchar, tax_percent decimal(18, 8), corrects varchar, session_currency varchar,
    session_excl_tax decimal(38, 16), fx_source varchar, fx_rate_on date, fx_numerator decimal(18, 8),
    fx_denominator decimal(18, 8), term varchar, contract_version varchar, quantity decimal(18, 8), own_party varchar
);

-- What earlier finished runs changed (from the objects of their run-end entries).
create table if not exists ingest.raw_cdr_history (
    run_end_seq bigint, as_of timestamptz, cdr_key varchar, revision integer,
    state_from varchar, state_to varchar, settled_from decimal(18, 8), settled_to decimal(18, 8)
);

create table if not exists ingest.raw_finding_history (
    run_end_seq bigint, as_of timestamptz, change varchar,   -- opened, resolved
    finding_id varchar, subject_kind varchar, subject_id varchar, cdr_key varchar, revision integer, gate varchar,
    rule_id varchar, reason_code varchar, severity varchar, owner varchar, observed varchar, expected varchar,
    tolerance varchar, caused_by varchar
);

-- What finished runs accrued for months that were not closed yet (from their run-end entries). A run that accrued
-- nothing has one row without a period.
create table if not exists ingest.raw_recorded_accruals (
    run_end_seq bigint, as_of timestamptz, period varchar, partner varchar, party varchar,   -- party: ours
    direction varchar, currency varchar, sessions bigint, amount_excl_tax decimal(18, 2)
);

-- Months whose books a finished run found closed, and the run-end whose accruals stand for them (from the run-end
-- entries): a calendar that is changed later closes no month otherwise.
create table if not exists ingest.raw_closed_months (
    run_end_seq bigint, period varchar, closes_at timestamptz, accrual_seq bigint
);

create table if not exists ingest.raw_zone_offsets (
    zone varchar,
    utc_from timestamptz,              -- inclusive
    utc_to timestamptz,                -- exclusive
    offset_seconds integer
);

-- When drafts, approval and close of a period are due: working days after its end.
create table if not exists ingest.raw_checkpoints (
    frequency varchar,                 -- monthly, semi-monthly, weekly
    draft_days integer,
    approval_days integer,
    close_days integer
);

-- The network's days, and its working days for deadlines.
create table if not exists ingest.raw_local_days (
    day date,
    starts_at timestamptz,             -- midnight in the network's zone
    is_working boolean,
    working_day_no integer             -- working days up to and including this day
);

create table if not exists ingest.raw_billing_periods (
    frequency varchar,
    period varchar,                    -- 2026-10, 2026-10-H1, 2026-W41
    starts_on date,                    -- inclusive, network's zone
    ends_on date                       -- exclusive
);

-- master/aliases.csv: ids that changed, and the id that stands for all of their history.
create table if not exists ingest.raw_aliases (
    kind varchar,                      -- party, location, evse, connector, token, contract, tariff
    old_id varchar,
    canonical_id varchar,
    valid_from timestamptz,            -- when the old id meant that one; null = ever
    valid_to timestamptz,              -- exclusive
    reason varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/tax_rules.csv: rates of tax; a country or regime that is null stands for any.
create table if not exists ingest.raw_tax_rules (
    valid_from date,
    supplier_country varchar,
    customer_country varchar,
    customer_regime varchar,
    site_country varchar,
    category varchar,
    rate_percent decimal(18, 8),
    note varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/fx_rates.csv: units of quote for one of base.
create table if not exists ingest.raw_fx_rates (
    rate_on date,
    base varchar,
    quote varchar,
    rate decimal(18, 8),
    source varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/meters.csv: meters in EVSEs and the keys of their signatures.
create table if not exists ingest.raw_meters (
    meter_id varchar,
    evse_uid varchar,
    public_key varchar,
    valid_from timestamptz,
    valid_to timestamptz,              -- exclusive
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/assets.csv: who owned an EVSE, and when it was in service.
create table if not exists ingest.raw_assets (
    evse_uid varchar,
    owner_party varchar,
    commissioned_on date,
    retired_on date,                   -- exclusive
    site_model varchar,
    user_group varchar,
    max_power_kw decimal(18, 8),
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/memberships.csv: plans of drivers and their discounts.
create table if not exists ingest.raw_memberships (
    partner varchar,
    contract_id varchar,
    plan varchar,
    discount_percent decimal(18, 8),
    valid_from timestamptz,
    valid_to timestamptz,              -- exclusive
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/agreements.csv: which parties roam with each other, over which route.
create table if not exists ingest.raw_agreements (
    cpo_party varchar,
    emsp_party varchar,
    route varchar,                     -- direct, or the source that is a hub; null = any
    valid_from timestamptz,
    valid_to timestamptz,              -- exclusive
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/publications.csv: tariff content shown to drivers.
create table if not exists ingest.raw_publications (
    tariff_id varchar,
    tariff_body varchar,               -- sha256 of the content; null = whichever was in force
    published_at timestamptz,
    published_by varchar,
    channel varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/accounts.csv: the account of our books for each role of the journal.
create table if not exists ingest.raw_accounts (
    role varchar,
    account varchar,
    name varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- master/raci.csv: who does what in a month.
create table if not exists ingest.raw_raci (
    activity varchar,
    responsible varchar,
    accountable varchar,
    consulted varchar,
    informed varchar,
    known_seq bigint,                  -- ledger seq of the master entry that brought it
    known_from timestamptz,
    known_to timestamptz,              -- the file no longer says it from here on; null = it stands
    is_opening boolean                 -- in the file's first content: known from its own start
);

-- What stands wrong in a master file now: it is read in its last good version, or not at all, until mended.
create table if not exists ingest.raw_master_problems (
    path varchar,                      -- master/partners/emo.yaml
    problem varchar,                   -- one sentence: file, place, remedy
    since_seq bigint                   -- ledger seq of the master entry that brought it
);

-- What the warehouse was last brought up to: one row. Another value than now means that all is to be looked at again.
create table if not exists ingest.raw_loaded (
    last_seq bigint,                   -- ledger seq up to which entries are in the raw tables
    master_sha256 varchar,             -- of the standing master files (path and content)
    rules_sha256 varchar,              -- of the suites
    engine_version varchar
);
