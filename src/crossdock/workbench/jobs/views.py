"""Pages of bulk jobs: plan, confirm, progress, report."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.ledger.ids import written
from crossdock.ledger.inbox import Money
from crossdock.ledger.jobs import Job, items, outcomes, reasons
from crossdock.ledger.states import ExceptionState, ItemState, JobState
from crossdock.pipeline.bulk import ACTIONS
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions import choosing, summary
from crossdock.workbench.exceptions.acting import tell
from crossdock.workbench.exceptions.detail import money
from crossdock.workbench.exceptions.service import NEEDS
from crossdock.workbench.exceptions.views import csv_line, now
from crossdock.workbench.exceptions.wording import DOINGS, RESOLVED_AS, action_label
from crossdock.workbench.jobs import service
from crossdock.workbench.page import Request, may, page, render
from crossdock.workbench.place import place
from crossdock.workbench.templatetags.crossdock import when

SEE, BULK = Permission.EXCEPTIONS_SEE, Permission.EXCEPTIONS_BULK
STATES: Final = {
    JobState.PROPOSED: "warn", JobState.RUNNING: "", JobState.DONE: "good", JobState.STOPPED: "warn", JobState.HALTED: "bad",
}  # fmt: skip


def state_name(state: JobState) -> str:
    """A job's state in words."""
    return {
        JobState.PROPOSED: _("waits for approval"), JobState.RUNNING: _("running"), JobState.DONE: _("done"),
        JobState.STOPPED: _("stopped"), JobState.HALTED: _("halted"),
    }[state]  # fmt: skip


def shown(job: Job) -> dict[str, Any]:
    """A job as lists show it."""
    return {
        "job": job, "number": written(job.id), "what": DOINGS.get(job.action, job.action), "state": state_name(job.state),
        "look": STATES[job.state], "open": job.state in (JobState.RUNNING, JobState.PROPOSED), "proposed": job.state is JobState.PROPOSED,
        "seen": job.done + job.refused + job.skipped,
    }  # fmt: skip


@page(SEE)
def jobs(request: Request) -> HttpResponse:
    """The newest jobs."""
    before = request.GET.get("before", "")
    found = service.listed(request, min(int(before[:19]), 2**63 - 1) if before.isdecimal() else 2**63 - 1)
    context = {
        "jobs": [shown(job) for job in found],
        "next": found[-1].id if len(found) >= 50 else None,
        "may_bulk": may(request, BULK),
    }
    return render(request, "jobs/jobs.html", context)


@page(BULK, "GET", "POST")
def plan(request: Request) -> HttpResponseBase:
    """What a job would do; confirmed with a reason it runs."""
    given = request.GET if request.method == "GET" else request.POST
    at = now()
    action = given.get("action", "retry")
    if action not in ACTIONS:
        action = "retry"
    choice = choosing.read(given)
    chosen = choosing.chosen(choice, place().landscape, request.person.name, at)
    if request.method == "POST":
        try:
            said = {"code": "resolution", "assignee": "to", "owner": "team", "hours": "hours", "action": "process_action"}
            fields = {
                given[f"path{n}"]: given.get(f"value{n}", "") for n in range(service.FIELDS) if given.get(f"path{n}", "").strip()
            }
            data = service.data_of(action, {**{name: given.get(field, "") for name, field in said.items()}, "set": fields}, at)
            bound, expected = (int(given.get(name, "0")[:19] or 0) for name in ("bound", "planned"))
            pace = given.get("pace", "")
            answered = service.start(
                request, action, chosen, data, given.get("reason", ""), bound, expected, int(pace[:4]) if pace.isdecimal() else 0,
                given.get("token", "")[:64],
            )  # fmt: skip
        except ValueError as error:
            messages.error(request, str(error))
        else:
            summary.forget()
            if answered.done:
                return redirect("jobs:job", written(int(answered.result["job"])))
            tell(request, action, answered)
            return redirect("jobs:jobs")
    found = service.planned(request, action, chosen, at)
    offered = service.offered(request, chosen, at) if action == "decide" else []
    context = {
        "action": action, "offered": [(name, action_label(name)) for name in offered], "what": DOINGS[action], "actions": [(name, DOINGS[name]) for name in ACTIONS if may(request, NEEDS[name])], "choice": choice, "plan": found,
        "reasons": found.reasons.most_common(20), "systems": [(name or "–", count) for name, count in found.systems.most_common(20)],
        "money": [money(one.minor, one.currency) for one in (Money(c, m) for c, m in sorted(found.money.items()))],
        "token": secrets.token_hex(8), "resolutions": RESOLVED_AS, "teams": sorted(place().landscape.teams), "given": given,
        "rows": [(n, given.get(f"path{n}", ""), given.get(f"value{n}", "")) for n in range(3)],
        "pace": place().landscape.policies.exceptions.bulk_pace, "slower": slower(found.systems),
    }  # fmt: skip
    return render(request, "jobs/plan.html", context, 200 if request.method == "GET" else 422)


def slower(systems: Any) -> list[tuple[str, str]]:
    """Systems of a plan that take fewer calls a second than the job asks for; the hub honours that."""
    landscape = place().landscape
    pace = landscape.policies.exceptions.bulk_pace
    rates = [(name, landscape.systems[name].limits.rate) for name in systems if name in landscape.systems]
    return [(name, f"{rate}/s") for name, rate in rates if rate is not None and rate < pace]


@page(SEE)
def job(request: Request, number: str) -> HttpResponse:
    """Progress and report of one job."""
    found = service.by_number(request, number)

    def read(session: Any) -> tuple[Any, Any, Any]:
        return reasons(session, found.id), outcomes(session, found.id), items(session, found.id, ItemState.REFUSED, limit=50)

    why, came, refused = place().read(read)
    context = {
        **shown(found), "reasons": why, "outcomes": [(_outcome(name), count) for name, count in sorted(came.items())], "refused": refused,
        "token": secrets.token_hex(8), "data": [(name, _said(value)) for name, value in found.data.items()],
        "filter": _chosen(found.chosen.get("filter", {})), "may_bulk": may(request, BULK), "may_approve": may(request, Permission.EXCEPTIONS_APPROVE),
        "me": request.person.name,
    }  # fmt: skip
    return render(request, "jobs/progress.html" if request.GET.get("part") == "progress" else "jobs/job.html", context)


def _chosen(filter_: dict[str, Any]) -> list[tuple[str, Any]]:
    """A job's filter as its page says it: times as times."""
    return [
        (
            name,
            when(value) if name in ("before", "since", "due_before") else ", ".join(value) if isinstance(value, list) else value,
        )
        for name, value in filter_.items()
        if name != "within"
    ]


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, dict) else action_label(str(value))


def _outcome(name: str) -> str:
    return {"open": _("failed again, open"), "retrying": _("under way"), "resolved": _("settled")}.get(name, name)


@page(BULK, "POST")
def stop(request: Request, number: str) -> HttpResponseBase:
    """End a job."""
    found = service.by_number(request, number)
    tell(request, _("stop"), service.stop(request, found, request.POST.get("note", ""), request.POST.get("token", "")[:64]))
    return redirect("jobs:job", number)


@page(Permission.EXCEPTIONS_APPROVE, "POST")
def approve(request: Request, number: str) -> HttpResponseBase:
    """Let a proposed job run."""
    found = service.by_number(request, number)
    tell(request, "approve", service.approve(request, found, request.POST.get("note", ""), request.POST.get("token", "")[:64]))
    return redirect("jobs:job", number)


@page(SEE)
def report(request: Request, number: str) -> HttpResponse:
    """What a job did about each exception, as CSV."""
    found = service.by_number(request, number)
    lines = [csv_line(["exception", "order", "code", "result", "why", "state now"])]
    after = 0
    while True:
        chunk = _chunk(found.id, after)
        for each in chunk:
            now_ = "" if each.exception_state is None else ExceptionState(each.exception_state).name.lower()
            lines.append(csv_line([written(each.exception), each.key, each.code, each.state.name.lower(), each.why, now_]))
        if len(chunk) < 5_000:
            break
        after = chunk[-1].id
    answer = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="job-{written(found.id)}.csv"'
    return answer


def _chunk(job_: int, after: int) -> list[Any]:
    return list(place().read(lambda session: items(session, job_, None, after, 5_000)))
