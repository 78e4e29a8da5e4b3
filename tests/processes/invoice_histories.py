"""Golden histories of invoices as files: facts with what was decided on them, written as JSON that people can read and review.

`python tests/processes/invoice_histories.py` records them again after a change that is meant; the diff shows what it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from invoice_bench import PROCESS, Bench, drafted, flow, placed
from process_histories import write

from crossdock.core.errors import PeriodClosed
from crossdock.core.process import FlowContext

FOLDER = Path(__file__).parent / "golden_invoices"


def context_of(raw: dict[str, Any]) -> FlowContext:
    """The flow a history was recorded with."""
    return FlowContext(raw["name"], raw["roles"], raw["settings"], {}, raw["owner"])


def shipped_posted_and_paid() -> Bench:
    bench = drafted(flow(expectations={"picked_up": "P1D", "invoice_ready": "P14D", "invoice_paid": "P30D"}))
    bench.milestone("picked_up")
    bench.run()
    bench.invoice("paid")
    return bench


def two_shipments_on_one_invoice_when_signed_for() -> Bench:
    bench = placed(flow("proof", "order"), shipping={"amount": "4.90", "currency": "EUR"})
    bench.shipped(("1", "LAMP", "2"))
    bench.shipped(("2", "CORD", "3"), n=2)
    bench.all_left(1, 2)
    bench.run()
    for n in (1, 2):
        bench.milestone("picked_up", n)
        bench.milestone("delivered", n)
        bench.proof(n)
    bench.run()
    return bench


def a_proof_before_the_pick_up() -> Bench:
    bench = drafted(flow("proof"))
    bench.proof(at="2026-11-20T10:00:00+00:00")
    bench.milestone("picked_up", at="2026-11-24T10:00:00+00:00")
    bench.decide("milestones:1", "confirm")
    bench.run()
    return bench


def a_closed_period() -> Bench:
    bench = drafted()
    bench.milestone("picked_up")
    bench.fail("invoice.post", PeriodClosed("November is closed"))
    bench.decide("invoice.post:1", "another_day", date="2026-12-01")
    bench.run()
    return bench


def a_month_of_deliveries() -> Bench:
    bench = placed(flow("delivered", "month", accrue_freight=True))
    bench.shipped(("1", "LAMP", "2"), cost={"amount": "7.40", "currency": "EUR"})
    bench.run()
    bench.milestone("delivered")
    bench.due("timer:period", bench.expected["timer:period"].due)
    bench.run()
    return bench


HISTORIES: tuple[Callable[[], Bench], ...] = (
    shipped_posted_and_paid,
    two_shipments_on_one_invoice_when_signed_for,
    a_proof_before_the_pick_up,
    a_closed_period,
    a_month_of_deliveries,
)


if __name__ == "__main__":
    write(FOLDER, PROCESS, HISTORIES)
