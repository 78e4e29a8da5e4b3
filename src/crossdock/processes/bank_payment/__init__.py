"""Bank payment: money on a statement that pays an invoice is registered on it in the books, once; knows no statement and no matching.

What an entry pays was decided before (`finance.matching`, or a person): the event names the invoice.
"""

from __future__ import annotations

from typing import ClassVar

from crossdock.canonical.bank import BankStatement
from crossdock.canonical.payment import Payment
from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext, Happened
from crossdock.processes.bank_payment.settings import Settings, requires
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame.money import policy
from crossdock.processes.routing.passing import Passing
from crossdock.processes.routing.state import State

__all__ = ["BankPayment", "Settings"]


class BankPayment(Passing):
    """One instance per order. A payment that cannot be registered is parked under the command's name; people may retry it, or decide `skip`.

    It takes statements, too, one instance per account, and does nothing with them: by that a statement told twice is recognised, and another
    content under the identity of one goes to a person.
    """

    name = "bank_payment"
    version = "1"
    milestone = "routed"
    passed = "registered"
    triggers: ClassVar[frozenset[str]] = frozenset({"payment.captured", "statement.received"})
    accepts: ClassVar[frozenset[str]] = frozenset({"payment.captured", "statement.received"})
    Settings: ClassVar[type[Settings]] = Settings
    requires = staticmethod(requires)

    def passed_on(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
        event, data = fact.event, fact.event.data
        if isinstance(data, BankStatement):
            return Decision(
                State(state.key, state.events + 1, state.sent, fact.at.isoformat(), state.failed),
                notes=(f"statement {data.identity}",),
            )
        bank, book = (str(context.settings.get(name) or Settings.model_fields[name].default) for name in ("bank", "book"))
        target = context.roles.get(book, book)
        names = {one.scheme: one.value for one in event.references}
        invoice = names.get(f"{target}:invoice_id", "")
        if not isinstance(data, Payment) or event.source != context.roles.get(bank, bank) or not invoice:
            return Decision(state)
        document = {
            "invoice_id": invoice,
            "invoice_number": names.get("invoice", ""),
            "order_number": data.order_number,
            "direction": "in",
            "amount": data.amount.model_dump(mode="json"),
            "paid_on": data.at.date().isoformat(),
            "reference": data.reference,
            "method": data.method,
            "justified_by": event.id,
            "approved_by": policy(context.flow, "matching"),
        }
        command = Command(
            command_id(state.key, "payment.register", event.id), "payment.register", target, state.key, document, context.flow
        )
        after = State(state.key, state.events + 1, state.sent + 1, fact.at.isoformat(), state.failed)
        return Decision(after, (command,), references=event.references)
