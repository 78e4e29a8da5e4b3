"""The review board over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import Http404
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from crossdock.governance.review.telling import logged, plain
from crossdock.ledger import reviews
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.changes import service
from crossdock.workbench.place import place

router = Router()


class ChangeRequestOut(Schema):
    """A change request: what it changes, whom it asks, what is missing or speaks against it, what was decided, and the evidence."""

    number: str
    state: str
    title: str
    reason: str
    author: str
    maker: str
    bundle: str
    base: str
    environment: str
    opened: str
    expires: str | None
    promoted: str | None
    review_due: str | None
    changes: list[dict[str, Any]]
    reviewers: dict[str, Any]
    lacking: dict[str, str]
    against: list[str]
    decisions: list[dict[str, Any]]
    evidence: dict[str, Any] | None


class DecisionLineOut(Schema):
    """A line of the decision log."""

    at: str
    kind: str
    request: str
    by: str
    team: str
    note: str


class ChangeDecideIn(Schema):
    """A decision. `seen`: you saw which real messages come out differently."""

    kind: Literal["approved", "rejected", "emergency"]
    team: Annotated[str, Field(max_length=63)] = ""
    note: Annotated[str, Field(max_length=2000)] = ""
    seen: bool = False


class NoteIn(Schema):
    """Why."""

    note: Annotated[str, Field(max_length=2000)] = ""


@router.get("/", response=list[ChangeRequestOut], summary="Change requests, newest first")
@permitted(Permission.CHANGES_SEE)
def list_(request: Any) -> Any:
    """The newest fifty."""
    return [plain(each) for each in service.listed()]


@router.get("/decisions", response=list[DecisionLineOut], summary="The decision log, newest first")
@permitted(Permission.CHANGES_SEE)
def decisions(request: Any, limit: Annotated[int, Field(ge=1, le=10_000)] = 1000) -> Any:
    """Who asked, approved, rejected, waived and promoted what, when and why."""
    return [logged(each) for each in place().read(lambda session: reviews.decisions(session, limit=limit))]


@router.post("/", response={201: ChangeRequestOut}, summary="Ask for a change with a bundle")
@permitted(Permission.CHANGES_OPEN)
def start(
    request: Any, bundle: Annotated[UploadedFile, File()], reason: Annotated[str, Form(max_length=2000)],
    title: Annotated[str, Form(max_length=200)] = "",
) -> Any:  # fmt: skip
    """The bundle is checked as for a promotion; what is refused changes nothing."""
    return Status(201, plain(service.opened(request.person, bundle.read(), title, reason)))


@router.get("/{number}", response=ChangeRequestOut, summary="One change request")
@permitted(Permission.CHANGES_SEE)
def show(request: Any, number: str) -> Any:
    """With its evidence and decisions."""
    return plain(_one(number))


@router.post("/{number}/decide", response=ChangeRequestOut, summary="Approve, reject or let through")
@permitted(Permission.CHANGES_REVIEW)
def decide(request: Any, number: str, given: ChangeDecideIn) -> Any:
    """People only; never one's own."""
    _one(number)
    return plain(service.decided(request.person, number, given.kind, team=given.team, note=given.note, seen=given.seen))


@router.post("/{number}/promote", response=ChangeRequestOut, summary="Let an approved change run")
@permitted(Permission.CHANGES_PROMOTE)
def promote(request: Any, number: str, given: NoteIn) -> Any:
    """Every check of a promotion is made again."""
    _one(number)
    service.promoted(request.person, number, given.note)
    return plain(_one(number))


def _one(number: str) -> Any:
    try:
        return service.one(number)
    except service.NoSuchChange:
        raise Http404 from None
