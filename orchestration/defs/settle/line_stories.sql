-- One line of JSON for each line of the statements of a period and partner: the line and all that it came from.
-- Amounts are text. Moments of finding and due dates are left out: they are of the run, not of the line.
with

lines as (

    select
        lines.*,
        statements.direction,
        statements.period,
        statements.partner
    from settle.statement_lines as lines
    inner join settle.statements as statements on lines.statement_id = statements.statement_id
    where statements.partner = $partner and statements.period = $period

),

sessions as (

    select distinct cdr_key from lines where cdr_key is not null

),

price_lines as (

    select
        cdr_key,
        list({
            'line_no': line_no, 'kind': kind, 'part': part, 'period_no': period_no, 'dimension': dimension,
            'volume': plain(volume), 'tariff_id': tariff_id, 'tariff_version': tariff_version,
            'element_no': element_no, 'component_no': component_no, 'unit_price': plain(unit_price),
            'tax_percent': plain(tax_percent), 'amount_excl_tax': plain(amount_excl_tax),
            'amount_incl_tax': plain(amount_incl_tax)
        } order by line_no) as rows
    from rate.price_lines
    where reading = 'base' and cdr_key in (select cdr_key from sessions)
    group by cdr_key

),

discount_lines as (

    select
        cdr_key,
        list({
            'line_no': line_no, 'kind': kind, 'granted_by': granted_by, 'plan': plan,
            'discount_percent': plain(discount_percent), 'amount_excl_tax': plain(amount_excl_tax)
        } order by line_no) as rows
    from reconcile.discount_lines
    where cdr_key in (select cdr_key from sessions)
    group by cdr_key

),

-- What is sealed cannot be changed when a person is erased, so it names none.
findings as (

    select
        told.cdr_key,
        list({
            'rule_id': told.rule_id, 'severity': told.severity, 'status': told.status,
            'observed': nameless(told.observed, known.token_uid, known.contract_id),
            'expected': nameless(told.expected, known.token_uid, known.contract_id)
        } order by told.rule_id, told.finding_id) as rows
    from settle.findings as told
    left join inspect.cdrs as known on told.cdr_key = known.cdr_key
    where told.cdr_key in (select cdr_key from sessions)
    group by told.cdr_key

),

verdicts as (

    select
        cdr_key,
        list({
            'gate': gate, 'verdict': verdict, 'suite_sha256': suite_sha256, 'rules_evaluated': rules_evaluated,
            'rules_not_evaluated': rules_not_evaluated
        } order by gate) as rows
    from settle.verdicts
    where cdr_key in (select cdr_key from sessions)
    group by cdr_key

),

tariffs as (

    select
        uses.cdr_key,
        list({
            'tariff_id': uses.tariff_id, 'tariff_version': uses.tariff_version, 'tariff_body': uses.tariff_body,
            'origin': uses.origin, 'record_id': versions.record_id, 'sighting_seq': versions.sighting_seq,
            'approved_by': versions.approved_by
        } order by uses.tariff_index, uses.tariff_id) as rows
    from inspect.tariffs_in_force as uses
    left join inspect.tariff_versions as versions on uses.tariff_version = versions.tariff_version
    where uses.status = 'in_force' and uses.cdr_key in (select cdr_key from sessions)
    group by uses.cdr_key

)

select
    cast(to_json({
        'statement_id': lines.statement_id,
        'line_no': lines.line_no,
        'kind': lines.kind,
        'partner': lines.partner,
        'period': lines.period,
        'direction': lines.direction,
        'currency': lines.currency,
        'cdr_key': lines.cdr_key,
        'energy_kwh': plain(lines.energy_kwh),
        'amount_excl_tax': plain(lines.amount_excl_tax),
        'tax': plain(lines.tax),
        'amount_incl_tax': plain(lines.amount_incl_tax),
        'corrects': lines.corrects,
        'record': case when records.record_id is not null then {
            'source': records.source, 'feed': records.feed, 'file_name': records.file_name,
            'file_sha256': records.file_sha256, 'position': records.position, 'record_sha256': records.record_sha256
        } end,
        'session': case when cdrs.cdr_key is not null then {
            'cdr_id': cdrs.cdr_id, 'revision': cdrs.revision, 'state': cdrs.state,
            'ocpi_version': known.ocpi_version, 'time_zone': known.time_zone, 'period_policy': terms.period_policy,
            'contract_version': terms.contract_version,
            'claimed_excl_tax': plain(cdrs.claimed_excl_tax), 'rated_excl_tax': plain(cdrs.rated_excl_tax),
            'discount_excl_tax': plain(cdrs.discount_excl_tax), 'expected_excl_tax': plain(cdrs.expected_excl_tax),
            'settled_excl_tax': plain(cdrs.settled_excl_tax), 'adjustment_reason': cdrs.adjustment_reason,
            'adjustment_seq': cdrs.adjustment_seq
        } end,
        'tariffs': coalesce(tariffs.rows, []),
        'price_lines': coalesce(price_lines.rows, []),
        'discount_lines': coalesce(discount_lines.rows, []),
        'findings': coalesce(findings.rows, []),
        'verdicts': coalesce(verdicts.rows, [])
    }) as varchar) as story
from lines
left join settle.cdr_outcomes as cdrs on lines.cdr_key = cdrs.cdr_key
left join inspect.cdrs as known on lines.cdr_key = known.cdr_key
left join inspect.cdr_terms as terms on lines.cdr_key = terms.cdr_key
left join inspect.record_dispositions as records on cdrs.record_id = records.record_id
left join tariffs on lines.cdr_key = tariffs.cdr_key
left join price_lines on lines.cdr_key = price_lines.cdr_key
left join discount_lines on lines.cdr_key = discount_lines.cdr_key
left join findings on lines.cdr_key = findings.cdr_key
left join verdicts on lines.cdr_key = verdicts.cdr_key
order by lines.statement_id, lines.line_no
