"""Transactions over the API: the same functions as their pages."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404
from ninja import Router, Schema

from crossdock.ledger.times import moment
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.page import Request, require, visible
from crossdock.workbench.place import place
from crossdock.workbench.transactions import service

router = Router()


class HitOut(Schema):
    """A transaction in one flow."""

    key: str
    flow: str
    stage: str
    finished: bool
    opened_at: datetime
    updated_at: datetime


class TransactionStageOut(Schema):
    """A stage and when it was reached."""

    name: str
    reached_at: datetime | None


class CourseOut(Schema):
    """One flow's part in a transaction."""

    flow: str
    finished: bool
    stages: list[TransactionStageOut]


class ReferenceOut(Schema):
    """A name some system has for it."""

    scheme: str
    value: str


class TransactionPayloadOut(Schema):
    """What crossed, protected fields hidden as far as the caller may not see them."""

    step: str
    title: str
    text: str


class EntryOut(Schema):
    """One thing that happened."""

    at: datetime
    step: str
    system: str
    what: str
    outcome: str
    note: str
    seconds: float | None
    payloads: list[TransactionPayloadOut]


class ExpectationOut(Schema):
    """Something expected of it."""

    name: str
    due: datetime
    owner: str
    state: str


class TransactionOut(Schema):
    """One transaction's whole course."""

    key: str
    clock: str
    masked: bool
    references: list[ReferenceOut]
    courses: list[CourseOut]
    expectations: list[ExpectationOut]
    entries: list[EntryOut]


@router.get(
    "/", response=list[HitOut], summary="Find transactions by any of their names; without one, those that wait for longest"
)
@permitted(Permission.TRANSACTIONS_SEE)
def find(request: Request, q: str = "", flow: str = "") -> list[HitOut]:
    windows = visible(request, Permission.TRANSACTIONS_SEE)
    text = q.strip()[:200]
    here = place()
    if text:
        hits = here.read(lambda s: service.find(s, text, windows))
    else:
        hits = here.read(lambda s: service.longest_waiting(s, windows, flow))
    return [
        HitOut(
            key=hit.key, flow=hit.flow, stage=hit.stage, finished=hit.finished, opened_at=moment(hit.opened_at),
            updated_at=moment(hit.updated_at),
        )
        for hit in hits
    ]  # fmt: skip


@router.get("/{path:key}", response=TransactionOut, summary="One transaction's whole course")
@permitted(Permission.TRANSACTIONS_SEE)
def transaction(request: Request, key: str, payloads: bool = False) -> TransactionOut:
    here = place()
    wanted = key.rstrip("/")[:500]
    told = here.read(lambda s: service.read(s, wanted))
    if told is None:
        raise Http404
    require(request, Permission.TRANSACTIONS_SEE, service.subject_of(told), f"transaction {wanted}")
    now = here.clock.now()
    found = here.read(lambda s: service.shown(s, told, request.person, now))
    return TransactionOut(
        key=found.key, clock=found.clock, masked=found.masked,
        references=[ReferenceOut(scheme=scheme, value=value) for scheme, value in found.references],
        courses=[
            CourseOut(
                flow=c.flow, finished=c.finished,
                stages=[TransactionStageOut(name=s["name"], reached_at=moment(s["at"]) if s["at"] else None) for s in c.strip],
            )
            for c in found.courses
        ],
        expectations=[
            ExpectationOut(name=e["name"], due=moment(e["due"]), owner=e["owner"], state=e["state"]) for e in found.expectations
        ],
        entries=[
            EntryOut(
                at=moment(e.at), step=e.step, system=e.system, what=e.what, outcome=e.outcome, note=e.note, seconds=e.seconds,
                payloads=[TransactionPayloadOut(step=p.step, title=p.title, text=p.text) for p in e.payloads] if payloads else [],
            )
            for e in found.entries
        ],
    )  # fmt: skip
