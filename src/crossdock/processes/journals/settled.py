"""What the end of a command means: the journal is posted, waits for its verdict, or a person is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.journals.taking import posted
from crossdock.processes.journals.work import Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"journal.post": ("done", "another_day", "leave")}
"""What a person may choose when a command failed, besides retrying it. `done`: it was posted by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The finance system has it (or a person posted it)."""
    dispatch.drop(w, made, asked)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
    entry = replace(w.entries[asked.n - 1], step="done")
    w.put(entry)
    w.reach("sent")
    if entry.verdict in {"posted", "rejected"}:
        return
    if ack.get("status", "posted") == "posted":
        posted(w, entry, str(ack.get("posted_number") or ""))
        return
    w.put(replace(entry, verdict="pending"))
    w.expect_stage("acknowledged", entry.n, w.at, f"the finance system says what it makes of {w.number(entry)}", not_before=w.at)


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    dispatch.fail(w, made, asked, error, "finance", ACTIONS["journal.post"])
    w.put(replace(w.entries[asked.n - 1], step="failed"))


def _stray(w: Work, fact: Settled) -> None:
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
