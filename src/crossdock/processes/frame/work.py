"""One decision in the making: the state being changed and what is to be done about it; knows no business rule.

A `Work` lives for one call of `decide`. It starts from the immutable state, is changed by the modules that know the rules, and ends as
a `Decision` with a new immutable state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Reference
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decision, Expectation, Parked
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame.money import demand
from crossdock.processes.frame.plan import Plan
from crossdock.processes.frame.states import Asked, Closed, Json, Remembered

S = TypeVar("S", bound=Remembered)


class Work(ABC, Generic[S]):
    """The changing copy of a state, and what the decision will say. Attributes named like those of the state mean the same.

    A workflow's own copies its members in `__init__`, names the `papers` that `put` keeps (lists by the kind of what is in them), and
    makes the new state in `kept`.
    """

    stage_roles: ClassVar[Mapping[str, str]] = {}
    """Who is told when a stage is late."""

    def __init__(self, state: S, at: datetime, plan: Plan[Any]) -> None:
        self.state = state
        self.at = at
        self.asked: dict[str, Asked] = dict(state.asked)
        self.parked: list[str] = list(state.parked)
        self.expected: list[str] = list(state.expected)
        self.refs: dict[str, str] = dict(state.refs)
        self.reached: dict[str, str] = dict(state.reached)
        self.closed: Closed = state.closed
        self.papers: dict[type, list[Any]] = {}
        self._plan = plan

        self.commands: list[Command] = []
        self.expect: dict[str, Expectation] = {}
        self.fulfilled: list[str] = []
        self.withdrawn: list[str] = []
        self.references: list[Reference] = []
        self.parks: dict[str, Parked] = {}
        self.unparks: list[str] = []
        self.revoked: list[str] = []
        self.emitted: list[Event] = []
        self.notes: list[str] = []

    # --- what is there ------------------------------------------------------------------------------------------------

    def running(self, name: str, n: int | None = None) -> bool:
        """Whether a command of this name (about `n`) is on its way."""
        return any(one.name == name and not one.failed and n in {None, one.n} for one in self.asked.values())

    def failed(self, name: str, n: int | None = None) -> str:
        """The id of the failed command of this name (about `n`) that waits for a person; empty when there is none."""
        return next((made for made, one in self.asked.items() if one.failed and one.name == name and n in {None, one.n}), "")

    # --- what changes -------------------------------------------------------------------------------------------------

    def put(self, changed: Any) -> None:
        """Replace the paper of the same kind and `n`, or add it."""
        items = self.papers[type(changed)]
        if changed.n <= len(items):
            items[changed.n - 1] = changed
        else:
            items.append(changed)

    def reach(self, stage: str, at: str = "") -> None:
        """Note that a stage of the strip was reached, once."""
        self.reached.setdefault(stage, at or self.at.isoformat())

    def note(self, text: str) -> None:
        """Say in business words why; kept in the audit trail."""
        self.notes.append(text)

    def refer(self, scheme: str, value: str) -> None:
        """Register another name of this transaction."""
        if value and self.refs.get(scheme) != value:
            self.refs[scheme] = value
            self.references.append(Reference(scheme, value))

    # --- what is to be done ---------------------------------------------------------------------------------------------

    def issue(self, name: str, system: str, suffix: str, data: Json, deadline: datetime | None = None) -> None:
        """Ask a system for an effect. `suffix` tells commands of this name apart and begins with the `n` of what it is about.

        Raises MoneyUnjustified for a command of money that does not say why and by whose leave.
        """
        demand(name, data)
        made = command_id(self.state.key, name, suffix)
        data["refs"] = dict(self.refs)
        budget = self._plan.settings.budgets.get(name, "")
        self.asked[made] = Asked(name, suffix)
        self.commands.append(Command(made, name, system, self.state.key, data, self._plan.context.flow, budget, deadline))

    def emit(
        self, kind: str, suffix: str, source: str, document: Json, references: Iterable[Reference] = (), key: str = ""
    ) -> None:
        """Tell an event to other workflows: of this transaction, of the one with this `key`, or of the one `references` lead to.

        `source` is the system that knows it, `suffix` tells events of this type apart. Raises pydantic's ValidationError.
        """
        data = EVENT_PAYLOADS[kind].model_validate(document)
        named = tuple(references)
        made = f"{command_id(self.state.key, kind, suffix)}/told"
        self.emitted.append(Event(made, kind, source, key or ("" if named else self.state.key), data, self.at, named))

    def park(self, slot: str, error: CrossdockError, role: str, actions: tuple[str, ...], command: str = "") -> None:
        """Hand over to a person. A slot of a failed command (`command`) is kept with the command, others in `parked`."""
        if not command and slot not in self.parked:
            self.parked.append(slot)
        self.parks[slot] = Parked(error, slot, self._plan.owner(role), actions, command)
        if slot in self.unparks:
            self.unparks.remove(slot)

    def unpark(self, slot: str) -> None:
        """Nobody is needed for this slot any more."""
        if slot in self.parked:
            self.parked.remove(slot)
        self.parks.pop(slot, None)
        was = slot in self.state.parked or any(one.failed and one.slot == slot for one in self.state.asked.values())
        if was and slot not in self.unparks:
            self.unparks.append(slot)

    def revoke(self, made: str) -> None:
        """Give a failed command up: it is not retried any more, and its slot needs nobody."""
        one = self.asked.pop(made)
        self.revoked.append(made)
        self.unpark(one.slot)

    def expect_stage(
        self, stage: str, n: int, since: datetime, description: str, *, calendar: str = "", not_before: datetime | None = None
    ) -> None:
        """Expect a stage (`n` of a paper), counted from `since` but never due before `not_before`; again moves it."""
        found = self._plan.due(stage, since, calendar)
        if found is None:
            return
        due, sla = found
        if not_before is not None:
            due = max(due, not_before)
        name = _named(stage, n)
        warn = due - sla.warn if sla.warn is not None else None
        owner = sla.owner or self._plan.owner(self.stage_roles[stage])
        if name not in self.expected:
            self.expected.append(name)
        self.expect[name] = Expectation(name, due, warn, owner, sla.description or description)

    def came(self, stage: str, n: int = 0) -> None:
        """The expected stage was reached."""
        self._no_longer(_named(stage, n), self.fulfilled)

    def forget(self, stage: str, n: int = 0) -> None:
        """Nobody waits for this stage any more."""
        self._no_longer(_named(stage, n), self.withdrawn)

    def forget_all(self) -> None:
        """Nobody waits for anything any more."""
        for name in list(self.expected):
            self._no_longer(name, self.withdrawn)

    def timer(self, name: str, due: datetime) -> None:
        """Come back at `due`; nobody is told."""
        if name not in self.expected:
            self.expected.append(name)
        self.expect[name] = Expectation(name, due, silent=True)

    def ring(self, name: str) -> bool:
        """Whether a timer that came was running; it runs no more."""
        if name not in self.expected:
            return False
        self.expected.remove(name)
        return True

    def _no_longer(self, name: str, where: list[str]) -> None:
        if name in self.expected:
            self.expected.remove(name)
            if self.expect.pop(name, None) is None or name in self.state.expected:
                where.append(name)

    # --- what comes of it -----------------------------------------------------------------------------------------------

    @abstractmethod
    def kept(self) -> S:
        """The new state."""

    def decision(self) -> Decision[S]:
        """The decision as it stands."""
        state = self.kept()
        if not self.commands and state == self.state:
            # The very state: nothing has to be stored again.
            state = self.state
        return Decision(
            state,
            tuple(self.commands),
            tuple(self.expect.values()),
            tuple(self.fulfilled),
            tuple(self.references),
            tuple(self.parks.values()),
            tuple(self.unparks),
            tuple(self.withdrawn),
            tuple(self.notes),
            tuple(self.emitted),
            tuple(self.revoked),
        )


def _named(stage: str, n: int) -> str:
    return f"{stage}:{n}" if n else stage


def pairs(ack: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The references an acknowledgement brings; what is not a pair is left out."""
    found = ack.get("references")
    for pair in found if isinstance(found, (list, tuple)) else ():
        if isinstance(pair, (list, tuple)) and len(pair) == 2:
            yield str(pair[0]), str(pair[1])
