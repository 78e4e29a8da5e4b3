"""The stage strip of an order for people, and its name for lists; knows no rule."""

from __future__ import annotations

from datetime import datetime

from crossdock.processes.order_to_fulfilment.states import State

STAGES = ("placed", "created", "confirmed", "released", "picked", "booked", "shipped", "dispatched", "delivered")


def strip(state: State) -> tuple[tuple[str, datetime | None], ...]:
    """The stages in order with the time each was first reached (`delivered`: by all consignments); a cancelled order ends with `cancelled`."""
    stages = STAGES if state.closed != "cancelled" else (*(one for one in STAGES if one in state.reached), "cancelled")
    return tuple((stage, datetime.fromisoformat(state.reached[stage]) if stage in state.reached else None) for stage in stages)
