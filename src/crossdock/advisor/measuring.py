"""What flows really did, from the traffic the ledger counted; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from crossdock.advisor.facts import Measured
from crossdock.ledger import traffic
from crossdock.ledger.session import Session
from crossdock.ledger.traffic import EFFECT, EXCEPTION, HOUR, OPENED, Cell, Cells

DAYS: Final = 30


def measured(session: Session, flows: Iterable[str], now: datetime) -> Mapping[str, Measured]:
    """The last 30 days (or as many as the ledger knows) by flow; a flow that did nothing has zeros. Empty when the ledger knows nothing."""
    end = (int(now.timestamp()) // HOUR + 1) * HOUR
    begin = end - DAYS * 24 * HOUR
    steps = traffic.hours(session, begin, end, (OPENED, EFFECT, EXCEPTION))
    first = min((at for at, cells in steps.items() if cells), default=None)
    if first is None:
        return {}
    days = max(timedelta(seconds=end - first) / timedelta(days=1), 1 / 24)
    return {flow: _one(flow, steps.values(), days) for flow in flows}


def _one(flow: str, steps: Iterable[Cells], days: float) -> Measured:
    sums = {OPENED: Cell(), EFFECT: Cell(), EXCEPTION: Cell()}
    for cells in steps:
        for kind, cell in cells.items():
            if kind.flow == flow and kind.measure in sums:
                sums[kind.measure].add(cell)
    return Measured(days, sums[OPENED].count, sums[EFFECT].count, sums[EFFECT].quantile(0.95), sums[EXCEPTION].count)
