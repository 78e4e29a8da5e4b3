"""Pages of edit and replay: fields with labels, everything that is wrong at once, the difference before it is sent."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.ledger.people import OpenException
from crossdock.security.masking import Mask
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions import payloads, summary
from crossdock.workbench.exceptions.acting import masked_changes, stale, tell
from crossdock.workbench.exceptions.editor import PREFIX, Document, document_of, edit_of, edited
from crossdock.workbench.exceptions.labels import label
from crossdock.workbench.exceptions.service import act, by_number, subject_of
from crossdock.workbench.exceptions.views import now, row
from crossdock.workbench.page import Request, may, page, render, require
from crossdock.workbench.place import place

EDIT = Permission.EXCEPTIONS_EDIT
LONGEST = 1_048_576


@page(EDIT, "GET", "POST")
def edit(request: Request, number: str) -> HttpResponseBase:
    """Edit, see the difference, send."""
    each = by_number(request, number)
    require(request, EDIT, subject_of(each), about=f"edit exception {number}")
    require(request, Permission.PAYLOAD_SEE, subject_of(each), about=f"edit exception {number}")
    document = place().read(lambda session: document_of(session, each))
    if document is None:
        messages.error(request, _("There is nothing here that could be edited."))
        return redirect("exceptions:detail", number)
    mask = payloads.mask_of(request, each)
    as_text = not document.structured or (request.GET.get("as") == "text")
    if as_text and mask:
        messages.error(request, _("This can only be edited as text, and parts of it are hidden from you."))
        return redirect("exceptions:detail", number)
    if request.method == "GET":
        return _form(request, each, document, mask, as_text)
    return _posted(request, each, document, mask, as_text)


def _posted(request: Request, each: OpenException, document: Document, mask: Mask, as_text: bool) -> HttpResponseBase:
    given = request.POST
    problems: list[dict[str, str]] = []
    if as_text:
        body = given.get("body", "")
        if "\r\n" not in document.text:  # browsers send every line end as two characters
            body = body.replace("\r\n", "\n")
    else:
        body, problems = edited(document, given, mask)
    if len(body.encode()) > LONGEST:
        problems = [{"path": "", "message": _("It is larger than 1 MiB.")}]
    if problems:
        return _form(request, each, document, mask, as_text, problems=problems, status=422)
    if given.get("step") == "back":
        return _form(request, each, document, mask, as_text)
    data: dict[str, Any] = {"body": body}
    if given.get("seen", "").isdecimal() and len(given["seen"]) < 19:
        data["seen"] = int(given["seen"])
    if given.get("step") == "send":
        reason = given.get("reason", "").strip()
        if reason:
            answered = act(request, "correct", each, {**data, "reason": reason[:4000]}, token=given.get("token", "")[:64])
            summary.forget()
            return _sent(request, each, document, mask, as_text, answered)
        problems = [{"path": "", "message": _("Say why it is changed.")}]
    answered = act(request, "correct", each, {**data, "check": True})
    if answered.stale:
        return _stale(request, each, answered)
    if answered.pending:
        messages.error(request, _("The hub did not answer; nothing was sent. Try again in a moment."))
        return _form(request, each, document, mask, as_text, status=503)
    if not answered.done:
        found = answered.result.get("problems") or [{"path": "", "message": answered.why}]
        return _form(request, each, document, mask, as_text, problems=found, status=422)
    return _difference(request, each, mask, as_text, answered.result, problems)


def _sent(
    request: Request, each: OpenException, document: Document, mask: Mask, as_text: bool, answered: Any
) -> HttpResponseBase:
    number = request.resolver_match.kwargs["number"]
    if answered.stale:
        return _stale(request, each, answered)
    if not answered.done and answered.result.get("problems"):
        return _form(request, each, document, mask, as_text, problems=answered.result["problems"], status=422)
    if answered.result.get("proposed"):
        messages.success(request, _("The correction is proposed; a second person approves it before anything is sent."))
    else:
        tell(request, "correct", answered)
    return redirect("exceptions:detail", number)


def _form(
    request: Request, each: OpenException, document: Document, mask: Mask, as_text: bool,
    problems: list[dict[str, str]] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    given = request.POST if request.method == "POST" else None
    context: dict[str, Any] = {
        **row(each, now()), "as_text": as_text, "document": document, "token": secrets.token_hex(8),
        "seen": given.get("seen", each.updated_at) if given is not None else each.updated_at, "prefix": PREFIX,
        "failed": problems is not None,
    }  # fmt: skip
    if as_text:
        context |= {
            "body": given.get("body", document.text) if given is not None else document.text,
            "general": [
                f"{label(p['path'])}: {p['message']}" if p["path"] else p["message"] for p in problems or document.problems
            ],
        }
    else:
        context["edit"] = edit_of(document, mask, given, problems)
    return render(request, "exceptions/edit.html", context, status)


def _difference(
    request: Request, each: OpenException, mask: Mask, as_text: bool, result: dict[str, Any], problems: list[dict[str, str]]
) -> HttpResponse:
    given = request.POST
    told = result.get("changes", [])
    # what was there may be hidden; what one has typed oneself is not
    changes = [
        {**shown, "after": one["after"], "label": label(str(one["path"]))}
        for one, shown in zip(told, masked_changes(told, mask), strict=True)
    ]
    typed = [
        (name, value)
        for name, value in given.items()
        if name.startswith((PREFIX, "path", "value")) and (value or name.startswith(PREFIX))
    ]
    makes = [
        {"type": one["type"], "key": one["key"], "text": payloads.pretty(payloads.masked_event(one["data"], one["type"], mask))}
        for one in result.get("events", [])
    ]
    context = {
        **row(each, now()), "changes": changes, "typed": [] if as_text else typed, "as_text": as_text, "body": given.get("body", ""),
        "events": makes, "seen": given.get("seen", ""), "token": secrets.token_hex(8), "errors": [one["message"] for one in problems],
        "group": _group(request, each, changes) if not as_text else "", "second": bool(place().landscape.policies.exceptions.second_person),
    }  # fmt: skip
    return render(request, "exceptions/difference.html", context)


def _group(request: Request, each: OpenException, changes: list[dict[str, Any]]) -> str:
    """Where the same edit is planned for all of the kind; the values are typed there, so that no address holds them."""
    if len(changes) > 3 or not may(request, Permission.EXCEPTIONS_BULK, subject_of(each)):
        return ""
    paths = {f"path{n}": str(one["path"]) for n, one in enumerate(changes)}
    return urlencode({"action": "correct", "standing": "active", "fingerprint": each.fingerprint, **paths})


def _stale(request: Request, each: OpenException, answered: Any) -> HttpResponse:
    number = request.resolver_match.kwargs["number"]
    typed = {label(name.removeprefix(PREFIX)): value for name, value in request.POST.items() if name.startswith(PREFIX) and value}
    return stale(request, number, "correct", typed or {"body": request.POST.get("body", "")}, answered)
