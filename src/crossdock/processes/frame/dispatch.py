"""What every workflow does with the end of a command and with a person's decision: who is asked what about it; knows no business rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, TypeVar

from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Settled
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import Work
from crossdock.processes.values import replace

W = TypeVar("W", bound=Work[Any])


def end(
    w: W,
    fact: Settled,
    *,
    stray: Callable[[W, Settled], None],
    failed: Callable[[W, str, Asked, CrossdockError], None],
    accepted: Callable[[W, str, Asked, Mapping[str, Any], str], None],
) -> None:
    """A command of this process came to its end: nobody waits for it (`stray`), it failed, or the target did it."""
    asked = w.asked.get(fact.command_id)
    if asked is None:
        stray(w, fact)
    elif isinstance(fact.result, CrossdockError):
        failed(w, fact.command_id, asked, fact.result)
    else:
        accepted(w, fact.command_id, asked, fact.result.ack, fact.system)


def fail(w: Work[Any], made: str, asked: Asked, error: CrossdockError, role: str, actions: tuple[str, ...]) -> None:
    """A command failed: its branch waits for a person, who may also retry it."""
    w.asked[made] = replace(asked, failed=True)
    w.park(asked.slot, error, role, actions, made)
    w.note(f"{asked.name} did not succeed: {error.message}")


def drop(w: Work[Any], made: str, asked: Asked) -> None:
    """A command was done: nobody waits for it, and if it failed before, nobody is needed for it."""
    del w.asked[made]
    if asked.failed:
        w.unpark(asked.slot)


def decide(
    w: W,
    fact: Decided,
    *,
    about_command: Callable[[W, str, Asked, Decided], None],
    acknowledged: Set[str],
    handlers: Mapping[str, Callable[[W, int, Decided], bool]],
) -> None:
    """A person settled a slot: of a failed command, or one of `handlers` by the slot's kind (`kind:n`), which says whether it knew the
    action; kinds in `acknowledged` may also just be acknowledged. An action that was not offered changes nothing and is noted.
    """
    for made, asked in w.asked.items():
        if asked.failed and asked.slot == fact.slot:
            about_command(w, made, asked, fact)
            return
    if fact.slot not in w.parked:
        w.note(f"{fact.slot} needs no decision any more")
        return
    kind, _, suffix = fact.slot.partition(":")
    handler = handlers.get(kind)
    n = int(suffix) if suffix.isdecimal() else 0
    if fact.action == "acknowledge" and kind in acknowledged:
        w.unpark(fact.slot)
    elif handler is None or not handler(w, n, fact):
        not_offered(w, fact)


def not_offered(w: Work[Any], fact: Decided) -> None:
    """The action cannot be chosen for this slot."""
    w.note(f"{fact.action!r} cannot be chosen for {fact.slot}")
