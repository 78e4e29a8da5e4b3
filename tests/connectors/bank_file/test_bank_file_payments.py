"""A matched payment becomes events of the orders it pays; an unclear one goes to a person with its candidates, who may correct it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from crossdock.connectors.bank_file.payments import payment_events
from crossdock.core.errors import PaymentUnclear, SchemaInvalid

ENTRY = {
    "reference": "B1", "value_date": "2026-03-02", "amount": {"amount": "50.00", "currency": "EUR"}, "direction": "credit", "counterparty_name": "Ada",
}  # fmt: skip


def paid(number: str, amount: str, **changes: Any) -> dict[str, Any]:
    return {"key": f"order/shop/{number}", "erp": "odoo", "invoice_id": number, "invoice_number": f"INV/{number}", "order_number": number, "amount": amount,
            "currency": "EUR", **changes}  # fmt: skip


def body(*pays: dict[str, Any], **changes: Any) -> bytes:
    found = {"statement": "NL91/S1", "entry": ENTRY, "verdict": "matched", "score": 90, "pays": pays, "candidates": [{"score": 45, "pays": [paid("9", "50.00")]}],
             "reasons": [{"code": "ambiguous", "points": 0, "words": "2 items fit as well"}], **changes}  # fmt: skip
    return orjson.dumps(found)


def test_each_paper_paid_is_one_event_on_its_order():
    first, second = payment_events(body(paid("1", "30.00"), paid("2", "20.00")), "bank")
    assert (first.type, first.key, second.key) == ("payment.captured", "order/shop/1", "order/shop/2")
    assert (first.data.reference, first.data.amount.amount, first.data.method) == (
        "NL91/S1/B1/1",
        Decimal("30.00"),
        "bank_transfer",
    )
    assert [(each.scheme, each.value) for each in first.references] == [("odoo:invoice_id", "1"), ("invoice", "INV/1")]
    assert first.id != second.id
    assert second.data.reference == "NL91/S1/B1/2"
    (only,) = payment_events(body(paid("1", "50.00")), "bank")
    assert only.data.reference == "NL91/S1/B1"
    assert payment_events(body(paid("1", "30.00"), paid("2", "20.00")), "bank") == [first, second]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (body(), "2 items fit as well"),
        (body(paid("1", "50.01")), "would be paid with"),
        (body(paid("1", "50.00", currency="USD")), "50.00 EUR from Ada"),
        (body(paid("1", "50.00"), entry={**ENTRY, "direction": "debit"}), "50.00 EUR"),
    ],
)
def test_what_is_not_certain_is_for_a_person_with_candidates(given: bytes, words: str):
    with pytest.raises(PaymentUnclear, match=words) as told:
        payment_events(given, "bank")
    assert told.value.detail["candidates"][0]["pays"][0]["invoice_id"] == "9"


@pytest.mark.parametrize("given", [b"{}", body(paid("1", "-1")), body({"key": "x"})])
def test_a_wrong_correction_names_its_fields(given: bytes):
    with pytest.raises(SchemaInvalid) as told:
        payment_events(given, "bank")
    assert told.value.detail["problems"]
