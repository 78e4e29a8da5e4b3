"""Purchase orders, answers, ship notices, receipts, invoices: what they must say, what their checks find, and that nothing is lost on the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.base import Canonical
from crossdock.canonical.checks import problems
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.interchange import Interchange
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice
from crossdock.core.command_documents import documents, judged_as
from crossdock.core.commands import COMMANDS

AT = "2026-11-23T08:00:00+01:00"


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**document, **changes}


LINE = {"number": "1", "sku": "BOLT-8", "quantity": {"value": "100"}, "unit_price": money("2.50"), "delivery_date": "2026-12-07"}
ORDER: dict[str, Any] = {
    "number": "P00042",
    "ordered_at": AT,
    "buyer": {"name": "Harbour & Pine"},
    "supplier": {"name": "ACME", "identifiers": [{"scheme": "gln", "value": "4012345000009"}]},
    "ship_to": {"address": {"street": "Am Kai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}},
    "currency": "EUR",
    "lines": [LINE],
    "total": money("250.00"),
}
ANSWER: dict[str, Any] = {
    "number": "OC-1", "order_number": "P00042", "answered_at": AT, "verdict": "changed",
    "lines": [{"order_line": "1", "answer": "changed", "quantity": {"value": "80"}}],
}  # fmt: skip
NOTICE: dict[str, Any] = {
    "number": "ASN-1",
    "order_number": "P00042",
    "issued_at": AT,
    "units": [{"reference": "1", "sscc": "106141411234567897"}, {"reference": "2", "inside": "1"}],
    "lines": [
        {"number": "1", "order_line": "1", "quantity": {"value": "100"}, "lot": "L1", "expiry": "2028-01-31", "package": "2"}
    ],
}
RECEIPT: dict[str, Any] = {
    "number": "GR-1", "received_at": AT, "lines": [{"number": "1", "order_line": "1", "quantity": {"value": "95"}, "condition": "damaged"}],
}  # fmt: skip
INVOICE: dict[str, Any] = {
    "number": "R-900", "issue_date": "2026-12-08", "currency": "EUR", "seller": {"name": "ACME"}, "payable": money("297.50"),
    "lines": [{"number": "1", "order_line": "1", "quantity": {"value": "100"}, "unit_price": money("2.50"), "net_amount": money("250.00")}],
    "taxes": [{"percent": "19", "taxable": money("250.00"), "tax": money("47.50")}],
}  # fmt: skip
PAPERS: list[tuple[type[Canonical], dict[str, Any]]] = [
    (PurchaseOrder, ORDER),
    (OrderResponse, ANSWER),
    (DespatchAdvice, NOTICE),
    (ReceiptAdvice, RECEIPT),
    (ExpectedReceipt, {"number": "RC-1", "order_number": "P00042", "lines": [{"number": "1", "order_line": "1", "quantity": {"value": "5"}}]}),
    (Invoice, INVOICE),
    (DocumentAcknowledgement, {"standard": "997", "level": "document", "verdict": "rejected", "acknowledged_at": AT}),
    (Interchange, {"standard": "x12", "relation": "x12/ZZ/A/ZZ/B/P", "sender": "A", "receiver": "B", "received_at": AT}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "document"), PAPERS, ids=lambda value: getattr(value, "schema_name", ""))
def test_what_is_written_is_read_again_and_sound(kind: type[Canonical], document: dict[str, Any]) -> None:
    made = kind.model_validate(document)
    assert kind.model_validate_json(made.model_dump_json()) == made
    assert problems(made) == []


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (PurchaseOrder, changed(ORDER, lines=[LINE, LINE]), "two lines carry the number '1'"),
        (PurchaseOrder, changed(ORDER, lines=[]), "at least 1 item"),
        (PurchaseOrder, changed(ORDER, total=money("250.00", "USD")), "total: USD in a document in EUR"),
        (PurchaseOrder, changed(ORDER, lines=[changed(LINE, quantity={"value": "0"})]), "quantity 0 is not above zero"),
        (PurchaseOrder, changed(ORDER, lines=[changed(LINE, price_base="0")]), "a price for 0 units"),
        (PurchaseOrder, changed(ORDER, lines=[changed(LINE, unit_price={"amount": 2.5, "currency": "EUR"})]), "binary floating point"),
        (DespatchAdvice, changed(NOTICE, lines=[]), "without lines says nothing"),
        (DespatchAdvice, changed(NOTICE, units=[]), "in package '2', which is not in the notice"),
        (DespatchAdvice, changed(NOTICE, units=[{"reference": "2", "inside": "7"}]), "inside of '7', which is not in the notice"),
        (DespatchAdvice, changed(NOTICE, units=[{"reference": "2"}, {"reference": "2"}]), "two packages carry the reference '2'"),
        (ReceiptAdvice, changed(RECEIPT, received_at="2026-11-23T08:00:00"), "a time without a zone"),
        (Invoice, changed(INVOICE, payable=money("1", "USD")), "payable: USD in a document in EUR"),
        (Invoice, changed(INVOICE, allowances=[{"charge": True, "amount": money("-1")}]), "below zero"),
        (Invoice, changed(INVOICE, issue_date="2026-02-30"), "date"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(kind: type[Canonical], document: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kind.model_validate(document)


def test_a_line_taken_back_may_be_empty_and_a_notice_taken_back_without_lines() -> None:
    gone = changed(LINE, quantity={"value": "0"}, status="cancelled")
    assert PurchaseOrder.model_validate(changed(ORDER, lines=[gone])).lines[0].quantity.value == 0
    assert DespatchAdvice.model_validate(changed(NOTICE, purpose="cancellation", lines=[])).lines == ()


@pytest.mark.parametrize(
    ("kind", "document", "path", "code"),
    [
        (PurchaseOrder, changed(ORDER, lines=[changed(LINE, gtin="4012345000001")]), "lines[0].gtin", "gtin.invalid"),
        (PurchaseOrder, changed(ORDER, lines=[changed(LINE, sku="")]), "lines[0].sku", "item.unnamed"),
        (PurchaseOrder, changed(ORDER, supplier={"email": "nobody"}), "supplier.email", "email.impossible"),
        (PurchaseOrder, changed(ORDER, ship_to={"address": {"country": "DE", "postal_code": "1"}}), "ship_to.address.postal_code", "address.postal_code"),
        (OrderResponse, changed(ANSWER, lines=[{"answer": "accepted"}]), "lines[0].sku", "item.unnamed"),
        (OrderResponse, changed(ANSWER, currency="XXY"), "currency", "currency.unknown"),
        (DespatchAdvice, changed(NOTICE, units=[{"reference": "2", "sscc": "106141411234567890"}]), "units[0].sscc", "sscc.invalid"),
        (ReceiptAdvice, changed(RECEIPT, lines=[{"number": "1", "sku": "B", "quantity": {"value": "1", "unit": "ZZX"}}]), "lines[0].quantity.unit", "unit.unknown"),
        (Invoice, changed(INVOICE, currency="EUR", lines=[changed(INVOICE["lines"][0], gtin="12")]), "lines[0].gtin", "gtin.invalid"),
    ],
)  # fmt: skip
def test_checks_find_what_a_schema_cannot_see(kind: type[Canonical], document: dict[str, Any], path: str, code: str) -> None:
    assert [(found.path, found.code) for found in problems(kind.model_validate(document))] == [(path, code)]


def test_a_wrong_gln_of_a_party_is_refused_at_once() -> None:
    with pytest.raises(ValidationError, match="not a valid GLN"):
        PurchaseOrder.model_validate(changed(ORDER, supplier={"identifiers": [{"scheme": "gln", "value": "4012345000001"}]}))


def test_parties_say_their_names_by_scheme() -> None:
    supplier = PurchaseOrder.model_validate(ORDER).supplier
    assert (supplier.named("gln"), supplier.named("duns")) == ("4012345000009", "")


def test_days_are_days_and_amounts_are_exact() -> None:
    notice, invoice = DespatchAdvice.model_validate(NOTICE), Invoice.model_validate(INVOICE)
    assert notice.lines[0].expiry == date(2028, 1, 31) and invoice.taxes[0].tax.amount == Decimal("47.50")
    assert '"expiry":"2028-01-31"' in notice.model_dump_json() and '"amount":"47.50"' in invoice.model_dump_json()


def test_commands_know_the_papers_they_carry() -> None:
    carried = {
        "purchase_order.change": {"purchase_order": ORDER, "previous_purchase_order": ORDER},
        "receipt.validate": {"receipt": RECEIPT},
        "bill.create": {"invoice": INVOICE, "matched": "words"},
        "ship_notice.send": {"ship_notice": NOTICE},
        "order.answer": {"answer": ANSWER},
    }
    for command, data in carried.items():
        assert command in COMMANDS
        found = documents(command, data)
        assert {path for path, _, _ in found} == {name for name in data if name != "matched"}
        for _, kind, value in found:
            kind.model_validate(value)


def test_a_corrected_paper_keeps_the_rules_of_its_event() -> None:
    assert judged_as("bill.create", {"invoice": INVOICE}) == ("supplier_invoice.received", INVOICE)
    assert judged_as("purchase_order.change", {"purchase_order": ORDER, "previous_purchase_order": {}}) == (
        "purchase_order.changed",
        ORDER,
    )
    assert judged_as("order.create", {"order": {"number": "1"}}) == ("order.placed", {"number": "1"})
    assert judged_as("receipt.expect", {"expected_receipt": {}}) is None
