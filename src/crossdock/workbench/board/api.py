"""The board over the API: the same functions as its pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404
from ninja import Field, Router, Schema

from crossdock.ledger import alerts as kept
from crossdock.ledger.ids import read as number_of
from crossdock.ledger.ids import written
from crossdock.ledger.times import moment
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.board import service
from crossdock.workbench.page import Request, require, visible
from crossdock.workbench.place import place

router = Router()


class BoardItemOut(Schema):
    """Something expected. `says` is its clock in words, `tone` `bad` (late), `warn` (near) or `calm`."""

    what: str
    key: str
    flow: str
    system: str
    owner: str
    says: str
    tone: str
    due: datetime | None
    taken: str


class LaneOut(Schema):
    """One lane of the board with its most urgent entries."""

    name: str
    title: str
    open: int
    near: int
    late: int
    items: list[BoardItemOut]


class RouteOut(Schema):
    """What a route was told."""

    route: str
    told_at: datetime | None
    error: str


class AlertOut(Schema):
    """Something a team has to know."""

    id: str
    kind: str
    severity: str
    owner: str
    title: str
    text: str
    flow: str
    system: str
    subject: str
    count: int
    since: datetime
    closed_at: datetime | None
    taken_by: str
    told: list[RouteOut]


class TakeIn(Schema):
    """Take an alert over, or give it back."""

    taken: bool = True
    note: Annotated[str, Field(max_length=500)] = ""


class AskedOut(Schema):
    """The instruction that carries it out; the hub answers it within a moment."""

    instruction: str


@router.get("/", response=list[LaneOut], summary="The expectation board")
@permitted(Permission.BOARD_SEE)
def lanes(request: Request) -> list[LaneOut]:
    windows, here = visible(request, Permission.BOARD_SEE), place()
    now = here.clock.now()
    found = here.read(lambda s: service.lanes_now(s, now, windows, 100))
    return [
        LaneOut(
            name=lane.name, title=lane.title, open=lane.open, near=lane.near, late=lane.late,
            items=[
                BoardItemOut(
                    what=i.what, key=i.key, flow=i.flow, system=i.system, owner=i.owner, says=i.says, tone=i.tone,
                    due=moment(i.due) if i.due else None, taken=i.taken,
                )
                for i in lane.items
            ],
        )
        for lane in found
    ]  # fmt: skip


def _out(alert: kept.KeptAlert) -> AlertOut:
    return AlertOut(
        id=written(alert.id), kind=alert.kind, severity=alert.severity, owner=alert.owner, title=alert.title, text=alert.text,
        flow=alert.flow, system=alert.system, subject=alert.subject, count=alert.count, since=moment(alert.since),
        closed_at=moment(alert.closed_at) if alert.closed_at else None, taken_by=alert.taken_by,
        told=[
            RouteOut(route=route, told_at=moment(told["at"]) if told.get("at") else None, error=told.get("error", ""))
            for route, told in alert.told.items()
        ],
    )  # fmt: skip


@router.get("/alerts/", response=list[AlertOut], summary="What teams have to know now")
@permitted(Permission.BOARD_SEE)
def alerts(request: Request) -> list[AlertOut]:
    windows = visible(request, Permission.BOARD_SEE)
    return [_out(each) for each in place().read(lambda s: service.alerts_now(s, windows))]


def _alert(request: Request, number: str, permission: Permission) -> kept.KeptAlert:
    try:
        wanted = number_of(number)
    except ValueError:
        raise Http404 from None
    found = place().read(lambda s: kept.alert_by_id(s, wanted)) if 0 < wanted < 2**63 else None
    if found is None:
        raise Http404
    require(request, permission, Subject.of(found.flow, found.system), f"alert {number}")
    return found


@router.get("/alerts/{number}/", response=AlertOut, summary="One alert")
@permitted(Permission.BOARD_SEE)
def alert(request: Request, number: str) -> AlertOut:
    return _out(_alert(request, number, Permission.BOARD_SEE))


@router.post("/alerts/{number}/take/", response={202: AskedOut}, summary="Take an alert over, or give it back")
@permitted(Permission.BOARD_ACT)
def take(request: Request, number: str, given: TakeIn) -> tuple[int, AskedOut]:
    found = _alert(request, number, Permission.BOARD_ACT)
    author = request.person.name
    asked = place().write(
        lambda s, numbers, at: service.ask_to_take(s, numbers, at, found.id, author, taken=given.taken, note=given.note)
    )
    return 202, AskedOut(instruction=written(asked))


class CauseOut(Schema):
    """One cause of standstill."""

    title: str
    fingerprint: str
    flow: str
    system: str
    count: int
    orders: int
    money: str
    first: datetime
    owner: str


class CostOut(Schema):
    """What is stuck and what it costs."""

    count: int
    orders: int
    money: str
    late: int
    causes: list[CauseOut]


@router.get("/cost/", response=CostOut, summary="What is stuck and what it costs")
@permitted(Permission.BOARD_SEE)
def cost(request: Request) -> CostOut:
    windows, here = visible(request, Permission.BOARD_SEE), place()
    now = here.clock.now()
    found = here.read(lambda s: service.cost(s, now, windows))
    return CostOut(
        count=found.count, orders=found.orders, money=found.money, late=found.late,
        causes=[
            CauseOut(
                title=c.title, fingerprint=c.fingerprint, flow=c.flow, system=c.system, count=c.count, orders=c.orders, money=c.money,
                first=moment(c.first), owner=c.owner,
            )
            for c in found.causes
        ],
    )  # fmt: skip
