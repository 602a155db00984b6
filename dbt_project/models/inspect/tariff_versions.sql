with

versions as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        cpo_party,
        tariff_id,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to,
        tariff_body,
        currency,
        cpo_key,
        tariff_key,
        tariff_subject,
        known_from
    from {{ ref('tariff_changes') }}

),

own_parties as (

    select distinct lower(party) as party_key
    from {{ ref('own_parties') }}

),

contract_parties as (

    select
        lower(party) as party_key,
        contract_version
    from {{ ref('contract_parties') }}

),

contracts as (

    select
        contract_version,
        valid_from,
        tariff_approval
    from {{ ref('contracts') }}

),

decisions as (

    select
        seq,
        lower(subject_id) as tariff_subject,
        lower(value) as tariff_body,
        valid_from,
        effective_at,
        reason_code,
        decided_by,
        approved_by
    from {{ ref('decisions') }}
    where kind = 'tariff' and subject_kind = 'tariff'

),

-- The party's terms when the version became known say whether it needs a person's approval.
terms as (

    select
        versions.cpo_key,
        versions.known_from,
        contracts.tariff_approval,
        row_number() over (
            partition by versions.cpo_key, versions.known_from
            order by
                case when cast(contracts.valid_from as timestamptz) <= versions.known_from then 0 else 1 end asc,
                case when cast(contracts.valid_from as timestamptz) <= versions.known_from then contracts.valid_from end
                desc,
                contracts.valid_from asc,
                contracts.contract_version asc
        ) as terms_no
    from (
        select distinct
            cpo_key,
            known_from
        from versions
    ) as versions
    inner join contract_parties on versions.cpo_key = contract_parties.party_key
    inner join contracts on contract_parties.contract_version = contracts.contract_version

),

-- What was decided about a version's content and start. One withdrawn before it holds waits for two people again.
decided as (

    select
        versions.source,
        versions.tariff_subject,
        versions.tariff_body,
        versions.valid_from,
        max(
            case
                when
                    decisions.reason_code = 'T_WITHDRAWN'
                    and (versions.valid_from is null or decisions.effective_at < versions.valid_from)
                    then decisions.seq
            end
        ) as withdrawn_seq
    from (
        select distinct
            source,
            tariff_subject,
            tariff_body,
            valid_from
        from versions
    ) as versions
    inner join decisions
        on
            versions.tariff_subject = decisions.tariff_subject
            and versions.tariff_body = decisions.tariff_body
            and (decisions.valid_from is null or versions.valid_from = decisions.valid_from)
    group by
        versions.source,
        versions.tariff_subject,
        versions.tariff_body,
        versions.valid_from

),

approved as (

    select
        decided.source,
        decided.tariff_subject,
        decided.tariff_body,
        decided.valid_from,
        min(decisions.seq) as approval_seq,
        max(case when decisions.reason_code = 'T_RETRO' then 1 else 0 end) as is_retro
    from decided
    inner join decisions
        on
            decided.tariff_subject = decisions.tariff_subject
            and decided.tariff_body = decisions.tariff_body
            and (decisions.valid_from is null or decided.valid_from = decisions.valid_from)
    where
        coalesce(decisions.reason_code, '') <> 'T_WITHDRAWN'
        and (decided.withdrawn_seq is null or decisions.seq > decided.withdrawn_seq)
    group by
        decided.source,
        decided.tariff_subject,
        decided.tariff_body,
        decided.valid_from

),

approvals as (

    select
        versions.*,
        case
            when own_parties.party_key is null and terms.tariff_approval = 'auto' then 'auto'
            when approved.approval_seq is not null then 'decision'
        end as approval,
        case
            when own_parties.party_key is null and terms.tariff_approval = 'auto' then versions.known_from
            else decisions.effective_at
        end as approved_at,
        coalesce(approved.is_retro, 0) = 1 as is_retro_approved,
        approved.approval_seq,
        decisions.decided_by as proposed_by,
        decisions.approved_by
    from versions
    left join own_parties on versions.cpo_key = own_parties.party_key
    left join terms
        on versions.cpo_key = terms.cpo_key and versions.known_from = terms.known_from and terms.terms_no = 1
    left join approved
        on
            versions.source = approved.source
            and versions.tariff_subject = approved.tariff_subject
            and versions.tariff_body = approved.tariff_body
            and coalesce(versions.valid_from, timestamptz '1900-01-01 00:00:00+00')
            = coalesce(approved.valid_from, timestamptz '1900-01-01 00:00:00+00')
    left join decisions
        on
            approved.approval_seq = decisions.seq
            and approved.tariff_subject = decisions.tariff_subject

),

worded as (

    select
        *,
        tariff_body || '|' || coalesce(cast(valid_from as varchar), '') || '|' || cast(known_from as varchar) || '|'
        || source || '|' || coalesce(approval, 'none') as version_text
    from approvals

)

select
    {{ sha256_text('version_text') }} as tariff_version,
    cpo_party,
    tariff_id,
    tariff_type,
    tariff_no,
    tariff_body,
    currency,
    valid_from,
    valid_to,
    known_from,
    source,
    sighting_seq,
    record_id,
    is_opening,
    approval,
    approval is not null as is_approved,
    approved_at,
    is_retro_approved,
    case when approval = 'decision' then approval_seq end as approval_seq,
    case when approval = 'decision' then proposed_by end as proposed_by,
    case when approval = 'decision' then approved_by end as approved_by
from worded
