"""The contract for customers' portals: orders, shipments, invoices and returns asked for, returns opened and taken back."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Status
from pydantic import Field

from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.customer import service
from crossdock.workbench.customer.service import ACT, SEE
from crossdock.workbench.customer.shapes import (
    CancellationIn,
    CustomerOrderOut,
    CustomerOrderPage,
    InvoiceFound,
    ReturnFound,
    ReturnIn,
    ShipmentFound,
    TakenOut,
)

router = Router()
Text = Annotated[str, Field(max_length=64)]
ANSWERS = {200: TakenOut, 201: TakenOut}


@router.get("/orders", response=CustomerOrderPage, summary="Numbers of the orders a portal speaks of")
@permitted(SEE)
def list_orders(
    request: Any, portal: Text, shop: Text = "", after: Text = "", limit: Annotated[int, Field(ge=1, le=500)] = 100
) -> dict[str, Any]:
    """A page of order numbers of one shop, in their order as text."""
    found = service.listed(request, portal, shop, _plain(after), limit)
    return {"items": found, "next": found[-1] if len(found) == limit else None}


@router.get(
    "/orders/{portal}/{path:number}", response=CustomerOrderOut, summary="Where an order stands, with all that belongs to it"
)
@permitted(SEE)
def show_order(request: Any, portal: str, number: str) -> dict[str, Any]:
    """Its lines, stages, shipments with milestones, invoices and returns."""
    return service.order(request, portal, _plain(number))


@router.get(
    "/shipments/{portal}/{path:number}", response=ShipmentFound, summary="Where a shipment stands, by tracking or waybill number"
)
@permitted(SEE)
def show_shipment(request: Any, portal: str, number: str) -> dict[str, Any]:
    """One shipment with its milestones and its order."""
    return service.named(request, portal, _plain(number), "shipments")


@router.get("/invoices/{portal}/{path:number}", response=InvoiceFound, summary="Where an invoice or credit note stands")
@permitted(SEE)
def show_invoice(request: Any, portal: str, number: str) -> dict[str, Any]:
    """One invoice with its order."""
    return service.named(request, portal, _plain(number), "invoices")


@router.get(
    "/returns/{portal}/{path:number}", response=ReturnFound, summary="Where a return stands, by the portal's number or the hub's"
)
@permitted(SEE)
def show_return(request: Any, portal: str, number: str) -> dict[str, Any]:
    """One return with its label once it is authorised."""
    return service.named(request, portal, _plain(number), "returns")


@router.post("/returns", response=ANSWERS, summary="Open a return")
@permitted(ACT)
def open_return(request: Any, given: ReturnIn) -> Any:
    """The order must be one of the portal's. The hub decides by its policy and answers later."""
    document = given.model_dump(mode="json", exclude={"portal"}) | {"channel": "portal"}
    return _taken(given.number, service.take(request, given.portal, "return.requested", document))


@router.post("/cancellations", response=ANSWERS, summary="Take a return back: the customer keeps the goods")
@permitted(ACT)
def cancel_return(request: Any, given: CancellationIn) -> Any:
    """Until the goods are received."""
    document = given.model_dump(mode="json", exclude={"portal"})
    return _taken(given.number, service.take(request, given.portal, "return.cancelled", document))


def _taken(number: str, found: service.Taken) -> Any:
    if found == "conflict":
        hint = "Both are kept and a person decides. Give a new return a number of its own."
        raise Problem(409, "customer.conflict", "A return of this number was asked for with other content.", hint)
    return Status(200 if found == "duplicate" else 201, {"number": number, "known": found == "duplicate"})


def _plain(text: str) -> str:
    return text.replace("\x00", "")
