"""The settings of a freight-to-bill flow, with defaults; knows no state."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from crossdock.processes.frame.settings import Strict
from crossdock.processes.freight_audit import AuditRules

Stage = Literal["audited", "billed"]
_EXPECTED: dict[Stage, timedelta] = {"billed": timedelta(days=5)}


class Settings(Strict):
    """`settings:` of a flow with `workflow: freight_to_bill`. Everything has a default."""

    patience: Annotated[
        timedelta,
        Field(description="So long the orders a carrier bills for may take to answer; what nobody knows then is disputed."),
    ] = timedelta(minutes=15)
    landed_cost: Annotated[bool, Field(description="Spread what was billed over the goods of the transfers, as landed cost.")] = (
        False
    )
    charge_customers: Annotated[
        bool, Field(description="Invoice the approved freight of each order to its customer (`invoice.charge`).")
    ] = False
    tells: Annotated[
        bool,
        Field(
            description="Tell other workflows that it is a bill (`freight.billed`): the books, and the orders, whose accrued freight is then expected no more."
        ),
    ] = False
    audit: Annotated[AuditRules, Field(description="Rounding of totals; charges are judged by the orders' flow.")] = AuditRules()

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(description="`audited`, `billed`: after the invoice came. The flow's `slas` of the same names go before."),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[dict[str, str], Field(description="Role (`accounting`) and the team that gets its failures.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[dict[str, str], Field(description="Command (`bill.create`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )
