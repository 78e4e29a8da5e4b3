"""What is kept beside exceptions, over the API: saved filters, value-map entries added while the hub runs."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.http import Http404
from ninja import Router, Status

from crossdock.ledger.ids import written
from crossdock.ledger.map_entries import MapEntry
from crossdock.ledger.map_entries import entries as map_entries
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.exceptions import service
from crossdock.workbench.exceptions.api_answers import ANSWERS, answered, iso
from crossdock.workbench.exceptions.api_shapes import (
    FilterIn,
    FilterOut,
    MapIn,
    MapOut,
)
from crossdock.workbench.exceptions.models import SavedFilter
from crossdock.workbench.page import require
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

router = Router()
SEE: Final = Permission.EXCEPTIONS_SEE


@router.get("/filters", response=list[FilterOut], summary="Saved filters: one's own and shared ones")
@permitted(SEE)
def filters(request: Any) -> Any:
    """Saved filters."""
    return SavedFilter.objects.filter(Q(owner=request.person.name) | Q(shared=True)).order_by("name")[:500]


@router.post("/filters", response=FilterOut, summary="Save a filter")
@permitted(SEE)
def save_filter(request: Any, given: FilterIn) -> Any:
    """Keep a filter under a name; the same name again replaces it."""
    query = given.chosen.choice().query[:2000]
    saved, _made = SavedFilter.objects.update_or_create(
        owner=request.person.name, name=given.name.replace("\x00", ""), defaults={"query": query, "shared": given.shared}
    )
    record("workbench:filter:saved", request.person.name, after={"name": given.name, "query": query, "shared": given.shared})
    return saved


@router.delete("/filters/{int:number}", response={204: None}, summary="Drop one of one's own filters")
@permitted(SEE)
def drop_filter(request: Any, number: int) -> Any:
    """Drop a filter."""
    found = SavedFilter.objects.filter(pk=number, owner=request.person.name).first() if number < 2**63 else None
    if found is None:
        raise Http404
    record(
        "workbench:filter:dropped", request.person.name, before={"name": found.name, "query": found.query, "shared": found.shared}
    )
    found.delete()
    return Status(204, None)


@router.get("/value-maps", response=list[MapOut], summary="Value-map entries added while the hub runs")
@permitted(Permission.EXCEPTIONS_FIX)
def list_map_entries(request: Any) -> list[dict[str, Any]]:
    """Added entries in force."""
    return [_entry(each) for each in place().read(map_entries)]


def _entry(each: MapEntry) -> dict[str, Any]:
    return {
        "id": written(each.id), "map": each.map, "code": each.code, "value": each.value, "author": each.author, "reason": each.reason,
        "created_at": iso(each.created_at),
    }  # fmt: skip


@router.post("/value-maps", response=ANSWERS, summary="Add a value-map entry")
@permitted(Permission.EXCEPTIONS_FIX)
def add_map_entry(request: Any, given: MapIn) -> Any:
    """Add an entry; it holds at once for the whole hub, so it takes the permission for all of it."""
    require(request, Permission.EXCEPTIONS_FIX, Subject(), about=f"value map {given.map}")
    return answered(service.act_on_hub(request, "map", {name: text.replace("\x00", "") for name, text in given.dict().items()}))


@router.delete("/value-maps/{number}", response=ANSWERS, summary="Take an added value-map entry out")
@permitted(Permission.EXCEPTIONS_FIX)
def drop_map_entry(request: Any, number: str) -> Any:
    """Take an entry out of force."""
    require(request, Permission.EXCEPTIONS_FIX, Subject(), about="value map entries")
    found = next((each for each in place().read(map_entries) if written(each.id) == number.upper()), None)
    if found is None:
        raise Http404
    return answered(service.act_on_hub(request, "unmap", {"entry": found.id}))
