"""The settings of an order-to-fulfilment flow, with defaults: who is asked, which rules hold, what is expected when; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.party import Address
from crossdock.canonical.shipment import MilestoneCode
from crossdock.canonical.values import CountryCode
from crossdock.processes.frame.settings import Strict

ShortRule = Literal["backorder", "close_short", "cancel_remainder", "ask"]
OverRule = Literal["accept", "ship_ordered", "ask"]
SubstitutionRule = Literal["accept_equivalent", "ask"]

Stage = Literal["confirmed", "released", "picked", "booked", "dispatched", "delivered"]

_EXPECTED: dict[Stage, timedelta] = {
    "confirmed": timedelta(hours=1),
    "released": timedelta(hours=4),
    "picked": timedelta(days=1),
    "booked": timedelta(hours=2),
    "dispatched": timedelta(days=1),
    "delivered": timedelta(days=7),
}
_CUTOFF = r"^([^/\s]+/[^/\s]+)?$"


class Served(Strict):
    """Which orders an entry is for; empty lists are for all. The first entry that fits counts."""

    countries: Annotated[tuple[CountryCode, ...], Field(description="Destination countries; empty: all.")] = ()
    service_levels: Annotated[tuple[str, ...], Field(description="Service levels of the order; empty: all.")] = ()

    def fits(self, country: str, service_level: str) -> bool:
        """Whether an order to this country with this service level is for this entry."""
        return (not self.countries or country in self.countries) and (
            not self.service_levels or service_level in self.service_levels
        )


class Erp(Served):
    """The ERP that gets the order."""

    role: str = "erp"


class Warehouse(Served):
    """A warehouse that fulfils orders."""

    name: Annotated[str, Field(description="The warehouse's code in fulfilment orders.")] = "MAIN"
    role: Annotated[str, Field(description="The role whose system runs this warehouse.")] = "wms"
    country: Annotated[
        CountryCode | None, Field(description="Where the goods leave from; without it nothing can cross a border unchecked.")
    ] = None
    postal_code: Annotated[str, Field(description="For places with a customs status of their own.")] = ""
    address: Annotated[Address | None, Field(description="The sender's address for carriers.")] = None
    calendar: Annotated[str, Field(description="The calendar of the warehouse's working time.")] = ""
    cutoff: Annotated[
        str, Field(pattern=_CUTOFF, description="`calendar/cut-off` by which goods leave when the carrier names none.")
    ] = ""


class Carrier(Served):
    """A carrier that may be booked."""

    name: Annotated[str, Field(description="The carrier's name in shipments.")]
    role: Annotated[str, Field(description="The role whose system books it; absent: `carrier:<name>`.")] = ""
    service: Annotated[str, Field(description="The carrier's service; absent: the order's service level.")] = ""
    max_weight_kg: Annotated[Decimal | None, Field(description="The heaviest shipment this entry takes.")] = None
    cutoff: Annotated[str, Field(pattern=_CUTOFF, description="`calendar/cut-off` by which goods are handed over.")] = ""


class Tolerance(Strict):
    """By how much the ERP's total may differ from the order's: the sum of all three."""

    amount: Annotated[Decimal, Field(ge=0, description="In the order's currency.")] = Decimal("0.02")
    per_line: Annotated[Decimal, Field(ge=0, description="For each line: rounding (half a cent).")] = Decimal("0.005")
    percent: Annotated[Decimal, Field(ge=0, description="Of the order's total.")] = Decimal(0)


class Picks(Strict):
    """What is done when the warehouse picked something other than it was asked."""

    short: Annotated[
        ShortRule,
        Field(
            description="`backorder`: release the rest again; `close_short`: ship what there is and forget the rest; "
            "`cancel_remainder`: the same, and take it off the order; `ask` a person."
        ),
    ] = "backorder"
    over: Annotated[
        OverRule, Field(description="Beyond the tolerance: `accept`, ship only what was ordered, or `ask` a person.")
    ] = "ask"
    over_tolerance_percent: Annotated[Decimal, Field(ge=0, description="More than asked by so much is accepted.")] = Decimal(0)
    substitution: Annotated[
        SubstitutionRule, Field(description="`accept_equivalent`: what the list allows, else ask; `ask`: always a person.")
    ] = "accept_equivalent"
    equivalents: Annotated[
        dict[str, tuple[str, ...]], Field(description="SKU ordered and the SKUs that may be shipped instead.")
    ] = Field(default_factory=dict)
    ship_partial: Annotated[
        bool, Field(description="A shipment for each confirmation; `false` collects them until the final one.")
    ] = True
    backorder_after: Annotated[
        timedelta, Field(description="Release the rest again so much later (working time when the warehouse has a calendar).")
    ] = timedelta(0)
    max_releases: Annotated[int, Field(ge=1, description="After so many fulfilment orders of one order a person is asked.")] = 10


class Product(Strict):
    """Customs and weight of a product, for flows whose ERP does not keep them."""

    hs_code: str = ""
    origin_country: CountryCode | None = None
    weight_kg: Decimal | None = None
    description: str = ""


class Settings(Strict):
    """`settings:` of a flow with `workflow: order_to_fulfilment`. Everything has a default."""

    erps: tuple[Erp, ...] = (Erp(),)
    warehouses: Annotated[tuple[Warehouse, ...], Field(min_length=1)] = (Warehouse(),)
    carriers: Annotated[
        tuple[Carrier, ...], Field(description="In order of preference; absent: the only role `carrier` or `carrier:<name>`.")
    ] = ()
    booked_by: Annotated[Literal["hub", "warehouse"], Field(description="Who books the carrier.")] = "hub"

    confirm: Annotated[
        Literal["auto", "erp"], Field(description="The hub confirms the order, or waits until it is confirmed in the ERP.")
    ] = "auto"
    release: Annotated[
        Literal["confirmed", "released"],
        Field(description="Release to the warehouse when confirmed, or when the ERP says `order.released`."),
    ] = "confirmed"
    release_when_paid: Annotated[bool, Field(description="Release only orders that are authorized or paid.")] = False
    release_lead: Annotated[
        timedelta | None, Field(description="Release this long before the requested ship date; absent: at once.")
    ] = None
    handling: Annotated[
        timedelta, Field(description="Time the warehouse needs from release to hand-over; a nearer cut-off is not promised.")
    ] = timedelta(hours=1)
    tolerance: Tolerance = Tolerance()
    picks: Picks = Picks()
    change_after_release: Annotated[
        Literal["recall", "ask", "refuse"],
        Field(description="A change the warehouse already works on: recall and release again, ask a person first, or refuse."),
    ] = "recall"

    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$", description="For orders that name none.")] = ""
    products: Annotated[dict[str, Product], Field(description="Customs facts by SKU.")] = Field(default_factory=dict)

    shop_fulfil_after: Annotated[
        Literal["transfer", "booking", "never"],
        Field(description="Tell the shop when the ERP shipped, when the carrier is booked, never."),
    ] = "transfer"
    shop_milestones: Annotated[tuple[MilestoneCode, ...], Field(description="Milestones the shop is told.")] = (
        "out_for_delivery",
        "delivered",
        "exception",
        "returned",
    )
    erp_milestones: Annotated[tuple[MilestoneCode, ...], Field(description="Milestones written to the ERP's transfer.")] = (
        "picked_up",
        "delivered",
        "exception",
        "returned",
    )
    alarming: Annotated[tuple[MilestoneCode, ...], Field(description="Milestones that a person must look at.")] = (
        "customs_held",
        "exception",
        "returning",
        "returned",
    )
    finish: Annotated[
        Literal["delivered", "dispatched"],
        Field(description="What ends the transaction; `dispatched` for carriers without tracking."),
    ] = "delivered"

    tells: Annotated[
        bool,
        Field(
            description="Tell other workflows of the order (invoices) what left the stock (`shipment.shipped`) and when that was all "
            "(`order.shipped`)."
        ),
    ] = False

    quotes: Annotated[
        bool,
        Field(description="Tell other workflows of the order what the carrier asks as soon as it is booked (`freight.quoted`)."),
    ] = False

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(description="How soon after the stage before; the flow's `slas` of the same names go before."),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[
        dict[str, str], Field(description="Role (`erp`, `wms`, `shop`, `carrier`) and the team that gets its failures.")
    ] = Field(default_factory=dict)
    budgets: Annotated[dict[str, str], Field(description="Command (`shipment.book`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )
