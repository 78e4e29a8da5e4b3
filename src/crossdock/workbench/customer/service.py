"""Which portals somebody speaks for, their orders, and the returns they open; every look passes here."""

from __future__ import annotations

from typing import Any, Literal

from django.http import Http404
from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.connectors.customer_portal.mapping import Topic, inbound
from crossdock.connectors.customer_portal.options import CustomerPortalOptions
from crossdock.ledger import customers
from crossdock.ledger.intake import Intake, accept
from crossdock.ledger.joined import joined
from crossdock.ledger.people import record
from crossdock.ledger.session import Session
from crossdock.ledger.trace import Story, story
from crossdock.pipeline.correlation import new_correlation
from crossdock.pipeline.intake import message_row
from crossdock.security import access
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.customer import status
from crossdock.workbench.page import Request
from crossdock.workbench.place import place
from crossdock.workbench.recording import denied
from crossdock.workbench.stages import stages

SEE, ACT = Permission.CUSTOMER_SEE, Permission.CUSTOMER_ACT
KIND = "customer_portal"
CHANNEL = "returns"
Taken = Literal["new", "duplicate", "conflict"]


def shops(request: Request, portal: str, permission: Permission, about: str = "") -> tuple[str, ...]:
    """The shops whose orders a portal speaks of. Raises Http404, recorded: what is another's is not there."""
    described = place().landscape.systems.get(portal)
    mine = described is not None and described.kind == KIND
    if not mine or not access.allowed(request.person, permission, Subject.of("", portal), place().facts):
        denied(request, permission, f"customer portal {portal} {about}".strip()[:200])
        raise Http404
    try:
        return CustomerPortalOptions.model_validate(dict(place().landscape.systems[portal].options)).shops
    except ValidationError:
        raise Http404 from None


def listed(request: Request, portal: str, shop: str, after: str, limit: int) -> list[str]:
    """Order numbers of one of the portal's shops."""
    known = shops(request, portal, SEE, "orders")
    if shop and shop not in known:
        denied(request, SEE, f"customer portal {portal} shop {shop}"[:200])
        raise Http404
    return place().read(lambda session: customers.orders(session, shop or known[0], after, limit))


def order(request: Request, portal: str, number: str, permission: Permission = SEE) -> dict[str, Any]:
    """One order as its customer may see it. Raises Http404, recorded, for another's or none."""
    known = shops(request, portal, permission, f"order {number}")
    return _one(request, portal, [(shop, number) for shop in known], permission, f"order {number}")


def named(request: Request, portal: str, name: str, what: Literal["shipments", "invoices", "returns"]) -> dict[str, Any]:
    """One shipment, invoice or return by its number or waybill, with the order it belongs to. Raises Http404, recorded."""
    known = shops(request, portal, SEE, f"{what} {name}")
    candidates = place().read(lambda session: customers.named(session, name, known))
    for shop, number in candidates:
        found = place().read(lambda session, shop=shop, number=number: _told(session, portal, shop, number))  # type: ignore[misc]
        for each in (found or {}).get(what, ()):
            if name in (each["number"], each.get("tracking_number"), each.get("return_number")):
                return {"shop": shop, "order_number": number, **each}
    denied(request, SEE, f"customer portal {portal} {what} {name}"[:200])
    raise Http404


def _one(request: Request, portal: str, candidates: list[tuple[str, str]], permission: Permission, about: str) -> dict[str, Any]:
    for shop, number in candidates:
        found = place().read(lambda session, shop=shop, number=number: _told(session, portal, shop, number))  # type: ignore[misc]
        if found is not None:
            return found
    denied(request, permission, f"customer portal {portal} {about}"[:200])
    raise Http404


def _told(session: Session, portal: str, shop: str, number: str) -> dict[str, Any] | None:
    key = customers.order_key(shop, number)
    told = _entitled(portal, story(session, key))
    if not any(True for _ in status.events(told, *status.ORDERS)):
        return None
    flow = next((each["flow"] for each in told.instances), "")
    return status.order(told, number, shop, stages(session, key, flow) if flow else ())


def take(request: Request, portal: str, topic: Topic, document: dict[str, Any]) -> Taken:
    """Take what the portal asks as a message of the ordinary intake. The order must be one of the portal's. Raises Http404, recorded."""
    found = order(request, portal, str(document["order_number"]), ACT)
    message = inbound(topic, document, found["shop"])
    here = place()
    with joined() as session:
        number, at = here.number(), here.now()
        row = message_row(number, here.landscape.partitions, portal, CHANNEL, message, at, new_correlation())
        (answer,) = accept(session, [row])
        detail = {
            "system": portal, "topic": topic, "message": answer.number, "order": document["order_number"], "return": document["number"],
            "intake": answer.intake.name.lower(),
        }  # fmt: skip
        record(session, here.number(), "customer:return:sent", request.person.name, detail, at)
    return {Intake.NEW: "new", Intake.DUPLICATE: "duplicate", Intake.CONFLICT: "conflict"}[answer.intake]  # type: ignore[return-value]


def _entitled(portal: str, told: Story) -> Story:
    """The story without what the portal may not be given."""
    content = place().content(portal)
    if content:
        for entry in told.entries:
            document, data, kind = entry.get("canonical"), entry.get("mapped"), EVENT_PAYLOADS.get(str(entry["what"]))
            if kind is not None and isinstance(document, dict):
                entry["canonical"], _ = content.document(kind, document)
            if isinstance(data, dict):
                entry["mapped"], _ = content.command(str(entry["what"]), data, whole=False)
    return told
