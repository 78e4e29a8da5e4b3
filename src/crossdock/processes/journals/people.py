"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.journals.settled import accepted
from crossdock.processes.journals.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    if fact.action == "done":
        w.note("the journal was posted by hand")
        accepted(w, made, asked, fact.data)
    elif fact.action == "another_day" and (day := _day(fact)):
        w.revoke(made)
        _anew(w, asked.n, day)
    elif fact.action == "leave":
        w.revoke(made)
        _leave(w, asked.n)
    else:
        dispatch.not_offered(w, fact)


def _journal(w: Work, n: int, fact: Decided) -> bool:
    day = _day(fact) if fact.action == "another_day" else w.entries[n - 1].day
    if fact.action not in {"again", "another_day", "leave"} or not day:
        return False
    w.unpark(fact.slot)
    if fact.action == "leave":
        _leave(w, n)
    else:
        _anew(w, n, day)
    return True


def _anew(w: Work, n: int, day: str) -> None:
    entry = w.entries[n - 1]
    w.put(replace(entry, day=day, turn=entry.turn + 1, step="", verdict=""))
    w.note(f"the journal is offered again with the day {day}")


def _leave(w: Work, n: int) -> None:
    """People post it, or nobody does."""
    w.put(replace(w.entries[n - 1], step="skipped"))
    w.forget("acknowledged", n)
    w.note("the journal is left to people")


def _day(fact: Decided) -> str:
    try:
        return date.fromisoformat(str(fact.data.get("date"))).isoformat()
    except ValueError:
        return ""


_ACKNOWLEDGED: Final[frozenset[str]] = frozenset()
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {"journal": _journal}
