"""Bulk jobs over the API: plan, start, watch, stop."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from ninja import Router, Schema, Status
from pydantic import Field

from crossdock.ledger.ids import read, written
from crossdock.ledger.inbox import Money
from crossdock.ledger.jobs import Job, items, outcomes, reasons
from crossdock.ledger.states import ExceptionState
from crossdock.security.roles import Permission
from crossdock.workbench import keyset
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.exceptions import choosing
from crossdock.workbench.exceptions.api_answers import ANSWERS, answered, iso, worth
from crossdock.workbench.exceptions.api_shapes import Chosen, MoneyOut
from crossdock.workbench.exceptions.views import now
from crossdock.workbench.jobs import service
from crossdock.workbench.place import place

router = Router()
SEE, BULK = Permission.EXCEPTIONS_SEE, Permission.EXCEPTIONS_BULK
Action = Literal["retry", "resolve", "assign", "own", "snooze", "wake", "decide", "correct"]


class PlanIn(Schema):
    """What to do with which exceptions."""

    action: Action
    chosen: Chosen


class PlanOut(Schema):
    """What would happen. `bound` goes back when the job is started: what comes later is left alone."""

    found: int
    eligible: int
    left_alone: dict[str, int]
    systems: dict[str, int]
    at_risk: list[MoneyOut]
    bound: str
    more: bool


class JobIn(PlanIn):
    """A job. `data` is what the action needs: `code`, `assignee`, `owner`, `hours`, `for`, `action`, or for
    `correct` the fields to set: `{"set": {"order.currency": "EUR"}}`.
    """

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    bound: Annotated[str, Field(min_length=1, max_length=20)]
    expected: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    pace: Annotated[int, Field(ge=0, le=1000)] = 0
    data: dict[str, Any] = Field(default_factory=dict)


class JobOut(Schema):
    """A job and how far it is."""

    number: str
    action: str
    state: str
    author: str
    reason: str
    chosen: dict[str, Any]
    data: dict[str, Any]
    planned: int
    asked: int
    done: int
    refused: int
    skipped: int
    note: str
    created_at: str
    ended_at: str | None
    ended_by: str


class ReportOut(JobOut):
    """A job with its report."""

    left_alone: dict[str, int]
    outcomes: dict[str, int]


class JobItemOut(Schema):
    """What a job did about one exception, and how that stands now."""

    exception: str
    key: str
    code: str
    result: str
    why: str
    state: str | None


class EndIn(Schema):
    """Why it is ended or approved."""

    note: Annotated[str, Field(max_length=1000)] = ""


def told(job: Job) -> dict[str, Any]:
    """A job as the API tells it."""
    return {
        "number": written(job.id), "action": job.action, "state": job.state.name.lower(), "author": job.author, "reason": job.reason,
        "chosen": job.chosen.get("filter", {}), "data": job.data, "planned": job.planned, "asked": job.asked, "done": job.done,
        "refused": job.refused, "skipped": job.skipped, "note": job.note, "created_at": iso(job.created_at),
        "ended_at": None if job.ended_at is None else iso(job.ended_at), "ended_by": job.ended_by,
    }  # fmt: skip


@router.get("/", response=keyset.Page[JobOut], summary="Bulk jobs, newest first")
@permitted(SEE)
def list_(
    request: Any, after: Annotated[str, Field(max_length=400)] = "", limit: Annotated[int, Field(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """A page of jobs."""
    given = keyset.read(after, int)
    before = 2**63 - 1 if given is None else max(0, min(given[0], 2**63 - 1))
    kept, following = keyset.paged(service.listed(request, before, limit + 1), limit, lambda job: (job.id,))
    return {"items": [told(job) for job in kept], "next": following}


@router.post("/plan", response=PlanOut, summary="What a job would do, and why not to which")
@permitted(BULK)
def plan(request: Any, given: PlanIn) -> dict[str, Any]:
    """Changes nothing."""
    at = now()
    found = service.planned(
        request, given.action, choosing.chosen(given.chosen.choice(), place().landscape, request.person.name, at), at
    )
    return {
        "found": found.found, "eligible": found.eligible, "left_alone": dict(found.reasons), "systems": dict(found.systems),
        "at_risk": worth([Money(currency, minor) for currency, minor in sorted(found.money.items())]), "bound": written(found.bound),
        "more": found.more,
    }  # fmt: skip


@router.post("/", response={**ANSWERS, 201: JobOut}, summary="Start a job")
@permitted(BULK)
def start(request: Any, given: JobIn) -> Any:
    """It runs in the hub, paced, and survives restarts."""
    at = now()
    try:
        bound = read(given.bound)
        data = service.data_of(given.action, given.data, at)
    except ValueError as error:
        raise _wrong(str(error)) from None
    chosen = choosing.chosen(given.chosen.choice(), place().landscape, request.person.name, at)
    reason = given.reason.replace("\x00", "")
    if not reason.strip() or not 0 <= bound < 2**63:
        raise _wrong("say why, and give the `bound` of a plan")
    found = service.start(request, given.action, chosen, data, reason, bound, given.expected, given.pace)
    if not found.done:
        return answered(found)
    return Status(201, told(service.by_number(request, written(int(found.result["job"])))))


def _wrong(message: str) -> Problem:
    wrong: Final = [{"path": "body.data", "message": message, "code": "value_error"}]
    return Problem(422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=wrong)


@router.get("/{number}", response=ReportOut, summary="Progress and report of a job")
@permitted(SEE)
def show(request: Any, number: str) -> dict[str, Any]:
    """How far it is and what became of what it did."""
    found = service.by_number(request, number)
    why, came = place().read(lambda session: (reasons(session, found.id), outcomes(session, found.id)))
    return {**told(found), "left_alone": dict(why), "outcomes": came}


@router.get("/{number}/items", response=keyset.Page[JobItemOut], summary="What a job did about each exception")
@permitted(SEE)
def list_items(
    request: Any,
    number: str,
    after: Annotated[str, Field(max_length=400)] = "",
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """A page of items in order."""
    job, given = service.by_number(request, number), keyset.read(after, int)
    beyond = 0 if given is None else max(0, min(given[0], 2**63 - 1))
    found = place().read(lambda session: items(session, job.id, None, beyond, limit + 1))
    kept, following = keyset.paged(found, limit, lambda each: (each.id,))
    listed = [
        {
            "exception": written(each.exception), "key": each.key, "code": each.code, "result": each.state.name.lower(), "why": each.why,
            "state": None if each.exception_state is None else ExceptionState(each.exception_state).name.lower(),
        }
        for each in kept
    ]  # fmt: skip
    return {"items": listed, "next": following}


@router.post("/{number}/stop", response=ANSWERS, summary="Stop a job")
@permitted(BULK)
def stop(request: Any, number: str, given: EndIn) -> Any:
    """What was asked already is carried out still."""
    return answered(service.stop(request, service.by_number(request, number), given.note.replace("\x00", "")))


@router.post("/{number}/approve", response=ANSWERS, summary="Approve somebody else's job")
@permitted(Permission.EXCEPTIONS_APPROVE)
def approve(request: Any, number: str, given: EndIn) -> Any:
    """Where policy asks for a second person."""
    return answered(service.approve(request, service.by_number(request, number), given.note.replace("\x00", "")))
