"""What every connector to a payment gateway does in the same way: what a money command asks, lost answers, one movement a time per payment.

It knows no gateway's API.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.canonical.values import Money
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.document import Problems, parse
from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.settling import Settling
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost
from crossdock.core.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Movement:
    """What `payment.capture`, `payment.cancel` and `payment.refund` ask. Without an `amount` it is all there is."""

    payment: str
    amount: Money | None
    order_number: str
    return_number: str
    reason: str


def movement(command: Command) -> Movement:
    """Read a command's data. Raises `SchemaInvalid`: no payment, an amount that is none or not above zero, a refund without an amount."""
    data, problems = command.data, Problems()
    payment = str(data.get("payment_reference") or "").strip()
    if not payment or not payment.isascii() or not payment.isprintable() or set(payment) & set("/?#% "):
        problems.add("payment_reference", "must be the gateway's id of the payment")
    given = data.get("amount")
    amount = parse(Money, given, "amount") if given is not None else None
    if amount is None and command.name == "payment.refund":
        problems.add("amount", "is missing: a refund says how much")
    if amount is not None and amount.amount <= 0:
        problems.add("amount", "must be above zero")
    problems.raise_if_any(command.name)
    words = {name: str(data.get(name) or "") for name in ("order_number", "return_number", "reason")}
    return Movement(payment, amount, words["order_number"], words["return_number"], words["reason"])


class GatewayConnector(BaseConnector, ABC):
    """One account at a payment gateway: takes `payment.capture`, `payment.cancel` and `payment.refund`.

    Options need `settle_seconds`: how long after a lost answer the absence of its effect proves nothing.
    """

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.deliveries = {
            "payment.capture": self._capture,
            "payment.cancel": self._cancel,
            "payment.refund": self._refund,
        }
        self.settling = Settling(context.clock, context.options.settle_seconds)

    @abstractmethod
    async def _capture(self, command: Command) -> Outcome:
        """Take an authorised amount."""

    @abstractmethod
    async def _cancel(self, command: Command) -> Outcome:
        """Give up an authorisation."""

    @abstractmethod
    async def _refund(self, command: Command) -> Outcome:
        """Give captured money back."""

    def secrets_of(self, purpose: str) -> list[str]:
        """The secrets valid for a purpose: two while one is being changed. Raises `SecretMissing`."""
        found = [self.context.secret(purpose)]
        if f"{purpose}_previous" in self.context.credentials:
            found.append(self.context.secret(f"{purpose}_previous"))
        return found

    async def deliver(self, command: Command) -> Outcome:
        """Carry out a command. Raises the outcomes; a lost answer is remembered so that `find_effect` is not asked too early."""
        try:
            return await super().deliver(command)
        except AnswerLost:
            self.settling.lost(command.id)
            raise

    def serial(self, command: Command) -> Sequence[str]:
        """Two commands about one payment are never in flight together."""
        return (f"payment:{command.data.get('payment_reference')}",)


def money_json(money: Money) -> dict[str, Any]:
    """An amount as acknowledgements carry it."""
    return money.model_dump(mode="json")
