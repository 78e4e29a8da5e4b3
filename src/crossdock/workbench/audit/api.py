"""The audit trail over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query, Router, Schema

from crossdock.security.roles import Permission
from crossdock.workbench import keyset
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.audit import service
from crossdock.workbench.audit.views import given
from crossdock.workbench.recording import record

router = Router()
Text = Annotated[str, Query(max_length=300)]


class DeedOut(Schema):
    """What somebody did. `readable` is false when the link of the chain is damaged."""

    at: datetime
    who: str
    what: str
    about: str
    partition: int
    link: int
    before: Any = None
    after: Any = None
    detail: dict[str, Any]
    readable: bool


class BreakOut(Schema):
    """A place where the chain does not hold."""

    partition: int
    link: int
    problem: str


class VerificationOut(Schema):
    """Whether the chain holds."""

    intact: bool
    links: int
    records: int
    compared: int
    breaks: list[BreakOut]


@router.get("/", response=keyset.Page[DeedOut], summary="Who did what, newest first")
@permitted(Permission.AUDIT_SEE)
def search(
    request: Any,
    who: Text = "",
    what: Text = "",
    about: Text = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """`what` is a tag such as `workbench:role:given`, or its beginning with `*`; `about` an account or a business key."""
    place = keyset.read(after, int, int)
    found = service.search(service.sought(who, what, about, since, until), (place[0], place[1]) if place else None, limit + 1)
    kept, following = keyset.paged(found, limit, lambda deed: (deed.at, deed.id))
    return {"items": [service.told(deed) for deed in kept], "next": following}


@router.post("/verification", response=VerificationOut, summary="Recompute the audit chain")
@permitted(Permission.AUDIT_SEE)
def verify(request: Any) -> dict[str, Any]:
    """Takes as long as there are records."""
    found = service.verify()
    record("workbench:audit:verified", request.person.name, intact=not found.breaks, links=found.links, records=found.records)
    breaks = [{"partition": each.partition, "link": each.seq, "problem": each.problem} for each in found.breaks[:1000]]
    return {"intact": not breaks, "links": found.links, "records": found.records, "compared": found.compared, "breaks": breaks}


@router.get("/evidence/{path:key}", summary="The evidence of one transaction as an archive")
@permitted(Permission.TRANSACTIONS_SEE)
def evidence(request: Any, key: str) -> HttpResponse:
    """A ZIP with a manifest of hashes: the story, every payload as far as it may be seen, and the records of the audit chain."""
    return given(request, key)
