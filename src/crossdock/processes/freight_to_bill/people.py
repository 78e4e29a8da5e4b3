"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.freight_to_bill.auditing import take_back
from crossdock.processes.freight_to_bill.settled import accepted, mark
from crossdock.processes.freight_to_bill.work import Work


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    if fact.action == "done":
        w.note(f"{asked.name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif fact.action == "skip" and asked.name != "bill.create":
        w.revoke(made)
        mark(w, asked, "skipped")
        w.note(f"{asked.name} is left out")
    elif fact.action == "refuse" and asked.name == "bill.create":
        w.revoke(made)
        _refuse(w)
    else:
        dispatch.not_offered(w, fact)


def _freight(w: Work, n: int, fact: Decided) -> bool:
    if w.standing != "held" or fact.action not in {"approve", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "refuse":
        _refuse(w)
        return True
    w.standing, w.approved_by = "approved", f"person:{fact.by or 'unnamed'}"
    w.reach("approved")
    return True


def _refuse(w: Work) -> None:
    """Nothing of it is paid."""
    w.standing, w.closed = "refused", "cancelled"
    w.forget_all()
    w.note("the invoice is refused")
    take_back(w)


_ACKNOWLEDGED: Final = frozenset({"again", "bill"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {"freight": _freight}
