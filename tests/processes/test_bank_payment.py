"""Money on a statement that pays an invoice is registered once in the ERP, with its justification; other payments are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.payment import Payment
from crossdock.canonical.values import Money
from crossdock.core.commands import COMMANDS
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, FlowContext, Happened, Settled
from crossdock.processes.bank_payment import BankPayment
from crossdock.processes.frame.money import demand

AT = datetime(2026, 3, 2, tzinfo=UTC)
FLOW = FlowContext("receipts", {"erp": "odoo", "bank": "house-bank"}, {}, owner="finance")
REFERENCES = (Reference("odoo:invoice_id", "7"), Reference("invoice", "INV/2026/7"))
PAID = Payment(
    reference="NL91/S1/B1",
    provider="house-bank",
    method="bank_transfer",
    order_number="1001",
    amount=Money(amount=Decimal("49.90"), currency="EUR"),
    at=AT,
)
EVENT = Event("NL91/S1/B1/odoo/7", "payment.captured", "house-bank", "order/shop/1001", PAID, AT, REFERENCES)
PROCESS = BankPayment()


def decide(event: Event):
    """What the workflow decides of one event."""
    return PROCESS.decide(PROCESS.initial("order/shop/1001"), Happened(event, AT), FLOW)


def test_it_is_registered_once_with_its_reason_and_who_allowed_it():
    decision = decide(EVENT)
    (command,) = decision.commands
    assert (command.name, command.system) == ("payment.register", "odoo")
    assert command.name in COMMANDS
    assert command.data == {
        "invoice_id": "7", "invoice_number": "INV/2026/7", "order_number": "1001", "direction": "in", "amount": {"amount": "49.90", "currency": "EUR"},
        "paid_on": "2026-03-02", "reference": "NL91/S1/B1", "method": "bank_transfer", "justified_by": "NL91/S1/B1/odoo/7",
        "approved_by": "policy:receipts/matching",
    }  # fmt: skip
    demand(command.name, command.data)
    assert decide(EVENT).commands == decision.commands
    assert PROCESS.load(PROCESS.dump(decision.state)) == decision.state


def test_a_gateway_s_payment_and_one_without_invoice_are_left_alone():
    assert not decide(replace(EVENT, source="stripe")).commands
    assert not decide(replace(EVENT, references=(Reference("invoice", "INV/2026/7"),))).commands
    assert not decide(replace(EVENT, references=(Reference("other:invoice_id", "7"),))).commands


def test_one_that_cannot_be_registered_waits_for_a_person():
    decision = decide(EVENT)
    (command,) = decision.commands
    failed = PROCESS.decide(
        decision.state,
        Settled(command.name, command.id, command.system, TargetRefused("the period is closed"), command.data, AT),
        FLOW,
    )
    assert failed.parked[0].owner == "finance"
    assert not PROCESS.finished(failed.state)
    skipped = PROCESS.decide(failed.state, Decided(command.id, "skip", AT, "ann", "booked by hand"), FLOW)
    assert PROCESS.finished(skipped.state)
    done = PROCESS.decide(failed.state, Settled(command.name, command.id, command.system, Accepted({}), command.data, AT), FLOW)
    assert PROCESS.finished(done.state)
