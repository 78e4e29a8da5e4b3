"""Exceptions over the API: lists, groups, counts, search."""

from __future__ import annotations

from dataclasses import astuple
from typing import Annotated, Any, Final, Literal

from ninja import Query, Router
from pydantic import Field

from crossdock.ledger.inbox import Place, counts, entries, groups, place_of
from crossdock.ledger.search import search as find
from crossdock.security.roles import Permission
from crossdock.workbench import keyset
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.exceptions import choosing
from crossdock.workbench.exceptions.api_answers import iso, told, worth
from crossdock.workbench.exceptions.api_shapes import (
    Chosen,
    ExceptionOut,
    FoundOut,
    GroupOut,
)
from crossdock.workbench.exceptions.views import now
from crossdock.workbench.page import visible
from crossdock.workbench.place import place

router = Router()
SEE: Final = Permission.EXCEPTIONS_SEE


@router.get("/", response=keyset.Page[ExceptionOut], summary="Exceptions, one by one")
@permitted(SEE)
def list_(
    request: Any, chosen: Query[Chosen], order: Literal["newest", "oldest", "due", "money"] = "newest", after: Annotated[str, Field(max_length=400)] = "",
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
) -> dict[str, Any]:  # fmt: skip
    """A page of exceptions in the order asked for."""
    at, windows = now(), visible(request, SEE)
    given = keyset.read(after, int, str)
    beyond = None if given is None else _place(*given)
    wanted = choosing.chosen(chosen.choice(), place().landscape, request.person.name, at)
    found = place().read(lambda s: entries(s, wanted, at, windows=windows, order=order, after=beyond, limit=limit + 1))
    kept, following = keyset.paged(found, limit, lambda each: astuple(place_of(each, order, wanted.within)))
    return {"items": [told(each, at) for each in kept], "next": following}


def _place(value: int, tie: str) -> Place:
    """Where a list goes on. Raises `Problem` 422 for numbers no ledger has."""
    if not -(2**63) <= value < 2**63 or (tie and not tie.isalnum()) or len(tie) > 40:
        error = {"path": "query.after", "message": "this is no `next` of an earlier answer", "code": "cursor"}
        raise Problem(
            422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=[error]
        )
    return Place(value, tie or "0")


@router.get("/groups", response=keyset.Page[GroupOut], summary="Exceptions by cause")
@permitted(SEE)
def list_groups(
    request: Any, chosen: Query[Chosen], order: Literal["last", "count"] = "last", after: Annotated[str, Field(max_length=400)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:  # fmt: skip
    """A page of groups with counts and money at risk."""
    at, windows = now(), visible(request, SEE)
    given = keyset.read(after, int, str)
    beyond = None if given is None else _place(*given)
    wanted = choosing.chosen(chosen.choice(), place().landscape, request.person.name, at)
    found = place().read(lambda s: groups(s, wanted, at, windows=windows, order=order, after=beyond, limit=limit + 1))
    kept, following = keyset.paged(found, limit, lambda each: (each.last if order == "last" else each.count, each.fingerprint))
    listed = [
        {
            "fingerprint": each.fingerprint, "count": each.count, "orders": each.orders, "at_risk": worth(each.money),
            "first_at": iso(each.first), "last_at": iso(each.last), "due_at": None if each.due is None else iso(each.due),
            "sample": None if each.sample is None else told(each.sample, at),
        }
        for each in kept
    ]  # fmt: skip
    return {"items": listed, "next": following}


@router.get("/counts", response=dict[str, int], summary="How many stand where")
@permitted(SEE)
def count(request: Any) -> dict[str, int]:
    """Counts of open, retried, snoozed, proposed, late and one's own."""
    windows = visible(request, SEE)
    return place().read(
        lambda session: counts(session, now(), windows, [request.person.name], choosing.within(place().landscape))
    )


@router.get("/search", response=FoundOut, summary="Find by order number, waybill, reference or any other name")
@permitted(SEE)
def search(request: Any, q: Annotated[str, Field(min_length=1, max_length=200)]) -> dict[str, Any]:
    """Business keys and exceptions with this name."""
    at, windows = now(), visible(request, SEE)
    if "\x00" in q:
        return {"keys": [], "exceptions": []}
    found = place().read(lambda session: find(session, q, list(place().landscape.systems), windows=windows))
    return {"keys": found.keys if windows is None else [], "exceptions": [told(each, at) for each in found.exceptions]}
