with

disputes as (

    select
        cdr_key,
        dispute_id,
        reason_code,
        disputed_excl_tax,
        row_number() over (partition by cdr_key order by opened_at, dispute_id) as opening_no
    from {{ ref('disputes') }}
    -- A line that is sealed stays; what is disputed of it leaves the balance.
    where is_open and statement_id is null

)

select
    cdr_key,
    dispute_id,
    reason_code,
    disputed_excl_tax
from disputes
-- Of two the first one is shown whole: its number, reason and amount belong together.
where opening_no = 1
