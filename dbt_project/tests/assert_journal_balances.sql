{{ config(meta={
    "dagster": {"ref": {"name": "journal_lines"}},
    "description": "The debits of every entry are its credits, in its period and currency."
}) }}
{#
    The debits of every entry are its credits, in its period and currency.
    Without it a kind of line that nobody posts, or a role without account, would leave the books unbalanced.
#}
select
    entry_id,
    period,
    currency,
    sum(debit) as debit,
    sum(credit) as credit
from {{ ref('journal_lines') }}
group by entry_id, period, currency
having sum(debit) <> sum(credit)
