with

touched as (

    select id as cdr_key
    from {{ ref('touched') }}
    where kind = 'outcome'

),

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        credit_of
    from {{ ref('cdrs') }}

),

-- A sealed record that is read under another key today is in no work, and has no other row to stand in.
gone as (

    select sealed.cdr_key
    from {{ ref('sealed_outcomes') }} as sealed
    left join cdrs on sealed.cdr_key = cdrs.cdr_key
    where cdrs.cdr_key is null

),

seeds as (

    select cdr_key
    from work
    union
    select cdr_key
    from touched
    union
    select cdr_key
    from gone

),

-- Which of its credits counts, and what that says of the session, is decided among all of them.
originals as (

    select cdrs.credit_of as cdr_key
    from cdrs
    inner join seeds on cdrs.cdr_key = seeds.cdr_key
    where cdrs.credit_of is not null
    union
    select cdrs.credit_of as cdr_key
    from cdrs
    inner join seeds on cdrs.credit_of = seeds.cdr_key

),

credits as (

    select cdrs.cdr_key
    from cdrs
    inner join originals on cdrs.credit_of = originals.cdr_key

)

select cdr_key
from seeds
union
select cdr_key
from originals
union
select cdr_key
from credits
