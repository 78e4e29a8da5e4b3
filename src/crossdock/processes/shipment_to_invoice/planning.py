"""Which consignments go on which invoice, each on one and only one; asks nothing of any system."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from crossdock.processes.frame.numbers import numbered
from crossdock.processes.shipment_to_invoice.readiness import lacking
from crossdock.processes.shipment_to_invoice.states import Consignment, Paper
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace

PERIOD: Final = "timer:period"


def plan_papers(w: Work) -> None:
    """Make the papers that are due; a period's when its timer comes (`period_over`)."""
    rule = w.rule()
    free = unbilled(w)
    if rule.per in {"day", "week", "month"}:
        if PERIOD not in w.expected and any(not lacking(one, rule.ready) for one in free):
            w.timer(PERIOD, w.plan.period_end(rule.per, w.at))
        return
    if rule.per == "shipment":
        for one in free:
            _paper(w, [one])
    elif free and w.complete is not None and _all_here(w, free):
        _paper(w, free)


def period_over(w: Work) -> None:
    """What is ready by the end of the period goes on one invoice."""
    rule = w.rule()
    ready = [one for one in unbilled(w) if not lacking(one, rule.ready)]
    if ready:
        _paper(w, ready)


def unbilled(w: Work) -> list[Consignment]:
    """Consignments with goods that are on no invoice and are to be."""
    return [
        one
        for one in w.consignments
        if not one.invoice and not one.left_out and any(Decimal(line["quantity"]) > 0 for line in one.lines)
    ]


def _all_here(w: Work, free: list[Consignment]) -> bool:
    """Whether the whole order can be billed: all its consignments are known, and with drafts on readiness all are ready."""
    known = {one.number for one in w.consignments}
    return set(w.complete or ()) <= known and len(free) == len(unbilled(w))


def _paper(w: Work, consignments: list[Consignment]) -> None:
    n = len(w.invoices) + 1
    shipping = Decimal(w.head()["shipping"] or 0) > 0 and not any(one.extra and one.standing != "cancelled" for one in w.invoices)
    paper = Paper(n, numbered("IV", w.state.key, n), tuple(one.n for one in consignments), shipping, planned_at=w.at.isoformat())
    w.put(paper)
    for one in consignments:
        w.put(replace(one, invoice=n))
    w.note(f"{paper.number} bills {', '.join(one.number for one in consignments)}")
