with

statements as (

    select statement_id
    from {{ ref('statements') }}
    where status <> 'sealed'

),

lines as (

    select
        lines.statement_id,
        lines.line_no,
        lines.kind,
        lines.cdr_key,
        lines.corrects,
        lines.term,
        lines.contract_version
    from {{ ref('statement_lines') }} as lines
    inner join statements on lines.statement_id = statements.statement_id

),

outcomes as (

    select
        cdr_key,
        record_id,
        is_credit,
        settled_by,
        tariff_version,
        claimed_excl_tax,
        rated_excl_tax,
        adjustment_seq,
        adjustment_version
    from {{ ref('cdr_outcomes') }}

),

records as (

    select
        record_id,
        record_sha256
    from {{ ref('record_dispositions') }}

),

priced as (

    select distinct cdr_key
    from {{ ref('price_lines') }}
    where reading = 'base'

),

traced as (

    select
        lines.statement_id,
        lines.line_no,
        lines.kind,
        lines.cdr_key,
        case
            when lines.kind = 'adjustment' then lines.corrects is not null
            when lines.kind = 'fee' then lines.term is not null and lines.contract_version is not null
            when lines.kind <> 'session' then true
            when records.record_sha256 is null then false
            when outcomes.settled_by = 'decision' then outcomes.adjustment_seq is not null
            when outcomes.settled_by = 'remedy' then outcomes.adjustment_version is not null
            -- A credit takes back what was claimed, and a claim that nothing prices stands for itself.
            when outcomes.is_credit or outcomes.rated_excl_tax is null then outcomes.claimed_excl_tax is not null
            when outcomes.tariff_version is null then false
            else outcomes.rated_excl_tax = 0 or priced.cdr_key is not null
        end as is_traced
    from lines
    left join outcomes on lines.cdr_key = outcomes.cdr_key
    left join records on outcomes.record_id = records.record_id
    left join priced on lines.cdr_key = priced.cdr_key

),

counted as (

    select
        statement_id,
        count(case when not is_traced then 1 end) as lines_untraced,
        min(case when not is_traced then line_no end) as first_untraced_line
    from traced
    group by statement_id

)

select
    counted.statement_id,
    counted.lines_untraced,
    cast(counted.first_untraced_line as integer) as first_untraced_line,
    coalesce(traced.cdr_key, traced.kind) as first_untraced
from counted
left join traced
    on counted.statement_id = traced.statement_id and counted.first_untraced_line = traced.line_no
