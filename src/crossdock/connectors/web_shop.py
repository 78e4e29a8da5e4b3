"""What every connector to a web shop does in the same way: which command does what, lost answers, orders by poll; knows no shop's API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import ConnectorContext, PollResult
from crossdock.connectors.settling import Settling
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, DocumentUnknown, TargetRefused
from crossdock.core.outcomes import Effect, EffectFound, Outcome

CHANNEL = "orders"
FindEffect = Callable[[Command], Awaitable[Mapping[str, Any] | None]]
"""Looks for a command's effect in the shop: its acknowledgement, or None when the shop does not show it."""


class WebShopConnector(BaseConnector, ABC):
    """One shop: takes `shop.fulfil`, `shop.milestone`, `shop.stock` and `order.cancel`, and is polled for orders.

    Options need `settle_seconds`: how long after a lost answer the absence of its effect proves nothing.
    """

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.deliveries = {
            "shop.fulfil": self._fulfil,
            "shop.milestone": self._milestone,
            "shop.stock": self._set_one,
            "order.cancel": self._cancel,
        }
        self._effects: Mapping[str, FindEffect] = {
            "shop.fulfil": self._find_fulfilment,
            "shop.milestone": self._find_milestone,
            "order.cancel": self._find_cancellation,
        }
        self._settling = Settling(context.clock, context.options.settle_seconds)

    # What a shop brings ----------------------------------------------------------------------------------------

    @abstractmethod
    async def _fulfil(self, command: Command) -> Outcome:
        """Show a shipment in its order."""

    @abstractmethod
    async def _milestone(self, command: Command) -> Outcome:
        """Show how far a shipment has come."""

    @abstractmethod
    async def _cancel(self, command: Command) -> Outcome:
        """Cancel an order."""

    @abstractmethod
    async def _set_stock(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Set the stock of several commands together; one outcome each, none raised."""

    @abstractmethod
    async def _find_fulfilment(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement of `_fulfil`, if the shop shows the shipment."""

    @abstractmethod
    async def _find_milestone(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement of `_milestone`, if the shop shows it."""

    @abstractmethod
    async def _find_cancellation(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement of `_cancel`, if the order is cancelled."""

    @abstractmethod
    async def _ids_of(self, number: str) -> Sequence[str]:
        """The shop's ids of the orders with exactly this number."""

    @abstractmethod
    async def _changed_orders(self, cursor: Mapping[str, Any]) -> PollResult:
        """The orders changed since the cursor."""

    # What is the same in all -----------------------------------------------------------------------------------

    def webhook_secrets(self) -> list[str]:
        """The secrets webhooks may be signed with: two while one is being changed. Raises `SecretMissing`."""
        secrets = [self.context.secret("webhook_secret")]
        if "webhook_secret_previous" in self.context.credentials:
            secrets.append(self.context.secret("webhook_secret_previous"))
        return secrets

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset({CHANNEL})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Channel `orders`: the orders changed since the last poll, webhook or not."""
        if channel != CHANNEL:
            raise DocumentUnknown(f"{self.title} has no channel {channel!r} to poll", channel=channel)
        return await self._changed_orders(cursor)

    async def deliver(self, command: Command) -> Outcome:
        """Carry out a command. Raises the outcomes; a lost answer is remembered so that `find_effect` is not asked too early."""
        try:
            return await super().deliver(command)
        except AnswerLost:
            self._settling.lost(command.id)
            raise

    async def _set_one(self, command: Command) -> Outcome:
        return (await self._set_stock([command]))[0]

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Stock commands travel together; anything else one by one."""
        if all(command.name == "shop.stock" for command in commands):
            return await self._set_stock(commands)
        return await super().deliver_many(commands)

    def batch_key(self, command: Command) -> str:
        """Stock commands may share a call."""
        return "stock" if command.name == "shop.stock" else ""

    async def find_effect(self, command: Command) -> Effect:
        """Found when the shop shows it. Its absence proves nothing while a lost request may be under way; what may be repeated needs no proof."""
        find = self._effects.get(command.name)
        ack = None if find is None else await find(command)
        if ack is not None:
            return EffectFound(ack)
        if find is None or command.name in self.capabilities.repeatable:
            return await super().find_effect(command)
        return self._settling.absent(command.id)

    async def _order_id(self, command: Command) -> str:
        """The shop's id of the command's order: the one it names, else the only order of its number. Raises `TargetRefused`."""
        references = command.data.get("refs", {})
        known = references.get(f"{self.context.system}:order_id")
        if known:
            return str(known)
        number = str(command.data.get("order_number") or references.get(f"{self.context.system}:order") or "")
        found = await self._ids_of(number) if number else ()
        if len(found) != 1:
            raise TargetRefused(f"the shop does not know order {number!r}", order_number=number)
        return found[0]
