"""The settings of a payment-capture flow, with defaults: when what was authorised is taken; knows no state."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from crossdock.processes.frame.settings import Strict

Stage = Literal["captured"]
_EXPECTED: dict[Stage, timedelta] = {"captured": timedelta(days=1)}


class Settings(Strict):
    """`settings:` of a flow with `workflow: payment_capture`. Everything has a default."""

    capture: Annotated[
        Literal["complete", "shipment", "never"],
        Field(
            description="`complete`: once, when all of the order left, what left is taken; `shipment`: the share of each consignment, for "
            "gateways that capture in parts; `never`: people do."
        ),
    ] = "complete"
    void: Annotated[
        bool,
        Field(
            description="Give the authorisation up when nothing of the order will be shipped (`order.shipped` without shipments)."
        ),
    ] = True
    expectations: Annotated[
        dict[Stage, timedelta],
        Field(description="`captured`: after the goods left. The flow's `slas` of the same name go before."),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[dict[str, str], Field(description="Role (`finance`) and the team that gets its failures.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[dict[str, str], Field(description="Command (`payment.capture`) and the retry budget it is given.")] = (
        Field(default_factory=dict)
    )
