"""The settings of a shipment-to-invoice flow, with defaults: when whose invoice is ready, what is expected of a consignment; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crossdock.canonical.freight import ChargeKind
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.values import CountryCode, CurrencyCode
from crossdock.processes.frame.settings import Strict
from crossdock.processes.freight_audit import AuditRules

Stage = Literal["picked_up", "departed", "cleared", "delivered", "proof", "invoice_ready", "invoice_posted", "invoice_paid"]
Ready = Literal["shipped", "dispatched", "delivered", "proof"]

_EXPECTED: dict[Stage, timedelta] = {"invoice_ready": timedelta(days=14), "invoice_posted": timedelta(hours=4)}


class Readiness(Strict):
    """When the invoices of some customers are ready. The first entry that fits counts; empty lists are for all."""

    name: Annotated[str, Field(description="Named in what the invoice was allowed by.")] = "readiness"
    customers: Annotated[
        tuple[Identifier, ...],
        Field(description="The customer of an order is meant when one of these is its own; scheme `id`: its number in the shop."),
    ] = ()
    sources: Annotated[tuple[str, ...], Field(description="Systems in which the order was placed.")] = ()
    countries: Annotated[tuple[CountryCode, ...], Field(description="Where the goods go.")] = ()
    ready: Annotated[
        Ready,
        Field(
            description="`shipped`: out of the ERP's stock; `dispatched`: with the carrier; `delivered`; `proof`: a proof of delivery is here."
        ),
    ] = "dispatched"
    per: Annotated[
        Literal["shipment", "order", "day", "week", "month"],
        Field(
            description="One invoice for each consignment, for the whole order once all of it left, or for what got ready in a period, at its end."
        ),
    ] = "shipment"
    across: Annotated[
        bool,
        Field(
            description="With `per: day`, `week` or `month`: what other orders of the customer have ready goes on the same invoice. A flow of the "
            "workflow `invoice_collection` makes it. An order without a customer's number is billed by itself."
        ),
    ] = False
    approve_above: Annotated[
        Decimal | None, Field(ge=0, description="A person allows invoices above so much (with tax); absent: none has to.")
    ] = None


class Tariff(Strict):
    """A carrier's zone for some places, and what it may charge there by kind. Empty lists are for all."""

    carriers: Annotated[tuple[str, ...], Field(description="Carriers by their names in shipments.")] = ()
    service_levels: tuple[str, ...] = ()
    countries: Annotated[tuple[CountryCode, ...], Field(description="Where the goods go.")] = ()
    postal_codes: Annotated[tuple[str, ...], Field(description="Beginnings of postal codes there.")] = ()
    zone: Annotated[str, Field(description="The zone the carrier has to rate with; empty: not compared.")] = ""
    currency: Annotated[CurrencyCode, Field(description="Of the charges.")] = "EUR"
    charges: Annotated[
        dict[ChargeKind, Annotated[Decimal, Field(ge=0)]],
        Field(description="Kind and amount a consignment. With `base` here the price of the booking does not count."),
    ] = Field(default_factory=dict)
    percents: Annotated[
        dict[ChargeKind, Annotated[Decimal, Field(ge=0)]], Field(description="Kind and percent of the base charge (`fuel: 15`).")
    ] = Field(default_factory=dict)

    def fits(self, carrier: str, service_level: str, country: str, postal_code: str) -> bool:
        """Whether it is about a consignment."""
        return (
            (not self.carriers or carrier.casefold() in {one.casefold() for one in self.carriers})
            and (not self.service_levels or service_level in self.service_levels)
            and (not self.countries or country in self.countries)
            and (not self.postal_codes or postal_code.startswith(self.postal_codes))
        )


class Settings(Strict):
    """`settings:` of a flow with `workflow: shipment_to_invoice`. Everything has a default."""

    readiness: Annotated[tuple[Readiness, ...], Field(min_length=1)] = (Readiness(),)
    draft: Annotated[
        Literal["shipped", "ready"],
        Field(description="Make the draft in the ERP when the goods left the stock, or only when it may be posted."),
    ] = "ready"
    zone: Annotated[str, Field(description="The time zone of invoice days and periods.")] = "UTC"
    finish: Annotated[Literal["posted", "paid"], Field(description="What ends the transaction.")] = "posted"
    accrue_freight: Annotated[bool, Field(description="Book the expected freight in the ERP when the carrier is booked.")] = False
    tells: Annotated[
        bool, Field(description="Tell other workflows (`journals`) what was accrued and taken out again (`freight.accrued`).")
    ] = False
    tariffs: Annotated[
        tuple[Tariff, ...],
        Field(
            description="What was agreed with carriers beside the price of each booking; the first that fits a consignment counts."
        ),
    ] = ()
    audit: Annotated[AuditRules, Field(description="What a carrier may bill without a person.")] = AuditRules()
    rates: Annotated[
        dict[str, Annotated[Decimal, Field(gt=0)]],
        Field(description="`EUR/USD` and how many dollars a euro is, for comparing what carriers bill in another currency."),
    ] = Field(default_factory=dict)

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(
            description="`picked_up`, `departed`, `delivered`, `proof`: after the goods left the stock; `cleared`: after customs held them; "
            "`invoice_ready`: after the invoice is wanted; `invoice_posted`: after it is ready; `invoice_paid`: after it is posted. Stages not "
            "named are not waited for. The flow's `slas` of the same names go before."
        ),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[
        dict[str, str], Field(description="Role (`accounting`, `carrier`, `erp`) and the team that gets its failures.")
    ] = Field(default_factory=dict)
    budgets: Annotated[dict[str, str], Field(description="Command (`invoice.post`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {value!r}") from None
        return value
