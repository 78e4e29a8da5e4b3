"""order.confirm and order.cancel: transitions are judged by reading the order again, never by the answer to the button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.chatter import Chatter
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.coalesce import Coalescer
from crossdock.connectors.odoo.subject import order_id
from crossdock.connectors.odoo.values import text
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, TargetRefused
from crossdock.core.outcomes import Accepted, Outcome

_ORDER = ("name", "state")
_TRANSFER = ("name", "state", "picking_type_code", "sale_id")
_LARGEST = 50
"""Orders confirmed in one call: about five seconds of Odoo's time, and a transaction no longer than that."""
CONFIRMED = ("sale", "done")
"""States of a confirmed order; `done` is a locked one before Odoo 17."""


class OrderTransitions:
    """Confirms and cancels sales orders."""

    def __init__(self, client: OdooClient, chatter: Chatter, system: str) -> None:
        self._client = client
        self._chatter = chatter
        self._system = system
        # Parallel confirmations that reserve the same product take longer than one after the other, and many travel in one call.
        self._together = Coalescer(self._confirm, _LARGEST, client.options.parallel_confirmations)

    async def confirm(self, command: Command) -> Accepted:
        """Confirm one order. Raises outcome errors."""
        (outcome,) = await self.confirm_many([command])
        if not isinstance(outcome, Accepted):
            raise outcome
        return outcome

    async def confirm_many(self, commands: Sequence[Command]) -> list[Outcome]:
        """Confirm orders in few calls, together with those that wait; one outcome per command, in order."""
        return await self._together.run(commands)

    async def _confirm(self, commands: Sequence[Command]) -> list[Outcome]:
        """Confirm orders in one call; when Odoo refuses it, one by one, so that each gets its own verdict."""
        outcomes: dict[int, Outcome] = {}
        wanted: dict[int, int] = {}
        for at, command in enumerate(commands):
            try:
                wanted[at] = order_id(command)
            except TargetRefused as error:
                outcomes[at] = error
        before = await self._client.read("sale.order", list(set(wanted.values())), _ORDER)
        drafts: list[int] = []
        for at, id_ in wanted.items():
            refusal = self._unfit(id_, before.get(id_))
            if refusal is not None:
                outcomes[at] = refusal
            elif before[id_]["state"] not in CONFIRMED:
                drafts.append(id_)
        trouble = await self._press(sorted(set(drafts)))
        done = [id_ for id_ in set(wanted.values()) if id_ in before]
        after = await self._client.read("sale.order", done, _ORDER)
        transfers = await self._transfers([id_ for id_ in done if id_ in after and after[id_]["state"] in CONFIRMED])
        for at, id_ in wanted.items():
            if at not in outcomes:
                repeated = before[id_]["state"] in CONFIRMED
                outcomes[at] = self._verdict(id_, after.get(id_), transfers.get(id_, []), trouble.get(id_), repeated)
        return [outcomes[at] for at in range(len(commands))]

    async def _press(self, drafts: Sequence[int]) -> dict[int, CrossdockError]:
        """Press the button for all, or one by one when all together are refused; returns what was said per order."""
        if not drafts:
            return {}
        try:
            await self._client.call("sale.order", "action_confirm", ids=drafts)
        except CrossdockError as error:
            if len(drafts) == 1 or error.family != "rejected":
                return dict.fromkeys(drafts, error)
        else:
            return {}
        trouble: dict[int, CrossdockError] = {}
        for id_ in drafts:
            trouble.update(await self._press([id_]))
        return trouble

    def _unfit(self, id_: int, row: Row | None) -> TargetRefused | None:
        if row is None:
            return TargetRefused(f"order {id_} does not exist in Odoo (any more)", erp_id=str(id_), missing=True)
        if row["state"] == "cancel":
            return TargetRefused(f"{row['name']} is cancelled in Odoo", erp_id=str(id_), state="cancel")
        return None

    def _verdict(
        self, id_: int, row: Row | None, transfers: Sequence[Row], trouble: CrossdockError | None, repeated: bool
    ) -> Outcome:
        if trouble is not None and trouble.family == "uncertain":
            return trouble  # type: ignore[return-value]
        unfit = self._unfit(id_, row)
        if unfit is not None:
            return unfit
        if row is not None and row["state"] in CONFIRMED:
            return Accepted(self._ack(transfers), repeated=repeated or trouble is not None)
        if trouble is not None:
            return trouble  # type: ignore[return-value]
        return TargetRefused(f"Odoo answered but did not confirm order {id_}; it may ask a person something", erp_id=str(id_))

    def _ack(self, transfers: Sequence[Row]) -> dict[str, Any]:
        references = [
            pair
            for row in transfers
            for pair in ([f"{self._system}:transfer", text(row["name"])], [f"{self._system}:transfer_id", str(row["id"])])
        ]
        return {
            "transfers": [{"id": str(row["id"]), "name": text(row["name"]), "state": row["state"]} for row in transfers],
            "references": references,
        }

    async def _transfers(self, orders: Sequence[int]) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        if orders:
            domain = [["sale_id", "in", list(orders)], ["picking_type_code", "=", "outgoing"]]
            for row in await self._client.search_read("stock.picking", domain, _TRANSFER):
                found.setdefault(row["sale_id"][0], []).append(row)
        return found

    async def find_confirmed(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the order is confirmed, None when it is not."""
        id_ = order_id(command)
        row = (await self._client.read("sale.order", [id_], _ORDER)).get(id_)
        if row is None or row["state"] not in CONFIRMED:
            return None
        return self._ack((await self._transfers([id_])).get(id_, []))

    # Cancelling ----------------------------------------------------------------------------------------------

    async def cancel(self, command: Command) -> Accepted:
        """Cancel an order unless goods have left: Odoo would cancel it all the same and keep the transfers done."""
        id_ = order_id(command)
        row = await self._client.read_one("sale.order", id_, _ORDER)
        if row["state"] == "cancel":
            return Accepted({"state": "cancel"}, repeated=True)
        await self._refuse_shipped(id_, row)
        reason = str(command.data.get("reason") or "")
        if reason:
            await self._chatter.note(
                "sale.order", id_, f"Cancellation requested: {reason}", "cancel", command.key or str(id_), command.id
            )
        quiet = {"disable_cancel_warning": True}
        button = await pressed(self._client, "sale.order", "action_cancel", [id_], context=quiet)
        after = await self._client.read_one("sale.order", id_, _ORDER)
        if after["state"] != "cancel":
            words = f"Odoo answered but did not cancel {row['name']}"
            raise button.failure(words, erp_id=str(id_), state=after["state"])
        await self._refuse_shipped(id_, row)  # somebody may have shipped it between the question and the button
        return Accepted({"state": "cancel"})

    async def _refuse_shipped(self, id_: int, row: Row) -> None:
        done = [t for t in (await self._transfers([id_])).get(id_, []) if t["state"] == "done"]
        if done:
            names = ", ".join(text(t["name"]) for t in done)
            raise TargetRefused(
                f"{row['name']} cannot be cancelled: {names} has left", erp_id=str(id_), transfers=[t["id"] for t in done]
            )

    async def find_cancelled(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the order is cancelled, None when it is not."""
        id_ = order_id(command)
        row = (await self._client.read("sale.order", [id_], _ORDER)).get(id_)
        return {"state": "cancel"} if row is not None and row["state"] == "cancel" else None
