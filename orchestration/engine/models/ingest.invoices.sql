with

told as (

    select
        record_id,
        form,
        reconciliation_id,
        invoice_id,
        issuer_party,
        seller_party,
        buyer_party,
        kind,
        issued_on,
        period_from,
        period_to,
        due_on,
        currency,
        sessions,
        energy_kwh,
        amount_excl_tax,
        tax_amount,
        amount_incl_tax,
        last_updated,
        line_count,
        content_sha256
    from "evsettle"."ingest"."raw_invoices"

),

arrivals as (

    select
        record_id,
        arrival_seq,
        file_seq,
        position,
        received_at,
        source
    from "evsettle"."ingest"."records"
    where feed = 'invoices'

),

own_parties as (

    select party
    from "evsettle"."ingest"."own_parties"
    group by party

),

partners as (

    select
        party,
        min(partner) as partner
    from "evsettle"."ingest"."contract_parties"
    group by party

),

keyed as (

    select
        told.record_id,
        lower(
            concat_ws(
                '|',
                coalesce(told.issuer_party, arrivals.source),
                told.form,
                coalesce(told.reconciliation_id, told.invoice_id)
            )
        ) as invoice_key,
        told.content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.record_id = arrivals.record_id

),

told_again as (

    select invoice_key
    from keyed
    group by invoice_key
    having count(*) > 1

),

-- Nearly all is told once, and has no order to be found.
in_order as (

    select
        keyed.record_id,
        keyed.invoice_key,
        keyed.content_sha256,
        keyed.received_at,
        row_number() over (partition by keyed.invoice_key order by arrival_seq asc, content_sha256 asc, record_id asc) as arrival_no,
        false as is_overtaken
    from keyed
    inner join told_again on keyed.invoice_key = told_again.invoice_key

),

compared as (

    select
        record_id,
        invoice_key,
        received_at,
        arrival_no,
        row_number() over (partition by invoice_key, content_sha256 order by arrival_no) > 1 as is_repetition
    from in_order
    where not coalesce(is_overtaken, false)

),

held as (

    select
        record_id,
        lead(received_at) over (partition by invoice_key order by arrival_no) as known_to,
        lead(record_id) over (partition by invoice_key order by arrival_no) is null as is_latest
    from compared
    where not is_repetition
    union all
    select
        keyed.record_id,
        cast(null as timestamptz) as known_to,
        true as is_latest
    from keyed
    left join told_again on keyed.invoice_key = told_again.invoice_key
    where told_again.invoice_key is null

),

-- The partner is whichever of the parties is not us.
parties as (

    select
        told.record_id,
        coalesce(issuers.partner, sellers.partner, buyers.partner) as partner,
        case
            when own_sellers.party is not null then 'receivable'
            when own_buyers.party is not null then 'payable'
        end as direction
    from told
    left join partners as issuers on told.issuer_party = issuers.party
    left join partners as sellers on told.seller_party = sellers.party
    left join partners as buyers on told.buyer_party = buyers.party
    left join own_parties as own_sellers on told.seller_party = own_sellers.party
    left join own_parties as own_buyers on told.buyer_party = own_buyers.party

)

select
    told.record_id,
    keyed.invoice_key,
    coalesce(parties.partner, arrivals.source) as partner,
    parties.direction,
    told.form,
    told.reconciliation_id,
    told.invoice_id,
    told.issuer_party,
    told.seller_party,
    told.buyer_party,
    told.kind,
    told.issued_on,
    told.period_from,
    told.period_to,
    told.due_on,
    told.currency,
    told.sessions,
    told.energy_kwh,
    told.amount_excl_tax,
    told.tax_amount,
    told.amount_incl_tax,
    told.last_updated,
    told.line_count,
    told.content_sha256,
    arrivals.source,
    arrivals.file_seq,
    arrivals.position,
    arrivals.received_at,
    arrivals.received_at as known_from,
    -- What repeats never held.
    case when held.record_id is null then arrivals.received_at else held.known_to end as known_to,
    coalesce(held.is_latest, false) as is_latest
from told
inner join arrivals on told.record_id = arrivals.record_id
inner join keyed on told.record_id = keyed.record_id
inner join parties on told.record_id = parties.record_id
left join held on told.record_id = held.record_id
