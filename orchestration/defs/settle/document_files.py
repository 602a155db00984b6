"""The files of the documents that a seal issues: <number>.pdf for people, <number>.xml (EN 16931) for their systems.

What does not belong here: what stands on a document (invoice).
"""

from collections.abc import Iterator, Sequence
from datetime import date

import duckdb

from orchestration.defs.ingest.contracts import Contract
from orchestration.defs.ingest.master_data import MasterData, fold_master
from orchestration.defs.ingest.rules import overridable, read_rules
from orchestration.defs.settle.invoice import Side, read_invoice
from orchestration.facts import ledger
from orchestration.facts.documents import Document
from orchestration.facts.home import Home
from orchestration.facts.seals import SealRefused
from orchestration.version import suites


def document_files(
    home: Home, connection: duckdb.DuckDBPyConnection, period: str, issued: Sequence[Document]
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file. Raises SealRefused where a document cannot be written."""
    if not issued:
        return
    # Both cost more to import than the rest of a seal, and most commands seal nothing.
    from orchestration.defs.settle.invoice_pdf import to_pdf
    from orchestration.defs.settle.invoice_xml import InvoiceError, to_xml

    master = fold_master(home, ledger.read_all(home), overridable(read_rules(suites())))
    for document in issued:
        us, contract = _us(master, document), _contract_on(master, document.partner, document.issued_on)
        them = _them(contract)
        if document.supplier is None:
            invoice = read_invoice(connection, document, period, us, them)
        else:
            agreement = contract.self_billing.agreement if contract.self_billing else None
            invoice = read_invoice(connection, document, period, them, us, agreement)
        try:
            yield f"{document.number}.xml", to_xml(invoice)
        except InvoiceError as error:
            raise SealRefused(f"{error} Correct the names and VAT ids in master/, then `evsettle run`.") from error
        yield f"{document.number}.pdf", to_pdf(invoice)


def _us(master: MasterData, document: Document) -> Side:
    assert master.network is not None
    own = next(own for own in master.network.parties if own.party == document.party)
    country = own.country or own.party[:2]
    return Side(own.legal_name, country, own.address, own.vat_id, own.account["iban"], own.account["bic"])


def _them(contract: Contract) -> Side:
    country = contract.tax.country or contract.parties[0][:2]
    payment = contract.payment
    return Side(contract.name, country, contract.contacts.address, contract.tax.vat_id, payment.iban, payment.bic)


def _contract_on(master: MasterData, partner: str, day: date) -> Contract:
    """The contract that holds on a day, as it was last known; before its first day the first one."""
    known = [one.contract for one in master.contracts[partner]]
    begun = [contract for contract in known if contract.valid_from <= day]
    return max(begun, key=lambda contract: contract.valid_from) if begun else known[0]
