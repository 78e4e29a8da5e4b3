"""The portal's contract for suppliers' programs: orders, answers, ship notices with labels, invoices, files."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final

from django.http import HttpResponse
from ninja import Router, Schema, Status
from pydantic import BaseModel, Field

from crossdock.canonical.base import Canonical
from crossdock.connectors.portal.mapping import Kind
from crossdock.ledger.ids import read as read_number
from crossdock.ledger.ids import written
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.page import Request
from crossdock.workbench.place import place
from crossdock.workbench.portal import building, sending, service, uploads
from crossdock.workbench.portal.given import Answer, InvoiceGiven, Notice
from crossdock.workbench.portal.models import Paper
from crossdock.workbench.portal.service import ACT, SEE, Listed
from crossdock.workbench.portal.views import label_answer

router = Router()


class PaperOut(Schema):
    """What was sent. `state`: received, taken (read and given to the buyer's workflow), held (a person at the buyer's looks at it)."""

    id: int
    system: str
    order_number: str
    kind: str
    number: str
    author: str
    at: str
    state: str
    sscc: list[str]


class LineOut(Schema):
    """A line of an order."""

    line: str
    sku: str
    supplier_sku: str
    gtin: str
    name: str
    quantity: str
    unit: str
    unit_price: str
    price_base: str | None
    delivery_date: str | None
    status: str


class OrderOut(Schema):
    """An order as it was told last. `standing`: open, answered, shipped, invoiced, cancelled."""

    system: str
    number: str
    revision: int
    ordered_at: str
    currency: str
    total: str
    delivery_date: str | None
    buyer: str
    ship_to: dict[str, Any]
    note: str
    standing: str
    lines: list[LineOut]
    papers: list[PaperOut]


class OrderPage(Schema):
    """A page of orders; `next` is given back as `before`."""

    items: list[OrderOut]
    next: str | None


class UploadIn(BaseModel):
    """A file, as the supplier's system wrote it: UBL, CSV or XLSX."""

    system: Annotated[str, Field(max_length=64)]
    kind: Kind
    file_name: Annotated[str, Field(max_length=150)] = ""
    content: Annotated[str, Field(max_length=6_000_000, description="The file in base64.")]
    decimal: Annotated[str, Field(pattern=r"^[.,]?$", description="The decimal mark of numbers that are text.")] = ""
    dates: Annotated[str, Field(pattern=r"^(iso|d\.m\.y|d/m/y|m/d/y)?$", description="How dates that are text are written.")] = ""


def _told(each: Listed) -> dict[str, Any]:
    order, states = each.order, service.states(each.papers)
    return {
        "system": each.told.system,
        "number": order.number,
        "revision": order.revision,
        "ordered_at": order.ordered_at.isoformat(),
        "currency": order.currency,
        "total": format(order.total.amount, "f"),
        "delivery_date": order.delivery_date.isoformat() if order.delivery_date else None,
        "buyer": order.buyer.name,
        "ship_to": order.ship_to.model_dump(mode="json", include={"name", "address"}),
        "note": order.note,
        "standing": each.standing,
        "lines": [
            {
                "line": line.number,
                "sku": line.sku,
                "supplier_sku": line.supplier_sku,
                "gtin": line.gtin,
                "name": line.name,
                "quantity": format(line.quantity.value, "f"),
                "unit": line.quantity.unit,
                "unit_price": format(line.unit_price.amount, "f"),
                "price_base": None if line.price_base is None else format(line.price_base, "f"),
                "delivery_date": line.delivery_date.isoformat() if line.delivery_date else None,
                "status": line.status,
            }
            for line in order.lines
        ],
        "papers": [_paper(paper, states[paper.pk]) for paper in each.papers],
    }


def _paper(paper: Paper, state: str) -> dict[str, Any]:
    return {
        "id": paper.pk,
        "system": paper.system,
        "order_number": paper.order_number,
        "kind": paper.kind,
        "number": paper.number,
        "author": paper.author,
        "at": paper.at.isoformat(),
        "state": state,
        "sscc": [str(each["sscc"]) for each in paper.packages],
    }


def _token(request: Any) -> str:
    """The Idempotency-Key makes a request one paper, however often it is sent; without one each request is a paper of its own."""
    key = request.headers.get("idempotency-key", "")
    return f"{request.person.key or request.person.name}/{key}"[:80] if key else written(place().number())


@router.get("/orders", response=OrderPage, summary="Purchase orders of the supplier, newest first")
@permitted(SEE)
def list_orders(
    request: Any, before: Annotated[str, Field(max_length=40)] = "", limit: Annotated[int, Field(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """A page of orders."""
    try:
        edge = min(read_number(before), 2**63 - 1) if before else 2**63 - 1
    except ValueError:
        raise _wrong("before", "is no mark of a page") from None
    found = service.listed(request, edge, limit)
    return {"items": [_told(each) for each in found], "next": written(found[-1].told.id) if len(found) == limit else None}


@router.get("/orders/{system}/{path:number}", response=OrderOut, summary="One purchase order")
@permitted(SEE)
def show_order(request: Any, system: str, number: str) -> dict[str, Any]:
    """As it was told last, with everything sent about it."""
    return _told(service.find(request, system, number))


@router.post("/answers", response={201: PaperOut}, summary="Confirm, change or refuse an order line by line")
@permitted(ACT)
def send_answer(request: Any, given: Answer) -> Any:
    """Lines that are left out are accepted as ordered."""
    found = _open(request, given.system, given.order_number)
    token, now = _token(request), place().clock.now()
    return _sent(request, found, "order_response", token, lambda _sscc: building.answer(given, found.order, now, token))


@router.post("/ship-notices", response={201: PaperOut}, summary="Send a ship notice with its packages")
@permitted(ACT)
def send_notice(request: Any, given: Notice) -> Any:
    """Packages without an SSCC are given one where the supplier has a prefix."""
    found = _open(request, given.system, given.order_number)
    options, now = service.options_of(given.system), place().clock.now()

    def make(sscc: sending.Sscc) -> Canonical:
        return building.notice(given, found.order, now, options, sscc.next if sscc.possible else None)

    return _sent(request, found, "ship_notice", _token(request), make)


@router.post("/invoices", response={201: PaperOut}, summary="Send an invoice or a credit note")
@permitted(ACT)
def send_invoice(request: Any, given: InvoiceGiven) -> Any:
    """Its total must be what its lines come to."""
    found = service.find(request, given.system, given.order_number, ACT)
    return _sent(request, found, "invoice", _token(request), lambda _sscc: building.invoice(given, found.order))


@router.post("/uploads", response={201: list[PaperOut]}, summary="Send a file: UBL, CSV or XLSX")
@permitted(ACT)
def send_upload(request: Any, given: UploadIn) -> Any:
    """Everything wrong in it is told at once, with row and column or path; then nothing is taken."""
    service.must(request, ACT, given.system, "upload")
    try:
        body = base64.b64decode(given.content, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("content", "is not base64") from None
    found = uploads.read_upload(request, given.system, given.kind, body, given.file_name, given.decimal, given.dates)
    if found.problems or found.words:
        errors: Final = [
            {"path": each.place or "content", "message": each.message, "code": "portal.file"} for each in found.problems
        ]
        hint = "Each fault is named in `errors`; correct the file and send it again. Nothing was stored."
        raise Problem(422, "portal.file_invalid", found.words or "The file cannot be taken.", hint, errors=errors)
    sent = uploads.take(
        request, given.system, given.kind, _token(request), body, given.file_name, found.documents, given.decimal, given.dates
    )
    return Status(201, [_paper(paper, "received") for paper in sent.papers])


@router.get("/papers/{int:number}/labels", summary="SSCC labels of a ship notice, as PDF")
@permitted(SEE)
def show_labels(request: Any, number: int) -> HttpResponse:
    """One A6 page a package."""
    return label_answer(request, number)


def _open(request: Request, system: str, number: str) -> Listed:
    found = service.find(request, system, number, ACT)
    if found.told.cancelled:
        raise Problem(409, "portal.cancelled", "The order was cancelled.", "It can no longer be answered or shipped.")
    return found


def _sent(request: Any, found: Listed, kind: Kind, token: str, make: Any) -> Any:
    sent = sending.send(request, found.told.system, kind, token, make)
    return Status(201, _paper(sent.papers[0], "received"))


def _wrong(field: str, message: str) -> Problem:
    errors = [{"path": f"body.{field}", "message": message, "code": "value_error"}]
    return Problem(422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=errors)
