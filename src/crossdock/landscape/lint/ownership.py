"""Checks on the system-of-record matrix: gaps, overlaps, names that mean nothing, senders who are not responsible."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.ownership import ANYBODY, Owner, OwnershipMatrix, problems
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.landscape import players
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

FILE = "ownership.yaml"
ENTITIES = {model.schema_name for model in EVENT_PAYLOADS.values()}


def _stated(view: View) -> bool:
    """Whether there is a sound matrix to judge."""
    return FILE in view.draft.named and view.whole(FILE, FILE)


@check("no-ownership")
def no_ownership(view: View) -> Iterator[Finding]:
    """Without `ownership.yaml` nobody may send anything."""
    if FILE not in view.draft.named and view.flows:
        yield Finding(
            FILE, 0, 0, "", "error", "there is no ownership.yaml", "Add one: who owns each entity, who may send each event."
        )


@check("ownership-unknown", structural=True)
def ownership_unknown(view: View) -> Iterator[Finding]:
    """An entity or field in the matrix that no event carries."""
    for path, owner in view.ownership.owners():
        if owner.entity not in ENTITIES:
            hint = did_you_mean(owner.entity, ENTITIES)
            yield view.at(FILE, FILE, path[:2], f"{owner.entity!r} is no entity that an event carries", hint)
            continue
        for text in problems(OwnershipMatrix((owner,))):
            yield view.at(FILE, FILE, path, text, "Field paths are those of docs/reference/canonical.md.")


@check("ownership-overlap", structural=True)
def ownership_overlap(view: View) -> Iterator[Finding]:
    """Two owners of the same fields at the same time."""
    for entity in view.ownership.entities:
        owners = tuple(owner for _, owner in view.ownership.owners() if owner.entity == entity)
        alone = {text for owner in owners for text in problems(OwnershipMatrix((owner,)))}
        for text in problems(OwnershipMatrix(owners)):
            if text not in alone:
                hint = "Keep one owner, or give each tenure `since` and `until` that do not overlap."
                yield view.at(FILE, FILE, ("entities", entity), text, hint)


@check("ownership-gap-in-time")
def ownership_gap_in_time(view: View) -> Iterator[Finding]:
    """A hand-over after which, or between two of which, nobody owns the fields."""
    tenures: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Owner]] = {}
    for path, owner in view.ownership.owners():
        tenures.setdefault((path, owner.fields), []).append(owner)
    for (path, _), owners in tenures.items():
        ordered = sorted(owners, key=lambda each: each.since.toordinal() if each.since else 0)
        for owner, following in zip(ordered, [*ordered[1:], None], strict=True):
            if owner.until is None:
                continue
            if following is None:
                message, hint = f"from {owner.until} on nobody owns it", "Name the next owner with `since`."
            elif following.since is not None and following.since > owner.until:
                message, hint = (
                    f"from {owner.until} to {following.since} nobody owns it",
                    "Let the next tenure begin where this one ends.",
                )
            else:
                continue
            yield view.at(FILE, FILE, path, message, hint)


def _events(view: View) -> Iterator[tuple[str, int, str]]:
    for name, flow in view.flows.items():
        for index, event in enumerate(flow.trigger.events):
            if event in EVENT_PAYLOADS:
                yield name, index, event


@check("event-without-originator")
def event_without_originator(view: View) -> Iterator[Finding]:
    """A flow takes an event of which the matrix does not say who may send it: every one would be refused."""
    if not _stated(view):
        return
    for name, index, event in _events(view):
        if event not in view.ownership.events:
            hint = f"Add `{event}: {{originates: [...]}}` to `events` in ownership.yaml."
            yield view.at(
                "flows", name, ("trigger", "events", index), f"ownership.yaml does not say who originates {event}", hint
            )


@check("entity-without-owner")
def entity_without_owner(view: View) -> Iterator[Finding]:
    """A flow moves an entity that nobody owns: any sender could overwrite it."""
    if not _stated(view):
        return
    seen = set()
    for name, index, event in _events(view):
        entity = EVENT_PAYLOADS[event].schema_name
        if entity not in view.ownership.entities and (name, entity) not in seen:
            seen.add((name, entity))
            hint = f"Add `{entity}: {{owner: <system>}}` to `entities` in ownership.yaml."
            yield view.at("flows", name, ("trigger", "events", index), f"{event} carries {entity!r}, which nobody owns", hint)


def _responsible(view: View, event: str) -> set[str]:
    """The systems that may send an event; roles are replaced by who plays them."""
    who = view.ownership.events[event]
    roles = players(view.flows.values())
    names = (*who.originates, *who.enriches, *who.validates, *who.finalizes)
    return {system for name in names for system in roles.get(name, (name,))}


@check("source-not-responsible")
def source_not_responsible(view: View) -> Iterator[Finding]:
    """A system is to start a flow with events it is not responsible for: they would all be refused."""
    if not _stated(view):
        return
    for name, flow in view.flows.items():
        known = [event for event in flow.trigger.events if event in view.ownership.events]
        for index, source in enumerate(flow.trigger.sources):
            if (
                known
                and source in view.names("systems")
                and not any({source, ANYBODY} & _responsible(view, event) for event in known)
            ):
                message = f"{source} may send none of this flow's events"
                hint = "Add it to `originates` of the event in ownership.yaml, or remove it here."
                yield view.at("flows", name, ("trigger", "sources", index), message, hint)


@check("event-never-comes", "warning")
def event_never_comes(view: View) -> Iterator[Finding]:
    """No system of the flow may send an event the flow waits for."""
    if not _stated(view):
        return
    for name, index, event in _events(view):
        flow = view.flows[name]
        systems = {*flow.roles.values(), *flow.trigger.sources}
        if event in view.ownership.events and systems and not (systems | {ANYBODY}) & _responsible(view, event):
            message = f"no system of this flow may send {event}"
            yield view.at(
                "flows", name, ("trigger", "events", index), message, "Remove the event, or make a system responsible for it."
            )
