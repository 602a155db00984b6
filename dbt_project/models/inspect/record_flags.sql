with

work as (

    select cdr_key
    from {{ ref('work') }}

),

revisions as (

    select *
    from {{ ref('cdr_revisions') }}

),

own_parties as (

    select
        party,
        role
    from {{ ref('own_parties') }}

),

contract_parties as (

    select
        party,
        partner
    from {{ ref('contract_parties') }}

),

replacements as (

    select
        subject_id as cdr_key,
        value,
        row_number() over (partition by subject_id order by seq desc) as latest_no
    from {{ ref('decisions') }}
    where kind = 'replace' and subject_kind = 'cdr'

),

-- What a seal froze counts for good: a later reading, rule or decision takes no record off a sealed statement.
sealed as (

    select
        cdr_key,
        record_id
    from {{ ref('sealed_outcomes') }}

),

own as (

    select
        lower(party) as party_key,
        max(case when role = 'CPO' then 1 else 0 end) as is_cpo,
        max(case when role = 'EMSP' then 1 else 0 end) as is_emsp
    from own_parties
    group by lower(party)

),

partners as (

    select
        lower(party) as party_key,
        min(partner) as partner
    from contract_parties
    group by lower(party)

),

-- Without a party of our own (prices asked for outside a home) nobody can be unknown.
homes as (

    select count(*) > 0 as has_parties
    from own

),

-- A source that bears a partner's name may bring that partner's CDRs only; any other is a hub.
routes as (

    select distinct partner as source
    from partners

),

judged as (

    select
        revisions.record_id,
        revisions.work_key,
        revisions.cdr_key,
        revisions.revision,
        revisions.is_repetition,
        revisions.arrival_seq,
        revisions.last_updated,
        revisions.content_sha256,
        revisions.source,
        revisions.file_seq,
        revisions.file_name,
        revisions.position,
        revisions.problem,
        revisions.missing_fields,
        revisions.type_problems,
        revisions.version_conflict,
        revisions.cpo_party,
        revisions.emsp_party,
        coalesce(revisions.is_credit, false) as is_credit,
        length(revisions.cdr_id) as cdr_id_length,
        case
            when coalesce(own_cpo.is_cpo, 0) = 1 and coalesce(own_emsp.is_emsp, 0) = 1 then 'internal'
            when coalesce(own_cpo.is_cpo, 0) = 1 then 'receivable'
            when coalesce(own_emsp.is_emsp, 0) = 1 then 'payable'
        end as direction,
        case
            when coalesce(own_cpo.is_cpo, 0) = 1 and coalesce(own_emsp.is_emsp, 0) = 1 then null
            when coalesce(own_cpo.is_cpo, 0) = 1 then partner_emsp.partner
            when coalesce(own_emsp.is_emsp, 0) = 1 then partner_cpo.partner
        end as partner,
        case
            when revisions.is_typed
                then case when revisions.missing_fields is null and revisions.cdr_key is not null then 1 else 0 end
            when revisions.problem_rule_id = 'SCHEMA_REQUIRED_MISSING' then 0
        end as schema_required_missing,
        case
            when revisions.is_typed then case when revisions.type_problems is null then 1 else 0 end
            when coalesce(revisions.problem_rule_id, '') <> 'SCHEMA_REQUIRED_MISSING' then 0
        end as schema_type_invalid,
        case
            when revisions.is_typed
                then case when coalesce(revisions.type_problems, '') like '%without a decimal comma%' then 0 else 1 end
        end as num_decimal_comma,
        case
            when revisions.is_typed and revisions.ocpi_version <> 'csv'
                then case when revisions.version_conflict is null then 1 else 0 end
        end as schema_version_mismatch,
        case
            when not homes.has_parties or not revisions.is_typed then null
            when coalesce(own_cpo.is_cpo, 0) = 0 and partner_cpo.partner is null then 0
            when coalesce(own_emsp.is_emsp, 0) = 0 and partner_emsp.partner is null then 0
            else 1
        end as id_party_unknown,
        routes.source is not null as is_partner_route
    from revisions
    inner join work on revisions.work_key = work.cdr_key
    cross join homes
    left join own as own_cpo on lower(revisions.cpo_party) = own_cpo.party_key
    left join own as own_emsp on lower(revisions.emsp_party) = own_emsp.party_key
    left join partners as partner_cpo on lower(revisions.cpo_party) = partner_cpo.party_key
    left join partners as partner_emsp on lower(revisions.emsp_party) = partner_emsp.party_key
    left join routes on revisions.source = routes.source

),

routed as (

    select
        *,
        case
            when id_party_unknown is null or id_party_unknown = 0 then null
            when direction is null then 0
            when is_partner_route and source <> coalesce(partner, '') then 0
            else 1
        end as id_route_not_allowed,
        case
            when cdr_id_length is null then null
            when is_credit and cdr_id_length > 39 then 0
            when not is_credit and cdr_id_length > 36 then 0
            else 1
        end as id_length
    from judged

),

quarantine as (

    select
        routed.*,
        coalesce(sealed_records.record_id, sealed_keys.record_id) as sealed_record_id,
        sealed_records.record_id is null
        and (
            routed.cdr_key is null
            or coalesce(routed.schema_required_missing, 1) = 0
            or coalesce(routed.schema_type_invalid, 1) = 0
            or coalesce(routed.schema_version_mismatch, 1) = 0
            or coalesce(routed.id_party_unknown, 1) = 0
            or coalesce(routed.id_route_not_allowed, 1) = 0
            or (routed.is_credit and coalesce(routed.id_length, 1) = 0)
        ) as is_quarantined
    from routed
    left join sealed as sealed_records on routed.record_id = sealed_records.record_id
    left join sealed as sealed_keys on routed.cdr_key = sealed_keys.cdr_key

),

-- The first in order of arrival that is not quarantined counts, unless a decision names another. For nearly every
-- key that is its first record, and nothing needs to be sorted: only where that one is quarantined, or where a
-- decision stands.
contested as (

    select quarantine.cdr_key
    from quarantine
    where
        quarantine.cdr_key is not null
        and quarantine.is_quarantined
        and quarantine.revision = 1
        and not quarantine.is_repetition
    union
    select replacements.cdr_key
    from replacements

),

ordered as (

    select
        quarantine.record_id,
        row_number() over (
            partition by quarantine.cdr_key
            order by
                case when replacements.value = cast(quarantine.revision as varchar) then 0 else 1 end asc,
                quarantine.arrival_seq asc,
                quarantine.last_updated asc nulls last,
                quarantine.content_sha256 asc nulls last,
                quarantine.record_id asc
        ) as counting_no
    from quarantine
    inner join contested on quarantine.cdr_key = contested.cdr_key
    left join replacements on quarantine.cdr_key = replacements.cdr_key and replacements.latest_no = 1
    where not quarantine.is_quarantined

),

counted as (

    select
        quarantine.*,
        case
            when quarantine.sealed_record_id = quarantine.record_id then quarantine.cdr_key is not null
            when quarantine.is_quarantined or quarantine.sealed_record_id is not null then false
            when contested.cdr_key is not null then coalesce(ordered.counting_no = 1, false)
            else quarantine.revision = 1 and not quarantine.is_repetition
        end as is_counting
    from quarantine
    left join contested on quarantine.cdr_key = contested.cdr_key
    left join ordered on quarantine.record_id = ordered.record_id

)

select
    counted.work_key as cdr_key,
    counted.record_id,
    counted.file_seq,
    counted.cdr_key is not null as has_key,
    counted.revision,
    counted.source || '/cdrs/' || counted.file_name as file_subject_id,
    {{ record_subject("counted.source || '/cdrs/' || counted.file_name", 'counted.position') }} as subject_id,
    counted.is_quarantined,
    counted.is_counting,
    case
        when counted.sealed_record_id = counted.record_id then 'accepted'
        when counted.is_quarantined then 'quarantined'
        when counted.is_counting then 'accepted'
        else 'superseded'
    end as disposition,
    counted.partner,
    counted.direction,
    counted.source,
    counted.is_credit,
    counted.cdr_id_length,
    counted.problem,
    counted.missing_fields,
    counted.type_problems,
    counted.version_conflict,
    counted.cpo_party,
    counted.emsp_party,
    cast(counted.schema_required_missing as smallint) as schema_required_missing,
    cast(counted.schema_type_invalid as smallint) as schema_type_invalid,
    cast(counted.num_decimal_comma as smallint) as num_decimal_comma,
    cast(counted.schema_version_mismatch as smallint) as schema_version_mismatch,
    cast(counted.id_party_unknown as smallint) as id_party_unknown,
    cast(counted.id_route_not_allowed as smallint) as id_route_not_allowed,
    cast(counted.id_length as smallint) as id_length,
    cast(case
        when counted.is_quarantined then null
        when counted.is_counting or counted.is_repetition then 1
        else 0
    end as smallint) as id_reused_changed,
    cast(case
        when counted.is_quarantined then null
        when counted.is_counting or not counted.is_repetition then 1
        else 0
    end as smallint) as dup_exact
from counted
