"""What people do about exceptions: one function per doing, used by pages and API alike; permission, instruction, answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.http import Http404

from crossdock.core.errors import RequestUnwritable
from crossdock.ledger.ids import read, written
from crossdock.ledger.people import OpenException, exceptions_by_id, instruct, instruct_hub, results, same_refusals
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.page import Request, may, require
from crossdock.workbench.place import place

NEEDS: Final = {
    "retry": Permission.EXCEPTIONS_ACT,
    "resolve": Permission.EXCEPTIONS_ACT,
    "decide": Permission.EXCEPTIONS_ACT,
    "reconcile": Permission.EXCEPTIONS_ACT,
    "cancel": Permission.EXCEPTIONS_ACT,
    "assign": Permission.EXCEPTIONS_ACT,
    "own": Permission.EXCEPTIONS_ACT,
    "snooze": Permission.EXCEPTIONS_ACT,
    "wake": Permission.EXCEPTIONS_ACT,
    "note": Permission.EXCEPTIONS_ACT,
    "correct": Permission.EXCEPTIONS_EDIT,
    "approve": Permission.EXCEPTIONS_APPROVE,
    "reject": Permission.EXCEPTIONS_APPROVE,
    "unpark": Permission.EXCEPTIONS_FIX,
}
"""Every doing about an exception and the permission it takes."""
RESOLUTIONS: Final = ("corrected", "done_by_hand", "duplicate", "obsolete", "agreed_with_partner", "no_action_needed")
WAIT: Final = 4.0
"""Seconds an answer is waited for; the hub carries it out all the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of something that was asked. `pending`: the hub has not carried it out yet."""

    done: bool
    why: str = ""
    code: str = ""
    pending: bool = False
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Whether it was not done because something had changed meanwhile."""
        return self.code == "exceptions.stale"


def subject_of(each: OpenException) -> Subject:
    """What an exception is about, for the decision who may do something with it."""
    return Subject.of(each.flow, each.system)


def by_number(request: Request, text: str, permission: Permission = Permission.EXCEPTIONS_SEE) -> OpenException:
    """An exception by its written number. Raises Http404 when there is none or it is none of theirs; the latter is recorded."""
    try:
        number = read(text)
    except ValueError:
        raise Http404 from None
    if not 0 < number < 2**63:
        raise Http404
    found = place().read(lambda session: exceptions_by_id(session, [number])).get(number)
    if found is None:
        raise Http404
    require(request, permission, subject_of(found), about=f"exception {written(number)}")
    return found


def allowed(request: Request, each: OpenException) -> frozenset[str]:
    """The doings this person may do about an exception."""
    subject = subject_of(each)
    return frozenset(kind for kind, permission in NEEDS.items() if may(request, permission, subject))


def act(request: Request, kind: str, each: OpenException, data: dict[str, Any], *, token: str = "", wait: float = WAIT) -> Answer:
    """Ask the hub to do something about an exception and wait a moment for its answer. Raises Http404 without the permission.

    Refused messages about one order with the very same fault are one thing to settle: what is done about one is asked for the others.
    """
    require(request, NEEDS[kind], subject_of(each), about=f"{kind} exception {written(each.id)}")
    _writable(data)
    author = request.person.name
    [asked] = place().write(lambda session, numbers, at: instruct(session, numbers, kind, [each], data, author, at, token))
    found = answer(asked, wait)
    if each.subject == "message" and (found.done or found.pending) and not data.get("check"):
        _settle_dependents(kind, each, author, token)
    return found


def _settle_dependents(kind: str, each: OpenException, author: str, token: str) -> None:
    """Carry a retry or a resolution over to the other refusals of the same order; a correction only settles the versions before it."""
    same = place().read(lambda session: same_refusals(session, each)) if kind in ("retry", "resolve", "correct") else []
    if kind == "correct":
        same = [one for one in same if one.subject_id < each.subject_id]
    if not same:
        return
    note = f"settled with {written(each.id)}"
    wish, data = ("retry", {"note": note}) if kind == "retry" else ("resolve", {"code": "duplicate", "note": note})
    place().write(lambda session, numbers, at: instruct(session, numbers, wish, same, data, author, at, token and f"{token}+"))


def act_on_hub(
    request: Request, kind: str, data: dict[str, Any], *, token: str = "", wait: float = WAIT, partition: int = 0
) -> Answer:
    """Ask the hub for something that is about no single exception; whoever calls has checked the permission."""
    _writable(data)
    author = request.person.name
    asked = place().write(lambda session, numbers, at: instruct_hub(session, numbers, kind, data, author, at, token, partition))
    return answer(asked, wait)


def _writable(data: dict[str, Any]) -> None:
    try:
        orjson.dumps(data)
    except orjson.JSONEncodeError:
        raise RequestUnwritable(fields={"data": RequestUnwritable.summary()}) from None


def answer(asked: int, wait: float = WAIT) -> Answer:
    """The hub's answer to an instruction, waited for as long as `wait` seconds."""
    until = time.monotonic() + wait
    pause = 0.02
    while True:
        found = place().read(lambda session: results(session, [asked])).get(asked)
        if found is not None:
            return Answer(bool(found.get("done")), str(found.get("why", "")), str(found.get("code", "")), result=found)
        if time.monotonic() >= until:
            return Answer(False, "", "exceptions.pending", pending=True)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def snoozed(data: dict[str, Any], now: int) -> dict[str, Any]:
    """What a snooze asks for: `hours`, or `for` (count, value map, system). Raises ValueError when it says neither."""
    if data.get("for"):
        return {"for": str(data["for"]), "note": str(data.get("note", ""))}
    try:
        hours = float(data.get("hours") or 0)
    except TypeError:
        hours = 0.0
    if not 0 < hours <= 24 * 366:
        raise ValueError("say for how many hours, or what it waits for")
    return {"until": now + int(hours * 3_600_000_000), "note": str(data.get("note", ""))}
