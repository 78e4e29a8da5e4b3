"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.payment_capture.settled import accepted, mark
from crossdock.processes.payment_capture.work import Work


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    if fact.action == "done":
        w.note(f"{asked.name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif fact.action == "skip":
        w.revoke(made)
        mark(w, asked, "skipped")
        w.forget("captured")
        w.note(f"{asked.name} is left to people")
    else:
        dispatch.not_offered(w, fact)


_ACKNOWLEDGED: Final = frozenset({"short"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {}
