"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.freight_tender.offering import refuse
from crossdock.processes.freight_tender.settled import accepted
from crossdock.processes.freight_tender.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    load = w.loads[asked.n - 1]
    if fact.action == "done":
        w.note(f"{asked.name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif asked.name == "tender.send" and fact.action == "next":
        w.revoke(made)
        if load.standing == "offering":
            refuse(w, load, "the offer did not reach it")
    elif asked.name == "tender.send" and fact.action == "leave":
        w.revoke(made)
        _leave(w, asked.n)
    else:
        dispatch.not_offered(w, fact)


def _load(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"again", "leave"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "again":
        w.put(replace(w.loads[n - 1], standing="open", choice=0))
    else:
        _leave(w, n)
    return True


def _leave(w: Work, n: int) -> None:
    """People find a carrier."""
    w.put(replace(w.loads[n - 1], standing="left"))
    w.forget("accepted", n)
    w.note(f"{w.loads[n - 1].shipment} is left to people")


_ACKNOWLEDGED: Final = frozenset({"late_answer"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {"load": _load}
