"""Pages of the review board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.core.errors import CrossdockError
from crossdock.governance.bundle import LARGEST
from crossdock.governance.review.judgement import GATES
from crossdock.governance.review.telling import as_csv, logged
from crossdock.ledger import reviews
from crossdock.security.roles import Permission
from crossdock.workbench.changes import service
from crossdock.workbench.page import Request, may, page, render
from crossdock.workbench.place import place

SEE, OPEN = Permission.CHANGES_SEE, Permission.CHANGES_OPEN
REVIEW, PROMOTE = Permission.CHANGES_REVIEW, Permission.CHANGES_PROMOTE
LOOKS: Final = {
    "approved": "good", "promoted": "good", "waiting": "warn", "gathering": "", "blocked": "bad", "rejected": "bad", "owed": "bad",
    "expired": "", "withdrawn": "",
}  # fmt: skip


def state_name(state: str) -> str:
    """A request's state in words."""
    return {
        "approved": _("approved"), "promoted": _("carried out"), "waiting": _("waits for approval"), "gathering": _("evidence is gathered"),
        "blocked": _("evidence speaks against it"), "rejected": _("rejected"), "owed": _("let through, review owed"), "expired": _("expired"),
        "withdrawn": _("withdrawn"),
    }.get(state, state)  # fmt: skip


def _shown(found: Any) -> dict[str, Any]:
    state = found.standing.state
    return {"one": found, "number": found.number, "state": state_name(state), "look": LOOKS.get(state, "")}


@page(SEE)
def requests(request: Request) -> HttpResponse:
    """Change requests, waivers that hold, and what is to be done."""
    held = place().read(lambda session: reviews.waivers(session, place().now()))
    context = {
        "requests": [_shown(each) for each in service.listed()], "waivers": held, "may_open": may(request, OPEN),
        "may_review": may(request, REVIEW), "may_go_back": may(request, PROMOTE) and service.may_go_back(),
        "standards": [*service.board().standards], "gates": GATES, "runs": service.runs_now(),
    }  # fmt: skip
    return render(request, "changes/requests.html", context)


@page(OPEN, "POST")
def start(request: Request) -> HttpResponseBase:
    """Ask for a change with a bundle."""
    given = request.FILES.get("bundle")
    if given is None or (given.size or 0) > LARGEST:
        messages.error(request, _("Choose the bundle's file."))
        return redirect("changes:requests")
    try:
        found = service.opened(
            request.person, given.read(), request.POST.get("title", "")[:200], request.POST.get("reason", "")[:2000]
        )
    except CrossdockError as error:
        messages.error(request, f"{error.message} ({error.code}) {error.hint}")
        return redirect("changes:requests")
    return redirect("changes:change", found.number)


@page(SEE)
def change(request: Request, number: str) -> HttpResponse:
    """One request: the difference, whom it asks, the evidence, what was decided."""
    try:
        found = service.one(number)
    except service.NoSuchChange:
        raise Http404 from None
    evidence, state = found.change.evidence or {}, found.standing.state
    context = {
        **_shown(found), "evidence": evidence, "gates": [(name, evidence[name]) for name in GATES if name in evidence],
        "replay": evidence.get("replay", {}), "changes": found.change.report.get("changes", []),
        "reviewers": [
            (risk, each["quorum"], ", ".join(each["teams"]), found.standing.lacking.get(risk, ""))
            for risk, each in found.change.report.get("reviewers", {}).items()
        ],
        "teams": request.person.teams, "emergency": service.board().emergency,
        "may_review": may(request, REVIEW) and state in ("waiting", "blocked", "gathering", "owed", "approved"),
        "may_promote": may(request, PROMOTE) and state in ("approved", "owed") and found.change.promoted_at is None,
        "may_withdraw": request.person.name == found.change.author and state in ("waiting", "blocked", "gathering", "approved"),
    }  # fmt: skip
    return render(request, "changes/change.html", context)


@page(REVIEW, "POST")
def decide(request: Request, number: str) -> HttpResponseBase:
    """Approve, reject, or let through in an emergency."""
    kind = request.POST.get("kind", "")
    if kind not in ("approved", "rejected", "emergency"):
        raise Http404
    given = request.POST

    def work() -> object:
        return service.decided(
            request.person, number, kind, team=given.get("team", ""), note=given.get("note", "")[:2000], seen=bool(given.get("seen"))
        )  # fmt: skip

    return _done(request, number, work)


@page(OPEN, "POST")
def withdraw(request: Request, number: str) -> HttpResponseBase:
    """Take one's own request back."""
    return _done(request, number, lambda: service.withdrawn(request.person, number, request.POST.get("note", "")[:2000]))


@page(PROMOTE, "POST")
def promote(request: Request, number: str) -> HttpResponseBase:
    """Let an approved request run."""
    return _done(request, number, lambda: service.promoted(request.person, number, request.POST.get("note", "")[:2000]))


@page(PROMOTE, "POST")
def go_back(request: Request) -> HttpResponseBase:
    """Go back to what ran before."""
    return _done(request, "", lambda: service.rolled_back(request.person, request.POST.get("note", "")[:2000]))


@page(REVIEW, "POST")
def waive(request: Request) -> HttpResponseBase:
    """Waive a standard as its owner."""
    given = request.POST
    days = given.get("days", "")
    return _done(
        request, "",
        lambda: service.waived(
            request.person, given.get("standard", ""), given.get("subject", "")[:200], float(days) if days.isdecimal() else 0,
            given.get("note", "")[:2000],
        ),
    )  # fmt: skip


@page(SEE)
def log(request: Request) -> HttpResponse:
    """The decision log as CSV."""
    found = place().read(lambda session: reviews.decisions(session, limit=100_000))
    answer = HttpResponse(as_csv([logged(each) for each in found]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return answer


def _done(request: Request, number: str, work: Callable[[], object]) -> HttpResponseBase:
    try:
        work()
    except service.NoSuchChange:
        raise Http404 from None
    except CrossdockError as error:
        messages.error(request, f"{error.message} ({error.code}) {error.hint}")
    else:
        messages.success(request, _("Done; it is in the decision log."))
    return redirect("changes:change", number) if number else redirect("changes:requests")
