"""Amazon as a third sales channel: an order found by the poll goes the whole way, and a settlement of it becomes a payout."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from crossdock.simulators.amazon import Amazon
from tests.acceptance.conftest import ODOO, SQLITE
from tests.acceptance.dock import Dock, until
from tests.acceptance.people import HAMBURG, Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")

SYSTEM = """kind: amazon
title: Amazon
owner: operations
endpoint: {url}
credentials: {{client_id: "env:AMAZON_TEST_ID", client_secret: "env:AMAZON_TEST_SECRET", refresh_token: "env:AMAZON_TEST_TOKEN"}}
options: {{seller_id: A3TH9S8BH6GOGM, marketplaces: [A1PA6795UKMFR9], token_url: "{url}/auth/o2/token", service_level_map: shopify-service-levels}}
polls: [{{channel: orders, every: 300ms}}, {{channel: settlements, every: 300ms}}]
"""


@dataclass
class AmazonDock(Dock):
    """The dock with a seller account on Amazon beside its shops."""

    amazon: Amazon = field(default_factory=lambda: Amazon(speed=1_000))  # an account that may ask often

    async def start(self) -> None:
        await self.amazon.start()
        self.clock.ahead = 300.0  # Amazon shows a change after two minutes
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        await self.amazon.stop()

    def _landscape(self) -> None:
        super()._landscape()
        self.amazon.stock_catalogue(self.town.articles)
        secrets = {"ID": self.amazon.client_id, "SECRET": self.amazon.client_secret, "TOKEN": self.amazon.refresh_token}
        os.environ.update({f"AMAZON_TEST_{name}": value for name, value in secrets.items()})
        (self.folder / "systems/amazon-eu.yaml").write_text(SYSTEM.format(url=self.amazon.url))
        flow = (self.folder / "flows/order-shopify-eu.yaml").read_text().replace("shopify-eu", "amazon-eu")
        (self.folder / "flows/order-amazon-eu.yaml").write_text(flow.replace("\nsettings:", "\nsettings:\n  shop_milestones: []"))
        owners = self.folder / "ownership.yaml"
        said = owners.read_text().replace("shopify-eu", "shopify-eu, amazon-eu")
        payouts = "\n  payout.received: {originates: [amazon-eu]}" if "payout.received" not in said else ""
        owners.write_text(said.replace("\nevents:", f"\nevents:{payouts}"))


@pytest_asyncio.fixture(loop_scope="session")
async def dock(variant: str, ledgers: Callable[[Path], str], tmp_path: Path) -> AsyncIterator[AmazonDock]:
    if variant != SQLITE:
        pytest.skip("one ledger and the simulated Odoo are enough: the shop's side is what is looked at")
    dock = AmazonDock(tmp_path, ledgers(tmp_path), variant == ODOO)
    await dock.start()
    yield dock
    await dock.stop()


async def test_an_order_goes_all_the_way(dock: AmazonDock) -> None:
    cast, amazon = Cast.at(dock), dock.amazon
    order = amazon.place_order([("HP-004", 2), ("HP-010", 1)], seed=1, buyer=HAMBURG)
    number, total = order["orderId"], Decimal(order["proceeds"]["grandTotal"]["amount"])

    fulfilment = await cast.warehouse.gets(number)
    made = await dock.desk.order(number)
    assert (made["state"], Decimal(str(made["amount_total"]))) == ("sale", pytest.approx(total, abs=Decimal("0.02")))
    assert {line["sku"]: line["quantity"] for line in fulfilment.order["lines"]} == {"HP-004": "2", "HP-010": "1"}

    await cast.warehouse.picks(number)
    await until(lambda: amazon.effects_of("fulfilment"), "Amazon shows the shipment")
    [package] = order["packages"]
    assert {one["orderItemId"]: one["quantity"] for one in package["packageItems"]} == {
        line["orderItemId"]: line["quantityOrdered"] for line in order["orderItems"]
    }
    assert package["trackingNumber"]
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert amazon.doubled() == {}

    rows = [{"transaction-type": "Order", "order-id": number, "amount-type": "ItemPrice", "amount-description": "Principal", "amount": str(total)},
            {"transaction-type": "Order", "order-id": number, "amount-type": "ItemFees", "amount-description": "Commission", "amount": "-9.99"}]  # fmt: skip
    amazon.store.settle("777", rows)

    async def told() -> list[tuple[object, ...]]:
        return await dock.rows("SELECT key FROM ledger_event WHERE type='payout.received'")

    assert await until(told, "the payout") == [("payout/amazon-eu/777",)]
