with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        partner,
        contract_id,
        started_at
    from "evsettle"."inspect"."cdrs"

),

terms as (

    select
        cdr_key,
        discount_percent
    from "evsettle"."inspect"."cdr_terms"
    where discount_percent <> 0

),

run as (

    select max(as_of) as as_of
    from "evsettle"."ingest"."settlement_run"

),

-- What this run knows: a row that came or went later is not there.
memberships as (

    select
        lower(memberships.partner) as partner_key,
        lower(memberships.contract_id) as contract_key,
        memberships.plan,
        memberships.discount_percent,
        memberships.valid_from,
        memberships.valid_to
    from "evsettle"."ingest"."memberships" as memberships
    cross join run
    where (run.as_of is null or memberships.known_from <= run.as_of)
    and (memberships.known_to is null or run.as_of is null or memberships.known_to > run.as_of)

),

current_cdrs as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        lower(cdrs.partner) as partner_key,
        lower(cdrs.contract_id) as contract_key
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

-- The window holds the start of the session: its end may lie outside. Of two plans at once the better one counts.
held as (

    select
        current_cdrs.cdr_key,
        memberships.plan,
        memberships.discount_percent,
        row_number() over (
            partition by current_cdrs.cdr_key
            order by memberships.discount_percent desc, memberships.valid_from desc nulls last, memberships.plan asc
        ) as rank_no
    from current_cdrs
    inner join memberships
        on
            current_cdrs.partner_key = memberships.partner_key
            and current_cdrs.contract_key = memberships.contract_key
    where
        (memberships.valid_from is null or memberships.valid_from <= current_cdrs.started_at)
        and (memberships.valid_to is null or current_cdrs.started_at < memberships.valid_to)

),

granted as (

    select
        current_cdrs.cdr_key,
        coalesce(terms.discount_percent, 0) as contract_percent,
        held.plan,
        -- Together they take off the whole price at most. least() skips nulls: without a plan it must not be asked.
        case
            when held.discount_percent is not null
                then least(held.discount_percent, 100 - coalesce(terms.discount_percent, 0))
        end as plan_percent
    from current_cdrs
    left join terms on current_cdrs.cdr_key = terms.cdr_key
    left join held on current_cdrs.cdr_key = held.cdr_key and held.rank_no = 1

)

select
    cdr_key,
    1 as discount_no,
    'contract' as granted_by,
    cast(null as varchar) as plan,
    cast(contract_percent as decimal(18, 8)) as discount_percent
from granted
where contract_percent <> 0
union all
select
    cdr_key,
    2 as discount_no,
    'membership' as granted_by,
    plan,
    cast(plan_percent as decimal(18, 8)) as discount_percent
from granted
where plan_percent > 0
