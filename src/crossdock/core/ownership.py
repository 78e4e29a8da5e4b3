"""The system-of-record matrix, compiled: who may send which event and write which field; knows no YAML and no store.

The landscape fills an `OwnershipMatrix`; `problems` tells its linter what is wrong with it; `compile_ownership` makes the `Ownership`
that the authorize step asks for every event. Three rules:

* A system may send an event when it originates, enriches, validates or finalizes it. What is not listed is not allowed.
* An owned field may be written by its owners only. A field counts as written when the payload says something there that is not the
  field's default. What nobody owns, everybody responsible for the event may write.
* When several systems own a field, each owns it in what it originated: a shop its own orders, not those of the other shop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.field_paths import FieldPath, expand, resolve
from crossdock.core.errors import FieldNotOwned, NotResponsible

Policy = Literal["refuse", "strip", "accept_equal"]
"""What happens when a system writes a field it does not own: refuse the event; leave the field out and record it; accept it when it is
what the hub knows already, refuse otherwise."""

Act = Literal["originates", "enriches", "validates", "finalizes"]
ANYBODY: Final = "*"
WRITES: Final[Mapping[str, frozenset[str]]] = {
    "order.create": frozenset({"order"}),
    "order.change": frozenset({"order"}),
    "transfer.validate": frozenset({"confirmation"}),
    "transfer.track": frozenset({"shipment", "milestone"}),
    "shop.fulfil": frozenset({"shipment"}),
    "shop.milestone": frozenset({"milestone"}),
    "shop.stock": frozenset({"levels"}),
    "stock.adjust": frozenset({"levels", "changes"}),
    "receipt.validate": frozenset({"receipt"}),
    "bill.create": frozenset({"invoice"}),
    "document.send": frozenset({"document"}),
}
"""Commands that write facts into their target, and the documents of theirs that are written; all others ask the target to act."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns fields of an entity, from `since` (first day) to `until` (first day after); None is open.

    `entity` is the schema name of an event's payload (`order`, `product`, `pick_confirmation`). `fields` are paths in it
    (`price`, `lines[].unit_price`; brackets may be left out); none means all fields no other entry of the entity names.
    `systems` are names of systems or roles.
    """

    entity: str
    systems: tuple[str, ...]
    fields: tuple[str, ...] = ()
    policy: Policy = "accept_equal"
    since: date | None = None
    until: date | None = None

    def applies(self, on: date) -> bool:
        """Whether this entry is in force on this day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who may do what with an event type: names of systems or roles; `*` is anybody."""

    event: str
    originates: tuple[str, ...]
    enriches: tuple[str, ...] = ()
    validates: tuple[str, ...] = ()
    finalizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnershipMatrix:
    """The whole matrix as the landscape says it. `roles` maps a role to the systems that play it in any flow."""

    owners: tuple[Owner, ...] = ()
    responsibilities: tuple[Responsibility, ...] = ()
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field that the sender does not own. `place` names it (`lines[1].unit_price`), `owners` are who may write it."""

    place: str
    owners: tuple[str, ...]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Authorized:
    """The event's payload as it may go on, the fields that were left out of it, and those that are accepted only if known already."""

    payload: Canonical
    stripped: tuple[Refusal, ...] = ()
    doubtful: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    path: FieldPath
    owners: tuple[str, ...]
    policy: Policy
    shared: bool
    """The sender is one of several owners: the rule counts only for what another of them originated."""


class Ownership:
    """The compiled matrix. Asking costs a dictionary look-up unless the sender may write some fields and not others."""

    def __init__(self, matrix: OwnershipMatrix, events: Mapping[str, type[Canonical]], on: date) -> None:
        self._events = events
        self._acts: dict[str, tuple[tuple[Act, frozenset[str]], ...]] = {}
        self._owners: dict[str, list[tuple[tuple[FieldPath, ...], Owner, tuple[str, ...]]]] = {}
        self._rules: dict[tuple[str, str], tuple[_Rule, ...]] = {}
        self._may: dict[tuple[str, str], frozenset[Act]] = {}
        self._keepers: frozenset[str] | None = None
        self._recorded: Mapping[tuple[str, str], Sequence[tuple[FieldPath, tuple[str, ...], Policy]]] | None = None
        changes = [day for owner in matrix.owners for day in (owner.since, owner.until) if day is not None and day > on]
        self.valid_until: date | None = min(changes, default=None)
        """The first day this compilation is no longer right for; None: never."""
        for one in matrix.responsibilities:
            self._acts[one.event] = (
                ("originates", frozenset(_systems(matrix, one.originates))),
                ("enriches", frozenset(_systems(matrix, one.enriches))),
                ("validates", frozenset(_systems(matrix, one.validates))),
                ("finalizes", frozenset(_systems(matrix, one.finalizes))),
            )
        models = {model.schema_name: model for model in events.values()}
        in_force = [owner for owner in matrix.owners if owner.applies(on)]
        for owner in in_force:
            model = models[owner.entity]
            taken = frozenset(
                resolve(model, path).names for other in in_force if other.entity == owner.entity for path in other.fields
            )
            paths = tuple(resolve(model, path) for path in owner.fields or expand(model, taken))
            self._owners.setdefault(owner.entity, []).append((paths, owner, _systems(matrix, owner.systems)))

    def may(self, event: str, source: str) -> frozenset[Act]:
        """What `source` may do with this event; empty: nothing."""
        acts = self._may.get((event, source))
        if acts is None:
            acts = frozenset(act for act, systems in self._acts.get(event, ()) if source in systems or ANYBODY in systems)
            self._may[event, source] = acts
        return acts

    def check(
        self, event: str, source: str, payload: Canonical, known: Canonical | None = None, originator: str = ""
    ) -> tuple[Refusal, ...]:
        """The fields of `payload` that `source` must not write.

        `known` is the last accepted version of the same object, for entries that accept what is equal; without it nothing is equal.
        `originator` is the system the object comes from (the second part of its business key), for fields with several owners.
        """
        rules = self._rules.get((event, source))
        if rules is None:
            rules = self._rules[event, source] = self._plan(event, source)
        if not rules:
            return ()
        refused: list[Refusal] = []
        for rule in rules:
            if rule.shared and (not originator or originator == source or originator not in rule.owners):
                continue
            values = rule.path.values(payload)
            if values and rule.policy == "accept_equal" and known is not None:
                accepted = rule.path.values(known)
                values = {place: value for place, value in values.items() if accepted.get(place) != value}
            refused.extend(Refusal(place, rule.owners, rule.policy) for place in values)
        return tuple(refused)

    def authorize(
        self,
        event: str,
        source: str,
        payload: Canonical,
        known: Canonical | None = None,
        originator: str = "",
        *,
        compared_later: bool = False,
    ) -> Authorized:
        """The payload as it may go on. Arguments as for `check`.

        With `compared_later`, fields that are accepted when they are equal are told as `doubtful` instead of refused: what was accepted
        last is known only when the event's turn has come. Raises NotResponsible when the source may not send this event at all, FieldNotOwned with all refused fields in its detail.
        """
        if not self.may(event, source):
            allowed = sorted({system for _, systems in self._acts.get(event, ()) for system in systems})
            raise NotResponsible(f"{source} may not send {event}", system=source, event=event, responsible=allowed)
        refusals = self.check(event, source, payload, known, originator)
        if not refusals:
            return Authorized(payload)
        doubtful = tuple(one for one in refusals if compared_later and one.policy == "accept_equal")
        fatal = [one for one in refusals if one.policy != "strip" and one not in doubtful]
        if fatal:
            fields = [{"field": one.place, "owners": list(one.owners)} for one in fatal]
            names = ", ".join(one.place for one in fatal[:5]) + (" ..." if len(fatal) > 5 else "")
            raise FieldNotOwned(f"{source} does not own {names}", system=source, event=event, fields=fields)
        for rule in self._rules[event, source]:
            if rule.policy == "strip" and rule.path.values(payload):
                payload = rule.path.cleared(payload)
        return Authorized(payload, tuple(one for one in refusals if one.policy == "strip"), doubtful)

    def owns_any(self, system: str) -> bool:
        """Whether a system is the record of anything at all."""
        if self._keepers is None:
            self._keepers = frozenset(keeper for keeper, _ in self._records())
        return system in self._keepers

    def owns_of(self, system: str, entity: str) -> bool:
        """Whether a system is the record of anything of an entity."""
        return (system, entity) in self._records()

    def check_write(self, entity: str, target: str, payload: Canonical, originator: str = "") -> tuple[Refusal, ...]:
        """The fields of `payload` that `target` itself is the record of, so that nobody may write them there.

        Fields with several owners belong to the one that originated the object.
        """
        refused: list[Refusal] = []
        for path, owners, policy in self._records().get((target, entity), ()):
            if len(owners) > 1 and originator != target:
                continue
            refused.extend(Refusal(place, owners, policy) for place in path.values(payload))
        return tuple(refused)

    def _records(self) -> Mapping[tuple[str, str], Sequence[tuple[FieldPath, tuple[str, ...], Policy]]]:
        """By system and entity: the fields it is the record of. What anybody owns nobody is the record of."""
        if self._recorded is None:
            found: dict[tuple[str, str], list[tuple[FieldPath, tuple[str, ...], Policy]]] = {}
            for entity, entries in self._owners.items():
                for paths, owner, systems in entries:
                    for system in () if ANYBODY in systems else systems:
                        found.setdefault((system, entity), []).extend((path, systems, owner.policy) for path in paths)
            self._recorded = found
        return self._recorded

    def _plan(self, event: str, source: str) -> tuple[_Rule, ...]:
        model = self._events.get(event)
        rules: list[_Rule] = []
        for paths, owner, systems in self._owners.get(model.schema_name, ()) if model else ():
            mine = source in systems or ANYBODY in systems
            if not mine or len(systems) > 1:
                rules.extend(_Rule(path, systems, owner.policy, mine) for path in paths)
        return tuple(rules)


def compile_ownership(matrix: OwnershipMatrix, on: date, events: Mapping[str, type[Canonical]] = EVENT_PAYLOADS) -> Ownership:
    """Compile the matrix as it is in force on the day `on`. Raises ValueError with all problems when it has any."""
    found = problems(matrix, events)
    if found:
        raise ValueError("; ".join(found))
    return Ownership(matrix, events, on)


def problems(matrix: OwnershipMatrix, events: Mapping[str, type[Canonical]] = EVENT_PAYLOADS) -> list[str]:
    """What is wrong with the matrix, for its linter: unknown events, entities and fields, fields that cannot be left out, overlaps."""
    models = {model.schema_name: model for model in events.values()}
    found = [f"{one.event!r} is no event type" for one in matrix.responsibilities if one.event not in events]
    claims: list[tuple[str, tuple[str, ...], Owner]] = []
    for owner in matrix.owners:
        model = models.get(owner.entity)
        if model is None:
            found.append(f"{owner.entity!r} is no entity that an event carries; known are {', '.join(sorted(models))}")
            continue
        if not owner.systems:
            found.append(f"{owner.entity}: an entry names no owner")
        if owner.policy == "strip" and not owner.fields:
            found.append(f"{owner.entity}: fields to be left out must be named one by one")
        for text in owner.fields:
            try:
                path = resolve(model, text)
            except ValueError as error:
                found.append(f"{owner.entity}: {error}")
                continue
            if owner.policy == "strip" and path.required:
                found.append(f"{owner.entity}: {text!r} is required and cannot be left out; refuse it instead")
            claims.append((owner.entity, path.names, owner))
        if not owner.fields:
            claims.append((owner.entity, (), owner))
    for index, (entity, names, owner) in enumerate(claims):
        for other_entity, other_names, other in claims[:index]:
            if entity == other_entity and names == other_names and _overlap(owner, other):
                where = ".".join(names) or "the fields no other entry names"
                found.append(f"{entity}: {where} is owned twice, by {', '.join(other.systems)} and by {', '.join(owner.systems)}")
    return found


def _overlap(one: Owner, other: Owner) -> bool:
    starts = max(one.since or date.min, other.since or date.min)
    return starts < min(one.until or date.max, other.until or date.max)


def _systems(matrix: OwnershipMatrix, names: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, Any] = {}
    for name in names:
        found.update(dict.fromkeys(matrix.roles.get(name, (name,))))
    return tuple(found)
