"""Ship notices: what a supplier has sent, in which packages, lots and quantities (UBL DespatchAdvice, X12 856, DESADV); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.purchase_order import DocumentNumber
from crossdock.canonical.values import CountryCode, Day, ExactDecimal, Quantity, UtcTime


class HandlingUnit(Canonical):
    """A pallet or a package (UBL cac:TransportHandlingUnit; X12 HL `T`/`P` with MAN, EDIFACT CPS/PAC/GIN).

    `reference` is unique in the notice and is what lines name; `sscc` is the GS1 serial shipping container code (18 digits with its check
    digit), `inside` the reference of the unit this one stands on, `kind` the package type (UN/ECE Rec 21: `PX` pallet, `CT` carton).
    """

    schema_name = "handling_unit"

    reference: Annotated[str, Field(min_length=1, max_length=64)]
    sscc: str = ""
    inside: str = ""
    kind: str = ""
    weight_kg: ExactDecimal | None = None
    volume_m3: ExactDecimal | None = None
    tracking_number: str = ""


class DespatchLine(TradedItem):
    """What was sent of one ordered line, of one lot, in one package (UBL cac:DespatchLine); the same ordered line may come in several.

    `quantity` is what was sent, `outstanding` what will still come (UBL OutstandingQuantity). `lot` and the days are UBL
    cac:ItemInstance/LotIdentification (X12 `LT`, DTM*036; EDIFACT PCI/GIN `BX`, DTM+36), `best_before` DTM+361 (UNTDID 2005).
    """

    schema_name = "despatch_line"

    number: str
    order_number: str = ""
    order_line: str = ""
    quantity: Quantity
    outstanding: Quantity | None = None
    lot: str = ""
    expiry: Day | None = None
    best_before: Day | None = None
    produced: Day | None = None
    serials: tuple[str, ...] = ()
    package: str = ""
    origin_country: CountryCode | None = None
    note: str = ""

    @model_validator(mode="after")
    def _not_negative(self) -> DespatchLine:
        if self.quantity.value < 0:
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is below zero")
        return self


class DespatchAdvice(Canonical):
    """Payload of `ship_notice.received`, and what `ship_notice.send` carries to a retailer: one delivery for one purchase order.

    A notice for several orders becomes one event per order, all with its `number`. `purpose` and `sequence` say what it is among its
    versions (X12 BSN01 `00`, `05`, `01`; EDIFACT BGM 1225 `9`, `5`, `1`): a `replacement` stands for the earlier notice of this number
    (or of the number in `replaces`), a `cancellation` takes it back. `expected_at` is when the goods will be there.
    """

    schema_name = "despatch_advice"

    number: DocumentNumber
    purpose: Literal["original", "replacement", "cancellation"] = "original"
    sequence: Annotated[int, Field(ge=1)] | None = None
    replaces: str = ""
    order_number: str
    issued_at: UtcTime
    shipped_at: UtcTime | None = None
    expected_at: UtcTime | None = None
    supplier: TradingParty | None = None
    buyer: TradingParty | None = None
    ship_from: TradingParty | None = None
    ship_to: TradingParty | None = None
    supplier_order_number: str = ""
    carrier: str = ""
    carrier_name: str = ""
    service_level: str = ""
    waybill: str = ""
    tracking_number: str = ""
    seal: str = ""
    vehicle: str = ""
    gross_weight_kg: ExactDecimal | None = None
    units: tuple[HandlingUnit, ...] = ()
    lines: tuple[DespatchLine, ...] = ()
    final: bool = False
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> DespatchAdvice:
        references = {unit.reference for unit in self.units}
        faults = [f"two packages carry the reference {each!r}" for each in _twice([unit.reference for unit in self.units])]
        faults += [
            f"package {unit.reference} is inside of {unit.inside!r}, which is not in the notice"
            for unit in self.units
            if unit.inside and unit.inside not in references
        ]
        faults += [
            f"line {line.number} is in package {line.package!r}, which is not in the notice"
            for line in self.lines
            if line.package and line.package not in references
        ]
        if self.purpose != "cancellation" and not self.lines:
            faults.append("a ship notice without lines says nothing")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _twice(names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return []
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]
