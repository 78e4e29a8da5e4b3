"""One business transaction as a page or the API shows it: stages, course, payloads as far as somebody may see them; found by any name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crossdock.ledger import board, search
from crossdock.ledger.session import Session
from crossdock.ledger.trace import Story, story
from crossdock.ledger.windows import Window
from crossdock.security import access
from crossdock.security.access import Person
from crossdock.security.masking import Mask, mask_for
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.board import clock, lanes
from crossdock.workbench.exceptions import payloads
from crossdock.workbench.exceptions.payloads import Shown
from crossdock.workbench.place import place
from crossdock.workbench.stages import stages

GOOD: Final = frozenset({"normalized", "applied", "accepted", "fulfilled", "resolved"})
BAD: Final = frozenset({"failed", "rejected", "misconfigured", "breached", "open"})
STEPS: Final[dict[str, Any]] = {
    "received": gettext_lazy("received"),
    "event": gettext_lazy("event"),
    "command": gettext_lazy("command"),
    "attempt": gettext_lazy("attempt"),
    "exception": gettext_lazy("exception"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, where, what came of it, and what crossed as far as it may be seen."""

    at: int
    step: str
    title: str
    system: str
    what: str
    outcome: str
    tone: str
    note: str
    number: int
    seconds: float | None
    payloads: list[Shown]


@dataclass(slots=True)
class Course:
    """One flow's part in it: its stage strip."""

    flow: str
    title: str
    finished: bool
    opened_at: int
    updated_at: int
    strip: list[dict[str, Any]]


@dataclass(slots=True)
class Transaction:
    """Everything about one business key."""

    key: str
    kind: str
    number: str
    references: list[tuple[str, str]]
    courses: list[Course] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    expectations: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[Entry] = field(default_factory=list)
    clock: str = ""
    masked: bool = False
    subject: Subject = field(default_factory=Subject)


def find(session: Session, text: str, windows: Sequence[Window] | None) -> list[board.Hit]:
    """Transactions one of whose names is `text`, as far as somebody may see them."""
    keys = search.keys_named(session, text, list(place().landscape.systems))
    return [hit for hit in board.transactions(session, keys) if inside(hit.flow, windows)]


def longest_waiting(session: Session, windows: Sequence[Window] | None, flow: str = "", limit: int = 50) -> list[board.Hit]:
    """Open transactions without progress for longest."""
    names = [name for name in ([flow] if flow else place().landscape.flows) if inside(name, windows)]
    hits = [hit for name in names for hit in board.open_transactions(session, name, limit)]
    return sorted(hits, key=lambda hit: hit.updated_at)[:limit]


def inside(flow: str, windows: Sequence[Window] | None) -> bool:
    """Whether a flow lies in what somebody may see: itself, or because a system they may see takes part."""
    if windows is None:
        return True
    described = place().landscape.flows.get(flow)
    systems = frozenset(described.roles.values()) if described is not None else frozenset()
    return any(
        (window.flows is None or flow in window.flows) and (window.systems is None or bool(systems & window.systems))
        for window in windows
    )


FOLLOWING: Final = frozenset({"order.shipped", "shipment.shipped"})
"""Events by which a workflow tells others how far it is: whoever takes them follows it, and is shown after it."""


def subject_of(told: Story) -> Subject:
    """What a transaction is about, for the decision who may see it: every flow that carries it out and every system that takes part.

    Of an order that was refused before it began, the flow is the one whose people were told.
    """
    refused = (str(entry["flow"]) for entry in told.entries if entry["step"] == "exception" and entry.get("flow"))
    flows = [str(each["flow"]) for each in told.instances] or [next(refused, "")]
    described = [each for flow in flows if (each := place().landscape.flows.get(flow)) is not None]
    roles = [system for each in described for system in each.roles.values()]
    subject = Subject.of(flows[0], *roles, *(entry["system"] for entry in told.entries if entry["system"]))
    return replace(subject, beside=frozenset(flows[1:]))


def read(session: Session, key: str) -> Story | None:
    """What the ledger knows of a key; None when it knows nothing."""
    told = story(session, key)
    flows = place().landscape.flows
    told.instances.sort(key=lambda each: each["flow"] in flows and not FOLLOWING.isdisjoint(flows[each["flow"]].trigger.events))
    return told if told.instances or told.entries else None


def mask(person: Person, subject: Subject, *, unmask: bool = False) -> Mask:
    """What somebody may not see of this subject's payloads; `unmask` lifts it as far as they may."""
    facts, classes = place().facts, place().landscape.policies.data_classes
    known = frozenset(name for name, one in classes.items() if not (one.restricted or one.encrypted))
    seen = access.data_classes(person, Permission.PAYLOAD_SEE, subject, facts)
    if seen is not None:
        known &= seen
    if unmask and access.allowed(person, Permission.PAYLOAD_UNMASK, subject, facts):
        lifted = access.data_classes(person, Permission.PAYLOAD_UNMASK, subject, facts)
        known = frozenset(classes) if lifted is None else known | lifted
    return mask_for({name: one.fields for name, one in classes.items()}, known)


def shown(session: Session, told: Story, person: Person, now: datetime, *, unmask: bool = False) -> Transaction:
    """The transaction as this person may see it: payloads only of systems they may see, with protected fields hidden."""
    kind, _slash, rest = told.key.partition("/")
    subject = subject_of(told)
    found = Transaction(told.key, kind, rest.rpartition("/")[2] or rest, told.references, subject=subject)
    hidden = mask(person, subject, unmask=unmask)
    found.masked = bool(hidden)
    facts = place().facts
    sees = {
        system: access.allowed(person, Permission.PAYLOAD_SEE, Subject.of(subject.flow, system), facts)
        for system in subject.systems
    }
    for entry in told.entries:
        parts = payloads.steps(Story(told.key, entries=[entry]), hidden) if sees.get(entry["system"]) else []
        one = _entry(entry, parts)
        found.entries.append(one)
        if one.step == "exception":
            found.exceptions.append(one)
    _courses(session, told, found)
    found.expectations = [{**each, "says": lanes.says(each["name"].partition(":")[0])} for each in told.expectations]
    _clock(session, found, now)
    return found


def _entry(entry: dict[str, Any], parts: list[Shown]) -> Entry:
    outcome = str(entry["outcome"])
    resolved = entry["step"] == "exception" and outcome == "resolved"
    tone = (
        "good"
        if outcome in GOOD or resolved
        else "bad"
        if outcome in BAD
        else "warn"
        if outcome not in ("duplicate", "ignored", "stale")
        else ""
    )
    return Entry(
        entry["at"], entry["step"], str(STEPS.get(entry["step"], entry["step"])), entry["system"], entry["what"], outcome, tone,
        entry["note"], int(entry.get("number") or 0), entry.get("seconds"), parts,
    )  # fmt: skip


def _courses(session: Session, told: Story, found: Transaction) -> None:
    flows = place().landscape.flows
    for each in told.instances:
        described = flows.get(each["flow"])
        reached = stages(session, told.key, each["flow"])
        latest = max((place_ for place_, (_name, at) in enumerate(reached) if at is not None), default=-1)
        strip = [
            {
                "name": name,
                "at": at,
                "state": "done" if at is not None else "here" if place_ == latest + 1 and not each["finished"] else "",
            }
            for place_, (name, at) in enumerate(reached)
        ]
        if not strip and each["stage"]:
            strip = [{"name": each["stage"], "at": each["updated_at"], "state": "done"}]
        title = (described.title if described is not None else "") or each["flow"]
        found.courses.append(Course(each["flow"], title, each["finished"], each["opened_at"], each["updated_at"], strip))


def _clock(session: Session, found: Transaction, now: datetime) -> None:
    """The business clock of what comes next."""
    waits = [each for each in found.expectations if each["state"] in ("open", "breached")]
    if not waits:
        return
    first = min(waits, key=lambda each: (each["state"] != "breached", each["due"]))
    expected = board.Expected(
        0, found.key, found.subject.flow, first["name"], first["due"], None, first["owner"], "", first["state"] == "breached"
    )
    under_way = board.on_their_way(session, [found.key]).get(found.key)
    found.clock = _("%(what)s: %(clock)s") % {
        "what": first["says"],
        "clock": clock.of(place().landscape, expected, under_way, now),
    }
