"""Which suppliers somebody speaks for, their orders and what they sent; every look passes here, for pages and API alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from django.http import Http404
from pydantic import ValidationError

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.connectors.portal.options import PortalOptions
from crossdock.core.errors import ContentWithheld
from crossdock.ledger import portal as ledger
from crossdock.ledger.portal import Told
from crossdock.ledger.states import MessageState
from crossdock.ledger.times import moment
from crossdock.security import access
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.page import Request
from crossdock.workbench.place import place
from crossdock.workbench.portal.models import Paper
from crossdock.workbench.recording import denied

SEE, ACT = Permission.PORTAL_SEE, Permission.PORTAL_ACT
KIND: Final = "portal"


@dataclass(frozen=True, slots=True)
class Listed:
    """An order of the supplier's list: as it was told last, and what was sent about it."""

    told: Told
    order: PurchaseOrder
    papers: list[Paper]

    @property
    def standing(self) -> str:
        """Where the order stands for the supplier: `cancelled`, `open`, `answered`, `shipped`, `invoiced`."""
        told = moment(self.told.at)
        # an answer to an earlier version does not answer this one
        kinds = {paper.kind for paper in self.papers if paper.kind != "order_response" or paper.at >= told}
        if self.told.cancelled:
            return "cancelled"
        for kind, name in (("invoice", "invoiced"), ("ship_notice", "shipped"), ("order_response", "answered")):
            if kind in kinds:
                return name
        return "open"


def systems(request: Request, permission: Permission = SEE) -> list[str]:
    """The suppliers' systems this person has the permission for."""
    known = [name for name, system in place().landscape.systems.items() if system.kind == KIND]
    return [name for name in known if access.allowed(request.person, permission, Subject.of("", name), place().facts)]


def must(request: Request, permission: Permission, system: str, about: str = "") -> None:
    """Go on only for a supplier of this person's. Raises Http404, and records it: what is another's is not there."""
    described = place().landscape.systems.get(system)
    if described is None or described.kind != KIND or system not in systems(request, permission):
        denied(request, permission, f"supplier {system} {about}".strip()[:200])
        raise Http404


def options_of(system: str) -> PortalOptions:
    """A supplier's settings, those of the environment laid over. Raises Http404 when the landscape's are unusable."""
    try:
        return PortalOptions.model_validate(dict(place().landscape.systems[system].options))
    except (ValidationError, KeyError):
        raise Http404 from None


def title_of(system: str) -> str:
    """The supplier's name for people."""
    described = place().landscape.systems.get(system)
    return (described.title if described is not None else "") or system


def listed(request: Request, before: int = 2**63 - 1, limit: int = 50) -> list[Listed]:
    """Orders of all suppliers of this person, the last told first."""
    found = place().read(lambda session: ledger.orders(session, systems(request), before, limit))
    papers: dict[tuple[str, str], list[Paper]] = {}
    for paper in Paper.objects.filter(system__in={t.system for t in found}, order_number__in={t.number for t in found}).order_by(
        "-id"
    ):
        papers.setdefault((paper.system, paper.order_number), []).append(paper)
    return [
        Listed(told, order, papers.get((told.system, told.number), [])) for told in found if (order := read(told)) is not None
    ]


def read(told: Told) -> PurchaseOrder | None:
    """The order as it was told, without what the supplier may not see (any more); None when it cannot be read any more."""
    try:
        data, _ = place().content(told.system).command(told.name, {"purchase_order": told.order})
        return PurchaseOrder.model_validate(data["purchase_order"])
    except (ValidationError, ContentWithheld):
        return None


def find(request: Request, system: str, number: str, permission: Permission = SEE) -> Listed:
    """One order of one supplier. Raises Http404, recorded, for another's or none."""
    must(request, permission, system, f"order {number}")
    told = told_of(system, number)
    order = read(told) if told is not None else None
    if told is None or order is None:
        denied(request, permission, f"supplier {system} order {number}"[:200])
        raise Http404
    papers = list(Paper.objects.filter(system=system, order_number=number).order_by("-id")[:100])
    return Listed(told, order, papers)


def told_of(system: str, number: str) -> Told | None:
    """The newest version a supplier was told of an order number."""
    keys = [f"purchase/{name}/{number}" for name in place().landscape.systems]
    return place().read(lambda session: ledger.order(session, system, keys)) if number else None


def paper(request: Request, number: int, permission: Permission = SEE) -> Paper:
    """One paper. Raises Http404, recorded, for another supplier's."""
    found = Paper.objects.filter(pk=number).first()
    if found is None:
        raise Http404
    must(request, permission, found.system, f"paper {number}")
    return cast("Paper", found)


def states(papers: list[Paper]) -> dict[int, str]:
    """What became of each paper's message: `received`, `taken`, `held` (a person looks at it), or `kept` when the ledger has forgotten it."""
    known = place().read(lambda session: ledger.states(session, [paper.message for paper in papers]))
    words = {MessageState.RECEIVED: "received", MessageState.FAILED: "held"}
    return {paper.pk: words.get(known[paper.message], "taken") if paper.message in known else "kept" for paper in papers}
