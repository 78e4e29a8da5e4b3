"""The page of one exception and what is done from it: every doing is a form with a token and what was seen, safe to send twice."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.ledger.ids import written
from crossdock.ledger.people import OpenException
from crossdock.security.masking import MASKED, Mask
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions import evidence, payloads, summary
from crossdock.workbench.exceptions.detail import Detail, beside, look
from crossdock.workbench.exceptions.service import (
    NEEDS,
    RESOLUTIONS,
    Answer,
    act,
    act_on_hub,
    allowed,
    by_number,
    snoozed,
    subject_of,
)
from crossdock.workbench.exceptions.views import SEE, clock_of, now, row
from crossdock.workbench.exceptions.wording import DOINGS, RESOLVED_AS, action_label, said
from crossdock.workbench.page import Request, may, page, render, require, visible
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

FORMS: Final = frozenset(
    {"retry", "resolve", "decide", "reconcile", "cancel", "assign", "snooze", "wake", "note", "approve", "reject", "unpark"}
)
"""Doings the detail page has forms for."""
LONGEST_FACT: Final = 4000
"""Characters of one fact that are shown."""


@page(SEE)
def detail(request: Request, number: str) -> HttpResponse:
    """One exception with everything that helps to judge it."""
    return shown(request, by_number(request, number))


def shown(request: Request, each: OpenException, *, unmask: bool = False, status: int = 200, **more: Any) -> HttpResponse:
    """The page of an exception."""
    at = now()
    found = place().read(lambda session: look(session, each, at))
    mask = payloads.mask_of(request, each, unmask=unmask)
    sees = may(request, Permission.PAYLOAD_SEE, subject_of(each))
    doings = allowed(request, each)
    context = {
        "found": found, "beside": place().read(lambda session: beside(session, each, at, visible(request, SEE))), **row(each, at), "clock": clock_of(each), "token": secrets.token_hex(8), "doings": offered(found, doings),
        "stages": [{"name": name, "at": reached} for name, reached in found.stages],
        "payloads": payloads.steps(found.told, mask, payloads.seen_by(request, each)) if sees else [], "sees": sees, "masked": bool(mask), "unmasked": unmask,
        "sees_transaction": may(request, Permission.TRANSACTIONS_SEE, subject_of(each)), "may_unmask": sees and not unmask and bool(mask) and payloads.may_unmask(request, each),
        "may_fix": may(request, Permission.EXCEPTIONS_FIX, subject_of(each)), "may_edit": "correct" in doings and found.editable,
        "may_bulk": may(request, Permission.EXCEPTIONS_BULK, subject_of(each)) and found.alike > 1,
        "actions": [(action, action_label(action)) for action in each.actions], "resolutions": RESOLVED_AS, "doing_names": DOINGS,
        "runbook": place().landscape.policies.exceptions.runbooks.get(each.code, ""), "teams": sorted(place().landscape.teams),
        "detail_facts": facts(each), "proposed": next((one for one in found.corrections if one.id == each.correction), None),
        "corrections": [(one, masked_changes(one.difference, mask)) for one in found.corrections], **more,
    }  # fmt: skip
    return render(request, "exceptions/detail.html", context, status)


def offered(found: Detail, doings: frozenset[str]) -> frozenset[str]:
    """What makes sense now, of what this person may do."""
    state, each = found.state, found.each
    if state == "resolved":
        return frozenset()
    wanted = {"assign", "note", "snooze"} if state != "snoozed" else {"assign", "note", "wake"}
    if state == "proposed":
        return doings & {*wanted, "approve", "reject"}
    if found.uncertain:
        return doings & {*wanted, "reconcile", "resolve"}
    wanted |= {"resolve"}
    if each.subject != "expectation" and state != "retrying":
        wanted.add("retry")
    if each.actions:
        wanted.add("decide")
    flow = place().landscape.flows.get(each.flow)
    if each.key and each.subject != "message" and flow is not None and "order.cancelled" in flow.trigger.events:
        wanted.add("cancel")
    if found.parked:
        wanted.add("unpark")
    return doings & wanted


def facts(each: OpenException) -> list[tuple[str, str]]:
    """What an exception's detail says beside what the page shows elsewhere."""
    left_out = {"hint", "owner", "actions", "problems", "violations", "rules", "command"}
    return [
        (name, said(value)[:LONGEST_FACT])
        for name, value in each.detail.items()
        if name not in left_out and value not in ("", None, [], {})
    ]


def masked_changes(changes: list[dict[str, Any]], mask: Mask) -> list[dict[str, Any]]:
    """Differences with protected values hidden."""
    if not mask:
        return changes
    hidden = MASKED
    return [{**one, "before": hidden, "after": hidden} if mask.hides(str(one["path"])) else one for one in changes]


@page(SEE, "POST")
def do(request: Request, number: str, kind: str) -> HttpResponseBase:
    """Carry out one doing, then show what became of it."""
    if kind not in FORMS:
        raise Http404
    each = by_number(request, number)
    given = request.POST
    require(request, NEEDS[kind], subject_of(each), about=f"{kind} exception {written(each.id)}")
    try:
        data = asked(kind, given, now())
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("exceptions:detail", number)
    token = given.get("token", "")[:64]
    if kind == "unpark":
        answered = act_on_hub(request, "unpark", {"system": each.system, **data}, token=token, partition=each.partition)
    else:
        answered = act(request, kind, each, data, token=token)
    summary.forget()
    if answered.stale:
        return stale(request, number, kind, data, answered)
    tell(request, kind, answered)
    return redirect("exceptions:detail", number)


def asked(kind: str, given: Mapping[str, str], at: int) -> dict[str, Any]:
    """What a form says, as the hub is asked. Raises ValueError with words for the person."""
    data: dict[str, Any] = {"note": given.get("note", "").strip()[:4000]}
    if given.get("seen", "").isdecimal() and len(given["seen"]) < 19:
        data["seen"] = int(given["seen"])
    if kind == "resolve":
        code = given.get("code", "")
        if code not in RESOLUTIONS:
            raise ValueError(_("Choose why it is resolved."))
        data["code"] = code
        if given.get("happened") in ("yes", "no"):
            data["happened"] = given["happened"] == "yes"
    elif kind == "decide":
        data["action"] = given.get("action", "")
        data["data"] = {name.removeprefix("d:"): value for name, value in given.items() if name.startswith("d:") and value}
    elif kind == "assign":
        data |= {name: given[name].strip()[:200] for name in ("assignee", "owner") if name in given}
    elif kind == "snooze":
        chosen = {"hours": given.get("hours", ""), "for": given.get("for", ""), "note": data["note"]}
        if chosen["for"] == "count":
            chosen["for"] = f"count:{given.get('count', '')}"
        try:
            data |= snoozed(chosen, at)
        except ValueError:
            raise ValueError(_("Say for how many hours it sleeps, or what it waits for.")) from None
    elif kind == "cancel" and not data["note"]:
        raise ValueError(_("Say why it is cancelled."))
    elif kind == "note" and not data["note"]:
        raise ValueError(_("Write a note."))
    return data


def tell(request: Request, kind: str, answered: Answer) -> None:
    """Say what became of a doing."""
    name = DOINGS.get(kind, kind)
    if answered.done:
        messages.success(request, _("Done: %(what)s.") % {"what": name})
    elif answered.pending:
        messages.info(request, _("It is recorded; the hub carries it out as soon as it can: %(what)s.") % {"what": name})
    else:
        messages.error(request, _("Not done: %(why)s.") % {"why": answered.why.rstrip(".")})


def stale(request: Request, number: str, kind: str, data: dict[str, Any], answered: Answer) -> HttpResponse:
    """Both sides of a stale doing: what was wanted, and how it stands now."""
    each = by_number(request, number)
    wanted = [(name, value) for name, value in data.items() if name != "seen" and value not in ("", None)]
    context = {
        "number": number, "kind": kind, "what": DOINGS.get(kind, kind), "wanted": wanted, "each": each, **row(each, now()),
        "now_is": answered.result.get("now", {}), "why": answered.why, "token": secrets.token_hex(8),
    }  # fmt: skip
    return render(request, "exceptions/stale.html", context, status=409)


@page(Permission.PAYLOAD_UNMASK, "POST")
def unmask(request: Request, number: str) -> HttpResponse:
    """Show protected fields once, and record who looked and why."""
    each = by_number(request, number)
    require(request, Permission.PAYLOAD_UNMASK, subject_of(each), about=f"payloads of {written(each.id)}")
    reason = request.POST.get("reason", "").strip()[:1000]
    if not reason:
        messages.error(request, _("Say why you need to see it."))
        return shown(request, each, status=400)
    record("workbench:payload:unmasked", request.person.name, exception=written(each.id), key=each.key, reason=reason)
    return shown(request, each, unmask=True)


@page(SEE)
def download(request: Request, number: str) -> HttpResponse:
    """The evidence pack."""
    each = by_number(request, number)
    require(request, Permission.PAYLOAD_SEE, subject_of(each), about=f"evidence of {written(each.id)}")
    at = now()
    found = place().read(lambda session: look(session, each, at))
    audit = place().read(lambda session: evidence.records(session, each.partition, each.key, each.id))
    content = evidence.pack(
        found, payloads.mask_of(request, each), payloads.seen_by(request, each), audit, request.person.name, at
    )
    record("workbench:evidence:downloaded", request.person.name, exception=written(each.id), key=each.key)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="exception-{written(each.id)}.zip"'
    return answer
