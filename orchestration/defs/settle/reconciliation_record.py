"""What an invoice or credit note is about, as an OCPI 2.3.0 InvoiceReconciliationRecord (mod_invoice_reconciliation).

The partner sums these CDRs in its own books and compares with the document. What does not belong here: reading the
records of others (ingest/invoices) and comparing (models).
"""

import json
from collections.abc import Iterator, Sequence

import duckdb

from orchestration.facts.documents import Document

# In the order of the statement. A correction names the session that it corrects.
_CDRS = """
    select outcomes.cdr_id
    from settle.statement_lines as lines
    inner join settle.cdr_outcomes as outcomes on lines.cdr_key = outcomes.cdr_key
    where lines.statement_id = ? and lines.own_party = ? and outcomes.cdr_id is not null
    group by lines.cdr_key, outcomes.cdr_id
    order by min(lines.line_no), lines.cdr_key
"""


def reconciliation_files(
    connection: duckdb.DuckDBPyConnection, issued: Sequence[Document]
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the record of each document; one without sessions (fees alone) has none, as OCPI wants a CDR.

    `last_updated` is the start of the day of issue: a report's bytes hold no other time.
    """
    for document in issued:
        cdrs = [cdr_id for (cdr_id,) in connection.execute(_CDRS, [document.statement_id, document.party]).fetchall()]
        if not cdrs:
            continue
        country, party = document.party.split("/")
        record = {
            "country_code": country,
            "party_id": party,
            "id": f"IR-{document.number}",
            "invoice_id": document.number,
            "cdrs": cdrs,
            "last_updated": f"{document.issued_on.isoformat()}T00:00:00Z",
        }
        yield (
            f"{document.number}.reconciliation.json",
            json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n",
        )
