"""Golden histories of purchase orders as files: facts with what was decided on them, written as JSON that people can read and review.

`python tests/processes/purchase_histories.py` records them again after a change that is meant; the diff shows what it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from process_histories import write
from purchase_bench import PROCESS, Bench, agreed, flow, money, order, ordered, received, sent, shipped

from crossdock.core.errors import TargetRefused
from crossdock.core.process import FlowContext

FOLDER = Path(__file__).parent / "golden_purchases"


def context_of(raw: dict[str, Any]) -> FlowContext:
    """The flow a history was recorded with."""
    return FlowContext(raw["name"], raw["roles"], raw["settings"], {}, raw["owner"])


def order_to_bill() -> Bench:
    bench = received()
    bench.invoice()
    bench.run()
    return bench


def confirmed_with_another_day_and_price() -> Bench:
    bench = sent(flow(answers={"price_percent": "2"}))
    bench.answer({"order_line": "1", "unit_price": money("2.55"), "delivery_date": "2026-12-09"}, supplier_order_number="SO-7")
    bench.run()
    return bench


def refused_beyond_tolerance_and_accepted_by_the_buyer() -> Bench:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("3.00")}, {"order_line": "2", "answer": "refused", "reason": "sold out"})
    bench.decide("answer", "accept")
    bench.run()
    return bench


def changed_in_the_erp_after_it_was_sent() -> Bench:
    bench = agreed()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "150", "2.50"), ("3", "WASHER", "5", "1")))
    bench.run()
    bench.answer(number="OC-2", order_revision=1)
    return bench


def cancelled_with_goods_on_their_way() -> Bench:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.run()
    bench.event("purchase_order.cancelled", order(reason="project stopped"))
    bench.decide("cancel", "cancel_rest")
    bench.run()
    return bench


def notice_corrected_and_received_short_and_damaged() -> Bench:
    bench = shipped()
    bench.notice(("1", "90"), ("2", "40"), purpose="replacement")
    bench.run()
    bench.receive(("1", "80"), ("1", "5", "damaged"), ("2", "40"))
    bench.run()
    bench.invoice()
    bench.decide("invoice:1", "refuse")
    bench.invoice(("1", "80", "2.50"), ("2", "40", "1.00"))
    bench.run()
    return bench


def never_acknowledged_and_never_answered() -> Bench:
    bench = sent()
    for name in ("acknowledged:1", "answered", "noticed"):
        bench.due(name, bench.expected[name].due)
    return bench


def sent_again_after_the_partner_refused_it() -> Bench:
    bench = ordered()
    bench.fail("purchase_order.send", TargetRefused("no such partner"))
    bench.decide("purchase_order.send:1", "done", references=[["edi:sent", "ISA1"]])
    bench.acknowledge("ISA1", "rejected", findings=[{"code": "7", "segment": "PO1", "element": "4"}])
    bench.decide("acknowledgement:1", "resend")
    bench.run()
    return bench


def credited_and_billed_twice() -> Bench:
    bench = order_to_bill()
    bench.invoice(("1", "5", "2.50"), number="C-1", kind="credit_note")
    bench.run()
    bench.invoice(("1", "100", "2.50"), number="R-901")
    return bench


HISTORIES: tuple[Callable[[], Bench], ...] = (
    order_to_bill,
    confirmed_with_another_day_and_price,
    refused_beyond_tolerance_and_accepted_by_the_buyer,
    changed_in_the_erp_after_it_was_sent,
    cancelled_with_goods_on_their_way,
    notice_corrected_and_received_short_and_damaged,
    never_acknowledged_and_never_answered,
    sent_again_after_the_partner_refused_it,
    credited_and_billed_twice,
)


if __name__ == "__main__":
    write(FOLDER, PROCESS, HISTORIES)
