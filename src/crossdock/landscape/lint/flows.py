"""Checks on how a flow is governed: who gets its failures, how long it tries, why it is timed as it is."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.cron import parse_cron
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.models import Flow

SHORTEST_CONSEQUENCE = 20


def _whole(view: View) -> Iterator[tuple[str, Flow]]:
    """The flows whose files are sound: of the others nothing can be said to be missing."""
    return ((name, flow) for name, flow in view.flows.items() if view.whole("flows", name))


@check("no-exception-owner")
def no_exception_owner(view: View) -> Iterator[Finding]:
    """A flow without an exception owner fails with nobody being told."""
    for name, flow in _whole(view):
        if not flow.exception_owner:
            teams = ", ".join(sorted(view.hub.teams)) or "none yet, add one in crossdock.yaml"
            yield view.at(
                "flows", name, ("exception_owner",), "the flow has no exception owner", f"Add `exception_owner:`; teams: {teams}."
            )


@check("no-retry-budget")
def no_retry_budget(view: View) -> Iterator[Finding]:
    """A flow that has effects needs a bounded retry budget, or it gives up at once or too late."""
    for name, flow in _whole(view):
        if flow.pattern != "direct" and not flow.budgets and not view.hub.defaults.budgets:
            yield view.at(
                "flows",
                name,
                ("budgets",),
                "the flow has no retry budget",
                "Add `budgets: {default: {attempts: 12, until: {within: 4h}}}` with the time after which trying is useless.",
            )


@check("budget-without-end", "warning")
def budget_without_end(view: View) -> Iterator[Finding]:
    """A retry budget bounded by attempts alone ends at a moment that means nothing to the business."""
    for name, flow in _whole(view):
        for key, budget in flow.budgets.items():
            if budget.until is None:
                yield view.at(
                    "flows",
                    name,
                    ("budgets", key),
                    f"budget {key!r} says how often, but not until which business moment",
                    "Add `until: {within: 4h}` or `until: {cutoff: calendar/cut-off}`.",
                )


@check("no-consequence")
def no_consequence(view: View) -> Iterator[Finding]:
    """Pattern and timing are justified by what it costs the business when the flow is late or wrong."""
    for name, flow in _whole(view):
        if len(flow.consequence) < SHORTEST_CONSEQUENCE:
            yield view.at(
                "flows",
                name,
                ("consequence",),
                f"the flow does not say why it is {flow.pattern} and {flow.timing}",
                "Add `consequence:` with a sentence on what being late or wrong costs.",
            )


@check("batch-without-schedule")
def batch_without_schedule(view: View) -> Iterator[Finding]:
    """A batch flow without a schedule never runs."""
    for name, flow in _whole(view):
        if flow.timing == "batch" and flow.schedule is None:
            yield view.at(
                "flows", name, ("timing",), "the batch has no schedule", "Add `schedule: {cron: '30 2 * * *'}` or `{every: 1h}`."
            )


@check("schedule-without-batch")
def schedule_without_batch(view: View) -> Iterator[Finding]:
    """A schedule in a real-time flow does nothing."""
    for name, flow in view.flows.items():
        if flow.timing == "realtime" and flow.schedule is not None:
            yield view.at(
                "flows", name, ("schedule",), "a real-time flow has a schedule", "Write `timing: batch`, or remove the schedule."
            )


@check("bad-cron")
def bad_cron(view: View) -> Iterator[Finding]:
    """A cron schedule that cannot be read."""
    for name, flow in view.flows.items():
        if flow.schedule and flow.schedule.cron:
            try:
                parse_cron(flow.schedule.cron)
            except ValueError as error:
                hint = "Minute, hour, day of month, month, day of week: `30 2 * * mon-fri`."
                yield view.at("flows", name, ("schedule", "cron"), str(error), hint)


@check("direct-mismatch")
def direct_mismatch(view: View) -> Iterator[Finding]:
    """Pattern `direct` and the block `direct:` belong together; a direct flow asks and runs no workflow."""
    for name, flow in _whole(view):
        if flow.pattern == "direct" and flow.direct is None:
            yield view.at("flows", name, ("pattern",), "a direct flow asks nothing", "Add `direct: {question: ..., to: ...}`.")
        elif flow.pattern != "direct" and flow.direct is not None:
            yield view.at(
                "flows", name, ("direct",), f"a question in a flow of pattern {flow.pattern!r}", "Write `pattern: direct`."
            )
        if flow.pattern == "direct" and flow.workflow is not None:
            yield view.at(
                "flows", name, ("workflow",), "a direct flow runs no workflow", "Remove `workflow`, or choose another pattern."
            )


@check("direct-without-limit")
def direct_without_limit(view: View) -> Iterator[Finding]:
    """Somebody waits for a direct answer: the flow says how long."""
    for name, flow in _whole(view):
        if flow.direct is not None and flow.direct.time_limit is None:
            yield view.at("flows", name, ("direct",), "the question has no time limit", "Add `time_limit: 800ms`.")


@check("direct-without-fallback")
def direct_without_fallback(view: View) -> Iterator[Finding]:
    """When the answer does not come in time something is answered all the same: the flow says what."""
    for name, flow in _whole(view):
        if flow.direct is not None and flow.direct.fallback is None:
            hint = "Add `fallback: {mode: refuse}`, `{mode: last_known, max_age: 15m}` or `{mode: assume, answer: {...}}`."
            yield view.at("flows", name, ("direct",), "the question has no fallback", hint)


@check("no-workflow")
def no_workflow(view: View) -> Iterator[Finding]:
    """A flow that is not direct is carried out by a workflow."""
    for name, flow in _whole(view):
        if flow.workflow is None and flow.pattern != "direct":
            known = ", ".join(sorted(view.catalogue.processes()))
            yield view.at("flows", name, ("workflow",), "the flow has no workflow", f"Add `workflow:`; installed: {known}.")


@check("no-trigger")
def no_trigger(view: View) -> Iterator[Finding]:
    """A flow that takes no event and runs by no schedule can never happen."""
    for name, flow in _whole(view):
        if flow.pattern != "direct" and flow.timing == "realtime" and not flow.trigger.events:
            yield view.at(
                "flows", name, ("trigger",), "the flow takes no event", "Add `trigger: {events: [...], sources: [...]}`."
            )


@check("unknown-event")
def unknown_event(view: View) -> Iterator[Finding]:
    """An event type the hub does not have."""
    for kind, name, path, event in _event_names(view):
        if event not in EVENT_PAYLOADS:
            yield view.at(kind, name, path, f"there is no event type {event!r}", did_you_mean(event, EVENT_PAYLOADS))


def _event_names(view: View) -> Iterator[tuple[str, str, tuple[str | int, ...], str]]:
    for name, flow in view.flows.items():
        for index, event in enumerate(flow.trigger.events):
            yield "flows", name, ("trigger", "events", index), event
    for name, rule in view.rules.items():
        for index, event in enumerate(rule.events):
            yield "rules", name, ("events", index), event
    for event in view.ownership.events:
        yield "ownership.yaml", "ownership.yaml", ("events", event), event


@check("started-twice")
def started_twice(view: View) -> Iterator[Finding]:
    """Two orchestrated flows of one workflow that the same system may start with the same event would do everything twice."""
    seen: dict[tuple[str, str, str], str] = {}
    for name, flow in view.flows.items():
        if flow.pattern != "orchestrated" or not flow.enabled or flow.workflow is None:
            continue
        starters = view.starters(flow.workflow)
        for index, event in enumerate(flow.trigger.events):
            for source in flow.trigger.sources or tuple(dict.fromkeys(flow.roles.values())):
                other = seen.setdefault((flow.workflow, event, source), name)
                if other != name and (starters is None or event in starters):
                    yield view.at(
                        "flows",
                        name,
                        ("trigger", "events", index),
                        f"{event} from {source} starts this flow and {other!r} as well",
                        "Name in `trigger.sources` of each flow only the systems that start it.",
                    )


@check("unused-system", "warning")
def unused_system(view: View) -> Iterator[Finding]:
    """A system that no flow uses holds a credential for nothing."""
    used = {system for flow in view.flows.values() for system in (*flow.roles.values(), *flow.trigger.sources)}
    if any(not view.whole("flows", name) for name in view.flows) or view.names("flows") - set(view.flows):
        return
    for name in view.systems:
        if name not in used:
            yield view.at(
                "systems", name, ("name",), f"no flow uses system {name!r}", "Give it a role in a flow, or remove its file."
            )
