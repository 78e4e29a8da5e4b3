"""The settings of a freight-tender flow: which loads are offered, to whom, in which order; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.party import Address
from crossdock.canonical.values import CountryCode, Money
from crossdock.processes.frame.settings import Strict

Stage = Literal["accepted"]
_EXPECTED: dict[Stage, timedelta] = {"accepted": timedelta(hours=4)}


class Choice(Strict):
    """A carrier in the order of preference (routing guide)."""

    carrier: Annotated[str, Field(min_length=1, description="The carrier's name in shipments.")]
    role: Annotated[str, Field(description="The role whose system takes the offer: a TMS, or the carrier by EDI.")] = "tms"
    service_level: str = ""
    countries: Annotated[tuple[CountryCode, ...], Field(description="Where the goods go; empty: everywhere.")] = ()
    max_weight_kg: Decimal | None = None
    rate: Annotated[Money | None, Field(description="What is offered; absent: the carrier names its price.")] = None
    answer_within: Annotated[timedelta, Field(description="So long the carrier may take; then the offer is taken back.")] = (
        timedelta(hours=1)
    )


class Settings(Strict):
    """`settings:` of a flow with `workflow: freight_tender`."""

    carriers: Annotated[tuple[Choice, ...], Field(min_length=1)]
    ship_from: Annotated[Address, Field(description="Where the load is picked up.")]
    min_weight_kg: Annotated[Decimal, Field(ge=0, description="Lighter consignments are parcels and not offered.")] = Decimal(0)
    service_levels: Annotated[tuple[str, ...], Field(description="Only orders with these; empty: all.")] = ()
    equipment: str = ""
    expectations: Annotated[
        dict[Stage, timedelta],
        Field(description="`accepted`: after the load is wanted. The flow's `slas` of the same name go before."),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[dict[str, str], Field(description="Role (`carrier`) and the team that gets its failures.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[dict[str, str], Field(description="Command (`tender.send`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )
