"""One exception over the API: what is known of it, its payloads, its document."""

from __future__ import annotations

from typing import Any, Final

from ninja import Router

from crossdock.ledger.ids import written
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.exceptions import payloads, service
from crossdock.workbench.exceptions.acting import masked_changes
from crossdock.workbench.exceptions.api_answers import iso, told
from crossdock.workbench.exceptions.api_shapes import (
    DetailOut,
    DocumentOut,
    PayloadOut,
    UnmaskIn,
)
from crossdock.workbench.exceptions.detail import Detail, look
from crossdock.workbench.exceptions.editor import document_of
from crossdock.workbench.exceptions.views import now
from crossdock.workbench.page import require
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

router = Router()
SEE: Final = Permission.EXCEPTIONS_SEE


@router.get("/{number}", response=DetailOut, summary="One exception with its hint, attempts, stages and earlier resolutions")
@permitted(SEE)
def show(request: Any, number: str) -> dict[str, Any]:
    """Everything known of an exception."""
    each, at = service.by_number(request, number), now()
    found = place().read(lambda session: look(session, each, at))
    mask = payloads.mask_of(request, each)
    return _detail(found, mask, at)


def _detail(found: Detail, mask: Any, at: int) -> dict[str, Any]:
    each, hint = found.each, found.hint
    return {
        **told(each, at), "detail": each.detail, "actions": each.actions, "uncertain": found.uncertain, "alike": found.alike,
        "hint": None if hint is None else {
            "cause": hint.cause, "remedy": hint.remedy, "mend": hint.mend, "sure": hint.sure, "evidence": hint.evidence,
        },
        "stages": [{"name": name, "at": None if reached is None else iso(reached)} for name, reached in found.stages],
        "references": found.told.references,
        "attempts": [
            {"at": iso(one["at"]), "what": one["what"], "outcome": one["outcome"], "code": one["code"], "message": one["message"],
             "seconds": one["seconds"]}
            for one in found.attempts
        ],
        "earlier": [told(one, at) for one in found.earlier],
        "versions": [
            {"version": one.version, "author": one.author, "reason": one.reason, "state": one.state.name.lower(),
             "decided_by": one.decided_by, "changes": masked_changes(one.difference, mask)}
            for one in found.corrections
        ],
        "runbook": place().landscape.policies.exceptions.runbooks.get(each.code, ""),
    }  # fmt: skip


@router.get("/{number}/payloads", response=list[PayloadOut], summary="What crossed at each step, protected fields hidden")
@permitted(Permission.PAYLOAD_SEE)
def show_payloads(request: Any, number: str) -> list[dict[str, Any]]:
    """Payloads, masked for whoever asks."""
    each = service.by_number(request, number)
    require(request, Permission.PAYLOAD_SEE, service.subject_of(each), about=f"payloads of {number}")
    found = place().read(lambda session: look(session, each, now()))
    return _steps(found, payloads.mask_of(request, each), payloads.seen_by(request, each))


def _steps(found: Detail, mask: Any, seen: Any) -> list[dict[str, Any]]:
    return [
        {"step": one.step, "system": one.system, "title": one.title, "at": iso(one.at), "outcome": one.outcome, "text": one.text}
        for one in payloads.steps(found.told, mask, seen)
    ]


@router.post("/{number}/unmask", response=list[PayloadOut], summary="What crossed at each step with protected fields; recorded")
@permitted(Permission.PAYLOAD_UNMASK)
def unmask(request: Any, number: str, given: UnmaskIn) -> list[dict[str, Any]]:
    """Payloads as far as this person may see them; who and why is recorded."""
    each = service.by_number(request, number)
    require(request, Permission.PAYLOAD_UNMASK, service.subject_of(each), about=f"payloads of {number}")
    record("workbench:payload:unmasked", request.person.name, exception=written(each.id), key=each.key, reason=given.reason)
    found = place().read(lambda session: look(session, each, now()))
    return _steps(found, payloads.mask_of(request, each, unmask=True), payloads.seen_by(request, each))


@router.get("/{number}/document", response=DocumentOut, summary="The message or command that can be edited")
@permitted(Permission.EXCEPTIONS_EDIT)
def document(request: Any, number: str) -> dict[str, Any]:
    """The text to edit; only for those from whom nothing of it is hidden."""
    each = service.by_number(request, number)
    require(request, Permission.EXCEPTIONS_EDIT, service.subject_of(each), about=f"edit {number}")
    require(request, Permission.PAYLOAD_SEE, service.subject_of(each), about=f"edit {number}")
    found = place().read(lambda session: document_of(session, each))
    if found is None:
        raise Problem(
            409, "exceptions.refused", "There is nothing here that could be edited.", "Only messages and refused commands can be."
        )
    if payloads.mask_of(request, each):
        raise Problem(
            409, "exceptions.masked", "Parts of it are hidden from you.", "Edit it by field on its page, or unmask it there."
        )
    return {"text": found.text, "command": found.command}
