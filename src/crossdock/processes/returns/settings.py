"""The settings of a returns flow, with defaults: what may come back, who approves, how money goes back, what is expected when; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.party import Address
from crossdock.canonical.returns import ReturnReason
from crossdock.processes.frame.settings import Strict

Stage = Literal["return_authorised", "return_received", "refunded", "return_completed"]

_EXPECTED: dict[Stage, timedelta] = {
    "return_authorised": timedelta(days=2),
    "return_received": timedelta(days=21),
    "refunded": timedelta(days=5),
    "return_completed": timedelta(days=40),
}
_BY_REASON: dict[ReturnReason, int] = {
    "damaged": 60,
    "defective": 730,
    "wrong_item": 60,
    "not_as_described": 730,
    "missing_parts": 60,
}
SELLERS_DOING: frozenset[str] = frozenset({"damaged", "defective", "wrong_item", "not_as_described", "missing_parts", "late"})
"""Reasons for which the customer pays no fee and the goods need not be as new."""
Amount = Annotated[Decimal, Field(ge=0)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]


class Category(Strict):
    """Goods with a policy of their own; the first whose pattern fits counts."""

    name: str
    skus: Annotated[tuple[str, ...], Field(min_length=1, description="SKUs, with `*` and `?` for any signs.")]
    returnable: Annotated[
        bool, Field(description="`false`: only what is the seller's doing comes back (hygiene, made to measure).")
    ] = True
    days: Annotated[int | None, Field(ge=0, description="Days since delivery; absent: the flow's.")] = None
    fee_percent: Annotated[Percent, Field(description="Kept of what goes back when it is not the seller's doing.")] = Decimal(0)

    def fits(self, sku: str) -> bool:
        """Whether an article belongs to this category."""
        return any(fnmatchcase(sku, pattern) for pattern in self.skus)


class Eligibility(Strict):
    """What may come back."""

    days: Annotated[int, Field(ge=0, description="Days since delivery.")] = 30
    days_by_reason: Annotated[dict[ReturnReason, int], Field(description="Days for a reason; goes before the others.")] = Field(
        default_factory=lambda: dict(_BY_REASON)
    )
    categories: tuple[Category, ...] = ()
    outside: Annotated[
        Literal["refuse", "ask"], Field(description="What the policy does not allow: refused at once, or a person decides.")
    ] = "ask"
    without_return_up_to: Annotated[
        Amount, Field(description="Refunds without the goods up to this value of the request; beyond it a person decides.")
    ] = Decimal(15)


class Approval(Strict):
    """Whose word a refund needs, by its value in the order's currency."""

    person_above: Annotated[Amount | None, Field(description="Above it a person approves; absent: never.")] = Decimal(200)
    two_above: Annotated[Amount | None, Field(description="Above it two different people approve; absent: never.")] = Decimal(
        1000
    )


class Way(Strict):
    """How goods come back."""

    label: Annotated[Literal["hub", "customer"], Field(description="Who makes the label for the way back.")] = "hub"
    carrier: Annotated[str, Field(description="The carrier's name in shipments.")] = ""
    role: Annotated[str, Field(description="The role whose system makes the label; absent: `carrier:<name>`, or `carrier`.")] = ""
    service: str = ""
    warehouse: Annotated[str, Field(description="The warehouse's code in expected returns.")] = "MAIN"
    location: Annotated[
        str,
        Field(
            description="The ERP's place for goods that are sold again, by its name there; absent: where the ERP takes returns."
        ),
    ] = ""
    to: Annotated[Address | None, Field(description="Where returns go; needed for labels.")] = None

    def carrier_role(self) -> str:
        """The role that makes labels."""
        return self.role or (f"carrier:{self.carrier}" if self.carrier else "carrier")


class Settings(Strict):
    """`settings:` of a flow with `workflow: returns`. Everything has a default."""

    eligibility: Eligibility = Eligibility()
    approval: Approval = Approval()
    way: Way = Way()
    expect: Annotated[bool, Field(description="Tell the warehouse what to expect.")] = True
    bad_condition: Annotated[
        Literal["pay", "ask"],
        Field(
            description="Goods that cannot be sold again though nothing was wrong with them: pay all the same, or ask a person."
        ),
    ] = "ask"
    transfer: Annotated[bool, Field(description="Take the goods back in the ERP.")] = True
    credit_note: Annotated[
        Literal["when_invoiced", "always", "never"],
        Field(description="`when_invoiced`: only when the ERP told of a posted invoice; before that it invoices less by itself."),
    ] = "when_invoiced"
    credit_tolerance: Annotated[
        Amount,
        Field(
            description="By so much the ERP's credit note may differ by rounding without a person; what goes back stays as it is."
        ),
    ] = Decimal("0.02")
    register_refund: Annotated[bool, Field(description="Register the refund on the credit note in the ERP.")] = True
    refund_by: Annotated[
        Literal["gateway", "shop"],
        Field(description="Refund at the gateway that took the money, or through the shop, when the shop is the gateway."),
    ] = "gateway"
    refund_shipping: Annotated[
        Literal["whole_order", "never"],
        Field(
            description="What the customer paid for shipping goes back when the whole order came back (2011/83/EU article 13)."
        ),
    ] = "whole_order"
    exchanges: Annotated[
        Literal["order", "ask"],
        Field(description="`order`: a new order without charge begins when the goods are here; `ask` a person."),
    ] = "ask"
    exchange_role: Annotated[
        str, Field(description="The role whose system the new order is told for; absent: where the first was placed.")
    ] = ""
    answer: Annotated[bool, Field(description="Answer where the return was asked for.")] = True

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(
            description="`return_authorised`, `return_completed`: after the request; `return_received`: after it was authorised; `refunded`: after the goods "
            "came, or after the authorisation of a refund without goods. The flow's `slas` of the same names go before."
        ),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[
        dict[str, str],
        Field(
            description="Role (`service`, `erp`, `wms`, `carrier`, `gateway`, `shop`, `finance`) and the team that gets its failures."
        ),
    ] = Field(default_factory=dict)
    budgets: Annotated[dict[str, str], Field(description="Command (`payment.refund`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )
