"""Bulk jobs: what one would do, asking for one, ending one; used by pages and API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import Http404

from crossdock.ledger.ids import read
from crossdock.ledger.inbox import Filter, entries
from crossdock.ledger.jobs import Job, Plan, job_by_id, jobs, plan
from crossdock.ledger.windows import Window
from crossdock.pipeline.bulk import ACTIONS
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions.service import NEEDS, RESOLUTIONS, Answer, act_on_hub, snoozed
from crossdock.workbench.page import Request, visible
from crossdock.workbench.place import place

BULK: Final = Permission.EXCEPTIONS_BULK
FIELDS: Final = 10
"""Fields one bulk edit may set."""


def act_windows(request: Request, action: str) -> list[Window] | None:
    """Where this person may do this in bulk: both permissions are needed, the narrower one counts."""
    bulk, act = visible(request, BULK), visible(request, NEEDS[action])
    if bulk is None or act is None:
        return bulk if act is None else act
    return [one for one in bulk if one in act]


def planned(request: Request, action: str, chosen: Filter, at: int) -> Plan:
    """What a job would do. Raises ValueError for an action there is none of."""
    if action not in ACTIONS:
        raise ValueError(f"there is no bulk {action!r}; there are {', '.join(ACTIONS)}")
    windows = act_windows(request, action)
    return place().read(lambda session: plan(session, chosen, action, at, windows))


def offered(request: Request, chosen: Filter, at: int) -> list[str]:
    """The actions processes offer in the newest exceptions of a filter."""
    windows = act_windows(request, "decide")
    found = place().read(lambda session: entries(session, chosen, at, windows=windows, limit=20))
    return list(dict.fromkeys(action for each in found for action in each.actions))


def data_of(action: str, given: Mapping[str, Any], at: int) -> dict[str, Any]:
    """What the action needs. Raises ValueError with what is missing."""
    if action == "resolve":
        if given.get("code") not in RESOLUTIONS:
            raise ValueError("a resolution code is needed: " + ", ".join(RESOLUTIONS))
        return {"code": str(given["code"])}
    if action == "assign":
        found = {name: str(given[name]).strip()[:200] for name in ("assignee", "owner") if given.get(name)}
        if not found:
            raise ValueError("say to whom it is assigned")
        return found
    if action == "snooze":
        return {name: value for name, value in snoozed(dict(given), at).items() if name != "note"}
    if action == "correct":
        fields = given.get("set")
        if not isinstance(fields, Mapping) or not 0 < len(fields) <= FIELDS or not all(str(path).strip() for path in fields):
            raise ValueError(f"say which fields are set to what: between one and {FIELDS}")
        return {"set": {str(path).strip()[:300]: str(value)[:4000] for path, value in fields.items()}}
    if action == "decide":
        if not given.get("action"):
            raise ValueError("say which action of the process is chosen")
        return {"action": str(given["action"])[:64]}
    return {}


def start(
    request: Request,
    action: str,
    chosen: Filter,
    data: dict[str, Any],
    reason: str,
    bound: int,
    expected: int,
    pace: int = 0,
    token: str = "",
) -> Answer:
    """Ask the hub to run a job over what a plan found. Raises ValueError without a reason."""
    if action not in ACTIONS:
        raise ValueError(f"there is no bulk {action!r}")
    if not reason.strip():
        raise ValueError("say why")
    windows = act_windows(request, action)
    kept = None if windows is None else [[None if part is None else sorted(part) for part in each] for each in windows]
    asked = {
        "action": action, "filter": {"filter": chosen.as_dict(), "windows": kept}, "data": data, "reason": reason.strip()[:2000],
        "bound": bound, "planned": expected, "pace": max(0, min(pace, place().landscape.policies.exceptions.bulk_pace)),
    }  # fmt: skip
    return act_on_hub(request, "job", asked, token=token)


def listed(request: Request, before: int = 2**63 - 1, limit: int = 50) -> list[Job]:
    """The newest jobs this person may see: all, or their own when they may see only a part of the hub."""
    found = place().read(lambda session: jobs(session, before, limit))
    return [job for job in found if _mine(request, job)]


def by_number(request: Request, text: str) -> Job:
    """One job. Raises Http404."""
    try:
        number = read(text)
    except ValueError:
        raise Http404 from None
    found = place().read(lambda session: job_by_id(session, number)) if 0 < number < 2**63 else None
    if found is None or not _mine(request, found):
        raise Http404
    return found


def _mine(request: Request, job: Job) -> bool:
    return job.author == request.person.name or visible(request, Permission.EXCEPTIONS_SEE) is None


def stop(request: Request, job: Job, note: str = "", token: str = "") -> Answer:
    """End a job; what was asked already is carried out still."""
    return act_on_hub(request, "job_stop", {"job": job.id, "note": note[:1000]}, token=token)


def approve(request: Request, job: Job, note: str = "", token: str = "") -> Answer:
    """Let a proposed job run."""
    return act_on_hub(request, "job_approve", {"job": job.id, "note": note[:1000]}, token=token)
