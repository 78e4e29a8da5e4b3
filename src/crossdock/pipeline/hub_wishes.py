"""What people ask of the hub itself: value-map entries and bulk jobs; recorded in the micro-batch that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.batch import Batch
from crossdock.ledger.jobs import Job
from crossdock.ledger.published import REPUBLISH
from crossdock.ledger.states import JobState
from crossdock.pipeline.bulk import job_row
from crossdock.pipeline.runtime import Runtime

STALE: Final = "exceptions.stale"
"""Code of the answer to somebody who looked at something before it changed."""
ABOUT_HUB: Final = frozenset({"map", "unmap", "job", "job_stop", "job_approve", REPUBLISH})
"""Instructions that are about no exception."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of a wish: the answer, and what was before and after."""

    result: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def grant(batch: Batch, kind: str, data: dict[str, Any], author: str, number: Callable[[], int], runtime: Runtime) -> Granted:
    """Carry out one of `ABOUT_HUB`; its data is understood and it was not refused."""
    done = {"done": True}
    if kind == "map":
        name, code, value = (str(data[each]).strip() for each in ("map", "code", "value"))
        batch.map_entries.append((number(), name, code, value, author, str(data.get("reason", "")), batch.at, None, ""))
        return Granted(done, {"value": None}, {"map": name, "code": code, "value": value})
    if kind == "unmap":
        entry = int(data["entry"])
        batch.map_entries_ended.append((entry, batch.at, author))
        return Granted(done, {"entry": entry}, {"entry": None})
    if kind == "job":
        job = number()
        second = any("bulk" in rule.actions for rule in runtime.landscape.policies.exceptions.second_person)
        batch.jobs.append(job_row(job, data, author, batch.at, JobState.PROPOSED if second else JobState.RUNNING))
        return Granted({"done": True, "job": job, "proposed": second}, {}, {"job": job})
    job, note = int(data["job"]), str(data.get("note", ""))
    if kind == "job_approve":
        batch.job_states.append((job, int(JobState.RUNNING), None, "", note))
        return Granted(done, {"state": "proposed"}, {"state": "running"})
    batch.job_states.append((job, int(JobState.STOPPED), batch.at, author, note))
    return Granted(done, {"state": "open"}, {"state": "stopped"})


def job_refusal(job: Job | None, kind: str, author: str) -> dict[str, Any] | None:
    """Why a job is not ended or approved; None when it is."""
    if job is None or job.state not in (JobState.PROPOSED, JobState.RUNNING):
        return {"done": False, "why": "this job is not under way"}
    if kind == "job_approve" and job.state is not JobState.PROPOSED:
        return {"done": False, "why": "it was approved already"}
    if kind == "job_approve" and job.author == author:
        return {"done": False, "why": "whoever asked for a bulk job cannot approve it; it takes a second person"}
    return None


def map_refusal(
    tables: CodeTables, known: Sequence[tuple[str, str, str]], name: str, code: str, value: str
) -> dict[str, Any] | None:
    """Why an entry is not added: there is no such map, it says nothing, or the code has one already; None when it is."""
    if not tables.known(name):
        return {"done": False, "why": f"the landscape has no value map {name!r}"}
    if not code or not value or len(code) > 255 or len(value) > 255:
        return {"done": False, "why": "an entry has a code and a value of at most 255 characters"}
    said = tables.says(name, code)
    said = said if said is not None else next((v for n, c, v in known if (n, c) == (name, code)), None)
    if said is not None:
        return {"done": False, "code": STALE, "why": f"{code!r} has an entry already: {said!r}", "now": {"value": said}}
    return None
