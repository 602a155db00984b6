{{ config(meta={
    "dagster": {"ref": {"name": "payment_allocations"}},
    "description": "What a payment is for adds up to the payment."
}) }}
{#
    What a payment is for adds up to the payment.
    Without it money that came in could be lost between two invoices, or count twice.
#}
with

payments as (

    select
        payment_id,
        amount
    from {{ ref('payments') }}

),

allocations as (

    select
        payment_id,
        sum(amount) as amount
    from {{ ref('payment_allocations') }}
    group by payment_id

)

select
    payments.payment_id,
    payments.amount,
    allocations.amount as allocated
from payments
left join allocations on payments.payment_id = allocations.payment_id
where coalesce(allocations.amount, 0) <> payments.amount
