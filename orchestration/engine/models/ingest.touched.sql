with

touched as (

    select
        kind,
        id,
        reason
    from "evsettle"."ingest"."raw_touched"

)

select
    kind,
    id,
    min(reason) as reason
from touched
group by
    kind,
    id
