"""payment.register: what the gateway or the bank moved, written on the customer's paper it settles, once.

Odoo's own dialogue makes another payment at every press. So the payment is loaded under the hub's external id, posted, and matched with the
paper; each of the three steps can be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.values import Money
from crossdock.connectors.odoo.books import refuse_closed
from crossdock.connectors.odoo.buttons import Pressed, pressed
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.subject import paper_id
from crossdock.connectors.odoo.values import canonical, label, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import RegisteredAboveResidual, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted

_PAPER: Final = ("name", "state", "move_type", "partner_id", "currency_id", "amount_residual", "payment_state")
_PAYMENT: Final = ("name", "state", "move_id", "amount", "date")
_COLUMNS: Final = (
    "id",
    "payment_type",
    "partner_type",
    "partner_id/.id",
    "amount",
    "currency_id/.id",
    "journal_id/.id",
    "memo",
    "date",
    "invoice_ids/.id",
)
_DIRECTIONS: Final = ("in", "out")


@dataclass(frozen=True, slots=True)
class Wish:
    """A payment as a command asks for it."""

    paper: int
    reference: str
    amount: Money
    inbound: bool
    on: date
    method: str


class Payments:
    """Registers payments."""

    def __init__(self, client: OdooClient, loader: Loader, system: str) -> None:
        self._client = client
        self._loader = loader
        self._system = system

    async def register(self, command: Command) -> Accepted:
        """Carry out `payment.register`. Raises outcome errors."""
        wish = _wish(command)
        paper = await self._client.read_one("account.move", wish.paper, _PAPER)
        there = await self._made(wish)
        if there is None:
            try:
                await self._refuse(wish, paper)
            except RegisteredAboveResidual:
                # an earlier attempt of ours may still have been at work in Odoo and finished meanwhile: what it did decides
                there = await self._made(wish)
                if there is None:
                    raise
            else:
                there = await self._load(wish, paper)
        if exact((await self._client.read_one("account.payment", there, ["amount"]))["amount"]) != wish.amount.amount:
            raise TargetRefused(f"{wish.reference} is registered in Odoo with another amount", payment_id=str(there))
        if await self._open_item(there) == []:
            return Accepted(await self._ack(wish, there), repeated=True)
        await self._client.call("account.payment", "action_post", ids=[there])
        await self._match(wish, there)
        return Accepted(await self._ack(wish, there))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the payment is registered and matched, None when it is not."""
        wish = _wish(command)
        there = await self._made(wish)
        if there is None or await self._open_item(there) != []:
            return None
        return await self._ack(wish, there)

    # What there is -------------------------------------------------------------------------------------------

    async def _name(self, wish: Wish) -> str:
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        return ids.name("payment", str(wish.paper), wish.reference)

    async def _made(self, wish: Wish) -> int | None:
        return await self._client.find(await self._name(wish), "account.payment", [["memo", "=", wish.reference]])

    async def _open_item(self, payment: int) -> list[int] | None:
        """The items of a payment that wait for their paper; None before it is posted."""
        row = await self._client.read_one("account.payment", payment, _PAYMENT)
        entry = related(row["move_id"])
        if entry is None or row["state"] == "draft":
            return None
        domain = [
            ["move_id", "=", entry],
            ["account_id.account_type", "in", ["asset_receivable", "liability_payable"]],
            ["reconciled", "=", False],
        ]
        rows = await self._client.search_read("account.move.line", domain, ["reconciled"])
        return [int(item["id"]) for item in rows]

    async def _refuse(self, wish: Wish, paper: Row) -> None:
        """Raise for what must not be written, before anything is."""
        if paper["state"] != "posted" or paper["move_type"] not in ("out_invoice", "out_refund"):
            raise TargetRefused(
                f"{wish.paper} is no posted paper of a customer in Odoo", state=paper["state"], kind=paper["move_type"]
            )
        if wish.inbound != (paper["move_type"] == "out_invoice"):
            raise TargetRefused(f"{text(paper['name'])} is not settled by money in this direction", kind=paper["move_type"])
        currency = label(paper["currency_id"])
        if currency != wish.amount.currency:
            raise TargetRefused(
                f"{text(paper['name'])} is in {currency}, {wish.reference} in {wish.amount.currency}",
                expected=currency,
                found=wish.amount.currency,
            )
        left = exact(paper["amount_residual"])
        if wish.amount.amount > left:
            raise RegisteredAboveResidual(
                f"{number(wish.amount.amount)} to register, {text(paper['name'])} has {number(left)} open",
                amount=number(wish.amount.amount),
                residual=number(left),
            )
        await refuse_closed(self._client, wish.on, wish.reference)

    async def _journal(self, method: str) -> int:
        chosen = self._client.options.payment_journals
        found = chosen.get(method) or chosen.get("")
        if found:
            return found
        rows = await self._client.search_read("account.journal", [["type", "=", "bank"]], ["name"])
        if len(rows) != 1:
            raise TargetRefused(
                f"Odoo has {len(rows) or 'no'} bank journals; name the one for {method or 'payments'} in the option `payment_journals`",
                method=method,
                journals=[row["id"] for row in rows],
            )
        return int(rows[0]["id"])

    # What is written -----------------------------------------------------------------------------------------

    async def _load(self, wish: Wish, paper: Row) -> int:
        row = [
            await self._name(wish),
            "inbound" if wish.inbound else "outbound",
            "customer",
            str(related(paper["partner_id"])),
            number(wish.amount.amount),
            str(related(paper["currency_id"])),
            str(await self._journal(wish.method)),
            wish.reference,
            wish.on.isoformat(),
            str(wish.paper),
        ]
        (id_,) = await self._loader.load("account.payment", _COLUMNS, [row])
        return id_

    async def _match(self, wish: Wish, payment: int) -> None:
        """Match the payment's open item with the paper, and believe only what is read afterwards."""
        button = Pressed()
        for item in await self._open_item(payment) or ():
            button = await pressed(self._client, "account.move", "js_assign_outstanding_line", [wish.paper], line_id=item)
        if await self._open_item(payment) != []:
            raise button.failure(f"Odoo did not match {wish.reference} with its paper", payment_id=str(payment))

    async def _ack(self, wish: Wish, payment: int) -> dict[str, Any]:
        paper = await self._client.read_one("account.move", wish.paper, _PAPER)
        row = await self._client.read_one("account.payment", payment, _PAYMENT)
        return {
            "payment_id": str(payment),
            "payment_number": text(row["name"]),
            "residual": number(exact(paper["amount_residual"])),
            "payment_state": paper["payment_state"],
            "references": [[f"{self._system}:payment_id", str(payment)]],
        }


def _wish(command: Command) -> Wish:
    data = command.data
    wrong = []
    try:
        on = date.fromisoformat(str(data.get("paid_on"))[:10])
    except ValueError:
        on, wrong = date.min, [{"field": "paid_on", "problem": "no date (YYYY-MM-DD)"}]
    if not data.get("reference"):
        wrong.append({"field": "reference", "problem": "without it the payment cannot be known again"})
    if data.get("direction") not in _DIRECTIONS:
        wrong.append({"field": "direction", "problem": "neither in nor out"})
    amount = canonical(Money, data.get("amount"))
    if amount.amount <= Decimal(0):
        wrong.append({"field": "amount", "problem": "not above zero"})
    if wrong:
        raise SchemaInvalid("the payment cannot be registered", fields=wrong)
    return Wish(paper_id(command), str(data["reference"]), amount, data["direction"] == "in", on, str(data.get("method") or ""))
