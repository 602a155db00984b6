with

-- A chart that works until master/accounts.csv says which accounts our own books have.
defaults as (

    select
        'receivable' as role,
        '1300' as account,
        'Trade debtors' as account_name
    union all
    select
        'disputed_receivable' as role,
        '1310' as account,
        'Trade debtors, disputed' as account_name
    union all
    select
        'accrued_revenue' as role,
        '1350' as account,
        'Revenue to be billed' as account_name
    union all
    select
        'bank' as role,
        '1100' as account,
        'Bank' as account_name
    union all
    select
        'unallocated' as role,
        '1390' as account,
        'Payments not allocated yet' as account_name
    union all
    select
        'payable' as role,
        '1600' as account,
        'Trade creditors' as account_name
    union all
    select
        'disputed_payable' as role,
        '1610' as account,
        'Trade creditors, disputed' as account_name
    union all
    select
        'accrued_cost' as role,
        '1650' as account,
        'Costs to be billed' as account_name
    union all
    select
        'tax_payable' as role,
        '1520' as account,
        'VAT to pay' as account_name
    union all
    select
        'tax_receivable' as role,
        '1530' as account,
        'VAT to receive' as account_name
    union all
    select
        'cost' as role,
        '7000' as account,
        'Charging at other operators' as account_name
    union all
    select
        'fee_cost' as role,
        '7100' as account,
        'Fees of partners' as account_name
    union all
    select
        'revenue' as role,
        '8000' as account,
        'Charging on our network' as account_name
    union all
    select
        'fee_revenue' as role,
        '8100' as account,
        'Fees to partners' as account_name
    union all
    select
        'rounding' as role,
        '4990' as account,
        'Rounding differences' as account_name

),

ours as (

    select
        role,
        account,
        name
    from {{ ref('accounts') }}
    where known_to is null

)

select
    defaults.role,
    coalesce(ours.account, defaults.account) as account,
    coalesce(ours.name, defaults.account_name) as account_name
from defaults
left join ours on defaults.role = ours.role
