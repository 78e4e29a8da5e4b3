"""Payments, refunds, returns, freight, statements, payouts, customers' invoices, journals: what they must say and what their checks find."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.canonical.bank import BankStatement, CreditTransfer
from crossdock.canonical.base import Canonical
from crossdock.canonical.checks import problems
from crossdock.canonical.customer_invoice import CustomerInvoice, InvoiceRequest
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.freight import FreightInvoice, FreightQuote, ProofOfDelivery, Tender, TenderAnswer
from crossdock.canonical.iban import IBAN_LENGTHS, creditor_reference_fault, iban_fault, mod97
from crossdock.canonical.journal import Journal, JournalAcknowledgement
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.payout import Payout
from crossdock.canonical.returns import (
    ExpectedReturn,
    ReturnAnswer,
    ReturnCancellation,
    ReturnReceipt,
    ReturnRequest,
    ReturnTransfer,
)
from crossdock.core.command_documents import documents
from crossdock.core.commands import COMMANDS, MONEY_COMMANDS, REFUNDS

AT = "2026-11-23T08:00:00+01:00"
IBAN = "DE89370400440532013000"


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**document, **changes}


PAYMENT: dict[str, Any] = {
    "reference": "pi_1", "provider": "stripe", "order_number": "1001", "method": "visa 1111", "amount": money("119.00"),
    "captured": money("119.00"), "at": AT,
}  # fmt: skip
REFUND: dict[str, Any] = {
    "reference": "re_1", "payment_reference": "pi_1", "return_number": "RET-1", "provider": "stripe", "amount": money("59.50"), "at": AT,
}  # fmt: skip
CHARGEBACK = {"reference": "dp_1", "payment_reference": "pi_1", "provider": "stripe", "amount": money("119.00"), "at": AT}
ASKED = {"number": "1", "order_line": "1", "sku": "BOLT-8", "quantity": {"value": "2"}, "reason": "damaged"}
REQUEST: dict[str, Any] = {"number": "R-1", "order_number": "1001", "requested_at": AT, "lines": [ASKED]}
GRADED = {"number": "1", "order_line": "1", "sku": "BOLT-8", "quantity": {"value": "2"}, "grade": "resaleable"}
RECEIPT: dict[str, Any] = {"number": "WR-1", "return_number": "RET-1", "received_at": AT, "lines": [GRADED]}
EXPECTED = {"number": "RET-1", "order_number": "1001", "lines": [{"number": "1", "sku": "BOLT-8", "quantity": {"value": "2"}}]}
TRANSFER = {
    "return_number": "RET-1", "receipt_number": "WR-1", "order_number": "1001", "received_at": AT,
    "lines": [{"number": "1", "sku": "BOLT-8", "quantity": {"value": "2"}, "destination": "quarantine"}],
}  # fmt: skip
ANSWER = {"request_number": "R-1", "return_number": "RET-1", "order_number": "1001", "status": "authorised", "at": AT}
CHARGE: dict[str, Any] = {
    "number": "1",
    "tracking_number": "1Z1",
    "kind": "base",
    "amount": money("9.50"),
    "billed_weight_kg": "2.5",
}
FREIGHT: dict[str, Any] = {
    "number": "F-1", "carrier": "ups", "issue_date": "2026-11-30", "currency": "EUR", "lines": [CHARGE], "total": money("9.50"),
}  # fmt: skip
ADDRESS = {"street": "Am Kai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}
TENDER: dict[str, Any] = {
    "number": "T-1", "shipment_number": "SH-1",
    "stops": [{"number": 1, "kind": "pick_up", "address": ADDRESS}, {"number": 2, "kind": "delivery", "address": ADDRESS}],
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "reference": "1", "value_date": "2026-11-23", "amount": money("119.00"), "direction": "credit", "counterparty_iban": "GB82 WEST 1234 5698 7654 32",
}  # fmt: skip
STATEMENT: dict[str, Any] = {
    "identity": "S-327", "iban": IBAN, "currency": "EUR", "to_date": "2026-11-23", "opening": money("-19.00"), "closing": money("90.00"),
    "entries": [ENTRY, changed(ENTRY, reference="2", amount=money("10.00"), direction="debit")],
}  # fmt: skip
CREDIT: dict[str, Any] = {"end_to_end_id": "RET-1.1", "amount": money("5.00"), "creditor_name": "A. Berg", "creditor_iban": IBAN}
PAYOUT: dict[str, Any] = {
    "number": "po_1", "provider": "stripe", "currency": "EUR", "total": money("113.55"),
    "lines": [{"kind": "sale", "order_number": "1001", "amount": money("119.00")}, {"kind": "fee", "amount": money("-5.45")}],
}  # fmt: skip
INVOICE: dict[str, Any] = {
    "number": "INV/2026/1", "erp_id": "7", "state": "posted", "issue_date": "2026-11-23", "currency": "EUR", "amount": money("119.00"),
    "residual": money("0.00"), "payment_state": "paid", "at": AT,
    "lines": [{"number": "1", "order_line": "1", "sku": "BOLT-8", "quantity": {"value": "2"}, "net_amount": money("100.00")}],
}  # fmt: skip
WISH: dict[str, Any] = {
    "number": "IR-1", "order_number": "1001", "currency": "EUR", "lines": [{"order_line": "1", "quantity": {"value": "2"}}],
}  # fmt: skip
JOURNAL: dict[str, Any] = {
    "number": "J-1", "document": "invoice", "posting_date": "2026-11-23", "currency": "EUR", "justified_by": "event-1",
    "lines": [{"number": 1, "account": "1200", "debit": money("119.00")}, {"number": 2, "account": "4400", "credit": money("119.00")}],
}  # fmt: skip
PAPERS: list[tuple[type[Canonical], dict[str, Any]]] = [
    (Payment, PAYMENT),
    (Refund, REFUND),
    (Chargeback, CHARGEBACK),
    (ReturnRequest, REQUEST),
    (ReturnCancellation, {"number": "R-1", "cancelled_at": AT}),
    (ReturnReceipt, RECEIPT),
    (ExpectedReturn, EXPECTED),
    (ReturnTransfer, TRANSFER),
    (ReturnAnswer, ANSWER),
    (FreightInvoice, FREIGHT),
    (FreightQuote, {"shipment_number": "SH-1", "amount": money("9.50"), "quoted_at": AT}),
    (Tender, TENDER),
    (TenderAnswer, {"tender_number": "T-1", "answer": "declined", "answered_at": AT}),
    (ProofOfDelivery, {"tracking_number": "1Z1", "signed_by": "A. Berg", "at": AT}),
    (BankStatement, STATEMENT),
    (CreditTransfer, CREDIT),
    (Payout, PAYOUT),
    (CustomerInvoice, INVOICE),
    (InvoiceRequest, WISH),
    (Journal, JOURNAL),
    (JournalAcknowledgement, {"number": "J-1", "verdict": "posted", "at": AT}),
]


@pytest.mark.parametrize(("kind", "document"), PAPERS, ids=lambda value: getattr(value, "schema_name", ""))
def test_what_is_written_is_read_again_and_sound(kind: type[Canonical], document: dict[str, Any]) -> None:
    made = kind.model_validate(document)
    assert kind.model_validate_json(made.model_dump_json()) == made
    assert problems(made) == []


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (Payment, changed(PAYMENT, amount=money("0")), "moves nothing"),
        (Payment, changed(PAYMENT, amount={"amount": 1.5, "currency": "EUR"}), "binary floating point"),
        (Payment, changed(PAYMENT, captured=money("1", "USD")), "captured: USD in a document in EUR"),
        (Payment, changed(PAYMENT, captured=money("-1")), "below zero"),
        (Payment, changed(PAYMENT, method="4111 1111 1111 1111"), "looks like a card number"),
        (Payment, changed(PAYMENT, at="2026-11-23T08:00:00"), "a time without a zone"),
        (Refund, changed(REFUND, amount=money("-5")), "moves nothing"),
        (Refund, changed(REFUND, refunded=money("5", "SEK")), "SEK in a document in EUR"),
        (Chargeback, changed(CHARGEBACK, amount=money("0")), "moves nothing"),
        (ReturnRequest, changed(REQUEST, lines=[]), "at least 1 item"),
        (ReturnRequest, changed(REQUEST, lines=[ASKED, ASKED]), "two lines carry the number '1'"),
        (ReturnRequest, changed(REQUEST, lines=[changed(ASKED, quantity={"value": "0"})]), "not above zero"),
        (ReturnRequest, changed(REQUEST, lines=[changed(ASKED, exchange_sku="NUT-8")]), "but no exchange"),
        (ReturnReceipt, changed(RECEIPT, return_number=""), "names neither"),
        (ReturnReceipt, changed(RECEIPT, return_number="", order_number="1001"), "without authorisation and must say so"),
        (ReturnReceipt, changed(RECEIPT, lines=[], final=False), "says nothing"),
        (ReturnReceipt, changed(RECEIPT, lines=[changed(GRADED, grade="nice")]), "grade"),
        (FreightInvoice, changed(FREIGHT, lines=[CHARGE, CHARGE]), "two lines carry"),
        (Tender, changed(TENDER, stops=TENDER["stops"][:1]), "at least 2 items"),
        (BankStatement, changed(STATEMENT, iban="DE88370400440532013000"), "check digits are wrong"),
        (BankStatement, changed(STATEMENT, iban="DE8937040044053201300"), "has 22 signs, not 21"),
        (BankStatement, changed(STATEMENT, iban=None), "names no account"),
        (BankStatement, changed(STATEMENT, entries=[ENTRY, ENTRY]), "two entries carry the reference '1'"),
        (BankStatement, changed(STATEMENT, entries=[changed(ENTRY, amount=money("1", "USD"))]), "USD in a statement in EUR"),
        (BankStatement, changed(STATEMENT, entries=[changed(ENTRY, amount=money("-1"))]), "moves nothing"),
        (BankStatement, changed(STATEMENT, from_date="2026-11-24"), "before it begins"),
        (CreditTransfer, changed(CREDIT, remittance="a", structured_reference="RF18539007547034"), "either a structured"),
        (CreditTransfer, changed(CREDIT, end_to_end_id="x" * 36), "at most 35"),
        (CreditTransfer, changed(CREDIT, creditor_bic="DEUTDEF"), "pattern"),
        (Payout, changed(PAYOUT, total=money("1", "USD")), "total: USD in a document in EUR"),
        (CustomerInvoice, changed(INVOICE, number=""), "posted and has no number"),
        (CustomerInvoice, changed(INVOICE, amount=money("-1")), "a credit note says so by its kind"),
        (CustomerInvoice, changed(INVOICE, residual=money("0", "USD")), "residual: USD"),
        (InvoiceRequest, changed(WISH, lines=[{"quantity": {"value": "1"}, "amount": money("-1")}]), "take back with a credit note"),
        (InvoiceRequest, changed(WISH, total=money("1", "USD")), "USD in a document in EUR"),
        (Journal, changed(JOURNAL, lines=[JOURNAL["lines"][0], {"number": 2, "account": "1", "credit": money("1")}]), "do not balance"),
        (Journal, changed(JOURNAL, lines=[JOURNAL["lines"][0], {"number": 2, "account": "1"}]), "either a debit or a credit"),
        (Journal, changed(JOURNAL, justified_by=""), "at least 1 character"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(kind: type[Canonical], document: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kind.model_validate(document)


@pytest.mark.parametrize(
    ("kind", "document", "path", "code"),
    [
        (BankStatement, changed(STATEMENT, closing=money("91.00")), "closing", "statement.unbalanced"),
        (Payout, changed(PAYOUT, total=money("113.56")), "total", "payout.unbalanced"),
        (CustomerInvoice, changed(INVOICE, currency="XXY", amount=money("1", "XXY"), residual=money("0", "XXY"), lines=[]), "currency", "currency.unknown"),
    ],
)  # fmt: skip
def test_checks_find_what_a_schema_cannot_see(kind: type[Canonical], document: dict[str, Any], path: str, code: str) -> None:
    assert (path, code) in [(found.path, found.code) for found in problems(kind.model_validate(document))]


def test_a_discount_may_be_below_zero_and_a_notification_needs_no_balance() -> None:
    discount = changed(CHARGE, number="2", kind="discount", amount=money("-1.00"))
    assert problems(FreightInvoice.model_validate(changed(FREIGHT, lines=[CHARGE, discount], total=money("8.50")))) == []
    assert problems(BankStatement.model_validate(changed(STATEMENT, kind="notification", opening=None, closing=None))) == []


def test_a_payment_has_one_identity_whatever_is_told_about_it() -> None:
    assert Payment.model_validate(PAYMENT).payment == "pi_1"
    assert Payment.model_validate(changed(PAYMENT, reference="CAP7", original_reference="PSP1")).payment == "PSP1"


@pytest.mark.parametrize(
    "right", [IBAN, "GB82WEST12345698765432", "NO9386011117947", "BE68539007547034", "FR1420041010050500013M02606"]
)
def test_right_accounts_are_known(right: str) -> None:
    assert iban_fault(right) == ""
    assert all(15 <= length <= 34 and country.isalpha() for country, length in IBAN_LENGTHS.items())


@given(st.integers(4, 21), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_an_account_is_always_found(place: int, digit: str) -> None:
    wrong = IBAN[:place] + digit + IBAN[place + 1 :]
    assert bool(iban_fault(wrong)) == (wrong != IBAN)


def test_references_of_creditors_and_what_is_no_account() -> None:
    assert creditor_reference_fault("RF18539007547034") == ""
    assert creditor_reference_fault("RF19539007547034") and creditor_reference_fault("18539007547034")
    assert iban_fault("") and iban_fault("de89370400440532013000") and iban_fault("DE8937040044053201300é")
    with pytest.raises(ValueError, match="letters and digits"):
        mod97("1-2")
    with pytest.raises(ValidationError) as found:
        CreditTransfer.model_validate(changed(CREDIT, creditor_iban="DE88370400440532013000"))
    assert "370400440532013000" not in found.value.errors()[0]["msg"], "an account is not repeated in words for people"


def test_commands_know_the_papers_they_carry() -> None:
    carried = {
        "invoice.create": {"invoice_request": WISH},
        "credit_note.create": {"invoice_request": WISH},
        "return.expect": {"expected_return": EXPECTED},
        "return.transfer": {"return_transfer": TRANSFER},
        "return.answer": {"return_answer": ANSWER},
        "refund.transfer": {"credit_transfer": CREDIT},
        "tender.send": {"tender": TENDER},
        "landed_cost.create": {"freight_invoice": FREIGHT},
        "journal.post": {"journal": JOURNAL},
    }
    for command, data in carried.items():
        assert command in COMMANDS
        found = documents(command, data)
        assert {path for path, _, _ in found} == set(data)
        for _, kind, value in found:
            kind.model_validate(value)
    assert REFUNDS < MONEY_COMMANDS <= set(COMMANDS)


def test_signed_entries_move_the_balance() -> None:
    statement = BankStatement.model_validate(STATEMENT)
    assert [entry.signed.amount for entry in statement.entries] == [Decimal("119.00"), Decimal("-10.00")]
    assert statement.entries[0].counterparty_iban == "GB82WEST12345698765432"


@pytest.mark.parametrize(
    "event", ["payment.captured", "refund.completed", "return.requested", "statement.received", "shipment.pod"]
)
def test_events_carry_them(event: str) -> None:
    assert EVENT_PAYLOADS[event] in [kind for kind, _ in PAPERS]
