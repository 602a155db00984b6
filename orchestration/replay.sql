-- What a replay gives otherwise than the seal, one row a session, line or record, with the first thing that differs.
-- Reads the views sealed_* and again_* of the four frozen tables, and open_rules.
with

sessions as (

    select
        coalesce(sealed.cdr_key, again.cdr_key) as cdr_key,
        case
            when again.cdr_key is null or sealed.cdr_key is null then 'reading'
            when (sealed.claimed_excl_tax, sealed.energy_kwh, sealed.started_at, sealed.ended_at, sealed.revision)
                is distinct from (again.claimed_excl_tax, again.energy_kwh, again.started_at, again.ended_at, again.revision)
                then 'reading'
            when sealed.tariff_version is distinct from again.tariff_version then 'tariff'
            when sealed.rated_excl_tax is distinct from again.rated_excl_tax then 'price'
            when sealed.expected_excl_tax is distinct from again.expected_excl_tax then 'discount'
            when sealed.state is distinct from again.state then 'findings'
            when sealed.settled_excl_tax is distinct from again.settled_excl_tax then 'settlement'
            when sealed.statement_id is distinct from again.statement_id then 'period'
        end as cause,
        case
            when again.cdr_key is null
                then coalesce(
                    'it is not in this period any more: ' || open_rules.rules, 'it is not in this period any more'
                )
            when sealed.cdr_key is null then 'it was not in this period'
            when sealed.tariff_version is distinct from again.tariff_version
                then 'tariff version ' || coalesce(left(sealed.tariff_version, 12), 'none') || ' became '
                || coalesce(left(again.tariff_version, 12), 'none')
            when sealed.rated_excl_tax is distinct from again.rated_excl_tax
                then 'rated ' || coalesce(plain(sealed.rated_excl_tax), 'nothing') || ' became '
                || coalesce(plain(again.rated_excl_tax), 'nothing')
            when sealed.expected_excl_tax is distinct from again.expected_excl_tax
                then 'expected ' || coalesce(plain(sealed.expected_excl_tax), 'nothing') || ' became '
                || coalesce(plain(again.expected_excl_tax), 'nothing')
            when sealed.state is distinct from again.state
                then sealed.state || ' became ' || again.state || coalesce(': ' || open_rules.rules, '')
            else 'what was read or settled of it is another'
        end as because,
        sealed.settled_excl_tax as sealed_excl_tax,
        again.settled_excl_tax as again_excl_tax
    from sealed_outcomes as sealed
    full outer join again_outcomes as again on sealed.cdr_key = again.cdr_key
    left join open_rules on coalesce(sealed.cdr_key, again.cdr_key) = open_rules.cdr_key

),

sealed_numbered as (

    select
        *,
        row_number() over (
            partition by statement_id, kind, cdr_key, corrects order by amount_excl_tax, line_no
        ) as occurrence
    from sealed_lines

),

again_numbered as (

    select
        *,
        row_number() over (
            partition by statement_id, kind, cdr_key, corrects order by amount_excl_tax, line_no
        ) as occurrence
    from again_lines

),

lines as (

    select
        coalesce(sealed.cdr_key, again.cdr_key) as cdr_key,
        coalesce(sealed.kind, again.kind) as kind,
        coalesce(sealed.statement_id || '#' || sealed.line_no, again.statement_id || '#' || again.line_no) as line,
        sealed.amount_excl_tax as sealed_excl_tax,
        again.amount_excl_tax as again_excl_tax,
        sealed.tax as sealed_tax,
        again.tax as again_tax,
        (sealed.amount_excl_tax, sealed.tax, sealed.amount_incl_tax, sealed.currency, sealed.energy_kwh)
        is distinct from
        (again.amount_excl_tax, again.tax, again.amount_incl_tax, again.currency, again.energy_kwh)
        as is_other
    from sealed_numbered as sealed
    full outer join again_numbered as again
        on sealed.statement_id = again.statement_id and sealed.kind = again.kind
        and sealed.cdr_key is not distinct from again.cdr_key
        and sealed.corrects is not distinct from again.corrects and sealed.occurrence = again.occurrence

),

records as (

    select
        coalesce(sealed.record_id, again.record_id) as record_id,
        sealed.fate as sealed_fate,
        again.fate as again_fate
    from sealed_fates as sealed
    full outer join again_fates as again on sealed.record_id = again.record_id
    where sealed.fate is distinct from again.fate

)

select
    sessions.cdr_key as subject,
    lines.line,
    coalesce(lines.sealed_excl_tax, sessions.sealed_excl_tax) as sealed_excl_tax,
    coalesce(lines.again_excl_tax, sessions.again_excl_tax) as again_excl_tax,
    sessions.cause,
    sessions.because
from sessions
left join lines on sessions.cdr_key = lines.cdr_key and lines.kind = 'session'
where sessions.cause is not null
union all
select
    coalesce(lines.cdr_key, lines.kind) as subject,
    lines.line,
    lines.sealed_excl_tax,
    lines.again_excl_tax,
    case when lines.sealed_tax is distinct from lines.again_tax then 'tax' else 'terms' end as cause,
    case
        when lines.sealed_tax is distinct from lines.again_tax
            then 'tax ' || coalesce(plain(lines.sealed_tax), 'undecided') || ' became '
            || coalesce(plain(lines.again_tax), 'undecided')
        else 'the session is the same, the line is not'
    end as because
from lines
left join sessions on lines.cdr_key = sessions.cdr_key and sessions.cause is not null
where lines.is_other and (sessions.cdr_key is null or lines.kind <> 'session')
union all
select
    'record ' || records.record_id as subject,
    null as line,
    null as sealed_excl_tax,
    null as again_excl_tax,
    'records' as cause,
    coalesce(records.sealed_fate, 'not counted') || ' became ' || coalesce(records.again_fate, 'not counted') as because
from records
order by subject, line
