"""The buying side of the demo world: a buyer in the simulated Odoo, a supplier reached by EDI, and an oracle for what became of the orders.

The oracle reads only what Odoo, the supplier and the warehouse recorded; it knows nothing of the hub's ledger.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from crossdock.simulators.edi_partner import EdiPartner
from crossdock.simulators.odoo import Odoo
from crossdock.simulators.shoppers import Article
from crossdock.simulators.wms import Wms

VENDOR: Final = "ACME"
PORTAL_VENDOR: Final = "BOLT"
"""The reference of the supplier's contact in Odoo; the landscape knows the supplier by it."""
MARGIN: Final = Decimal("0.6")
"""The distributor buys for so much of what it sells for."""
STAGES: Final = ("ordered", "sent", "announced", "received", "validated", "billed")
"""What must happen to one purchase order over all systems, in this order."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What the oracle found out about one purchase order. `wanted` and `taken`: pieces the warehouse received, and Odoo booked."""

    name: str
    wanted: Decimal
    received: Decimal
    taken: Decimal
    bills: int
    cancelled: bool

    @property
    def done(self) -> bool:
        """Whether it was received as ordered, booked as received, and billed."""
        return self.cancelled or (self.received >= self.wanted and self.taken == self.received and self.bills > 0)


class Buying:
    """The distributor's buyer and what came of the orders."""

    def __init__(self, odoo: Odoo, wms: Wms, supplier: EdiPartner, articles: Sequence[Article], seed: int) -> None:
        self._odoo = odoo
        self._wms = wms
        self._supplier = supplier
        self._articles = articles
        self._random = random.Random(seed)
        self._vendor = 0
        self._portal_vendor = 0
        self._euro = 0

    def prepare(self) -> None:
        """What a person sets up in Odoo: the supplier, the euro in use, no tax on what comes from abroad."""
        env = self._odoo.environment()
        registry = self._odoo.registry
        [self._euro] = registry["res.currency"].find(env.with_context(active_test=False), [["name", "=", "EUR"]])
        registry["res.currency"].update(env, [env.row("res.currency", self._euro)], {"active": True})
        [country] = registry["res.country"].find(env, [["code", "=", "US"]])
        contact = {"name": "ACME Fasteners Inc.", "ref": VENDOR, "is_company": True, "country_id": country, "city": "Chicago"}
        self._vendor = registry["res.partner"].insert(env, [contact])[0]
        portal = {"name": "Bolt & Nut Ltd.", "ref": PORTAL_VENDOR, "is_company": True, "country_id": country, "city": "Boston"}
        self._portal_vendor = registry["res.partner"].insert(env, [portal])[0]
        [house] = registry["res.partner"].find(env, [["id", "=", 1]])
        address = {"street": "Hafenstr. 1", "city": "Hamburg", "zip": "20457", "country_id": 57}
        registry["res.partner"].update(env, [env.row("res.partner", house)], address)
        templates = registry["product.template"]
        templates.update(env, list(templates.rows(env).values()), {"supplier_taxes_id": [[6, 0, []]]})
        self._odoo.commit(env)

    def order_by_portal(self) -> str:
        """A buyer orders of the supplier without EDI, whom somebody must answer for on the portal. The oracle leaves these orders to people."""
        return self.order(*((article.sku, 50) for article in self._articles[:2]), vendor=self._portal_vendor)

    def order(self, *wanted: tuple[str, int], vendor: int = 0) -> str:
        """A buyer orders (SKU, pieces), or something by chance, and confirms it; returns the order's number."""
        chosen = wanted or [
            (article.sku, self._random.randint(2, 200))
            for article in self._random.sample(self._articles, self._random.randint(1, 4))
        ]
        env = self._odoo.environment()
        registry = self._odoo.registry
        lines = []
        for sku, pieces in chosen:
            [product] = registry["product.product"].find(env, [["default_code", "=", sku]])
            lines.append([0, 0, {"product_id": product, "product_qty": pieces, "price_unit": self._cost(sku)}])
        orders = registry["purchase.order"]
        vals = {"partner_id": vendor or self._vendor, "currency_id": self._euro, "order_line": lines}
        [made] = orders.insert(env, [vals])
        orders.button_confirm(env, [made])  # type: ignore[attr-defined]
        self._odoo.commit(env)
        return str(orders.rows(env)[made]["name"])

    def _cost(self, sku: str) -> float:
        price = next(article.price for article in self._articles if article.sku == sku)
        return float((Decimal(price) * MARGIN).quantize(Decimal("0.01")))

    # --- oracle -----------------------------------------------------------------------------------------

    def ordered(self) -> list[str]:
        """The number of every purchase order that was confirmed."""
        return [effect.key for effect in self._odoo.effects_of("purchase_confirmed")]

    def all(self) -> list[Bought]:
        """What became of every purchase order."""
        tables = self._odoo.store.tables
        received, bills = self._received(), self._bills()
        found = []
        for row in tables["purchase.order"].rows.values():
            if row["state"] not in ("purchase", "cancel") or not row["date_approve"] or row["partner_id"] != self._vendor:
                continue
            lines = [line for line in tables["purchase.order.line"].rows.values() if line["order_id"] == row["id"]]
            found.append(
                Bought(
                    row["name"],
                    sum((_exact(line["product_qty"]) for line in lines), Decimal(0)),
                    received.get(row["name"], Decimal(0)),
                    sum((_exact(line["qty_received"]) for line in lines), Decimal(0)),
                    bills.get(row["name"], 0),
                    row["state"] == "cancel",
                )
            )
        return found

    def open(self) -> list[str]:
        """Orders that are neither received, booked and billed nor taken back."""
        return sorted(one.name for one in self.all() if not one.done)

    def doubles(self) -> list[str]:
        """What happened more than once: an order the supplier has twice, goods booked twice, a paper billed twice."""
        found = [
            f"supplier has order {number} {count} times"
            for number, count in Counter(effect.key for effect in self._supplier.effects_of("got_850")).items()
            if count > 1
        ]
        found += [
            f"warehouse expects {number} {count} times"
            for number, count in Counter(effect.key for effect in self._wms.effects_of("receipt_expected")).items()
            if count > 1
        ]
        papers = Counter(effect.key for effect in self._odoo.effects_of("bill_created"))
        found += [f"odoo billed {paper} {count} times" for paper, count in papers.items() if count > 1]
        found += [
            f"odoo took in {one.taken} of {one.received} received for {one.name}"
            for one in self.all()
            if one.taken > one.received
        ]
        return found

    def out_of_order(self) -> list[str]:
        """Orders with a first effect before what it follows from."""
        first: dict[str, dict[str, float]] = {}

        def note(order: str, stage: str, at: float) -> None:
            times = first.setdefault(order, {})
            times[stage] = min(at, times.get(stage, at))

        for effect in self._odoo.effects_of("purchase_confirmed"):
            note(effect.key, "ordered", effect.at)
        for effect in self._supplier.effects_of("got_850"):
            note(effect.key, "sent", effect.at)
        for effect in self._wms.effects_of("receipt_expected"):
            note(str(effect.data["order_number"]), "announced", effect.at)
        for effect in self._wms.effects_of("received"):
            note(str(effect.data["order_number"]), "received", effect.at)
        for effect in self._odoo.effects_of("picking_validated"):
            if effect.data.get("type") == "incoming":
                note(effect.key, "validated", effect.at)
        orders = self._orders_of_bills()
        for effect in self._odoo.effects_of("bill_created"):
            note(orders.get(effect.data["id"], ""), "billed", effect.at)
        found = []
        for order, times in first.items():
            known = [(stage, times[stage]) for stage in STAGES if stage in times]
            found += [
                f"purchase {order}: {after} before {before}" for (before, at), (after, then) in pairwise(known) if then < at
            ]
        return found

    def touched(self) -> set[str]:
        """SKUs of orders under way: Odoo may not know yet what the warehouse has."""
        open_ = set(self.open())
        tables = self._odoo.store.tables
        products = tables["product.product"].rows
        orders = {id_ for id_, row in tables["purchase.order"].rows.items() if row["name"] in open_}
        return {
            str(products[line["product_id"]]["default_code"])
            for line in tables["purchase.order.line"].rows.values()
            if line["order_id"] in orders and line["product_id"]
        }

    def _received(self) -> Mapping[str, Decimal]:
        """Good pieces the warehouse received, by order."""
        found: Counter[str] = Counter()
        for effect in self._wms.effects_of("received"):
            for line in effect.data["lines"]:
                if line["condition"] == "good":
                    found[str(effect.data["order_number"])] += Decimal(line["quantity"])  # type: ignore[assignment]
        return found  # type: ignore[return-value]

    def _orders_of_bills(self) -> dict[int, str]:
        return {id_: str(row["invoice_origin"] or "") for id_, row in self._odoo.store.tables["account.move"].rows.items()}

    def _bills(self) -> Mapping[str, int]:
        rows = self._odoo.store.tables["account.move"].rows.values()
        return Counter(str(row["invoice_origin"]) for row in rows if row["move_type"] == "in_invoice")


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))
