{%- set gross -%}
    net + {{ decimal_division('cast(net as decimal(38, 8)) * coalesce(tax_percent, 0)', '100') }}
{%- endset -%}
{%- set claimed = exchanged('spans.disputed_excl_tax', 'lines') -%}
with

disputes as (

    select
        dispute_id,
        cdr_key,
        disputed_excl_tax,
        opened_at,
        ended_at
    from {{ ref('disputes') }}
    where state <> 'refused'

),

events as (

    select
        dispute_id,
        seq,
        happened_at,
        event
    from {{ ref('dispute_events') }}

),

-- An outcome that the other side does not take opens the dispute once more: what ended by it had ended all the same.
escalations as (

    select
        events.dispute_id,
        min(events.happened_at) as escalated_at,
        max(outcomes.happened_at) as resolved_at
    from events
    inner join events as outcomes on events.dispute_id = outcomes.dispute_id and events.seq > outcomes.seq
    where events.event = 'escalate' and outcomes.event = 'resolve'
    group by events.dispute_id

),

spans as (

    select
        disputes.dispute_id,
        disputes.cdr_key,
        disputes.disputed_excl_tax,
        disputes.dispute_id as span_id,
        disputes.opened_at as begins_at,
        case when escalations.dispute_id is null then disputes.ended_at else escalations.resolved_at end as ends_at
    from disputes
    left join escalations on disputes.dispute_id = escalations.dispute_id

    union all

    select
        disputes.dispute_id,
        disputes.cdr_key,
        disputes.disputed_excl_tax,
        disputes.dispute_id || '-escalated' as span_id,
        escalations.escalated_at as begins_at,
        disputes.ended_at as ends_at
    from disputes
    inner join escalations on disputes.dispute_id = escalations.dispute_id

),

lines as (

    select
        seal_seq,
        statement_id,
        own_party,
        cdr_key,
        amount_excl_tax,
        tax_category,
        tax_percent,
        fx_numerator,
        fx_denominator
    from {{ ref('sealed_lines') }}
    where kind = 'session'

),

seals as (

    select
        seal_seq,
        sealed_at
    from {{ ref('seals') }}

),

statements as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency
    from {{ ref('sealed_statements') }}

),

documents as (

    select
        statement_id,
        party,
        number
    from {{ ref('document_numbers') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

disputed as (

    select
        spans.dispute_id,
        spans.span_id,
        spans.ends_at,
        -- What was disputed before it was billed is set apart when it is billed.
        greatest(spans.begins_at, seals.sealed_at) as set_apart_at,
        lines.statement_id,
        lines.cdr_key,
        statements.partner,
        statements.period,
        statements.currency,
        statements.direction,
        documents.number as document_number,
        lines.own_party as party,
        lines.tax_category,
        lines.tax_percent,
        -- No more than the line, in its currency and with its sign.
        case
            when spans.disputed_excl_tax is null then lines.amount_excl_tax
            when lines.amount_excl_tax >= 0 then least({{ claimed }}, lines.amount_excl_tax)
            else -least({{ claimed }}, -lines.amount_excl_tax)
        end as net
    from spans
    inner join lines on spans.cdr_key = lines.cdr_key
    inner join seals on lines.seal_seq = seals.seal_seq
    inner join statements on lines.statement_id = statements.statement_id
    left join documents on lines.statement_id = documents.statement_id and lines.own_party = documents.party
    -- What ended before the seal never stood apart in the books.
    where spans.ends_at is null or spans.ends_at > seals.sealed_at

),

amounts as (

    select
        *,
        {{ in_cents(gross) }} as amount
    from disputed

),

moves as (

    select
        'dispute' as entry_kind,
        set_apart_at as happened_at,
        1 as sign,
        *
    from amounts

    union all

    select
        'dispute_end' as entry_kind,
        ends_at as happened_at,
        -1 as sign,
        *
    from amounts
    where ends_at is not null

),

sides as (

    select
        true as is_apart,
        1 as sign

    union all

    select
        false as is_apart,
        -1 as sign

)

select
    moves.entry_kind || ':' || moves.span_id as entry_id,
    moves.entry_kind,
    moves.dispute_id,
    local_days.day as booked_on,
    moves.period,
    moves.party,
    moves.partner,
    moves.currency,
    moves.statement_id,
    moves.document_number,
    case
        when sides.is_apart then 'disputed_' || moves.direction
        else moves.direction
    end as role,
    cast(
        case when moves.direction = 'receivable' then 1 else -1 end * moves.sign * sides.sign * moves.amount
        as decimal(18, 2)
    ) as amount
from moves
cross join sides
inner join local_days on moves.happened_at >= local_days.starts_at and moves.happened_at < local_days.ends_at
where moves.amount <> 0
