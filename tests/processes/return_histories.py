"""Golden histories of returns as files: facts with what was decided on them, written as JSON that people can read and review.

`python tests/processes/return_histories.py` records them again after a change that is meant; the diff shows what it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from process_histories import write
from return_bench import PROCESS, Bench, flow

from crossdock.core.process import FlowContext

FOLDER = Path(__file__).parent / "golden_returns"


def context_of(raw: dict[str, Any]) -> FlowContext:
    """The flow a history was recorded with."""
    return FlowContext(raw["name"], raw["roles"], raw["settings"], {}, raw["owner"])


def asked_for_to_refunded() -> Bench:
    bench = Bench().bought()
    bench.request(("BOLT-8", "3"), ("GLOVE", "1"))
    bench.run()
    bench.receive()
    bench.run()
    bench.gateway("refund.completed", "65.00", reference="re_1")
    return bench


def approved_and_received_in_part_and_damaged() -> Bench:
    bench = Bench(flow(approval={"person_above": "10"})).bought()
    bench.request(("BOLT-8", "2"))
    bench.decide("approval:1", "approve")
    bench.run()
    bench.receive(("BOLT-8", "1", "resaleable"), final=False)
    bench.run()
    bench.receive(("BOLT-8", "1", "scrap"), number="WR-2", sequence=2)
    bench.decide("graded:2", "only_fitting")
    bench.run()
    return bench


def disputed_then_bounced_then_refunded() -> Bench:
    bench = Bench().bought()
    bench.dispute()
    bench.request()
    bench.run()
    bench.receive()
    bench.run()
    bench.dispute("chargeback.closed", outcome="won")
    bench.run()
    bench.gateway("refund.failed", "10.00", reference="re_1", reason="account closed")
    bench.decide("bounced:1", "retry")
    bench.run()
    return bench


def came_without_authorisation() -> Bench:
    bench = Bench().bought(paid="5.00")
    bench.receive(("BOLT-8", "1", "resaleable"), ret="", order_number="1001", without_authorisation=True)
    bench.decide("unauthorised:1", "accept")
    bench.run()
    bench.decide("refund:1", "refund_rest")
    bench.run()
    return bench


HISTORIES: tuple[Callable[[], Bench], ...] = (
    asked_for_to_refunded,
    approved_and_received_in_part_and_damaged,
    disputed_then_bounced_then_refunded,
    came_without_authorisation,
)


if __name__ == "__main__":
    write(FOLDER, PROCESS, HISTORIES)
