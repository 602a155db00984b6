with

members as (

    select *
    from {{ ref('exceptions') }}

),

gathered as (

    select
        group_id,
        substring({{ sha256_text(ordered_text('case_id', 'case_id')) }}, 1, 4) as members_sha256,
        min(owner) as owner,
        min(concern) as concern,
        min(rule_id) as rule_id,
        min(reason_code) as reason_code,
        min(severity) as severity,
        min(partner) as partner,
        min(subject_kind) as subject_kind,
        min(subject_id) as first_subject_id,
        min(currency) as currency,
        cast(count(*) as integer) as cases,
        cast(sum(case when is_late then 1 else 0 end) as integer) as late_cases,
        cast(sum(sessions) as integer) as sessions,
        cast(sum(unknown_amounts) as integer) as unknown_amounts,
        cast(sum(energy_kwh) as decimal(38, 8)) as energy_kwh,
        cast(sum(claimed_excl_tax) as decimal(38, 8)) as claimed_excl_tax,
        cast(sum(expected_excl_tax) as decimal(38, 16)) as expected_excl_tax,
        cast(sum(amount_at_stake) as decimal(38, 16)) as amount_at_stake,
        count(distinct coalesce(location_id, '')) as sites,
        count(distinct coalesce(connector_id, '')) as connectors,
        count(distinct coalesce(tariff_id, '')) as tariffs,
        count(distinct coalesce(file_subject_id, '')) as files,
        min(location_id) as location_id,
        min(connector_id) as connector_id,
        min(tariff_id) as tariff_id,
        min(file_subject_id) as file_subject_id,
        min(started_at) as first_started_at,
        max(started_at) as last_started_at,
        substring(cast(min(started_at) as varchar), 1, 10) as first_day,
        substring(cast(max(started_at) as varchar), 1, 10) as last_day,
        min(opened_at) as opened_at,
        max(age_days) as age_days,
        min(due_at) as due_at,
        case when count(distinct coalesce(assigned_to, '')) = 1 then min(assigned_to) end as assigned_to,
        min(what_happened) as what_happened,
        min(action) as action,
        min(decide_kind) as decide_kind,
        min(decide_reason) as decide_reason,
        min(command) as first_command,
        max(command) as last_command
    from members
    group by group_id

),

-- When the operator's own data of a site last changed, before the first of these sessions or with it.
site_changes as (

    select
        gathered.group_id,
        max(history.valid_from) as changed_at
    from gathered
    inner join {{ ref('connector_history') }} as history
        on
            gathered.location_id = history.location_id
            and gathered.sites = 1
            and history.version_no > 1
            and gathered.last_started_at >= history.valid_from
    where gathered.rule_id like 'LOC_%'
    group by gathered.group_id

),

worded as (

    select
        gathered.*,
        cast(gathered.cases as varchar)
        || case gathered.subject_kind
            when 'cdr' then ' session'
            when 'record' then ' record'
            when 'session' then ' reported session'
            when 'invoice' then ' invoice'
            when 'file' then ' file'
            when 'dispute' then ' dispute'
            else ' proposal'
        end
        || case when gathered.cases > 1 then 's' else '' end
        || case when gathered.subject_kind = 'record' then ' set aside' else '' end
        || coalesce(' of ' || gathered.partner, '')
        || case
            when gathered.subject_kind = 'invoice' and gathered.cases = 1
                then ', ' || upper(split_part(gathered.first_subject_id, '|', 3))
            else ''
        end
        || case
            when gathered.sites = 1 and gathered.location_id is not null then ', site ' || gathered.location_id
            when gathered.sites > 1 then ', ' || cast(gathered.sites as varchar) || ' sites'
            else ''
        end
        || case
            when gathered.sites = 1 and gathered.connectors = 1 and gathered.connector_id is not null
                then ', connector ' || gathered.connector_id
            else ''
        end
        || case
            when gathered.tariffs = 1 and gathered.tariff_id is not null then ', tariff ' || gathered.tariff_id
            when gathered.tariffs > 1 then ', ' || cast(gathered.tariffs as varchar) || ' tariffs'
            else ''
        end
        || case
            when gathered.subject_kind = 'cdr' then ''
            when gathered.files = 1 and gathered.file_subject_id is not null then ', ' || gathered.file_subject_id
            when gathered.files > 1 then ', ' || cast(gathered.files as varchar) || ' files'
            else ''
        end
        || case
            when gathered.first_started_at is null then ''
            when gathered.first_day = gathered.last_day
                then ', on ' || gathered.first_day
            else
                ', from ' || gathered.first_day
                || ' to ' || gathered.last_day
        end
        || coalesce(
            ' (its connectors were changed on ' || substring(cast(site_changes.changed_at as varchar), 1, 10) || ')', ''
        )
        || ': ' || gathered.what_happened as likely_cause
    from gathered
    left join site_changes on gathered.group_id = site_changes.group_id

)

select
    group_id,
    members_sha256,
    owner,
    concern,
    rule_id,
    reason_code,
    severity,
    partner,
    subject_kind,
    likely_cause,
    cases,
    late_cases,
    sessions,
    unknown_amounts,
    energy_kwh,
    currency,
    claimed_excl_tax,
    expected_excl_tax,
    amount_at_stake,
    first_started_at,
    last_started_at,
    opened_at,
    age_days,
    due_at,
    assigned_to,
    action,
    case
        when first_command = last_command then first_command
        when decide_kind in ('release', 'waive', 'exclude', 'assign')
            then
                'evsettle decide ' || decide_kind || ' group:' || group_id || '@' || members_sha256
                || case when decide_kind = 'assign' then ' --set to=PERSON' else '' end
                || coalesce(' --reason ' || decide_reason, '') || ' --by NAME'
        else 'evsettle exceptions --group ' || group_id
    end as command
from worded
