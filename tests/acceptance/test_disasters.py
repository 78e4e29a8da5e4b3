"""Systems that are away, answers that never come, and the business clock: nothing lost, nothing twice, and told while it still matters."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crossdock.simulators.faults import FaultPlan
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import Dock, until
from tests.acceptance.people import LYON, Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")

BERLIN = ZoneInfo("Europe/Berlin")


async def attempts(cast: Cast, key: str, name: str) -> list[tuple[str, str, int]]:
    """Every attempt of a command of an order: kind, outcome, when it began in microseconds."""
    rows = await cast.dock.rows(
        "SELECT a.kind, a.outcome, a.started_at FROM ledger_attempt a JOIN ledger_delivery d ON d.id=a.delivery_id "
        "WHERE d.key=? AND d.name=? ORDER BY a.id",
        key, name,
    )  # fmt: skip
    return [(str(kind), str(outcome), int(at)) for kind, outcome, at in rows]


async def passes(cast: Cast, enough: Callable[[], Awaitable[bool]]) -> None:
    """Let time pass until something is seen: back-offs end, breakers try again. It passes only as far as the hub itself waits, so that on
    a slow machine no deadline goes by while a call is under way.
    """

    async def step() -> bool:
        if await enough():
            return True
        again = cast.dock.hub.worker.dispatcher.next_at()
        if again is not None:
            cast.dock.clock.ahead += max(0.0, again / 1e6 - cast.dock.clock.now().timestamp())
        return False

    await until(step, "what had to happen while time passed")


def moves_to(dock: Dock, hour: int, minute: int) -> None:
    """It is the next working day of the warehouse, Monday to Wednesday, at this time of Hamburg."""
    holidays = dock.hub.landscape.calendars["warehouse-north"].holidays
    now = dock.clock.now().astimezone(BERLIN)
    day = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    while day <= now or day.weekday() > 2 or any((day + timedelta(days=n)).date() in holidays for n in (0, 1)):
        day += timedelta(days=1)
    dock.clock.ahead += (day - now).total_seconds()


async def test_a_carrier_that_is_away_is_waited_for_and_booked_once(opens: Opener) -> None:
    # waits so long that what a busy machine adds to them does not matter
    cast = await opens(
        {
            "flows/order-shopify-eu.yaml": lambda text: text.replace("first_delay: 500ms", "first_delay: 1m").replace(
                "max_delay: 20s", "max_delay: 5m"
            )
        }
    )
    dhl = cast.dock.town.dhl
    # given that DHL is away, long before its pick-up: what is retried until then would end when the tests are run shortly before it
    moves_to(cast.dock, 10, 0)
    dhl.faults = FaultPlan.of({"rates": {"outage_503": 1.0}})
    order = cast.shopify.orders(("HP-004", 1))
    other = cast.shopify.orders(("HP-004", 1), buyer=LYON)
    for one in (order, other):
        await cast.warehouse.picks(one.number)
    # then it is tried again after waits that grow, while UPS goes on
    await cast.carriers.booked(other)

    async def tried() -> bool:
        return len(await attempts(cast, order.key, "shipment.book")) >= 4

    await passes(cast, tried)
    tries = await attempts(cast, order.key, "shipment.book")
    assert {(kind, outcome) for kind, outcome, _ in tries} == {("deliver", "deferred")}
    waits = [later - earlier for (_, _, earlier), (_, _, later) in pairwise(tries)]
    assert waits[2] > waits[0] >= 60_000_000, waits
    assert cast.carriers.bookings(order) == []
    assert await cast.clerk.has_nothing(key=order.key)
    # when it is back
    dhl.faults = FaultPlan()

    async def booked() -> bool:
        return bool(cast.carriers.bookings(order))

    await passes(cast, booked)
    # then it is booked once and arrives
    await cast.arrives(order)
    await cast.arrives(other)
    assert len(dhl.effects_of("shipment_booked")) == 1
    assert (await attempts(cast, order.key, "shipment.book"))[-1][1] == "accepted"


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after", "malformed", "error_500_after"])
async def test_a_booking_whose_answer_was_lost_is_asked_for_not_repeated(cast: Cast, fault: str) -> None:
    dhl = cast.dock.town.dhl
    # given that DHL books and the answer does not come
    dhl.faults = FaultPlan.of({"timeout_delay": 0.3, "script": [{"fault": fault, "path": "*/shipments*", "method": "POST"}]})
    try:
        order = cast.outlet.orders(("HP-008", 1))
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
    finally:
        assert dhl.faults.injected[fault] == 1
        dhl.faults = FaultPlan()
    # then there is one booking, found by asking
    assert len([one for one in dhl.consignments.values() if f"SH-{order.shop}.{order.number}-1" in one.references]) == 1
    kinds = [kind for kind, _, _ in await attempts(cast, order.key, "shipment.book")]
    assert kinds[0] == "deliver"
    assert "reconcile" in kinds


async def test_odoo_that_is_away_loses_no_order(opens: Opener) -> None:
    cast = await opens()
    odoo = cast.dock.desk.simulated("lose its database for a moment")
    moves_to(cast.dock, 10, 0)
    # given that Odoo's database is gone, which Odoo tells as a page that is not found
    odoo.database_up = False
    orders = [cast.shopify.orders(("HP-005", 1)), cast.outlet.orders(("HP-005", 2))]

    async def tried() -> bool:
        return all([len(await attempts(cast, order.key, "order.create")) >= 2 for order in orders])

    await passes(cast, tried)
    outcomes = [outcome for order in orders for _, outcome, _ in (await attempts(cast, order.key, "order.create"))]
    assert set(outcomes) == {"deferred"}
    # when it is back
    odoo.database_up = True

    async def released() -> bool:
        return all(cast.warehouse.released(order.number) for order in orders)

    await passes(cast, released)
    for order in orders:
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
        assert len(await cast.dock.desk.orders(order.number)) == 1


async def test_an_order_after_the_cutoff_is_promised_for_the_next_working_day(opens: Opener) -> None:
    cast = await opens()
    # given that it is 16:00 in Hamburg, after DHL's last pick-up
    moves_to(cast.dock, 16, 0)
    order = cast.shopify.orders(("HP-006", 1))
    fulfilment = await cast.warehouse.gets(order.number)
    ship_by = datetime.fromisoformat(fulfilment.order["ship_by"]).astimezone(BERLIN)
    today = cast.dock.clock.now().astimezone(BERLIN)
    assert (ship_by.date() - today.date()).days == 1
    assert (ship_by.hour, ship_by.minute) == (15, 30)


async def test_a_release_that_does_not_get_through_is_with_a_person_before_the_cutoff(opens: Opener) -> None:
    cast = await opens()
    wms = cast.dock.town.wms
    # given that it is 10:00 and the warehouse's system is away
    moves_to(cast.dock, 10, 0)
    wms.faults = FaultPlan.of({"rates": {"outage_503": 1.0}})
    order = cast.shopify.orders(("HP-006", 2))

    async def told() -> bool:
        return bool(await cast.clerk.desk(key=order.key, code="deliver.budget_exhausted"))

    await until(lambda: attempts(cast, order.key, "fulfilment.release"), "the release is tried")
    await passes(cast, told)
    # then somebody has it while there is time to telephone
    parked = await cast.clerk.gets("deliver.budget_exhausted", key=order.key)
    now = cast.dock.clock.now().astimezone(BERLIN)
    assert (now.hour, now.minute) < (19, 30), now
    assert parked.owner == "operations"
    assert cast.warehouse.released(order.number) == []
    # when the warehouse is back and the clerk tries again
    wms.faults = FaultPlan()
    await cast.clerk.retries(parked)

    async def released() -> bool:
        return bool(cast.warehouse.released(order.number))

    await passes(cast, released)
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    assert len(cast.warehouse.releases_of(order.number)) == 1


async def test_a_hub_that_stops_in_the_middle_goes_on_where_it_was(opens: Opener) -> None:
    cast = await opens()
    orders = [cast.shopify.orders(("HP-002", 1)), cast.outlet.orders(("HP-003", 2))]
    await cast.warehouse.picks(orders[0].number)
    # when the hub is stopped, and the world goes on without it
    await cast.dock.close_hub()
    if cast.warehouse.released(orders[1].number):
        cast.warehouse.floor.pick(cast.warehouse.released(orders[1].number)[0].number)
    third = cast.shopify.orders(("HP-004", 1))
    # and started again
    await cast.dock.open_hub()
    for order in (*orders, third):
        if not (await cast.warehouse.gets(order.number)).confirmations:
            await cast.warehouse.picks(order.number)
    for order in (*orders, third):
        await cast.arrives(order)
    verdict = cast.dock.town.judge()
    assert (verdict.delivered, verdict.doubled, verdict.order_violations) == (3, 0, 0), (verdict.doubles, verdict.violations)


async def test_a_new_ledger_leaves_alone_what_another_brought_to_odoo_and_takes_it_over_when_the_shop_tells_it(
    opens: Opener, tmp_path: Path, ledgers: Callable[[Path], str]
) -> None:
    quiet = {"systems/shopify-eu.yaml": lambda text: re.sub(r"polls:\n.*\n", "", text)}
    cast = await opens(quiet)
    order, gone = cast.shopify.orders(("HP-002", 1)), cast.shopify.orders(("HP-003", 1))
    for each in (order, gone):
        await cast.warehouse.gets(each.number)
    # when the hub loses its ledger and begins with an empty one, while somebody cancels an order in Odoo
    await cast.dock.close_hub()
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    cast.dock.ledger = ledgers(fresh)
    await cast.dock.desk.cancel(gone.number)
    await cast.dock.open_hub()

    async def seen() -> set[str]:
        rows = await cast.dock.rows(
            "SELECT key, type FROM ledger_event WHERE source='odoo' AND state=7 AND note LIKE '%another ledger%'"
        )
        return {kind for key, kind in rows if key in (order.key, gone.key)}

    # then what Odoo tells of them is on record, and nobody is asked
    await until(lambda: _both(seen), "both orders are recognised")
    assert not [one for one in await cast.clerk.desk() if one.key in (order.key, gone.key) or "without saying" in one.message]
    # and when the shop tells the order again it is taken over: the one in Odoo, the one at the warehouse
    await cast.dock.close_hub()
    page = cast.dock.folder / "systems/shopify-eu.yaml"
    page.write_text(page.read_text() + "polls: [{channel: orders, every: 300ms}]\n")
    await cast.dock.open_hub()
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    assert await cast.dock.desk.state(order.number) == "sale"
    assert len(cast.warehouse.releases_of(order.number)) == 1


async def _both(seen: Callable[[], Awaitable[set[str]]]) -> bool:
    return await seen() >= {"order.confirmed", "order.cancelled"}
