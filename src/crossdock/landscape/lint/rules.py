"""Checks on business rules: expressions that do not compile or speak of nothing, rules that never apply or always hold."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.rules import RuleProblem, compile_rule


@check("bad-expression")
def bad_expression(view: View) -> Iterator[Finding]:
    """A rule's CEL expression does not compile, or says something that cannot work: an unknown field, an amount compared with a number."""
    for name, rule in view.rules.items():
        told = set()
        for event in rule.events:
            if event not in EVENT_PAYLOADS:
                continue
            for each in compile_rule(rule, event)[2]:
                if (each.part, each.problem) not in told:
                    told.add((each.part, each.problem))
                    yield _finding(view, name, getattr(rule, each.part), each)


def _finding(view: View, name: str, source: str, found: RuleProblem) -> Finding:
    column = found.problem.at + 1
    near = source[found.problem.at : found.problem.at + 24].split("\n")[0]
    at = f"at character {column}, near `{near}`: " if near else f"at character {column}: "
    return view.at("rules", name, (found.part,), f"{found.part}: {at}{found.problem.message}", found.problem.hint)


@check("constant-rule", "warning")
def constant_rule(view: View) -> Iterator[Finding]:
    """A condition that reads nothing of the event is always the same."""
    for name, rule in view.rules.items():
        for event in rule.events[:1]:
            if event not in EVENT_PAYLOADS:
                continue
            when, require, _ = compile_rule(rule, event)
            for part, guard in (("when", when), ("require", require)):
                if guard is not None and not any(use.fields or use.whole for use in guard.uses.values()):
                    message = f"{part} reads nothing of the event, so it is always the same"
                    yield view.at("rules", name, (part,), message, "Write a condition on the event, or remove the rule.")


@check("unreachable-rule", "warning")
def unreachable_rule(view: View) -> Iterator[Finding]:
    """A rule on events that no flow takes from these systems is never evaluated; it only looks like protection."""
    if view.names("flows") - set(view.flows):
        return
    taken: dict[str, set[str]] = {}
    for flow in view.flows.values():
        if flow.enabled:
            for event in flow.trigger.events:
                taken.setdefault(event, set()).update((*flow.roles.values(), *flow.trigger.sources))
    for name, rule in view.rules.items():
        if not rule.enabled:
            continue
        if not any(event in taken and (not rule.sources or taken[event] & set(rule.sources)) for event in rule.events):
            senders = f" from {', '.join(rule.sources)}" if rule.sources else ""
            message = f"no flow takes {', '.join(rule.events)}{senders}"
            yield view.at("rules", name, ("events",), message, "Correct events and sources, or remove the rule.")


@check("duplicate-rule", "warning")
def duplicate_rule(view: View) -> Iterator[Finding]:
    """Two rules that say the same about the same event."""
    seen: dict[tuple[str, str, str, tuple[str, ...]], str] = {}
    for name, rule in view.rules.items():
        for event in rule.events:
            other = seen.setdefault((event, rule.when, rule.require, rule.sources), name)
            if other != name:
                yield view.at("rules", name, ("require",), f"rule {other!r} says the same about {event}", "Keep one of them.")
                break
