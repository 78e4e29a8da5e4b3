"""What a freight invoice is held against: what was agreed for each shipment, what was billed before, what is tolerated; knows no invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from crossdock.canonical.freight import ChargeKind
from crossdock.processes.frame.settings import Strict

NotNegative = Annotated[Decimal, Field(ge=0)]


class AuditRules(Strict):
    """What a carrier may bill without a person. Of two bounds the larger counts; less than agreed is always within."""

    amount: Annotated[NotNegative, Field(description="A charge may exceed what was agreed by so much, in its currency.")] = (
        Decimal("0.50")
    )
    percent: Annotated[NotNegative, Field(description="Or by so much of what was agreed.")] = Decimal(1)
    weight_kg: Annotated[NotNegative, Field(description="The billed weight may exceed the known one by so much.")] = Decimal(
        "0.5"
    )
    weight_percent: Annotated[NotNegative, Field(description="Or by so much of it.")] = Decimal(5)
    weight_step_kg: Annotated[
        NotNegative, Field(description="Carriers bill whole steps: the known weight is rounded up to them first.")
    ] = Decimal("0.5")
    surcharges: Annotated[
        tuple[ChargeKind, ...], Field(description="Kinds of charge that are accepted though nobody agreed their amount.")
    ] = ("tax",)
    short_pay: Annotated[
        bool, Field(description="Of a charge that is too high only the difference is disputed; otherwise the whole charge is.")
    ] = False
    rounding: Annotated[NotNegative, Field(description="The total may differ from the sum of its lines by so much.")] = Decimal(
        "0.02"
    )


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one shipment was to cost, from its booking, quote or tender.

    `charges`: kind -> amount in `currency`. `percents`: kind -> percent of the base charge (fuel). `total`: for all charges that `charges` and
    `percents` do not name, where the carrier quoted one price for everything. `weight_kg`: the chargeable weight, the larger of actual and
    volume weight. Empty texts and None are not known and not compared.
    """

    shipment: str
    carrier: str
    waybill: str = ""
    tracking: tuple[str, ...] = ()
    currency: str = ""
    charges: Mapping[str, Decimal] = field(default_factory=dict)
    percents: Mapping[str, Decimal] = field(default_factory=dict)
    total: Decimal | None = None
    weight_kg: Decimal | None = None
    zone: str = ""
    service_level: str = ""

    def names(self) -> tuple[str, ...]:
        """Everything by which a line may name this shipment."""
        return tuple(name for name in (self.shipment, self.waybill, *self.tracking) if name)


@dataclass(frozen=True, slots=True)
class Billed:
    """A charge that stands in an earlier invoice: whoever bills it again bills it twice. What a credit note gave back is below zero."""

    carrier: str
    invoice: str
    line: str
    kind: str
    code: str = ""
    waybill: str = ""
    tracking: str = ""
    amount: Decimal = Decimal(0)
    currency: str = ""
