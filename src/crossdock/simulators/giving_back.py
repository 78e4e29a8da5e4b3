"""The giving-back side of the demo world: customers who paid at the gateway and return something, and an oracle of the money that went back.

The oracle reads only what the shops, the gateway and the returns portal recorded; it knows nothing of the hub's ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.simulators.returns_portal import ReturnsPortal
from crossdock.simulators.shopify import Shopify
from crossdock.simulators.stripe import Stripe
from crossdock.simulators.woocommerce import WooCommerce

SHARE: Final = 0.15
"""Share of the delivered orders of which one line comes back."""
REASONS: Final = ("changed_mind", "does_not_fit", "damaged", "not_as_described")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of one return: what the customer is owed and what the gateway gave back, both to the cent."""

    order: str
    request: str
    owed: Decimal
    refunded: Decimal

    @property
    def done(self) -> bool:
        """Whether the customer has the money back."""
        return self.refunded >= self.owed


class GivingBack:
    """The customers of both shops, after they got what they ordered."""

    def __init__(self, shopify: Shopify, woo: WooCommerce, stripe: Stripe, portal: ReturnsPortal, seed: int) -> None:
        self._shops = {"shopify-eu": shopify, "woo-outlet": woo}
        self._stripe = stripe
        self._portal = portal
        self._seed = seed
        self._asked: dict[str, tuple[str, Decimal]] = {}

    def pay(self, order: str, total: Any) -> None:
        """The customer of `order` (`<system>/<number>`) pays at the gateway, at once."""
        shop, _, number = order.partition("/")
        self._stripe.take_payment(number, int(Decimal(str(total)) / _CENT), "eur", shop=shop)

    def returns(self, order: str) -> bool:
        """Whether the customer of this order gives something back; the same under the same seed."""
        digest = hashlib.blake2b(f"{self._seed}|{order}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 2**32 < SHARE

    def ask(self, delivered: Iterable[str]) -> list[str]:
        """Customers who got their goods ask to give a line of them back, each once; gives the orders that were asked for now."""
        now = [order for order in sorted(delivered) if order not in self._asked and self.returns(order)]
        for order in now:
            shop, _, number = order.partition("/")
            lines = self._lines(shop, number)
            line = lines[int(number) % len(lines)]
            reason = REASONS[int(number) % len(REASONS)]
            request = self._portal.ask(shop, number, [(str(line["id"]), str(line["sku"]), int(line["quantity"]))], reason)
            self._asked[order] = (request, self._paid(shop, number, line))
        return now

    # --- oracle -----------------------------------------------------------------------------------------

    def all(self) -> list[GivenBack]:
        """What became of every return."""
        back = self._back()
        return [
            GivenBack(order, request, owed, back.get(order.partition("/")[2], Decimal(0)))
            for order, (request, owed) in self._asked.items()
        ]

    def open(self, delivered: Iterable[str]) -> list[str]:
        """Orders whose customer wants, or will want, to give something back and has no money yet."""
        waiting = {one.order for one in self.all() if not one.done}
        return sorted(waiting | {order for order in delivered if order not in self._asked and self.returns(order)})

    def doubled(self) -> list[str]:
        """Refunds that were made twice, more back than is owed, and more back than was taken."""
        found = [f"stripe repeated refund {own}" for one in self._stripe.oracle().values() for own in one["doubled"]]
        found += [f"{one.order}: {one.refunded} back, {one.owed} owed" for one in self.all() if one.refunded > one.owed]
        found += [
            f"{one['order_number']}: {one['refunded']} back, {one['captured']} taken"
            for one in self._stripe.oracle().values()
            if one["refunded"] > one["captured"]
        ]
        asked = {order.partition("/")[2] for order in self._asked}
        return found + [
            f"{number}: {back} back, nothing asked for" for number, back in self._back().items() if back and number not in asked
        ]

    def differences(self) -> dict[str, Decimal]:
        """By order: how much more or less went back than is owed, when it is not the same."""
        return {one.order: one.refunded - one.owed for one in self.all() if one.refunded != one.owed}

    def pieces(self) -> dict[str, int]:
        """Pieces that come back, by SKU."""
        found: dict[str, int] = {}
        for told in self._portal.requests_made:
            for item in told["items"]:
                found[item["sku"]] = found.get(item["sku"], 0) + int(item["pieces"])
        return found

    def _back(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for one in self._stripe.oracle().values():
            number = str(one["order_number"])
            found[number] = found.get(number, Decimal(0)) + one["refunded"] * _CENT
        return found

    def _lines(self, shop: str, number: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._shops[shop].store.find(number)["line_items"]
        return found

    def _paid(self, shop: str, number: str, line: Mapping[str, Any]) -> Decimal:
        """What the customer paid for a line, by the shop's own figures."""
        if shop == "woo-outlet":
            return Decimal(line["total"]) + Decimal(line["total_tax"])
        order = self._shops[shop].store.find(number)
        less = sum((Decimal(one["amount"]) for one in line["discount_allocations"]), Decimal(0))
        goods = Decimal(line["price"]) * int(line["quantity"]) - less
        tax = sum((Decimal(one["price"]) for one in line["tax_lines"]), Decimal(0))
        return goods if order["taxes_included"] else goods + tax
