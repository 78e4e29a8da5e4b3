"""The last real messages replayed against the landscape that runs and the changed one, and what came of each compared; delivers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.core.errors import TransactionClosed
from crossdock.core.process import Happened
from crossdock.ledger.ids import written
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.reviews import last_messages
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.ledger.work import LOST_PAYLOAD, TakenMessage, messages_by_id
from crossdock.pipeline.replay import recorded_facts
from crossdock.pipeline.trial.side import Outcome, Side
from crossdock.security.masking import Mask

Verdict = Literal["same", "differs", "worse", "better"]
EXAMPLES: Final = 20
"""Messages shown in full of each comparison; all are counted."""
FIELDS: Final = 12
"""Fields shown of one message."""
AT_ONCE: Final = 50
ORDER: Final[tuple[Verdict, ...]] = ("worse", "differs", "better")


@dataclass(frozen=True, slots=True)
class Compared:
    """One message, or one transaction, under both landscapes. `differences` are masked."""

    subject: str
    about: str
    at: str
    verdict: Verdict
    before: str
    after: str
    differences: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "subject": self.subject, "about": self.about, "at": self.at, "verdict": self.verdict, "before": self.before,
            "after": self.after, "differences": list(self.differences),
        }  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """Counts and the examples that matter most."""

    counts: dict[str, int] = field(default_factory=lambda: {"same": 0, "differs": 0, "worse": 0, "better": 0})
    found: dict[Verdict, list[Compared]] = field(default_factory=dict)

    def add(self, each: Compared) -> None:
        """Count one and keep it while there is room."""
        self.counts[each.verdict] += 1
        kept = self.found.setdefault(each.verdict, [])
        if each.verdict != "same" and len(kept) < EXAMPLES:
            kept.append(each)

    def examples(self) -> list[dict[str, Any]]:
        """Those that became worse first."""
        return [each.as_dict() for verdict in ORDER for each in self.found.get(verdict, ())][:EXAMPLES]


def replayed(session: Session, claims: ClaimStore, old: Side, new: Side, messages: int, mask: Mask) -> dict[str, Any]:
    """The comparison over the last `messages` messages and the transactions they belong to, as evidence."""
    numbers = last_messages(session, messages)
    one, whole = Comparison(), Comparison()
    again: dict[str, dict[Side, dict[tuple[str, str], Event]]] = {}
    gone = 0
    for start in range(0, len(numbers), AT_ONCE):
        for message in messages_by_id(session, numbers[start : start + AT_ONCE], claims):
            if message.mark == LOST_PAYLOAD or (not message.body and not message.claim):
                gone += 1  # retention took it
                continue
            one.add(_message(message, old, new, mask, again))
    for key, sides in sorted(again.items()):
        for each in _transaction(session, key, old, new, sides, mask):
            whole.add(each)
    worse, differs = one.counts["worse"] + whole.counts["worse"], one.counts["differs"] + whole.counts["differs"]
    total = sum(one.counts.values())
    return {
        "passed": not worse, "messages": total, **one.counts, "differs": differs, "worse": worse, "gone": gone,
        "transactions": {"compared": sum(whole.counts.values()), **whole.counts},
        "examples": [*one.examples(), *whole.examples()][: 2 * EXAMPLES],
        "says": f"{total} real messages replayed: {one.counts['same']} come out the same, {differs} differently, {worse} worse, "
        f"{one.counts['better']} better",
    }  # fmt: skip


def _message(
    message: TakenMessage, old: Side, new: Side, mask: Mask, again: dict[str, dict[Side, dict[tuple[str, str], Event]]]
) -> Compared:
    outcomes: list[Outcome] = []
    for side in (old, new):
        outcome, prepared = side.outcome(message)
        outcomes.append(outcome)
        for work in prepared.works if prepared is not None and not outcome.error else ():
            if work.event.key:
                sides = again.setdefault(work.event.key, {old: {}, new: {}})
                sides[side][str(message.id), work.event.id] = work.event
    before, after = outcomes
    about = " ".join(filter(None, (message.system, message.channel, message.topic)))
    return Compared(
        written(message.id), about, moment(message.received_at).isoformat(), verdict(before, after), _said(before), _said(after),
        tuple(_differences(before, after, mask)),
    )  # fmt: skip


def verdict(before: Outcome, after: Outcome) -> Verdict:
    """What the change means for one message: it is worse when a person would be asked who was not asked, or something is not told any more."""
    if before.error or after.error:
        if before.error == after.error:
            return "same"
        return "worse" if not before.error else "better" if not after.error else "differs"
    if before == after:
        return "same"
    lost = len(after.events) < len(before.events) or len(after.parts) < len(before.parts)
    dropped = any(
        one.type == other.type and set(one.flows) - set(other.flows)
        for one, other in zip(before.events, after.events, strict=False)
    )
    return "worse" if lost or dropped else "differs"


def _said(outcome: Outcome) -> str:
    if outcome.error:
        return f"refused: {outcome.error}"
    told = [
        f"{each.type} {each.key}" + (f" -> {', '.join(each.flows)}" if each.flows else " (no flow)") for each in outcome.events
    ]
    return "; ".join([*told, *(f"part {each}" for each in outcome.parts)]) or "nothing comes of it"


def _differences(before: Outcome, after: Outcome, mask: Mask) -> Iterator[dict[str, Any]]:
    if before.error != after.error:
        yield {
            "path": "",
            "before": before.error or "accepted",
            "after": after.error or "accepted",
            "says": after.says or before.says,
        }
        return
    shown = 0
    for one, other in zip(before.events, after.events, strict=False):
        kind = EVENT_PAYLOADS.get(one.type)
        schema = getattr(kind, "schema_name", "")
        for path, was, now in changed(one.document, other.document):
            hidden = mask.hides(path, schema)
            if shown < FIELDS:
                yield {"path": f"{one.type} {path}", "before": "•••" if hidden else was, "after": "•••" if hidden else now}
            shown += 1
    if shown > FIELDS:
        yield {"path": f"and {shown - FIELDS} more fields", "before": "", "after": ""}


def changed(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every leaf in which two JSON values differ: its path, and both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            yield from changed(one.get(name), other.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(one, list) and isinstance(other, list):
        for place in range(max(len(one), len(other))):
            was, now = (side[place] if place < len(side) else None for side in (one, other))
            yield from changed(was, now, f"{path}.{place}" if path else str(place))
    elif one != other:
        yield path, one, other


# --- transactions -----------------------------------------------------------------------------------------


def _transaction(
    session: Session, key: str, old: Side, new: Side, events: dict[Side, dict[tuple[str, str], Event]], mask: Mask
) -> Iterator[Compared]:
    """The decisions of every flow of a key over its recorded facts, each side with the events it would have made of the messages."""
    running = [name for (name,) in session.rows("SELECT flow FROM ledger_instance WHERE key=?", (key,))]
    for name in running:
        if name not in old.runtime.flows or name not in new.runtime.flows:
            continue
        try:
            before, after = (_decided(session, key, name, side, events) for side in (old, new))
        except TransactionClosed:
            return
        if isinstance(before, str) or isinstance(after, str):
            same = before == after
            judged: Verdict = "same" if same else "worse" if not isinstance(before, str) else "better"
            yield Compared(key, f"flow {name}", "", judged, _commanded(before), _commanded(after))
            continue
        lost = [each for each in before if each not in after]
        yield Compared(
            key, f"flow {name}", "", "same" if before == after else "worse" if lost else "differs", _commanded(before), _commanded(after),
            tuple(_commands(before, after, mask)),
        )  # fmt: skip


def _decided(
    session: Session, key: str, name: str, side: Side, events: dict[Side, dict[tuple[str, str], Event]]
) -> dict[str, tuple[str, str, Any]] | str:
    """The commands a flow decides, by id: name, system, data; the failure when it fails."""
    flow = side.runtime.flows[name]
    state, found = flow.process.initial(key), {}
    mapped, known = events[side], {place for each in events.values() for place in each}
    for fact in recorded_facts(session, flow, key):
        if isinstance(fact, Happened):
            place = (fact.event.causation, fact.event.id)
            if place in known and place not in mapped:
                continue  # under this landscape the message does not tell it
            fact = replace(fact, event=mapped.get(place, fact.event), written=b"")
        try:
            decision = flow.process.decide(state, fact, flow.context)
        except Exception as error:
            return f"the workflow fails: {type(error).__name__}"
        state = decision.state
        found.update({each.id: (each.name, each.system, dict(each.data)) for each in decision.commands})
    return found


def _commanded(found: dict[str, tuple[str, str, Any]] | str) -> str:
    if isinstance(found, str):
        return found
    return ", ".join(f"{name} to {system}" for name, system, _data in found.values()) or "commands nothing"


def _commands(before: dict[str, Any], after: dict[str, Any], mask: Mask) -> Sequence[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for number in dict.fromkeys((*before, *after)):
        one, other = before.get(number), after.get(number)
        if one is None or other is None:
            name, system, _data = before[number] if one is not None else after[number]
            told.append({"path": f"{name} to {system}", "before": "sent" if one else "", "after": "sent" if other else ""})
            continue
        for path, was, now in changed(one[2], other[2]):
            hidden = mask.hides(path)
            told.append({"path": f"{one[0]} {path}", "before": "•••" if hidden else was, "after": "•••" if hidden else now})
    return told[:FIELDS]
