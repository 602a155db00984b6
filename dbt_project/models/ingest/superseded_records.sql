with

superseded as (

    select record_id
    from {{ ref('sessions') }}
    where not is_latest
    union all
    select record_id
    from {{ ref('authorizations') }}
    where not is_latest
    union all
    select record_id
    from {{ ref('charger_events') }}
    where not is_latest
    union all
    select record_id
    from {{ ref('receipts') }}
    where not is_latest
    union all
    select record_id
    from {{ ref('invoices') }}
    where not is_latest
    union all
    select record_id
    from {{ ref('invoice_lines') }}
    where not is_latest

)

select record_id
from superseded
group by record_id
