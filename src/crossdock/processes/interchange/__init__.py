"""Interchange: the technical conversation with a trading partner. Numbers seen, acknowledgements owed, answers paired with what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.document_sent import DocumentSent
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.interchange import Interchange
from crossdock.core.commands import Command
from crossdock.core.errors import ControlNumberMissing, CrossdockError, EnvelopeFaulty, PartnerRefused
from crossdock.core.process import Decided, Decision, Due, Expectation, Fact, FlowContext, Happened, Parked, Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.interchange.numbers import observe, outcome, own_name
from crossdock.processes.interchange.settings import Settings
from crossdock.processes.interchange.state import Early, Gap, Outgone, State, dump, load
from crossdock.processes.interchange.words import content, first, listed, name, refused_documents, refused_with_others

__all__ = ["InterchangeExchange", "Settings", "State"]

SENT = "edi:sent"
ACKNOWLEDGED = "edi:acknowledged"
ROOM = "edi/"
NUMBERED = "as2:"
"""Names of transmissions that their sender never gives twice begin so."""
EARLY = 300
"""Answers kept until what they answer is noted."""
ANSWERS = 300
"""Acknowledgements of ours that are remembered, because a receipt that refuses one comes soon or never."""
RECEIVED_ONLY = "received"


class InterchangeExchange:
    """One instance per partner, standard, and test or production; it never ends.

    Slots for people: `refused:<control number>` (`settled`), `missing:...` (`settled`), `negative:<command>` (`settled`).
    """

    name = "interchange"
    version = "1"
    triggers: ClassVar[frozenset[str]] = frozenset({"interchange.received", "document.sent", "document.acknowledged"})
    accepts: ClassVar[frozenset[str]] = triggers
    Settings: ClassVar[type[Settings]] = Settings

    @staticmethod
    def elsewhere(event: Event, context: FlowContext) -> bool:
        """An acknowledgement that was paired already is its transaction's, not this workflow's."""
        return not event.key.startswith(ROOM)

    def initial(self, key: str) -> State:
        return State(key)

    def decide(self, state: State, fact: Fact, context: FlowContext) -> Decision[State]:
        if isinstance(fact, Happened):
            data = fact.event.data
            if isinstance(data, Interchange):
                return _received(state, fact.event, data, fact.at, context)
            if isinstance(data, DocumentSent):
                return _sent(state, data, fact.at, context)
            if isinstance(data, DocumentAcknowledgement):
                return _answered(state, fact.event, data, fact.at, context)
        if isinstance(fact, Due):
            return _due(state, fact, context)
        if isinstance(fact, Decided):
            return _decided(state, fact)
        if isinstance(fact, Settled):
            return _settled(state, fact, context)
        return Decision(state)

    def dump(self, state: State) -> bytes:
        return dump(state)

    def load(self, data: bytes) -> State:
        return load(data)

    def milestones(self, state: State) -> tuple[tuple[str, datetime | None], ...]:
        return (("exchanging", datetime.fromisoformat(state.last) if state.last else None),)

    def finished(self, state: State) -> bool:
        return False


def _received(state: State, event: Event, data: Interchange, at: datetime, context: FlowContext) -> Decision[State]:
    if data.judged == "content":
        after = replace(state, last=at.isoformat())
        return Decision(after, _owed(state, event, data, context), notes=(f"{content(data)} was refused for its content",))
    if data.duplicate == "same":
        return _again(state, event, data, context)
    seen = observe(state, data, event.id.rpartition("#")[2], at)
    after = replace(seen.state, received=state.received + 1, last=at.isoformat())
    if seen.again:
        return Decision(after, notes=seen.notes)
    settings = Settings.model_validate(dict(context.settings))
    reused = _reused(state, data, context)
    commands = _owed(state, event, data, context)
    parked = (*reused, *_refused(data, settings, context), *(_missed(each, context) for each in seen.still))
    counted = sum(len(group.documents) for group in data.groups)
    note = f"{name(data)}: {counted} documents, {data.verdict.replace('_', ' ')}"
    return Decision(
        after, commands, expect=seen.expect, withdrawn=seen.withdrawn, parked=parked, unparked=tuple(each.name for each in seen.closed),
        notes=(note, *seen.notes),
    )  # fmt: skip


def _again(state: State, event: Event, data: Interchange, context: FlowContext) -> Decision[State]:
    """An interchange sent again: who sends it waits for its acknowledgement. What its carrier repeats by itself is the same sending."""
    known = next((each for each in state.judged if each[0] == own_name(data)), None)
    if known is not None and known[1] == data.transmission:
        return Decision(state, notes=(f"{name(data)} was brought again by its carrier",))
    if known is not None and known[2] != outcome(data):
        text = f"{name(data)} was sent again and would be judged otherwise than when it came first; the partner has no other answer than that"
        error = EnvelopeFaulty(text, control_number=data.control_number.strip(), verdict=data.verdict)
        return Decision(state, parked=(Parked(error, f"again:{data.control_number.strip()}", context.owner, ("settled",)),))
    return Decision(state, _owed(state, event, data, context), notes=(f"{name(data)} was sent again and is acknowledged again",))


def _reused(state: State, data: Interchange, context: FlowContext) -> tuple[Parked, ...]:
    """A transmission whose carrier numbers them (AS2 Message-ID, RFC 4130) brought another interchange before under the same name."""
    other = next((each[0] for each in state.judged if each[1] == data.transmission and each[0] != own_name(data)), None)
    if other is None or not data.transmission.startswith(NUMBERED):
        return ()
    text = f"{name(data)} came under a Message-ID that brought another one before ({other.rpartition('#')[2]}); both were taken"
    error = EnvelopeFaulty(text, transmission=data.transmission, control_number=data.control_number.strip())
    return (Parked(error, f"reused:{data.control_number.strip()}", context.owner, ("settled",)),)


def _owed(state: State, event: Event, data: Interchange, context: FlowContext) -> tuple[Command, ...]:
    """The acknowledgements that go back, each once for one event."""
    document = data.model_dump(mode="json", exclude_defaults=True)
    return tuple(
        Command(
            command_id(state.key, "document.acknowledge", f"{kind}:{event.id}"), "document.acknowledge", event.source, state.key,
            {"refs": {}, "kind": kind, "interchange": document}, context.flow,
        )
        for kind in data.owed
    )  # fmt: skip


def _refused(data: Interchange, settings: Settings, context: FlowContext) -> tuple[Parked, ...]:
    """What nobody else tells a person: an envelope that failed, and sound documents refused with others. Faulty documents tell themselves."""
    others = refused_with_others(data)
    errors = [*data.findings, *(finding for group in data.groups for finding in group.findings)]
    if data.verdict == "accepted" or not (
        others or (any(each.severity == "error" for each in errors) and data.verdict == "rejected")
    ):
        return ()
    lost = refused_documents(data)
    detail = {
        "findings": listed(errors), "documents": lost[: settings.list_refused], "refused_documents": len(lost), "told": list(data.owed),
    }  # fmt: skip
    why = first(errors) if errors else "documents in it break their guide, and the agreement refuses what goes with them"
    error = EnvelopeFaulty(f"{name(data)} was refused: {why}", **detail)
    return (Parked(error, f"refused:{data.control_number.strip()}", context.owner, ("settled",)),)


def _sent(state: State, data: DocumentSent, at: datetime, context: FlowContext) -> Decision[State]:
    after = replace(state, sent=state.sent + 1, last=at.isoformat())
    if any(each.command_id == data.command_id for each in state.outgone):
        return Decision(after)
    due = data.acknowledge_by
    own = Outgone(
        data.command_id, data.command, data.key, data.flow, data.document_type, data.document_number, data.interchange_control,
        data.identities, data.sent_at.isoformat(), due.isoformat() if due is not None else "",
    )  # fmt: skip
    if data.command == "document.acknowledge":
        after = replace(after, answers=(*(each for each in after.answers if each.command_id != own.command_id), own)[-ANSWERS:])
    else:
        limit = Settings.model_validate(dict(context.settings)).remember
        after = replace(after, outgone=(*after.outgone, own)[-limit:])
    expect: tuple[Expectation, ...] = ()
    if due is not None:
        text = f"{own.words()} was sent and is not acknowledged by the partner"
        expect = (Expectation(own.name, due, owner=context.owner, description=text),)
    decision = Decision(after, expect=expect, notes=(f"{own.words()} left",))
    for each in state.early:
        if set(each.identities) & set(own.identities):
            data_ = DocumentAcknowledgement.model_validate(each.document)
            kept = replace(decision.state, early=tuple(one for one in decision.state.early if one is not each))
            paired = _pair(kept, own, each.event_id, context, data_)
            decision = _both(decision, paired)
    return decision


def _answered(state: State, event: Event, data: DocumentAcknowledgement, at: datetime, context: FlowContext) -> Decision[State]:
    names = tuple(each.value for each in event.references if each.scheme == SENT)
    proof = tuple(Reference(ACKNOWLEDGED, each) for each in names)
    after = replace(state, last=at.isoformat())
    own = next((each for each in (*state.outgone, *state.answers) if set(names) & set(each.identities)), None)
    if own is None:
        early = Early(event.id, names, data.model_dump(mode="json", exclude_defaults=True), at.isoformat())
        after = replace(after, early=(*after.early, early)[-EARLY:])
        return Decision(after, references=proof, notes=(f"{data.document_type}: an answer to something that is not noted (yet)",))
    return replace(_pair(after, own, event.id, context, data, event.source), references=proof)


def _pair(
    state: State, own: Outgone, event_id: str, context: FlowContext, data: DocumentAcknowledgement, source: str = ""
) -> Decision[State]:
    """An answer found what it answers."""
    told = data.model_copy(update={"document_type": own.type, "document_number": own.number})
    source = source or state.key.split("/")[1]
    emitted: tuple[Event, ...] = ()
    if own.key and not own.key.startswith(ROOM):
        references = tuple(Reference(SENT, each) for each in own.identities)
        emitted = (Event(f"{event_id}/paired", "document.acknowledged", source, own.key, told, data.acknowledged_at, references),)
    says = f"{own.words()}: {data.verdict.replace('_', ' ')} by {data.level}"
    if data.verdict in ("rejected", "partially_accepted"):
        error = PartnerRefused(
            f"{own.words()} was refused by the partner: {first(data.findings)}",
            findings=listed(data.findings), document=own.type, number=own.number, key=own.key, level=data.level,
        )  # fmt: skip
        after = _without(state, own)
        if own.command in Settings.model_validate(dict(context.settings)).followed:
            return Decision(after, emitted=emitted, fulfilled=(own.name,), notes=(f"{says}: {first(data.findings)}",))
        parked = Parked(error, f"negative:{own.command_id}", context.owner, ("settled",))
        return Decision(after, emitted=emitted, fulfilled=(own.name,), parked=(parked,), notes=(says,))
    final = data.level in ("group", "document", "application") or (
        data.level == "interchange" and data.standard == "edifact" and data.note != RECEIVED_ONLY
    )
    if not final:
        # a TA1, an MDN or a mere receipt says that it arrived, not that it was accepted
        return Decision(state, emitted=emitted, notes=(says,))
    return Decision(_without(state, own), emitted=emitted, fulfilled=(own.name,), notes=(says,))


def _without(state: State, own: Outgone) -> State:
    return replace(
        state,
        outgone=tuple(each for each in state.outgone if each.command_id != own.command_id),
        answers=tuple(each for each in state.answers if each.command_id != own.command_id),
    )


def _both(one: Decision[State], two: Decision[State]) -> Decision[State]:
    # what is answered already is not waited for
    expect = tuple(each for each in one.expect if each.name not in two.fulfilled)
    return Decision(
        two.state, expect=expect, fulfilled=two.fulfilled if not one.expect else (), emitted=one.emitted + two.emitted,
        parked=one.parked + two.parked, notes=one.notes + two.notes,
    )  # fmt: skip


def _due(state: State, fact: Due, context: FlowContext) -> Decision[State]:
    gap = next((each for each in state.gaps if each.name == fact.name), None)
    if gap is None or gap.told:
        return Decision(state)
    gaps = tuple(replace(each, told=True) if each is gap else each for each in state.gaps)
    return Decision(replace(state, gaps=gaps), parked=(_missed(gap, context),))


def _missed(gap: Gap, context: FlowContext) -> Parked:
    sender = gap.relation.split("|")[1] if "|" in gap.relation else "the partner"
    error = ControlNumberMissing(f"{gap.words()} of {sender} never came", low=gap.low, high=gap.high, relation=gap.relation)
    return Parked(error, gap.name, context.owner, ("settled",))


def _decided(state: State, fact: Decided) -> Decision[State]:
    gaps: tuple[Gap, ...] = tuple(each for each in state.gaps if each.name != fact.slot)
    return Decision(replace(state, gaps=gaps), unparked=(fact.slot,), notes=(f"{fact.slot}: {fact.reason or fact.action}",))


def _settled(state: State, fact: Settled, context: FlowContext) -> Decision[State]:
    if isinstance(fact.result, CrossdockError):
        parked = Parked(fact.result, f"owed:{fact.command_id}", context.owner, ("settled",), fact.command_id)
        return Decision(state, parked=(parked,))
    return Decision(
        state, unparked=(f"owed:{fact.command_id}",), notes=(f"{fact.data.get('kind', 'acknowledgement')} went back",)
    )
