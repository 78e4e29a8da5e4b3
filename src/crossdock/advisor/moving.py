"""What it costs to move a flow from one operating model to another, in days of work with the assumptions said; pure."""

from __future__ import annotations

from typing import Final

from crossdock.advisor.models import Model
from crossdock.landscape.models import Flow

ASSUMPTIONS: Final = (
    "2 days to write the flow anew and to have it reviewed",
    "1 day for every system in it to be tried against its simulator and its test environment",
    "towards middleware: 3 days for states, compensation and what people decide",
    "towards event-driven: 2 days for every receiver, which must bear repetition and other order",
    "towards direct: 1 day for the time limit and what is answered when there is no answer",
    "2 days side by side with the old way before it is switched off",
)
"""Orientation for a team that knows its systems, not an offer."""


def days_to_move(flow: Flow, here: Model, there: Model) -> int:
    """Days of work; 0 when nothing moves."""
    if here is there:
        return 0
    systems = set(flow.roles.values())
    receivers = len(systems - set(flow.trigger.sources)) or 1
    towards = {Model.DIRECT: 1, Model.MIDDLEWARE: 3, Model.EVENTS: 2 * receivers}
    return 4 + len(systems) + towards[there]
