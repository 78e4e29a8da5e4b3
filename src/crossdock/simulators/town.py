"""The whole outside world of the demo: two shops, Odoo, a warehouse, two carriers and a supplier, with an oracle that counts what happened there.

The oracle reads only what the simulated systems recorded; it knows nothing of the hub's ledger.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import aiohttp

from crossdock.simulators.billing import Billing
from crossdock.simulators.buying import Buying
from crossdock.simulators.carrier import DhlExpress, Ups
from crossdock.simulators.edi_partner import EdiPartner
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.giving_back import GivingBack
from crossdock.simulators.odoo import Odoo
from crossdock.simulators.returns_portal import ReturnsPortal
from crossdock.simulators.server import Effect, Simulator
from crossdock.simulators.shopify import Shopify
from crossdock.simulators.shoppers import Article
from crossdock.simulators.stripe import Stripe
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.woocommerce import WooCommerce

GOODS: Final = (
    ("Pallet jack", "289.00", 61_000, "8427.90", "DE"),
    ("Strapping tape 50 m", "7.95", 340, "3919.10", "PL"),
    ("Corner protector", "0.49", 20, "3926.90", "CZ"),
    ("Cargo net", "34.90", 900, "5608.90", "PT"),
    ("Stretch film", "12.40", 2_300, "3920.10", "DE"),
    ("Anti-slip mat", "4.20", 450, "4016.91", "NL"),
    ("Edge scanner", "149.00", 380, "8471.60", "TW"),
    ("Label roll 100x150", "9.80", 700, "4821.10", "DE"),
    ("Work gloves", "5.60", 110, "6116.10", "PK"),
    ("Safety knife", "11.20", 90, "8211.93", "DE"),
    ("Tie-down strap 5 t", "16.90", 1_400, "5609.00", "DE"),
    ("Moving blanket", "8.75", 1_100, "6307.90", "RO"),
)
"""Name, price without tax, grams, HS code and origin of what the distributor sells."""

MISCOUNTED: Final = {"HP-003": -12, "HP-009": 5}
"""What the warehouse really has more or less than Odoo believes; a comparison of the inventories finds it."""

MISHAPS: Final = (("damage", -2), ("loss", -1), ("found", 3))
"""What happens to goods in the warehouse beside being picked: reason and pieces."""

IN_PARTS: Final = 0.25
"""Share of the deliveries that are received in two parts where nobody says when."""

FREIGHT: Final = "FREIGHT"
"""The product in Odoo that carries what a customer pays for shipping."""

FAULTS: Final[dict[str, float]] = {
    "timeout_before": 0.004,
    "timeout_after": 0.004,
    "reset_before": 0.004,
    "reset_after": 0.004,
    "throttle": 0.005,
    "error_500": 0.003,
    "error_500_after": 0.002,
    "outage_503": 0.004,
    "malformed": 0.002,
    "late": 0.005,
    "duplicate": 0.05,
    "reorder": 0.05,
    "drop": 0.03,
}
"""Share of requests and webhooks that go wrong when the demo runs with faults."""

STAGES: Final = ("order_created", "order_confirmed", "fulfilment_released", "shipment_booked", "picking_validated", "fulfilment")
"""The order in which the effects of one order must happen over all systems."""


@dataclass(slots=True)
class Verdict:
    """What the oracle counted at the simulated systems."""

    orders: int = 0
    cancelled: int = 0
    delivered: int = 0
    undelivered: tuple[str, ...] = ()
    doubled: int = 0
    doubles: tuple[str, ...] = ()
    order_violations: int = 0
    violations: tuple[str, ...] = ()
    mishaps: int = 0
    stock_differences: tuple[str, ...] = ()
    purchases: int = 0
    bought: int = 0
    unbought: tuple[str, ...] = ()
    early_invoices: tuple[str, ...] = ()
    owed: Mapping[str, Decimal] = field(default_factory=dict)
    refunds_doubled: int = 0
    refunds_twice: tuple[str, ...] = ()
    returns: int = 0
    unreturned: tuple[str, ...] = ()
    refunds_apart: Mapping[str, Decimal] = field(default_factory=dict)
    requests: int = 0
    effects: dict[str, int] = field(default_factory=dict)


class Town:
    """All simulated systems with one catalogue. `step_seconds` is how fast parcels travel, `pick_seconds` how fast is picked and received;
    None waits until it is told. Shopify's orders are numbered from `first_order`.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        step_seconds: float | None = 0.6,
        pick_seconds: tuple[float, float] | None = (0.1, 0.6),
        first_order: int = 1001,
    ) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.articles = tuple(
            Article(f"HP-{number:03d}", name, Decimal(price), grams=grams, stock=50_000)
            for number, (name, price, grams, _hs, _origin) in enumerate(GOODS, 1)
        )
        self.keys = {
            name: secrets.token_hex(20)
            for name in ("odoo", "hook", "shopify", "woo", "wms", "ups", "dhl", "acme", "stripe", "portal")
        }
        self.odoo = Odoo(database="harbour-pine", keys={"hub": self.keys["odoo"]})
        self.shopify = Shopify(
            access_token=self.keys["shopify"],
            webhook_secret=self.keys["shopify"],
            catalogue=self.articles,
            first_number=first_order,
            retry_scale=0.0001,
            bucket=(20_000.0, 5_000.0),
        )
        self.woo = WooCommerce(
            consumer_key="ck_demo",
            consumer_secret=self.keys["woo"],
            webhook_secret=self.keys["woo"],
            catalogue=self.articles,
            first_id=69_000 + first_order,
            disable_after=None,
        )
        parts = {"partial": IN_PARTS} if pick_seconds else {}
        self.stripe = Stripe(secret_key=self.keys["stripe"], webhook_secret=self.keys["stripe"])
        self.portal = ReturnsPortal(token=self.keys["portal"], secret=self.keys["portal"])
        behaviour = Behaviour(
            pick_latency=pick_seconds,
            receipt_latency=pick_seconds,
            receipt_rates=parts,
            return_latency=pick_seconds,
            return_rates=parts,
            seed=seed,
            initial=1_000_000,
        )
        self.wms = Wms(behaviour=behaviour)
        self.wms.api_key = self.keys["wms"]
        self.wms.webhook_secret = self.keys["wms"]
        self.ups = Ups(step_seconds=step_seconds)
        self.dhl = DhlExpress(step_seconds=step_seconds)
        self.acme = EdiPartner("supplier", own=("ZZ", "ACMEFASTENERS"), hub=("ZZ", "HARBOURPINE"))
        self.acme.token = self.acme.deliver_token = self.keys["acme"]
        self.giving_back = GivingBack(self.shopify, self.woo, self.stripe, self.portal, seed)
        self.billing = Billing(self.odoo, (self.ups, self.dhl))
        self.buying = Buying(self.odoo, self.wms, self.acme, self.articles, seed)

    @property
    def systems(self) -> Mapping[str, Simulator]:
        """Every simulated system by the name it has in the demo landscape."""
        return {
            "odoo": self.odoo,
            "shopify-eu": self.shopify,
            "woo-outlet": self.woo,
            "wms-north": self.wms,
            "carrier-ups": self.ups,
            "carrier-dhl": self.dhl,
            "acme-fasteners": self.acme,
            "stripe": self.stripe,
            "returns-portal": self.portal,
        }

    async def start(self) -> None:
        """Listen on free ports of loopback and fill Odoo and the warehouse with products and stock."""
        for simulator in self.systems.values():
            await simulator.start()
        await self._stock_odoo()
        self.buying.prepare()

    async def stop(self) -> None:
        """Stop all systems."""
        for simulator in self.systems.values():
            await simulator.stop()

    async def _stock_odoo(self) -> None:
        """What a person would do in Odoo before the first order: products with customs data, and stock on hand."""
        origins = sorted({origin for *_, origin in GOODS})
        async with aiohttp.ClientSession(self.odoo.url) as session:

            async def control(path: str, body: Mapping[str, Any]) -> Any:
                async with session.post(f"/_sim/{path}", json=body) as answer:
                    answer.raise_for_status()
                    return await answer.json()

            found = await control("records", {"model": "res.country", "domain": [["code", "in", origins]], "fields": ["code"]})
            countries = {row["code"]: row["id"] for row in found["result"]}
            products = [
                {
                    "name": article.name,
                    "default_code": article.sku,
                    "list_price": float(article.price),
                    "type": "consu",
                    "is_storable": True,
                    "weight": grams / 1000,
                    "hs_code": hs,
                    "country_of_origin": countries.get(origin, False),
                }
                for article, (_name, _price, grams, hs, origin) in zip(self.articles, GOODS, strict=True)
            ]
            [euro] = (await control("records", {"model": "res.currency", "domain": [["name", "=", "EUR"]]}))["result"]
            prices = {"vals_list": [{"name": "Euro", "currency_id": euro["id"]}]}
            await control("call", {"login": "admin", "model": "product.pricelist", "method": "create", "arguments": prices})
            # the distributor sells everywhere at the German rate, as its shops do
            await control("edit", {"model": "account.tax", "ids": [1], "vals": {"amount": 19.0}})
            await control("delete", {"model": "account.fiscal.position", "domain": []})
            products.append({"name": "Shipping", "default_code": FREIGHT, "list_price": 0.0, "type": "service"})
            call = {"login": "admin", "model": "product.product", "method": "create", "arguments": {"vals_list": products}}
            await control("call", call)
            for article in self.articles:
                await control("stock", {"sku": article.sku, "quantity": 1_000_000})
                miscounted = MISCOUNTED.get(article.sku, 0)
                self.wms.warehouse.store((article.sku, "A-01", ""), Decimal(1_000_000 + miscounted))

    def connect(self, hub_url: str) -> None:
        """Point every webhook at a hub."""
        from crossdock.simulators.webhooks import Subscription

        for name in ("shopify-eu", "woo-outlet", "wms-north", "stripe", "returns-portal"):
            self.systems[name].webhooks.subscriptions = [Subscription(f"{hub_url}/in/{name}/webhooks")]
        self.acme.deliver_to = f"{hub_url}/in/acme-fasteners/https"

    def environment(self) -> dict[str, str]:
        """The environment variables the demo landscape is bound with."""
        return {
            "CROSSDOCK_DEMO_ODOO_URL": self.odoo.url,
            "CROSSDOCK_DEMO_SHOPIFY_URL": self.shopify.url,
            "CROSSDOCK_DEMO_WOO_URL": self.woo.url,
            "CROSSDOCK_DEMO_WMS_URL": self.wms.url,
            "CROSSDOCK_DEMO_DHL_URL": self.dhl.url,
            "CROSSDOCK_DEMO_UPS_URL": self.ups.url,
            "CROSSDOCK_DEMO_ACME_URL": f"{self.acme.url}/edi",
            "CROSSDOCK_DEMO_STRIPE_URL": self.stripe.url,
            "CROSSDOCK_DEMO_STRIPE_KEY": self.keys["stripe"],
            "CROSSDOCK_DEMO_STRIPE_SECRET": self.keys["stripe"],
            "CROSSDOCK_DEMO_RETURNS_URL": self.portal.url,
            "CROSSDOCK_DEMO_RETURNS_TOKEN": self.keys["portal"],
            "CROSSDOCK_DEMO_RETURNS_SECRET": self.keys["portal"],
            "CROSSDOCK_DEMO_ODOO_KEY": self.keys["odoo"],
            "CROSSDOCK_DEMO_ODOO_WEBHOOK_TOKEN": self.keys["hook"],
            "CROSSDOCK_DEMO_SHOPIFY_TOKEN": self.keys["shopify"],
            "CROSSDOCK_DEMO_SHOPIFY_SECRET": self.keys["shopify"],
            "CROSSDOCK_DEMO_WOO_KEY": "ck_demo",
            "CROSSDOCK_DEMO_WOO_CONSUMER_SECRET": self.keys["woo"],
            "CROSSDOCK_DEMO_WOO_SECRET": self.keys["woo"],
            "CROSSDOCK_DEMO_WMS_KEY": self.keys["wms"],
            "CROSSDOCK_DEMO_WMS_SECRET": self.keys["wms"],
            "CROSSDOCK_DEMO_DHL_KEY": self.keys["dhl"],
            "CROSSDOCK_DEMO_UPS_KEY": self.keys["ups"],
            "CROSSDOCK_DEMO_ACME_TOKEN": self.keys["acme"],
            "CROSSDOCK_DEMO_ACME_INBOUND_TOKEN": self.keys["acme"],
        }

    def misbehave(self, rates: Mapping[str, float] | None = None) -> None:
        """Let every system misbehave from now on; an empty mapping makes them well again."""
        chosen = FAULTS if rates is None else rates
        for number, simulator in enumerate(self.systems.values()):
            simulator.faults = FaultPlan.of(
                {
                    "seed": self.seed + number,
                    "rates": dict(chosen),
                    "timeout_delay": 0.8,
                    "late_delay": 0.3,
                    "linger_delay": 1.4,
                    "retry_after": 1,
                }
            )

    def place_order(self) -> str:
        """A customer orders in one of the shops and pays; returns `<system>/<number>`."""
        seed = self.random.randrange(2**31)
        if self.random.random() < 0.5:
            made = self.shopify.place_order(seed=seed)
            order, total = f"shopify-eu/{made['order_number']}", made["current_total_price"]
        else:
            made = self.woo.place_order(seed=seed)
            order, total = f"woo-outlet/{made['number']}", made["total"]
        self.giving_back.pay(order, total)
        return order

    def give_back(self) -> list[str]:
        """Some of the customers who got their goods ask to return a line of them, each once; gives their orders."""
        return self.giving_back.ask(self.delivered() & self.placed())

    def buy(self) -> str:
        """The distributor orders something from its supplier; returns the purchase order's number."""
        return self.buying.order()

    def mishap(self) -> None:
        """Something is damaged, lost or found in the warehouse, now and then in a bin of its own, or only put into another bin."""
        sku, quantity = self.random.choice(self.articles).sku, Decimal(self.random.randint(1, 9))
        location = self.random.choice(("A-01", "B-07"))
        self.wms.warehouse.relocate(sku, quantity, "A-01", "B-07")
        reason, pieces = self.random.choice(MISHAPS)
        self.wms.warehouse.adjust(sku, Decimal(pieces), reason, location)

    # --- oracle -----------------------------------------------------------------------------------------

    def _shop_effects(self, kind: str) -> list[tuple[str, Effect]]:
        shops = (("shopify-eu", self.shopify), ("woo-outlet", self.woo))
        return [(name, effect) for name, shop in shops for effect in shop.effects_of(kind)]

    def placed(self) -> set[str]:
        """Every order placed, as `<system>/<number>`."""
        return {f"{name}/{effect.key}" for name, effect in self._shop_effects("order_placed")}

    def delivered(self) -> set[str]:
        """Orders whose customer was told in the shop that the parcel arrived."""
        return self._delivered_in_shopify() | self._delivered_in_woo()

    def _delivered_in_shopify(self) -> set[str]:
        return {
            f"shopify-eu/{effect.key.split('/')[0]}"
            for effect in self.shopify.effects_of("milestone")
            if str(effect.data.get("status", effect.key.split("/")[2])).lower() == "delivered"
        }

    def _delivered_in_woo(self) -> set[str]:
        return {
            f"woo-outlet/{effect.data['order']}"
            for effect in self.woo.effects_of("note")
            if "deliver" in str(effect.data.get("note", "")).lower() and "out for" not in str(effect.data["note"]).lower()
        }

    def judge(self) -> Verdict:
        """Count orders, deliveries, doubled effects and effects out of order over all systems."""
        placed = self.placed()
        cancelled = {f"{name}/{effect.key}" for name, effect in self._shop_effects("order_cancelled")}
        delivered = self.delivered()
        doubles = self._doubles()
        violations = [f"warehouse {e.key}: {e.data.get('rule')}" for e in self.wms.effects_of("violation")] + self._out_of_order()
        violations += self.buying.out_of_order()
        bought, unbought = self.buying.all(), self.buying.open()
        twice = self.giving_back.doubled()
        kinds: Counter[str] = Counter()
        for name, simulator in self.systems.items():
            kinds.update(f"{name}:{effect.kind}" for effect in simulator.effects)
        return Verdict(
            orders=len(placed),
            cancelled=len(cancelled),
            delivered=len(delivered & placed),
            undelivered=tuple(sorted(placed - delivered - cancelled)),
            doubled=len(doubles),
            doubles=tuple(doubles),
            order_violations=len(violations),
            violations=tuple(violations),
            mishaps=len(self.wms.effects_of("stock_adjusted")),
            stock_differences=tuple(self._stock_differences(delivered)),
            purchases=len(bought),
            bought=sum(one.done for one in bought),
            unbought=tuple(unbought),
            early_invoices=tuple(self.billing.before_ready()),
            owed=self._owed(delivered & placed),
            refunds_doubled=len(twice),
            refunds_twice=tuple(twice),
            returns=len(self.giving_back.all()),
            unreturned=tuple(self.giving_back.open(delivered & placed)),
            refunds_apart=self.giving_back.differences(),
            requests=sum(simulator.requests for simulator in self.systems.values()),
            effects=dict(kinds),
        )

    def _doubles(self) -> list[str]:
        """Effects that happened more than once for the same business fact."""
        single = (
            (self.odoo, "order_created"),
            (self.odoo, "order_confirmed"),
            (self.wms, "fulfilment_released"),
            (self.ups, "shipment_booked"),
            (self.dhl, "shipment_booked"),
            (self.shopify, "fulfilment"),
            (self.woo, "fulfilment"),
            (self.shopify, "milestone"),
        )
        found = []
        for simulator, kind in single:
            counted = Counter(effect.key for effect in simulator.effects_of(kind))
            found += [f"{simulator.name} {kind} {key}: {count} times" for key, count in counted.items() if count > 1]
        return found + self._shipped_twice() + self.billing.twice() + self.buying.doubles()

    def _owed(self, delivered: set[str]) -> dict[str, Decimal]:
        """By order that arrived: by how much Odoo's invoices are not what the customer paid in the shop."""
        systems = {effect.key: f"{name}/{effect.key}" for name, effect in self._shop_effects("order_placed")}
        totals = {effect.key: Decimal(str(effect.data["total"])) for _, effect in self._shop_effects("order_placed")}
        due = {number: total for number, total in totals.items() if systems[number] in delivered}
        return {systems[number]: apart for number, apart in self.billing.differences(due).items()}

    def _shipped_twice(self) -> list[str]:
        """Odoo delivered more pieces of an order than were ordered there."""
        table = self.odoo.store.tables["sale.order.line"].rows
        return [
            f"odoo line {number}: {row['qty_delivered']} delivered of {row['product_uom_qty']}"
            for number, row in table.items()
            if row.get("qty_delivered", 0) > row["product_uom_qty"]
        ]

    def _stock_differences(self, delivered: set[str]) -> list[str]:
        """SKUs of which Odoo has other stock than the warehouse, but for what was miscounted from the beginning (unless a comparison put
        it right) and for what was picked for orders that did not arrive.
        """
        arrived = {name.partition("/")[2] for name in delivered}
        open_ = {
            line["sku"]
            for one in self.wms.warehouse.fulfilments.values()
            if str(one.order.get("order_number")) not in arrived
            for line in one.order["lines"]
        } | self.buying.touched()
        products = {row.get("default_code"): id_ for id_, row in self.odoo.store.tables["product.product"].rows.items()}
        locations = self.odoo.store.tables["stock.location"].rows
        books: Counter[int] = Counter()
        for row in self.odoo.store.tables["stock.quant"].rows.values():
            if locations[row["location_id"]]["usage"] == "internal":
                books[row["product_id"]] += row["quantity"]
        found = []
        for article in self.articles:
            has, booked = self.wms.warehouse.held(article.sku), Decimal(str(books[products[article.sku]]))
            if has - booked not in (0, MISCOUNTED.get(article.sku, 0)) and article.sku not in open_:
                found.append(f"{article.sku}: {has:.0f} in the warehouse, {booked:.0f} in Odoo")
        return found

    def _out_of_order(self) -> list[str]:
        """Orders some of whose first effects happened before what they follow from."""
        first: dict[str, dict[str, float]] = {}
        for simulator, kind, order_of in (
            (self.odoo, "order_created", lambda e: e.key),
            (self.odoo, "order_confirmed", lambda e: e.key),
            (self.odoo, "picking_validated", lambda e: e.key),
            (self.wms, "fulfilment_released", lambda e: str(e.data.get("order_number", ""))),
            (self.shopify, "fulfilment", lambda e: e.key.split("/")[0]),
            (self.woo, "fulfilment", lambda e: e.key.split("/")[0]),
        ):
            for effect in simulator.effects_of(kind):
                first.setdefault(order_of(effect), {}).setdefault(kind, effect.at)
        found = []
        for order, times in first.items():
            known = [(stage, times[stage]) for stage in STAGES if stage in times]
            for (before, at), (after, then) in pairwise(known):
                if then < at:
                    found.append(f"order {order}: {after} before {before}")
        return found
