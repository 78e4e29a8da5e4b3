"""What we write keeps the official rules: schema, EN 16931 and Peppol BIS 3, where a folder of them is named (CROSSDOCK_UBL_RULES)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.edi.findings import Severity
from crossdock.edi.ubl.rules import FOLDER, installed
from tests.documents.test_ubl_round_trip import name_of, written

pytestmark = pytest.mark.skipif(
    not os.environ.get(FOLDER), reason=f"the official rules are not here; {FOLDER} names their folder (`crossdock edi rules get`)"
)
ADDRESS = {"street": "Kai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}


def party(name: str, gln: str, vat: str) -> dict[str, Any]:
    own = {"scheme": "gln", "value": gln}
    return {
        "name": name, "identifiers": [own], "endpoint": own, "address": ADDRESS, "vat": vat, "registration": "HRB 1", "contact": "Anna",
        "phone": "+49 40 1", "email": "a@example.com",
    }  # fmt: skip


US = party("Harbour & Pine", "4000001000005", "DE123456789")
THEM = party("Acme", "7300010000001", "DE987654321")


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def line(number: str, quantity: str, price: str, **more: Any) -> dict[str, Any]:
    return {
        "number": number, "sku": "BOLT", "supplier_sku": "100", "gtin": "4006381333931", "name": "Bolt",
        "quantity": {"value": quantity, "unit": "C62"}, "unit_price": eur(price), "tax_category": "S", "tax_percent": "19", **more,
    }  # fmt: skip


ORDER = PurchaseOrder.model_validate(
    {
        "number": "P00012", "ordered_at": "2026-05-01T08:00:00Z", "buyer": US, "supplier": THEM, "currency": "EUR",
        "ship_to": {"name": "Depot", "address": ADDRESS, "contact": "Bo", "phone": "1", "email": "b@example.com"},
        "lines": [line("1", "100", "0.12", delivery_date="2026-05-20", note="x"), line("2", "10", "1.5")],
        "total": eur("32.13"), "tax": eur("5.13"), "delivery_date": "2026-05-20", "latest_delivery_date": "2026-05-22",
        "payment_terms": "30 days", "incoterm": "DAP", "incoterm_place": "Hamburg", "contract": "C1", "quotation": "Q1",
    }
)  # fmt: skip
ITEM = {"supplier_sku": "100", "name": "Bolt"}
ANSWER = OrderResponse.model_validate(
    {
        "number": "A1", "order_number": "P00012", "answered_at": "2026-05-02T08:00:00Z", "verdict": "changed", "currency": "EUR",
        "supplier": THEM, "buyer": US,
        "lines": [
            {**ITEM, "order_line": "1", "answer": "changed", "quantity": {"value": "80"}, "delivery_date": "2026-05-25", "reason": "short"},
            {**ITEM, "order_line": "2", "answer": "accepted"},
            {**ITEM, "order_line": "3", "answer": "refused"},
            {**ITEM, "order_line": "4", "answer": "backordered", "quantity": {"value": "8"}},
        ],
    }
)  # fmt: skip
PALLET, CARTON = "040123450000000016", "040123450000000023"
NOTICE = DespatchAdvice.model_validate(
    {
        "number": "LS1", "order_number": "P00012", "issued_at": "2026-05-18T08:00:00Z", "shipped_at": "2026-05-18T10:00:00Z",
        "expected_at": "2026-05-20T08:00:00Z", "supplier": THEM, "buyer": US, "ship_to": US, "carrier": "DHL", "carrier_name": "DHL",
        "waybill": "W1", "tracking_number": "T1", "gross_weight_kg": "25",
        "units": [
            {"reference": PALLET, "sscc": PALLET, "kind": "PX", "weight_kg": "25"},
            {"reference": CARTON, "sscc": CARTON, "kind": "CT", "inside": PALLET},
        ],
        "lines": [
            {**ITEM, "number": "1", "order_number": "P00012", "order_line": "1", "quantity": {"value": "80"}, "lot": "L1",
             "expiry": "2027-01-01", "best_before": "2027-01-01", "package": CARTON, "serials": ["a", "b"]}
        ],
    }
)  # fmt: skip
BILL = {
    "number": "R1", "buyer_reference": "B1", "issue_date": "2026-05-21", "due_date": "2026-06-20", "currency": "EUR", "order_number": "P00012",
    "despatch_number": "LS1", "seller": THEM, "buyer": US, "payment_terms": "30 days", "payment_means": "58",
    "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "ship_to": {"name": "Depot", "address": ADDRESS}, "delivery_date": "2026-05-20",
    "lines": [line("1", "80", "0.12", net_amount=eur("9.60"), order_line="1")],
    "taxes": [{"category": "S", "percent": "19", "taxable": eur("9.60"), "tax": eur("1.82")}],
    "line_total": eur("9.60"), "tax_exclusive": eur("9.60"), "tax_total": eur("1.82"), "tax_inclusive": eur("11.42"), "payable": eur("11.42"),
}  # fmt: skip
CREDIT = {**BILL, "kind": "credit_note", "type_code": "381", "preceding_number": "R0", "preceding_date": "2026-01-01"}
CASES: list[tuple[str, Canonical, dict[str, Any]]] = [
    ("Order", ORDER, {}),
    ("OrderChange", ORDER.model_copy(update={"revision": 1}), {}),
    ("OrderCancellation", ORDER, {"purpose": "cancel", "moment": datetime(2026, 5, 3, tzinfo=UTC), "number": "X1"}),
    ("OrderResponse", ANSWER, {}),
    ("DespatchAdvice", NOTICE, {}),
    ("Invoice", Invoice.model_validate(BILL), {}),
    ("CreditNote", Invoice.model_validate(CREDIT), {}),
]


@pytest.mark.parametrize(("kind", "thing", "more"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_written_keeps_every_rule(kind: str, thing: Canonical, more: dict[str, Any]) -> None:
    book = installed()
    assert book is not None
    data = written(kind, thing, **more)
    assert name_of(data) == kind
    wrong = [each for each in book.judge(data) if each.severity is Severity.ERROR or each.code.startswith("rules-")]
    assert [(each.code, each.loop, each.message) for each in wrong] == []


def test_a_broken_rule_is_told_with_its_id_path_and_byte() -> None:
    book = installed()
    assert book is not None
    data = written("Invoice", Invoice.model_validate({**BILL, "payable": eur("11.43")}))
    (found,) = [each for each in book.judge(data) if each.severity is Severity.ERROR]
    assert (found.code, found.loop) == ("BR-CO-16", "/Invoice[1]/cac:LegalMonetaryTotal[1]")
    assert data[found.byte_position :].startswith(b"<cac:LegalMonetaryTotal>")
