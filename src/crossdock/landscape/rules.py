"""Business rules: compiled once per event type, evaluated on events as bounded guards; a rule that cannot judge refuses and says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.core.errors import LandscapeInvalid, RuleViolated
from crossdock.landscape.expressions.analysis import Problem
from crossdock.landscape.expressions.guard import CannotJudge, Guard, compile_guard, environment
from crossdock.landscape.expressions.shapes import EVENT, Shape, shape_of
from crossdock.landscape.expressions.values import Use, encode_time, present
from crossdock.landscape.models.rule import Rule


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is not met, or that could not be judged (`reason` says why)."""

    rule: str
    message: str
    severity: str
    owner: str
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        """The violation as it is stored with the exception or the note."""
        return {name: getattr(self, name) for name in ("rule", "message", "severity", "owner", "reason")}


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    when: Guard | None
    require: Guard


@dataclass(frozen=True, slots=True)
class _Plan:
    """All rules of one event type with what they read together."""

    rules: tuple[_Compiled, ...]
    names: tuple[str, ...]
    alias: str
    data: Use
    event: bool
    env: Any


@cache
def variables(model: type[Canonical]) -> dict[str, Shape]:
    """What a rule on events with this payload can speak of: `event`, `data`, and the payload by its own name (`order`)."""
    shape = shape_of(model)
    return {"event": EVENT, "data": shape, model.schema_name: shape}


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """Something wrong in one expression of a rule."""

    part: str
    event: str
    problem: Problem


def compile_rule(rule: Rule, event_type: str) -> tuple[Guard | None, Guard | None, list[RuleProblem]]:
    """The rule's `when` and `require` for one event type, and all problems in them."""
    known = variables(EVENT_PAYLOADS[event_type])
    found: list[RuleProblem] = []
    when, tested = None, frozenset[str]()
    if rule.when:
        when, problems, analysis = compile_guard(rule.when, known)
        found += [RuleProblem("when", event_type, each) for each in problems]
        tested = frozenset(analysis.tested)
    require, problems, _ = compile_guard(rule.require, known, tested)
    found += [RuleProblem("require", event_type, each) for each in problems]
    return when, require, found


class RuleBook:
    """The rules of a landscape. Compiling is lazy per event type; judging costs some microseconds a rule."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_event: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.enabled:
                for event_type in dict.fromkeys(rule.events):
                    self._by_event.setdefault(event_type, []).append(rule)
        self._plans: dict[str, _Plan | None] = {}

    def compile(self) -> None:
        """Compile everything now. Raises LandscapeInvalid for a rule that does not compile."""
        for event_type in self._by_event:
            self._plan(event_type)

    def judge(self, event: Event) -> tuple[Violation, ...]:
        """Every rule this event does not meet, by name of the rule. Raises LandscapeInvalid for a rule that does not compile."""
        if event.type not in self._by_event:
            return ()
        plan = self._plan(event.type)
        if plan is None:
            return ()
        applicable = [each for each in plan.rules if not each.rule.sources or event.source in each.rule.sources]
        if not applicable:
            return ()
        try:
            activation = plan.env.Activation(_data(plan, event))
        except ValueError as error:
            return tuple(_violation(each.rule, str(error)) for each in applicable)
        found = []
        for each in applicable:
            try:
                if (each.when is None or each.when.holds(activation)) and not each.require.holds(activation):
                    found.append(_violation(each.rule))
            except CannotJudge as reason:
                found.append(_violation(each.rule, str(reason)))
        return tuple(found)

    def enforce(self, event: Event) -> tuple[Violation, ...]:
        """The warnings on this event. Raises `RuleViolated` when a rule refuses it, with every violated rule in the detail."""
        found = self.judge(event)
        refusing = [each for each in found if each.severity == "reject"]
        if refusing:
            first = refusing[0]
            why = f" (it could not be judged: {first.reason})" if first.reason else ""
            raise RuleViolated(
                f"rule {first.rule!r}: {first.message}{why}",
                event=event.type,
                rules=[each.as_dict() for each in refusing],
            )
        return found

    def _plan(self, event_type: str) -> _Plan | None:
        if event_type not in self._plans:
            self._plans[event_type] = self._compile(event_type)
        return self._plans[event_type]

    def _compile(self, event_type: str) -> _Plan | None:
        model = EVENT_PAYLOADS.get(event_type)
        if model is None:
            return None
        compiled, uses = [], {name: Use() for name in variables(model)}
        for rule in self._by_event[event_type]:
            when, require, problems = compile_rule(rule, event_type)
            if require is None or problems:
                first = problems[0]
                raise LandscapeInvalid(f"rule {rule.name!r}, {first.part}: {first.problem.message}", rule=rule.name)
            compiled.append(_Compiled(rule, when, require))
            for guard in (when, require):
                for name, use in (guard.uses if guard else {}).items():
                    uses[name].merge(use)
        data = uses["data"]
        data.merge(uses[model.schema_name])
        names = tuple(sorted(uses))
        event_read = bool(uses["event"].fields) or uses["event"].whole
        return _Plan(tuple(compiled), names, model.schema_name, data, event_read, environment(names))


def _data(plan: _Plan, event: Event) -> Mapping[str, Any]:
    payload = present(event.data, plan.data)
    data: dict[str, Any] = {"data": payload, plan.alias: payload}
    if plan.event:
        data["event"] = {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "key": event.key,
            "correlation": event.correlation,
            "occurred_at": encode_time(event.occurred_at),
        }
    return data


def _violation(rule: Rule, reason: str = "") -> Violation:
    return Violation(rule.name, rule.message, rule.severity, rule.owner or "", reason)
