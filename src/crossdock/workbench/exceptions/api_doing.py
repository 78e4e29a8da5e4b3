"""What may be done about an exception, over the API: by the same functions as its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ninja import Router

from crossdock.security.masking import Mask
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.exceptions import credentials, payloads, service
from crossdock.workbench.exceptions.acting import masked_changes
from crossdock.workbench.exceptions.api_answers import ANSWERS, answered
from crossdock.workbench.exceptions.api_shapes import (
    AssignIn,
    CorrectIn,
    CredentialIn,
    DecideIn,
    Do,
    ResolveIn,
    SnoozeIn,
)
from crossdock.workbench.exceptions.views import now

router = Router()


@router.post("/{number}/corrections", response=ANSWERS, summary="Edit and replay: check or send a correction")
@permitted(Permission.EXCEPTIONS_EDIT)
def correct(request: Any, number: str, given: CorrectIn) -> Any:
    """Schema and rules are run before anything is sent; the original is kept."""
    each = service.by_number(request, number)
    said = {name: value.replace("\x00", "") if isinstance(value, str) else value for name, value in given.dict().items()}
    found = service.act(request, "correct", each, said)
    return answered(replace(found, result=_masked(found.result, payloads.mask_of(request, each))))


def _masked(result: dict[str, Any], mask: Mask) -> dict[str, Any]:
    """What a check tells, with what is protected hidden: nobody learns by proposing."""
    shown = dict(result)
    if "changes" in shown:
        shown["changes"] = masked_changes(shown["changes"], mask)
    if "events" in shown:
        shown["events"] = [{**one, "data": payloads.masked_event(one["data"], one["type"], mask)} for one in shown["events"]]
    return shown


def _do(request: Any, number: str, kind: str, data: dict[str, Any]) -> Any:
    each = service.by_number(request, number)
    said = {
        name: value.replace("\x00", "") if isinstance(value, str) else value for name, value in data.items() if value is not None
    }
    return answered(service.act(request, kind, each, said))


@router.post("/{number}/credential", response=ANSWERS, summary="Renew a credential of its system and put the system back to work")
@permitted(Permission.EXCEPTIONS_FIX)
def renew_credential(request: Any, number: str, given: CredentialIn) -> Any:
    """The value goes into the hub's secrets and is never shown."""
    each = service.by_number(request, number)
    reason = given.reason.replace("\x00", "")
    return answered(credentials.renew(request, each, given.purpose, given.value.get_secret_value().strip(), reason))


@router.post("/{number}/snooze", response=ANSWERS, summary="Snooze until a time, a count or an event")
@permitted(Permission.EXCEPTIONS_ACT)
def snooze(request: Any, number: str, given: SnoozeIn) -> Any:
    """Out of sight until then."""
    data = {"hours": given.hours, "for": given.until_event.replace("\x00", ""), "note": given.note}
    try:
        said = service.snoozed(data, now())
    except ValueError:
        wrong = [{"path": "body.hours", "message": "say `hours` or `for`", "code": "missing"}]
        raise Problem(
            422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=wrong
        ) from None
    return _do(request, number, "snooze", {**said, "seen": given.seen})


def _offer(kind: str, given: type[Do], permission: Permission, summary_: str, description: str) -> None:
    """Add the operation `kind`: all of them take a number, a shape, and ask the hub."""

    def operation(request: Any, number: str, given: Any) -> Any:
        return _do(request, number, kind, given.dict())

    operation.__name__, operation.__doc__ = kind, description
    operation.__annotations__["given"] = given
    router.post(f"/{{number}}/{kind}", response=ANSWERS, summary=summary_)(permitted(permission)(operation))


ACT, APPROVE = Permission.EXCEPTIONS_ACT, Permission.EXCEPTIONS_APPROVE
for _kind, _given, _permission, _summary, _description in (
    ("retry", Do, ACT, "Try again", "Refused while the effect is uncertain."),
    ("resolve", ResolveIn, ACT, "Resolve with a code and a note", "Close it; nothing is sent any more."),
    ("decide", DecideIn, ACT, "Choose one of the ways the process offers", "Answer a process's question."),
    ("reconcile", Do, ACT, "Ask the target now whether an uncertain effect happened", "Ask now instead of at the next turn."),
    (
        "cancel",
        Do,
        ACT,
        "Cancel the whole order; its process takes back what was done",
        "Cancel with compensation; the note says why.",
    ),
    ("assign", AssignIn, ACT, "Assign to a person, hand over to a team", "Say whose it is."),
    ("wake", Do, ACT, "Wake a snoozed one", "Back into the inbox."),
    ("note", Do, ACT, "Add a note to the trail", "Kept in the audit trail."),
    ("approve", Do, APPROVE, "Approve somebody else's correction", "Let a proposed correction take effect."),
    ("reject", Do, APPROVE, "Turn somebody else's correction down", "Nothing is changed."),
):
    _offer(_kind, _given, _permission, _summary, _description)
