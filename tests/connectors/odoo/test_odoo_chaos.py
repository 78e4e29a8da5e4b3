"""The way of many orders while everything goes wrong: at the end each happened once at Odoo, and nobody was left in doubt."""

from __future__ import annotations

import asyncio

import pytest
from odoo_world import Sale, World, accepted

from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted, EffectFound
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.odoo import Odoo
from crossdock.testing.contexts import ManualClock
from crossdock.testing.inmemory import InMemoryHub, Step

RATES = {
    "reset_before": 0.04,
    "reset_after": 0.04,
    "error_500": 0.05,
    "error_500_after": 0.03,
    "malformed": 0.03,
    "outage_503": 0.05,
    "throttle": 0.02,
    "timeout_after": 0.01,
}


def outcome(trail: list[Step]) -> Accepted:
    last = trail[-1]
    assert isinstance(last, Accepted | EffectFound), trail
    return Accepted(last.ack)


async def way(world: World, hub: InMemoryHub, sku: str) -> Sale:
    """Create, confirm, ship in two parts, cancel nothing; each step as the hub does it, for as long as it takes."""

    async def settle(command: Command) -> Accepted:
        return outcome(await hub.settle(command, rounds=60))

    order = world.order((sku, "5", "10"))
    made = (await settle(world.create(order))).ack
    assert made["discrepancies"] == []
    sale = Sale(order, made["erp_id"], made["erp_number"], made["lines"])
    await settle(world.command("order.confirm", order["number"], erp_id=sale.erp_id))
    for sequence, quantity in ((1, "2"), (2, "3")):
        ack = (await settle(world.picked(sale, {"line": "1", "sku": sku, "quantity": quantity}, sequence=sequence))).ack
        await settle(
            world.command(
                "transfer.track",
                order["number"],
                transfer_id=ack["transfer_id"],
                tracking_number=f"1Z{sale.erp_id}{sequence}",
                carrier="ups",
                milestone=None,
            )
        )
    return sale


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_lost_or_doubled(world: World, seed: int) -> None:
    simulator: Odoo = world.control("misbehave")
    products = [await world.product(stock=1000) for _ in range(3)]
    connector = world.connector(timeout=1.0, clock=ManualClock())
    hub = InMemoryHub(connector, "odoo", connector.context.clock)
    simulator.faults = FaultPlan.of({"seed": seed, "rates": RATES, "timeout_delay": 1.1, "retry_after": 0})
    sales = await asyncio.gather(*(way(world, hub, products[n % 3][0]) for n in range(12)))
    injected = dict(simulator.faults.injected)
    simulator.faults = FaultPlan()
    numbers = {sale.order["number"] for sale in sales}
    for kind, times in (("order_created", 1), ("order_confirmed", 1), ("picking_validated", 2)):
        found = [effect.key for effect in simulator.effects_of(kind) if effect.key in numbers]
        assert len(found) == times * 12 and set(found) == numbers, kind
    assert [await world.on_hand(id_) for _, id_ in products] == [980.0] * 3
    assert len(simulator.effects_of("tracking_set")) == 24
    assert sum(injected.values()) > 20, injected
    print(f"seed {seed}: 12 orders, {sum(injected.values())} faults, none lost, none doubled")


async def test_an_outage_in_the_middle_loses_nothing(world: World) -> None:
    """PostgreSQL is gone for a while: every call answers 404 in HTML, then everything goes on."""
    simulator: Odoo = world.control("lose its database")
    sku, _ = await world.product(stock=100)
    connector = world.connector()
    hub = InMemoryHub(connector, "odoo", connector.context.clock)
    orders = [world.order((sku, "5", "10")) for _ in range(8)]
    commands = [world.create(order) for order in orders]
    ways = asyncio.gather(*(hub.settle(command, rounds=2000) for command in commands[:4]))
    await asyncio.sleep(0.02)
    simulator.database_up = False
    rest = asyncio.gather(*(hub.settle(command, rounds=2000) for command in commands[4:]))
    await asyncio.sleep(0.3)
    assert not rest.done()
    simulator.database_up = True
    for trail in [*await ways, *await rest]:
        accepted(outcome(trail))
    assert sorted(e.key for e in simulator.effects_of("order_created")) == sorted(order["number"] for order in orders)
