"""A carrier's UBL invoice: what each charge is for, allowances, credit notes, and everything wrong with its path."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.canonical.freight import FreightInvoice
from crossdock.core.errors import SchemaInvalid
from crossdock.documents.mapping import ReadContext, find_reader
from tests.documents.papers import PARTIES
from tests.documents.test_ubl_round_trip import NoCodes

HEAD = (
    '<FreightInvoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:FreightInvoice-2" '
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
)
PARTY = "<cac:Party><cac:PartyName><cbc:Name>{}</cbc:Name></cac:PartyName></cac:Party>"


def line(number: str, name: str, amount: str, more: str = "") -> str:
    money = f'<cbc:LineExtensionAmount currencyID="EUR">{amount}</cbc:LineExtensionAmount>'
    return f"<cac:InvoiceLine><cbc:ID>{number}</cbc:ID>{money}{more}<cac:Item><cbc:Name>{name}</cbc:Name></cac:Item></cac:InvoiceLine>"


def shipment(number: str, waybill: str) -> str:
    consignment = f"<cac:Consignment><cbc:ID>C</cbc:ID><cbc:CarrierAssignedID>{waybill}</cbc:CarrierAssignedID></cac:Consignment>"
    return f"<cac:Shipment><cbc:ID>{number}</cbc:ID>{consignment}</cac:Shipment>"


def document(lines: str, shipments: str, code: str = "380", head: str = "", total: str = "14.26") -> bytes:
    return (
        f"{HEAD}<cbc:ID>F-1</cbc:ID><cbc:IssueDate>2026-03-31</cbc:IssueDate><cbc:InvoiceTypeCode>{code}</cbc:InvoiceTypeCode>"
        f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{shipments}"
        f"<cac:AccountingSupplierParty>{PARTY.format('Carrier')}</cac:AccountingSupplierParty>"
        f"<cac:AccountingCustomerParty>{PARTY.format('Us')}</cac:AccountingCustomerParty>{head}"
        f'<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>'
        f"{lines}</FreightInvoice>"
    ).encode()


def read(data: bytes) -> FreightInvoice:
    context = ReadContext(PARTIES, "FreightInvoice", "", datetime(2026, 5, 4, tzinfo=UTC))
    (mapped,) = find_reader("ubl", "FreightInvoice")(data, context, NoCodes())
    assert mapped.type == "freight_invoice.received"
    assert isinstance(mapped.data, FreightInvoice)
    return mapped.data


def test_the_only_shipment_is_what_all_charges_are_for() -> None:
    made = read(document(line("1", "Freight", "12.40") + line("2", "Fuel surcharge", "1.86"), shipment("SH-1", "W1")))
    assert [(one.kind, one.amount.amount, one.waybill, one.shipment_number) for one in made.lines] == [
        ("base", Decimal("12.40"), "W1", "SH-1"),
        ("fuel", Decimal("1.86"), "W1", "SH-1"),
    ]
    assert (made.number, made.kind, made.total.amount) == ("F-1", "invoice", Decimal("14.26"))


def test_lines_may_have_shipments_of_their_own_and_allowances_are_discounts() -> None:
    own = f"<cac:Delivery>{shipment('SH-2', 'W2')}</cac:Delivery>"
    off = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:AllowanceChargeReason>Volume</cbc:AllowanceChargeReason>"
        '<cbc:Amount currencyID="EUR">2.00</cbc:Amount></cac:AllowanceCharge>'
    )
    made = read(document(line("1", "Freight", "10", own), shipment("SH-1", "W1") + shipment("SH-9", "W9"), "381", off, "8"))
    assert [(one.number, one.kind, one.amount.amount, one.waybill) for one in made.lines] == [
        ("1", "base", Decimal("10"), "W2"),
        ("AC1", "discount", Decimal("-2.00"), ""),
    ]
    assert made.kind == "credit_note"


def test_what_is_wrong_is_told_with_its_path() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        read(document(line("1", "Freight", "much"), shipment("SH-1", "W1")))
    assert "InvoiceLine" in str(caught.value.detail["problems"])
