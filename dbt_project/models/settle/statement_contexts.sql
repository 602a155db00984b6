with

statements as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        adjustment_no,
        amount_excl_tax,
        tax,
        amount_incl_tax
    from {{ ref('statements') }}
    where status <> 'sealed'

),

settlements as (

    select
        settlement_id,
        partner,
        period,
        side,
        currency,
        is_netted,
        net + carried_in as settled_amount,
        carried_in,
        carried_out,
        periods_carried,
        minimum_amount,
        contract_version
    from {{ ref('settlements') }}

),

periods as (

    select
        partner,
        period,
        cut_off_at
    from {{ ref('periods') }}

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

exchanges as (

    select
        cdr_key,
        to_currency,
        fx_numerator,
        fx_denominator
    from {{ ref('fx_applied') }}

),

-- What waits counts by its size: a credit that is held is as much unsettled as a charge.
held as (

    select
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        coalesce(exchanges.to_currency, outcomes.currency) as currency,
        count(*) as sessions,
        count(case when coalesce(outcomes.claimed_excl_tax, outcomes.expected_excl_tax) is null then 1 end)
            as sessions_unknown,
        sum(abs({{ exchanged('coalesce(outcomes.claimed_excl_tax, outcomes.expected_excl_tax)', 'exchanges') }}))
            as amount
    from {{ ref('cdr_outcomes') }} as outcomes
    left join exchanges on outcomes.cdr_key = exchanges.cdr_key
    where outcomes.state = 'held'
    group by
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        coalesce(exchanges.to_currency, outcomes.currency)

),

lines as (

    select
        lines.statement_id,
        lines.own_party,
        lines.cdr_key,
        lines.corrects,
        lines.amount_excl_tax + coalesce(lines.tax, 0) as amount
    from {{ ref('statement_lines') }} as lines
    inner join statements on lines.statement_id = statements.statement_id

),

-- What a statement takes back: lines of sealed statements, and sessions on them that a credit is of.
corrected as (

    select
        lines.statement_id,
        lines.own_party,
        originals.statement_id as corrected_id
    from lines
    inner join {{ ref('sealed_lines') }} as originals
        on lines.corrects = originals.statement_id || '#' || cast(originals.line_no as varchar)
    union
    select
        lines.statement_id,
        lines.own_party,
        originals.statement_id as corrected_id
    from lines
    inner join {{ ref('cdr_outcomes') }} as credits on lines.cdr_key = credits.cdr_key and credits.is_credit
    inner join {{ ref('sealed_outcomes') }} as originals on credits.credit_of = originals.cdr_key
    where originals.statement_id is not null

),

-- A document is of one legal entity of ours, and takes back what that one billed.
corrections as (

    select
        corrected.statement_id,
        corrected.own_party,
        count(*) as statements,
        count(documents.number) as documents
    from corrected
    left join {{ ref('documents') }} as documents
        on corrected.corrected_id = documents.statement_id and corrected.own_party = documents.party
    group by corrected.statement_id, corrected.own_party

),

shares as (

    select
        statement_id,
        own_party,
        sum(amount) as amount
    from lines
    group by statement_id, own_party

),

corrected_sums as (

    select
        corrections.statement_id,
        sum(corrections.statements) as statements,
        sum(case when shares.amount < 0 then 1 else 0 end) as credit_notes,
        sum(case when shares.amount < 0 and corrections.documents = 0 then 1 else 0 end) as credit_notes_unlinked
    from corrections
    inner join shares
        on
            corrections.statement_id = shares.statement_id
            and coalesce(corrections.own_party, '') = coalesce(shares.own_party, '')
    group by corrections.statement_id

)

select
    statements.statement_id,
    statements.partner,
    statements.period,
    statements.direction,
    statements.currency,
    statements.adjustment_no,
    settlements.contract_version,
    statements.amount_excl_tax,
    statements.tax,
    -- Where a home has no rule of tax its documents bear none.
    coalesce(statements.amount_incl_tax, statements.amount_excl_tax) as amount,
    settlements.settlement_id,
    -- A settlement of several statements is told of once.
    settlements.settlement_id is not null and row_number() over (
        partition by settlements.settlement_id
        order by statements.adjustment_no asc, statements.direction desc, statements.statement_id asc
    ) = 1 as is_first_of_settlement,
    settlements.settled_amount,
    settlements.carried_in,
    settlements.carried_out,
    settlements.periods_carried,
    settlements.minimum_amount,
    coalesce(run.as_of >= periods.cut_off_at, false) as is_cut_off,
    cast(coalesce(held.sessions, 0) as bigint) as sessions_held,
    cast(coalesce(held.sessions_unknown, 0) as bigint) as sessions_held_unknown,
    cast(coalesce(held.amount, 0) as decimal(38, 8)) as held_excl_tax,
    cast(coalesce(corrected_sums.statements, 0) as bigint) as statements_corrected,
    cast(coalesce(corrected_sums.credit_notes, 0) as bigint) as credit_notes,
    cast(coalesce(corrected_sums.credit_notes_unlinked, 0) as bigint) as credit_notes_unlinked
from statements
cross join run
left join settlements
    on
        statements.partner = settlements.partner
        and statements.period = settlements.period
        and statements.currency = settlements.currency
        and settlements.side = case
            when settlements.is_netted then 'N'
            when statements.direction = 'receivable' then 'R'
            else 'P'
        end
left join periods on statements.partner = periods.partner and statements.period = periods.period
left join held
    on
        statements.adjustment_no = 0
        and statements.partner = held.partner
        and statements.period = held.period
        and statements.direction = held.direction
        and statements.currency = held.currency
left join corrected_sums on statements.statement_id = corrected_sums.statement_id
