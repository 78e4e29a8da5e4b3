"""Takes what a supplier sends into the ledger as a message of the ordinary intake: stored, numbered and recorded in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.gs1 import build_sscc
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.connectors.portal.mapping import JSON, Kind, number_of, order_of, written
from crossdock.connectors.portal.options import PortalOptions
from crossdock.connectors.protocol import Inbound
from crossdock.core.errors import LandscapeInvalid
from crossdock.ledger.control_numbers import give
from crossdock.ledger.intake import accept
from crossdock.ledger.joined import joined
from crossdock.ledger.people import record
from crossdock.ledger.session import Session
from crossdock.pipeline.correlation import new_correlation
from crossdock.pipeline.intake import message_row
from crossdock.workbench.page import Request
from crossdock.workbench.place import place
from crossdock.workbench.portal.models import Paper
from crossdock.workbench.portal.service import ACT, must, options_of

CHANNEL = "portal"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was taken: the papers, and whether they had been sent before by the same form."""

    papers: Sequence[Paper]
    again: bool = False


def send(request: Request, system: str, kind: Kind, token: str, make: Callable[[Sscc], Canonical]) -> Sent:
    """Take a form. `make` is given what gives out SSCCs, inside of the transaction, so that none is lost or doubled.

    The same token again gives the papers of before; nothing is sent twice.
    """
    must(request, ACT, system)

    def once(session: Session) -> Sent:
        document = make(Sscc(session, system, token, options_of(system)))
        inbound = Inbound(kind, token, written(kind, document, request.person.name), JSON, {"author": request.person.name[:150]})
        return _take(session, request, system, kind, token, inbound, [document])

    return _once(system, token, once)


def send_file(
    request: Request,
    system: str,
    kind: Kind,
    token: str,
    body: bytes,
    content_type: str,
    headers: Mapping[str, str],
    documents: Sequence[Canonical],
) -> Sent:
    """Take an uploaded file whose contents were read and found right; `headers` say how it is to be read again."""
    must(request, ACT, system)
    said = {"author": request.person.name[:150], **{name: value for name, value in headers.items() if value}}
    inbound = Inbound(kind, token, body, content_type, said)
    return _once(system, token, lambda session: _take(session, request, system, kind, token, inbound, documents))


def _once(system: str, token: str, take: Callable[[Session], Sent]) -> Sent:
    """Take what a token stands for unless it was taken before, also when both are asked for at the same time."""
    if before := _before(system, token):
        return Sent(before, again=True)
    try:
        with joined() as session:
            return take(session)
    except IntegrityError:  # somebody was quicker; everything of this one is rolled back
        if before := _before(system, token):
            return Sent(before, again=True)
        raise


def _before(system: str, token: str) -> list[Paper]:
    return list(Paper.objects.filter(system=system, token=token).order_by("place"))


def _take(
    session: Session, request: Request, system: str, kind: Kind, token: str, inbound: Inbound, documents: Sequence[Canonical]
) -> Sent:
    here = place()
    number, at = here.number(), here.now()
    row = message_row(number, here.landscape.partitions, system, CHANNEL, inbound, at, new_correlation())
    (answer,) = accept(session, [row])
    papers = [
        Paper.objects.create(
            token=token,
            place=at_place,
            system=system,
            order_number=order_of(document)[:64],
            kind=kind,
            number=number_of(document)[:64],
            message=answer.number,
            author=request.person.name[:150],
            summary=summary_of(document),
            packages=packages_of(document),
        )
        for at_place, document in enumerate(documents)
    ]
    detail: dict[str, Any] = {
        "system": system, "kind": kind, "message": answer.number, "papers": [[paper.order_number, paper.number] for paper in papers[:50]]
    }  # fmt: skip
    record(session, here.number(), "portal:paper:sent", request.person.name, detail, at)
    return Sent(papers)


def summary_of(document: Canonical) -> str:
    """What a list shows of a paper."""
    if isinstance(document, OrderResponse):
        return document.verdict
    if isinstance(document, DespatchAdvice):
        return f"{len(document.lines)} / {len(document.units)}"
    if isinstance(document, Invoice):
        return f"{document.payable.amount} {document.payable.currency}"
    return ""


def packages_of(document: Canonical) -> list[dict[str, str]]:
    """The packages of a ship notice that carry an SSCC."""
    if not isinstance(document, DespatchAdvice):
        return []
    return [
        {"sscc": unit.sscc, "kind": unit.kind, "weight": "" if unit.weight_kg is None else format(unit.weight_kg, "f")}
        for unit in document.units
        if unit.sscc
    ]


class Sscc:
    """Gives out serial shipping container codes of a supplier's prefix: each serial once, the same again for the same package of a form."""

    def __init__(self, session: Session, system: str, token: str, options: PortalOptions) -> None:
        self._session = session
        self._system = system
        self._token = token
        self._options = options

    @property
    def possible(self) -> bool:
        """Whether this supplier has a prefix."""
        return bool(self._options.gs1_prefix)

    def next(self, package: str) -> str:
        """The SSCC of a package. Raises `LandscapeInvalid` when there is no prefix or its serials are used up."""
        options = self._options
        if not options.gs1_prefix:
            raise LandscapeInvalid(f"system {self._system!r} has no gs1_prefix: no SSCC can be given out", system=self._system)
        # one series for a prefix and extension, whichever supplier's system asks: two systems with one prefix never give the same
        scope = f"sscc/{options.gs1_prefix}/{options.sscc_extension}"
        here = place()
        serial, _ = give(
            self._session, here.number(), scope, f"{self._system}/{self._token}/{package}", here.now(), options.sscc_first
        )
        try:
            return build_sscc(options.gs1_prefix, serial, options.sscc_extension)
        except ValueError as error:
            raise LandscapeInvalid(
                f"the SSCCs of prefix {options.gs1_prefix} are used up: {error}", system=self._system
            ) from None
