with

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

-- A file that cannot be read is one record at place 0, a member that is not read is one of its archive.
told as (

    select
        cases.*,
        coalesce(
            cases.subject_kind = 'record'
            and cases.rule_id = 'SCHEMA_TYPE_INVALID'
            and (
                cases.subject_id = {{ record_subject('cases.file_subject_id', '0') }}
                or lower(cases.file_subject_id) like '%.zip'
            ),
            false
        ) as is_file,
        'master/mappings/' || split_part(cases.file_subject_id, '/', 1) || '.'
        || split_part(cases.file_subject_id, '/', 2) || '.yaml' as mapping_path
    from {{ ref('open_cases') }} as cases

),

cases as (

    select
        cases.*,
        cases.is_file and coalesce(cases.observed like '%' || cases.mapping_path || '%', false) as is_mapping_asked,
        actions.rule_group,
        actions.text,
        actions.remedy,
        actions.decide_amount,
        actions.decide_repair,
        case
            when cases.proposal_seq is not null then 'approve'
            when remedies.after_excl_tax is not null then 'adjust'
            when cases.subject_kind = 'dispute' and cases.observed = 'opened' then 'acknowledge'
            when cases.subject_kind = 'dispute' and cases.observed = 'waiting' then 'answer'
            when actions.decide_kind is null then 'assign'
            -- A repair changes how a CSV is read; a JSON record stays as it was sent.
            when actions.decide_kind = 'repair' and cases.subject_kind = 'cdr' and not cases.is_csv then 'exclude'
            else actions.decide_kind
        end as decide_kind,
        remedies.after_excl_tax,
        case
            when remedies.after_excl_tax is not null then remedies.reason_code
            when actions.decide_kind = 'repair' and cases.subject_kind = 'cdr' and not cases.is_csv then 'SUPERSEDES'
            else actions.decide_reason
        end as decide_reason
    from told as cases
    left join {{ ref('rule_actions') }} as actions
        on cases.rule_id = actions.rule_id and cases.subject_kind = actions.subject_kind
    -- What a remedy would settle it at: the amount is known, a person has to say so.
    left join {{ ref('proposals') }} as remedies on cases.case_id = remedies.finding_id

),

assignments as (

    select
        cases.case_id,
        decisions.value as assigned_to,
        row_number() over (partition by cases.case_id order by decisions.seq desc) as recency
    from cases
    inner join {{ ref('decisions') }} as decisions
        on
            decisions.kind = 'assign'
            and (
                cases.subject_kind = decisions.subject_kind and cases.subject_id = decisions.subject_id
                or decisions.subject_kind = 'finding' and cases.case_id = decisions.subject_id
            )
            and (decisions.rule_id is null or cases.rule_id = decisions.rule_id)

),

-- A connector that its EVSE does not know means the only one that the EVSE has.
only_connectors as (

    select
        lower(evse_uid) as evse_key,
        min(evse_uid) as evse_uid,
        min(connector_id) as connector_id
    from {{ ref('connector_history') }}
    where known_to is null and evse_uid is not null
    group by lower(evse_uid)
    having count(distinct connector_id) = 1 and count(distinct evse_uid) = 1

),

-- What the decision is about, as the ledger takes it.
targets as (

    select
        cases.*,
        case
            when cases.decide_kind = 'repair' then 'file:' || cases.file_subject_id
            when cases.decide_kind = 'alias'
                then 'connector:' || cases.evse_uid || '|' || cases.connector_id
            when cases.decide_kind = 'replace' then cases.record_key
            when cases.decide_kind = 'terms' then 'partner:' || coalesce(cases.partner, 'PARTNER')
            when cases.decide_kind in ('waive', 'release') and cases.subject_kind not in ('cdr', 'file')
                then 'finding:' || cases.case_id
            when cases.subject_kind = 'invoice' then 'finding:' || cases.case_id
            when cases.subject_kind = 'cdr' then cases.subject_id
            else cases.subject_kind || ':' || cases.subject_id
        end as decide_subject,
        case
            when cases.decide_kind in ('waive', 'exclude', 'adjust', 'release', 'assign') and cases.rule_id is not null
                then ' --set rule=' || cases.rule_id
            else ''
        end as rule_part,
        case
            when cases.decide_kind = 'adjust' and cases.after_excl_tax is not null
                then ' --set amount=' || cast(cast(cases.after_excl_tax as decimal(18, 4)) as varchar)
            when
                cases.decide_kind = 'adjust'
                and cases.decide_amount = 'expected'
                and cases.expected_excl_tax is not null
                then ' --set amount=' || cast(cast(cases.expected_excl_tax as decimal(18, 4)) as varchar)
            when
                cases.decide_kind = 'adjust'
                and cases.decide_amount = 'claimed'
                and cases.claimed_excl_tax is not null
                then ' --set amount=' || cast(cast(cases.claimed_excl_tax as decimal(18, 4)) as varchar)
            when cases.decide_kind = 'adjust' then ' --set amount=AMOUNT'
            when cases.decide_kind = 'replace' then ' --set revision=' || cast(cases.revision as varchar)
            when cases.decide_kind = 'repair' then ' --set repair=' || cases.decide_repair
            when cases.decide_kind = 'assign' then ' --set to=PERSON'
            when cases.decide_kind = 'alias' and only_connectors.evse_key is not null
                then
                    ' --set '
                    || {{ shell_word(
                        "'canonical=' || only_connectors.evse_uid || '|' || only_connectors.connector_id"
                    ) }}
            when cases.decide_kind = 'alias' then ' --set canonical=CONNECTOR'
            else ''
        end as value_part,
        coalesce(' --reason ' || cases.decide_reason, '') as reason_part,
        case
            when cases.is_mapping_asked then 'mapping ' || cases.mapping_path
            when cases.is_file then 'whole files'
            when cases.rule_group in ('LOC', 'METER') or cases.rule_id in ('TIME_CLOCK_DRIFT', 'TIME_ZONE_MISSING')
                then 'site ' || cases.location_id
            when cases.rule_group in ('TARIFF', 'PRICE', 'MONEY', 'TAX') then 'tariff ' || cases.tariff_id
            when cases.rule_group in ('SCHEMA', 'IDENT') then 'file ' || cases.file_subject_id
        end as cause,
        coalesce(cases.owner, '') || '|' || cases.severity || '|' || coalesce(cases.rule_id, cases.case_id) || '|'
        || cases.subject_kind || '|' || coalesce(cases.partner, '') || '|' || coalesce(cases.currency, '') || '|'
        || cases.decide_kind || '|' || coalesce(cast(cases.proposal_seq as varchar), '')
        || case
            when cases.is_mapping_asked then '|' || cases.mapping_path
            when cases.is_file then '|whole files'
            else ''
        end as kin
    from cases
    left join only_connectors on lower(cases.evse_uid) = only_connectors.evse_key

),

-- A cause that only one case has is no cause of a group: such cases stand together under their rule.
grouped as (

    select
        targets.*,
        case
            when targets.cause is not null and count(*) over (partition by targets.kin, targets.cause) > 1
                then targets.cause
            else ''
        end as shared_cause
    from targets

)

select
    grouped.case_id,
    substring({{ sha256_text("grouped.kin || '|' || grouped.shared_cause") }}, 1, 8) as group_id,
    grouped.owner,
    case
        when grouped.subject_kind = 'dispute' then 'disputed'
        when grouped.rule_id is null then 'approval'
        when grouped.rule_group = 'DUP' or grouped.rule_id like '%DUP%' then 'duplicate'
        when coalesce(grouped.rule_group, 'SCHEMA') in ('SCHEMA', 'EVID', 'VOLUME') then 'incomplete'
        when grouped.rule_group in ('TARIFF', 'PRICE', 'MONEY', 'TAX', 'FX', 'CREDIT') then 'price'
        when grouped.rule_group in ('IDENT', 'LOC', 'AUTH') then 'identity'
        when grouped.rule_group in ('TIME', 'METER', 'OUTCOME') then 'measurement'
        else 'terms'
    end as concern,
    grouped.rule_id,
    grouped.reason_code,
    grouped.severity,
    grouped.partner,
    grouped.direction,
    grouped.location_id,
    grouped.evse_uid,
    grouped.connector_id,
    grouped.tariff_id,
    grouped.file_subject_id,
    grouped.period,
    grouped.subject_kind,
    grouped.subject_id,
    grouped.cdr_key,
    grouped.started_at,
    grouped.opened_at,
    cast(
        (
            {{ seconds_between('grouped.opened_at', 'run.as_of') }}
            - {{ seconds_between('grouped.opened_at', 'run.as_of') }} % 86400
        ) / 86400 as integer
    ) as age_days,
    grouped.due_at,
    coalesce(grouped.due_at <= run.as_of, false) as is_late,
    cast(grouped.sessions as integer) as sessions,
    cast(grouped.unknown_amounts as integer) as unknown_amounts,
    grouped.energy_kwh,
    grouped.currency,
    grouped.claimed_excl_tax,
    grouped.expected_excl_tax,
    grouped.amount_at_stake,
    assignments.assigned_to,
    coalesce(
        case
            when grouped.is_file then 'A file, or a member of an archive, cannot be read; nothing of it counts so far.'
        end,
        grouped.text,
        case
            when grouped.subject_kind = 'dispute' then 'A session is disputed (' || grouped.reason_code || ').'
            when grouped.rule_id is null then 'A decision waits for a second person: ' || grouped.observed || '.'
            else 'The record could not be read; its reason is ' || grouped.rule_id || '.'
        end
    ) as what_happened,
    grouped.observed,
    case when grouped.is_file then 'a file that can be read' else grouped.expected end as expected,
    case
        when grouped.proposal_seq is not null
            then
                'A second person approves entry ' || cast(grouped.proposal_seq as varchar)
                || ', or rejects it (evsettle decide reject).'
        when grouped.decide_kind = 'acknowledge' then 'Finance confirms to the claimant that the dispute has come.'
        when grouped.decide_kind = 'answer' then 'Record the answer that was asked for; until then the clock pauses.'
        when grouped.subject_kind = 'dispute' then 'Give it to whoever looks into it; then resolve it.'
        when grouped.is_mapping_asked
            then
                'Platform writes or mends ' || grouped.mapping_path || ' (evsettle partner schema --mapping '
                || split_part(grouped.file_subject_id, '/', 2)
                || ' tells its keys, docs/feeds.md has one); the next run reads the file again.'
        when grouped.is_file then 'Platform asks the sender for the file again, in a form that can be read.'
        else coalesce(grouped.remedy, 'Ask the sender for the record in a form that can be read.')
    end as action,
    grouped.decide_kind,
    grouped.decide_reason,
    grouped.proposal_seq,
    case
        when grouped.proposal_seq is not null
            then 'evsettle decide approve ' || cast(grouped.proposal_seq as varchar) || ' --by NAME'
        when grouped.decide_kind = 'tariff'
            then 'evsettle tariff propose ' || {{ shell_word('grouped.tariff_id') }} || ' --reason T_RETRO --by NAME'
        else
            'evsettle decide ' || grouped.decide_kind || ' ' || {{ shell_word('grouped.decide_subject') }}
            || grouped.rule_part || grouped.value_part || grouped.reason_part || ' --by NAME'
    end as command,
    grouped.shared_cause
from grouped
cross join run
left join assignments on grouped.case_id = assignments.case_id and assignments.recency = 1
