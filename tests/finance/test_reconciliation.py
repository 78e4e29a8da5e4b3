"""The daily proof: a right day agrees, and every way in which sides may differ is listed with the arithmetic."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.bank import BankStatement
from crossdock.canonical.base import Canonical
from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.journal import JournalAcknowledgement
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.payout import Payout
from crossdock.finance.reconciliation.facts import Difference, Fact, Proof
from crossdock.finance.reconciliation.gathering import gather, posted_journals
from crossdock.finance.reconciliation.proof import prove
from crossdock.finance.reconciliation.records import Done, Told

DAY, AT = date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDER = "order/shop/1001"
LATER = date(2026, 3, 20)


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


_count = iter(range(10_000))


def told(kind: str, data: Canonical, source: str, key: str = ORDER, day: date = DAY) -> Told:
    return Told(kind, data, source, key, day, f"event {next(_count):04}")


def done(
    name: str, system: str, data: dict[str, Any], ack: dict[str, Any], command: str = "", key: str = ORDER, day: date = DAY
) -> Done:
    return Done(name, system, command or f"cmd-{name}", key, data, ack, day, f"delivery {next(_count):04}")


def captured(amount: str = "121.00", **more: Any) -> Told:
    return told(
        "payment.captured",
        Payment(reference="ch_1", original_reference="pi_1", provider="stripe", amount=eur(amount), at=AT, **more),
        "stripe",
    )  # type: ignore[arg-type]


def refund(
    amount: str = "21.00", kind: str = "completed", reference: str = "re_1", provider: str = "stripe", **more: Any
) -> Told:
    facts = {
        "reference": reference,
        "payment_reference": "pi_1" if provider == "stripe" else "",
        "provider": provider,
        "amount": eur(amount),
        "at": AT,
    }
    return told(f"refund.{kind}", Refund.model_validate({**facts, **more}), provider)


def paper(kind: str, amount: str, erp_id: str, residual: str = "0", **more: Any) -> Told:
    data = CustomerInvoice.model_validate(
        {"number": f"P/{erp_id}", "erp_id": erp_id, "wish": "w", "kind": kind, "state": "posted", "currency": "EUR", "amount": eur(amount),
         "residual": eur(residual), "issue_date": DAY, "at": AT, **more}
    )  # fmt: skip
    return told("customer_invoice.posted", data, "odoo")


def statement(*entries: dict[str, Any]) -> Told:
    told_ = [
        {"reference": f"B{place}", "value_date": DAY, "booking_date": DAY, **each, "amount": eur(each["amount"])}
        for place, each in enumerate(entries)
    ]
    data = BankStatement.model_validate(
        {"identity": "S1", "iban": "NL91ABNA0417164300", "currency": "EUR", "to_date": date(2026, 3, 15), "entries": told_}
    )
    return told("statement.received", data, "bank", key="bank/x")


PAYOUT = Payout.model_validate(
    {
        "number": "po_77",
        "provider": "stripe",
        "paid_on": DAY,
        "currency": "EUR",
        "total": eur("95.00"),
        "statement_reference": "STRIPE PO77X",
    }
)
FREIGHT = FreightInvoice.model_validate(
    {
        "number": "F-9",
        "carrier": "ups",
        "issue_date": DAY,
        "currency": "EUR",
        "total": eur("12.10"),
        "lines": [{"number": "1", "amount": eur("12.10")}],
    }
)
JOURNAL = {"number": "J-1", "currency": "EUR", "lines": [{"debit": eur("121.00")}, {"credit": eur("121.00")}]}
TRANSFER = {"end_to_end_id": "RT-1", "amount": eur("5.00")}
CLEAN_TOLD = [
    captured(), refund(own_reference="cmd-payment.refund"), refund("5.00", reference="RT-1", provider="bank"), paper("invoice", "121.00", "7"),
    paper("credit_note", "21.00", "8"), paper("credit_note", "5.00", "9"),
    statement({"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"}, {"amount": "95.00", "direction": "credit", "remittance": "STRIPE PO77X"},
              {"amount": "800.00", "direction": "debit", "end_to_end_id": "SALARY-3"}),
    told("payout.received", PAYOUT, "stripe", key=""), told("freight_invoice.received", FREIGHT, "ups", key=""),
    told("journal.acknowledged", JournalAcknowledgement(number="J-1", verdict="posted", posted_number="GL-1", at=AT), "ledger"),
]  # fmt: skip
CLEAN_DONE = [
    done("payment.capture", "stripe", {"payment_reference": "pi_1", "amount": eur("121.00")}, {"reference": "ch_1", "amount": eur("121.00"), "status": "completed"}),
    done("payment.refund", "stripe", {"payment_reference": "pi_1", "amount": eur("21.00")}, {"reference": "re_1", "amount": eur("21.00")}),
    done("refund.transfer", "bank", {"credit_transfer": TRANSFER}, {"reference": "RT-1", "status": "sent"}),
    done("invoice.create", "odoo", {}, {"invoice_id": "7", "state": "draft", "total": "121.00", "currency": "EUR"}),
    done("invoice.post", "odoo", {"invoice_id": "7"}, {"invoice_id": "7", "state": "posted", "total": "121.00", "currency": "EUR"}),
    done("credit_note.create", "odoo", {}, {"invoice_id": "8", "state": "posted", "total": "21.00", "currency": "EUR"}),
    done("credit_note.create", "odoo", {}, {"invoice_id": "9", "state": "posted", "total": "5.00", "currency": "EUR"}),
    done("bill.create", "odoo", {"invoice": {"number": "F-9"}}, {"bill_id": "3", "total": "12.10", "currency": "EUR"}),
    done("journal.post", "ledger", {"journal": JOURNAL}, {"status": "posted"}),
]  # fmt: skip


def proof(events: list[Told], deliveries: list[Done], day: date = LATER) -> Proof:
    return prove(gather(events, deliveries), day)


def without(items: list[Any], *kinds: str) -> list[Any]:
    return [each for each in items if (each.type if isinstance(each, Told) else each.name) not in kinds]


def only(found: Proof) -> Difference:
    (difference,) = found.differences
    return difference


def test_a_right_day_agrees_on_every_check():
    found = proof(CLEAN_TOLD, CLEAN_DONE)
    assert found.differences == ()
    assert found.agrees
    assert {each.name: (each.compared, each.agreed) for each in found.checks} == {
        "captures": (1, 1), "refunds": (1, 1), "refunds by bank": (1, 1), "invoices": (1, 1), "credit notes": (2, 2), "freight bills": (1, 1),
        "journals": (1, 1), "refunds within captures": (1, 1), "orders settled": (1, 1), "payouts arrived": (1, 1),
    }  # fmt: skip


def test_the_order_of_records_says_nothing():
    events, deliveries = [*CLEAN_TOLD, refund("50.00", reference="re_9")], [*CLEAN_DONE]
    expected = proof(events, deliveries)
    for seed in range(5):
        chance = random.Random(seed)
        chance.shuffle(events)
        by_name = sorted(deliveries, key=lambda each: (each.command, chance.random()))
        assert proof(events, sorted(by_name, key=lambda each: each.evidence)) == expected


@pytest.mark.parametrize(
    ("events", "deliveries", "code", "right"),
    [
        (lambda: [captured("120.00"), *without(CLEAN_TOLD, "payment.captured")], lambda: CLEAN_DONE, "capture.amount", "120.00"),
        (lambda: [each for each in CLEAN_TOLD if "re_1" not in str(each.data)], lambda: CLEAN_DONE, "refund.missing", None),
        (lambda: [*CLEAN_TOLD, refund("30.00", reference="re_2")], lambda: CLEAN_DONE, "refund.unknown", "30.00"),
        (lambda: [*CLEAN_TOLD, refund(reference="re_2", own_reference="cmd-payment.refund")], lambda: CLEAN_DONE, "refund.doubled", "42.00"),
        (lambda: [each for each in CLEAN_TOLD if each.type != "statement.received"] + [statement({"amount": "95.00", "direction": "credit", "remittance": "PO77X"})],
         lambda: CLEAN_DONE, "transfer.missing", None),
        (lambda: [*without(CLEAN_TOLD, "statement.received"), statement(
            {"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"}, {"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"},
            {"amount": "95.00", "direction": "credit", "remittance": "PO77X"})], lambda: CLEAN_DONE, "transfer.doubled", "10.00"),
        (lambda: CLEAN_TOLD, lambda: without(CLEAN_DONE, "refund.transfer"), "transfer.unknown", "5.00"),
        (lambda: [each for each in CLEAN_TOLD if "P/7" not in str(each.data)], lambda: CLEAN_DONE, "invoice.missing", None),
        (lambda: [*CLEAN_TOLD, paper("credit_note", "9.00", "10")], lambda: CLEAN_DONE, "credit_note.unknown", "9.00"),
        (lambda: CLEAN_TOLD, lambda: without(CLEAN_DONE, "bill.create"), "freight_bill.missing", None),
        (lambda: without(CLEAN_TOLD, "journal.acknowledged"), lambda: CLEAN_DONE, "journal.missing", None),
        (lambda: [*without(CLEAN_TOLD, "statement.received"), statement({"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"})],
         lambda: CLEAN_DONE, "payout.not_at_bank", None),
        (lambda: [*without(CLEAN_TOLD, "statement.received"), statement({"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"},
                                                                       {"amount": "94.00", "direction": "credit", "remittance": "PO77X"})],
         lambda: CLEAN_DONE, "payout.amount", "94.00"),
        (lambda: [*CLEAN_TOLD, refund("150.00", reference="re_3")], lambda: CLEAN_DONE, "refund.above_capture", "171.00"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_every_way_to_differ_is_told(events: Any, deliveries: Any, code: str, right: str | None):
    found = {each.code: each for each in proof(events(), deliveries()).differences}
    assert code in found, sorted(found)
    assert found[code].right == (None if right is None else Decimal(right))
    assert found[code].evidence
    assert found[code].words


def test_an_order_that_does_not_add_up_is_told_with_its_arithmetic():
    events = [each for each in CLEAN_TOLD if "P/9" not in str(each.data)]
    difference = only(proof(events, [each for each in CLEAN_DONE if each.ack.get("invoice_id") != "9"]))
    assert difference.code == "order.unsettled"
    assert (
        difference.words
        == "captured 121.00 - refunded 26.00 = 95.00 EUR; invoiced 121.00 - credited 21.00 - open 0 = 100.00 EUR; -5.00 EUR"
    )


def test_an_invoice_still_open_counts_as_open():
    events = [*[each for each in CLEAN_TOLD if "P/7" not in str(each.data)], paper("invoice", "150.00", "7", residual="29.00")]
    deliveries = [
        replace(each, ack={**each.ack, "total": "150.00"}) if each.ack.get("invoice_id") == "7" else each for each in CLEAN_DONE
    ]
    assert proof(events, deliveries).agrees


def test_what_is_young_is_not_judged_yet():
    events = [each for each in CLEAN_TOLD if "re_1" not in str(each.data)]
    found = proof(events, CLEAN_DONE, day=date(2026, 3, 4))
    assert found.agrees
    assert {each.name: each.young for each in found.checks if each.young} == {"refunds": 1, "orders settled": 1}


def test_a_refund_that_failed_moved_nothing():
    gone = refund(kind="failed", own_reference="cmd-payment.refund", at=datetime(2026, 3, 3, tzinfo=UTC))
    events = [*[each for each in CLEAN_TOLD if "P/8" not in str(each.data)], gone]
    assert proof(events, [each for each in CLEAN_DONE if each.ack.get("invoice_id") != "8"]).agrees


def test_a_transfer_that_came_back_moved_nothing():
    events = [*without(CLEAN_TOLD, "statement.received"), refund("5.00", "failed", "RT-1", "bank", at=datetime(2026, 3, 3, tzinfo=UTC)), statement(
        {"amount": "5.00", "direction": "debit", "end_to_end_id": "RT-1"}, {"amount": "5.00", "direction": "credit", "end_to_end_id": "RT-1", "reversal": True},
        {"amount": "95.00", "direction": "credit", "remittance": "PO77X"})]  # fmt: skip
    events = [each for each in events if "P/9" not in str(each.data)]
    assert proof(events, [each for each in CLEAN_DONE if each.ack.get("invoice_id") != "9"]).agrees


def test_a_lost_dispute_is_money_that_went_back():
    lost = Chargeback.model_validate(
        {
            "reference": "dp_1",
            "payment_reference": "pi_1",
            "provider": "stripe",
            "amount": eur("110.00"),
            "outcome": "lost",
            "at": AT,
        }
    )
    found = {each.code: each for each in proof([*CLEAN_TOLD, told("chargeback.closed", lost, "stripe")], CLEAN_DONE).differences}
    assert found["refund.above_capture"].right == Decimal("131.00")


def test_the_finance_system_s_own_list_is_compared_by_amount():
    facts = gather(CLEAN_TOLD, CLEAN_DONE)
    listed = [{"number": "J-1", "posted_number": "GL-1", "posting_date": "2026-03-02", "currency": "EUR", "total": "120.00"}]
    assert only(prove(posted_journals("ledger", listed, facts), LATER)).code == "journal.amount"
    stray = [{**listed[0], "total": "121.00"}, {**listed[0], "number": "J-9"}]
    assert only(prove(posted_journals("ledger", stray, facts), LATER)).code == "journal.unknown"


def test_a_refused_journal_is_told():
    events = [
        *without(CLEAN_TOLD, "journal.acknowledged"),
        told("journal.acknowledged", JournalAcknowledgement(number="J-1", verdict="rejected", at=AT), "ledger"),
    ]
    assert only(proof(events, CLEAN_DONE)).code == "journal.rejected"


def test_without_statements_nothing_is_said_of_the_bank():
    found = proof(without(CLEAN_TOLD, "statement.received"), CLEAN_DONE)
    assert found.agrees
    assert {each.name for each in found.checks if each.note} == {"refunds by bank", "payouts arrived"}


def test_a_hundred_thousand_facts_are_compared_by_keys():
    facts = [
        fact for number in range(50_000) for fact in (
            Fact("refund", "ledger", f"r{number}", Decimal(1), "EUR", DAY, names=(f"c{number}",)), Fact("refund", "gateway", f"r{number}", Decimal(1), "EUR", DAY))
    ]  # fmt: skip
    assert prove(facts, LATER).agrees
