"""Golden histories as files: facts with what was decided on them, written as JSON that people can read and review.

`python tests/processes/golden_histories.py` records them again after a change that is meant; the diff shows what it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from order_bench import NORTH, PROCESS, START, Bench, flow, order, placed, released
from process_histories import write

from crossdock.core.errors import TargetRefused
from crossdock.core.process import FlowContext

FOLDER = Path(__file__).parent / "golden"


def context_of(raw: dict[str, Any]) -> FlowContext:
    """The flow a history was recorded with."""
    return FlowContext(raw["name"], raw["roles"], raw["settings"], {"north": NORTH}, raw["owner"])


def shop_to_door() -> Bench:
    bench = placed()
    bench.run()
    bench.pick()
    bench.run()
    for code in ("picked_up", "in_transit", "out_for_delivery", "delivered"):
        bench.milestone(code)
    bench.run()
    return bench


def erp_order() -> Bench:
    bench = Bench(key="order/odoo/S00042")
    data = {"number": "S00042", "erp_number": "S00042", "confirmed_at": START.isoformat(), "order": order(number="S00042")}
    bench.event("order.confirmed", data, "odoo", ("odoo:order_id", "7"))
    bench.run()
    bench.pick()
    bench.run()
    bench.milestone("delivered")
    bench.run()
    return bench


def two_shipments_and_a_back_order() -> Bench:
    bench = released()
    bench.pick(("1", "LAMP", "2"), final=False)
    bench.pick(("2", "CORD", "1"), sequence=2)
    bench.run()
    bench.pick()
    bench.run()
    for shipment in bench.state.shipments:
        bench.milestone("delivered", shipment.tracking)
    bench.run()
    return bench


def change_after_release() -> Bench:
    bench = released()
    bench.event("order.changed", order(("1", "LAMP", "1"), ("3", "VASE", "1")))
    bench.run()
    bench.pick()
    bench.run()
    return bench


def cancelled_after_release() -> Bench:
    bench = released()
    bench.event("order.cancelled", {"number": "1001", "reason": "changed mind", "cancelled_at": START.isoformat()})
    bench.run()
    return bench


def over_the_border_without_papers() -> Bench:
    bench = released(ship_to={"street": "Weg 1", "city": "Zug", "postal_code": "6300", "country": "CH"})
    bench.pick()
    facts = {"hs_code": "940520", "origin_country": "DE"}
    bench.decide("customs:1", "supply", incoterm="DAP", lines={"1": facts, "2": facts})
    bench.run()
    return bench


def booking_refused_then_another_carrier() -> Bench:
    bench = released(flow({"carrier:ups": "ups-api"}, carriers=[{"name": "dhl"}, {"name": "ups"}]))
    bench.pick()
    bench.fail("shipment.book", TargetRefused("the address cannot be served"))
    bench.decide("shipment.book:1", "use_carrier", carrier="ups")
    bench.run()
    return bench


def everything_comes_early() -> Bench:
    bench = Bench()
    bench.event("order.changed", order(("1", "LAMP", "1")))
    bench.event("order.placed", order())
    bench.run("fulfilment.release")
    bench.milestone("in_transit", "T-SH-shopify-eu.1001-1")
    bench.pick()
    bench.run()
    return bench


HISTORIES: tuple[Callable[[], Bench], ...] = (
    shop_to_door,
    erp_order,
    two_shipments_and_a_back_order,
    change_after_release,
    cancelled_after_release,
    over_the_border_without_papers,
    booking_refused_then_another_carrier,
    everything_comes_early,
)


if __name__ == "__main__":
    write(FOLDER, PROCESS, HISTORIES)
