"""One micro-batch: facts in, decisions out, everything that follows collected for one commit; touches no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event
from crossdock.connectors.protocol import Inbound
from crossdock.core.errors import (
    ContentConflict,
    CrossdockError,
    ExpectationBreached,
    HubDefect,
    PredecessorMissing,
    ReferenceUnknown,
    Rejected,
)
from crossdock.core.partition import partition_of
from crossdock.core.process import Due, Happened, Settled
from crossdock.core.sequencing import Apply, Conflict, Duplicate, Hold, Stale, StreamState, place
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Row
from crossdock.ledger.states import EventState, ExpectationState, MessageState
from crossdock.ledger.times import micros, moment
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.accepted import Object, object_of
from crossdock.pipeline.closing import PREFIX, timer
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.instances import Instance, InstanceCache
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.prepare import Prepared
from crossdock.pipeline.runtime import Flow, Runtime
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.work import EventWork, new_work, to_row

_SETTLED: Final = frozenset({EventState.APPLIED, EventState.STALE, EventState.DUPLICATE, EventState.UNROUTED})

DUE: Final = "due:"
"""Slot of the exception of a process that failed when a time came: this and the expectation's name."""
HINT: Final = "hint"
"""Topic of a message that says nothing but that a poll would find something."""


_COMPARED: Final = frozenset({"statement.received"})
"""Papers of money that stand for themselves: another content under the identity of one is a person's, also where no flow takes them."""


@dataclass(slots=True)
class Known:
    """What the ledger knows that this micro-batch needs."""

    identities: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    streams: dict[tuple[str, str], tuple[int, StreamState]] = field(default_factory=dict)
    held: dict[tuple[str, str], list[EventWork]] = field(default_factory=dict)
    accepted: dict[Object, Canonical] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    """Timers of events whose finalizer closed them."""


class Tick:
    """Runs the steps for one micro-batch. The caller prefetches `Known`, then commits `batch`."""

    def __init__(
        self,
        now: datetime,
        runtime: Runtime,
        cache: InstanceCache,
        numbers: Numbers,
        owned: Callable[[int], bool],
        settings: PipelineSettings,
        meters: Meters,
        poison: Mapping[int, str] | None = None,
    ) -> None:
        self._poison = poison or {}
        self.now = now
        self.batch = Batch(micros(now), respond=runtime.respond)
        self._runtime = runtime
        self._cache = cache
        self._numbers = numbers
        self._owned = owned
        self._settings = settings
        self._meters = meters
        self._partitions = runtime.landscape.partitions
        self._bundle = runtime.bundle
        self.decider = Decider(self.batch, numbers, self._partitions, self._bundle)
        self.known = Known()
        self._accepted: dict[Object, Event] = {}
        self.handed_over = 0
        self.hints: set[str] = set()
        """Systems that hinted that something happened: they are polled at once."""
        self.waits = False
        """An event of this batch waits for its transaction."""
        self.retried: set[int] = set()
        """Messages a person asked to normalize again."""
        self.parts: list[tuple[str, str, Inbound]] = []
        """Messages that messages carried, each with system and channel; stored with this batch."""
        self._bulks: dict[int, dict[str, int]] = {}
        """Of each message in bulk, how many events it told and how many were passed over, by the reason."""
        self.passed: dict[tuple[str, str], StreamState] = {}
        """Streams whose gap a person gave up."""

    # --- normalize, validate, authorize -----------------------------------------------------------------

    def normalize(self, message: TakenMessage, prepared: Prepared) -> list[EventWork]:
        """Take over what steps two to four made of a message; a failure becomes an exception."""
        error = prepared.error or self._runtime.standing.refusal(message.system)
        if message.id in self._poison:
            error = HubDefect(f"the hub failed on this message: {self._poison[message.id]}")
        if error is not None:
            self._message_failed(message, error, prepared)
            return prepared.told if error is prepared.error else []
        if message.topic == HINT:
            self.hints.add(message.system)
        state = MessageState.NORMALIZED if prepared.works or prepared.parts else MessageState.IGNORED
        self.batch.messages.append((message.id, int(state), len(prepared.works), prepared.mapping, self._bundle))
        self.batch.record(message.partition, "pipeline:message:taken", message.id, "", message.content_hash.hex())
        if message.id in self.retried:
            settle_failure(self.batch, exception_identity("message", message.id), "normalized")
        self.parts += [(part.system or message.system, message.channel, part) for part in prepared.parts]
        participant = self._runtime.participants.get(message.system)
        if participant is not None and message.topic in participant.connector.capabilities.bulk:
            # the record is written with the batch: by then its counts say what became of the message's events
            counts = self._bulks[message.id] = {"told": len(prepared.works), "unknown": 0, "nothing_new": 0}
            self.batch.record(message.partition, "pipeline:message:passed_over", message.id, detail=counts)
            for work in prepared.works:
                work.passing = True
        return prepared.works

    def _message_failed(self, message: TakenMessage, error: CrossdockError, prepared: Prepared) -> None:
        mark = message.mark or prepared.mapping
        self.batch.messages.append((message.id, int(MessageState.FAILED), 0, mark, self._bundle))
        self.batch.record(message.partition, "pipeline:message:taken", message.id, "", message.content_hash.hex())
        system = self._runtime.landscape.systems.get(message.system)
        owner = str(error.detail.get("owner") or "")  # a business rule says who looks after what it refuses
        event = prepared.refused.event if prepared.refused is not None else None
        flows = self._runtime.landscape.flows_for(event.type, event.source) if event is not None else []
        failure = Failure(
            error, error.code.partition(".")[0], "message", message.id, message.partition, system=message.system,
            flow=flows[0].name if flows else "", key=event.key if event is not None else "", owner=owner or ((system.owner or "") if system else ""), correlation=message.correlation,
        )  # fmt: skip
        record_failure(self.batch, self._numbers.next(), failure)
        self._meters.exception(error.code)

    # --- sequence, decide -------------------------------------------------------------------------------

    def events(self, works: list[EventWork]) -> None:
        """Steps five and six for events in order; `known` must hold what they need."""
        position = 0
        while position < len(works):
            work = works[position]
            position += 1
            self._event(work)
            if work.state is EventState.APPLIED and work.event.position is not None:
                works[position:position] = self._released(work)

    def emitted(self) -> None:
        """Events that processes told: recorded now, taken like all others with the next batch."""
        for event, told_by in self.decider.emitted:
            work = new_work(self._numbers.next(), 0, partition_of(event.key, self._partitions), event)
            if work.identity not in self.known.identities:
                self.known.identities[work.identity] = (work.number, work.digest)
                work.note = f"told by {told_by}"
                self.handed_over += 1
                self._finish(work)

    def _over(self, work: EventWork, why: str) -> None:
        self._bulks[work.message][why] += 1
        self.known.identities.pop(work.identity, None)
        work.over = True
        self._meters.event("passed_over")

    @property
    def opened(self) -> bool:
        """Whether something became known that another event may wait for."""
        return bool(self.batch.references or self.batch.instances)

    def instance(self, key: str, flow: str) -> Instance | None:
        """The instance of a flow for a key; the key must have been loaded."""
        return self._cache.of(key).get(flow)

    def _event(self, work: EventWork) -> None:
        event = work.event
        before = work.state if work.recorded else None
        if not work.recorded:
            known = self.known.identities.get(work.identity)
            if known is not None:
                self._known_already(work, known)
                return
            self.known.identities[work.identity] = (work.number, work.digest)
        only_tested = self._runtime.standing.only_tested(event.source, event.type)
        try:
            if only_tested:
                work.state, work.note = EventState.UNROUTED, only_tested
            elif work.number in self._poison:
                raise HubDefect(f"the hub failed on this event: {self._poison[work.number]}")
            elif not event.key and not self._keyed(work):
                if work.passing:
                    self._over(work, "unknown")
                    return
                self._wait(work, "no transaction has one of its references yet")
            elif not self._owned(work.partition):
                work.state = EventState.PENDING
            else:
                self._route(work)
        except Rejected as error:
            self._event_failed(work, error)
        if work.over:
            return
        if work.state is before and before in (EventState.WAITING, EventState.HELD):
            self.waits = True
            return
        self._finish(work)

    def _route(self, work: EventWork) -> None:
        flows = self._flows(work)
        if flows is None:
            self._wait(work, f"no transaction {work.event.key} yet")
            return
        if work.passing and all(self._indifferent(work.event, flow) for flow in flows or ()):
            self._over(work, "nothing_new")
            return
        if not flows:
            self._compare(work)
            if work.event.type in _COMPARED:
                placed = self._place(work)
                if placed is None:
                    return
                self._advance(work, *placed)
            work.state = EventState.UNROUTED
        else:
            placed = self._place(work)
            if placed is None:
                return
            self._compare(work)
            for flow in flows:
                self._decide(work, flow)
            # only now: an event whose workflow failed was not applied, and may be retried
            self._advance(work, *placed)
            work.state = EventState.APPLIED
            self._finalize(work, flows[0])
        self._accepted[object_of(work.event)] = work.event

    def _finalize(self, work: EventWork, flow: Flow) -> None:
        """Look at the time the landscape states whether the finalizer closed the event; what came in bulk is judged by its run."""
        closing = None if work.passing else self._runtime.finalizers.of(work.event.type, work.event.source)
        if closing is not None:
            due = self.batch.at + int(closing.within.total_seconds() * 1e6)
            self.decider.timer(work.event.key, flow, timer(work.event.type, work.number), due, closing.owner)

    def _indifferent(self, event: Event, flow: Flow) -> bool:
        """Whether an event says nothing new to a flow that runs already, or is over so long that its state is gone."""
        instance = self._cache.of(event.key).get(flow.name)
        return instance is not None and (instance.state is None or flow.indifferent(instance.state, event))

    def _compare(self, work: EventWork) -> None:
        """Fields of others must say what was accepted last. Raises `FieldNotOwned`."""
        if work.doubt is not None:
            place = object_of(work.event)
            here = self._accepted.get(place)
            work.doubt(self.known.accepted.get(place) if here is None else here.data)

    def _keyed(self, work: EventWork) -> bool:
        for reference in work.event.references:
            key = self.known.references.get((reference.scheme, reference.value))
            if key:
                work.keyed(key, partition_of(key, self._partitions))
                return True
        return False

    def _flows(self, work: EventWork) -> list[Flow] | None:
        """The flows that take the event; None when they exist but the transaction does not yet."""
        event = work.event
        instances = self._cache.of(event.key)
        everybody = [
            flow for flow in self._runtime.landscape.flows_for(event.type, event.source) if flow.name in self._runtime.flows
        ]
        # publishing is telling what was taken: it neither takes an event for the workflow that waits for its transaction, nor waits itself
        tellers = [self._runtime.flows[flow.name] for flow in everybody if flow.pattern == "published"]
        takers = [self._runtime.flows[flow.name] for flow in everybody if flow.pattern != "published"]
        running = [flow for flow in takers if flow.name in instances and event.type in flow.process.accepts]
        here = [flow for flow in takers if flow.name not in instances and not flow.elsewhere(event)]
        if takers and not here and not running:
            work.note = f"{event.source} tells of a transaction of another hub or another ledger"
        # A transaction may be carried out by several workflows: one that runs does not keep another from beginning.
        starting = [flow for flow in here if event.type in flow.process.triggers and self._may_start(flow, event.source)]
        if running or starting or not here:
            return [*running, *starting, *tellers]
        return None

    def _may_start(self, flow: Flow, source: str) -> bool:
        sources = self._runtime.landscape.flows[flow.name].trigger.sources
        return not sources or source in sources

    def _place(self, work: EventWork) -> tuple[int, StreamState | None] | None:
        """Where the event's stream is once it is applied: (number of its record, state). None when it must not be applied now."""
        position = work.event.position
        if position is None:
            return 0, None
        key = (work.event.key, position.stream)
        number, last = self.known.streams.get(key, (0, None))
        last = self.passed.get(key, last)
        digest = work.digest.hex()
        verdict = place(last, position, digest)
        if isinstance(verdict, Apply):
            return number, StreamState(position.number, digest)
        if isinstance(verdict, Stale):
            work.state, work.note = EventState.STALE, f"version {verdict.last} was applied before"
        elif isinstance(verdict, Duplicate):
            work.state, work.note = EventState.DUPLICATE, "the same content was applied before"
        elif isinstance(verdict, Hold):
            self._hold(work, verdict)
        elif isinstance(verdict, Conflict):
            raise ContentConflict(
                f"version {position.number} of {position.stream} arrived with different content", stream=position.stream
            )
        return None

    def _advance(self, work: EventWork, number: int, state: StreamState | None) -> None:
        if state is None or work.event.position is None:
            return
        key = (work.event.key, work.event.position.stream)
        number = number or self._numbers.next()
        self.known.streams[key] = (number, state)
        self.batch.streams[key] = (number, *key, work.partition, state.number, bytes.fromhex(state.digest))

    def _hold(self, work: EventWork, verdict: Hold) -> None:
        position = work.event.position
        assert position is not None
        if work.state is not EventState.HELD:
            work.state = EventState.HELD
            work.deadline = self.batch.at + int(self._settings.gap_patience * 1e6)
            work.note = f"waits for {verdict.missing.start}" + (
                f" to {verdict.missing.stop - 1}" if len(verdict.missing) > 1 else ""
            )
        held = self.known.held.setdefault((work.event.key, position.stream), [])
        if work not in held:
            held.append(work)

    def _released(self, work: EventWork) -> list[EventWork]:
        """Held events that follow the one just applied, in order."""
        assert work.event.position is not None
        held = self.known.held.get((work.event.key, work.event.position.stream))
        if not held:
            return []
        number = work.event.position.number
        following = sorted((w for w in held if w.event.position and w.event.position.number <= number + 1), key=_position)
        for each in following:
            held.remove(each)
            each.recorded = True
        return following

    def _decide(self, work: EventWork, flow: Flow) -> None:
        instances = self._cache.of(work.event.key)
        instance = instances.get(flow.name)
        if instance is None:
            instance = self.decider.open(work.event.key, flow, work.event.correlation)
        self.decider.apply(instance, Happened(work.event, self.now, work.body), work.number)
        instances[flow.name] = instance

    # --- what became of an event ------------------------------------------------------------------------

    def _known_already(self, work: EventWork, known: tuple[int, bytes]) -> None:
        number, digest = known
        if digest == work.digest or work.once:
            self.batch.record(self._here(work), "pipeline:event:duplicate", number, work.event.key)
            self._meters.event("duplicate")
            return
        work.event = _renamed(work)
        work.recorded = False
        if work.identity in self.known.identities:
            self._meters.event("duplicate")
            return
        self._event_failed(work, ContentConflict(f"{work.event.type} arrived again with different content", first=str(number)))
        self._finish(work)

    def _wait(self, work: EventWork, note: str) -> None:
        self.waits = True
        if work.state is EventState.WAITING:
            return
        work.state = EventState.WAITING
        work.deadline = self.batch.at + int(self._settings.reference_patience * 1e6)
        work.note = note

    def _event_failed(self, work: EventWork, error: CrossdockError) -> None:
        work.state, work.note = EventState.FAILED, error.code
        flows = self._runtime.landscape.flows_for(work.event.type, work.event.source)
        flow = flows[0] if flows else None
        failure = Failure(
            error, error.code.partition(".")[0], "event", work.number, self._here(work), system=work.event.source,
            flow=flow.name if flow else "", key=work.event.key, owner=(flow.exception_owner or "") if flow else "",
            correlation=work.event.correlation,
        )  # fmt: skip
        record_failure(self.batch, self._numbers.next(), failure)
        self._meters.exception(error.code)

    def _here(self, work: EventWork) -> int:
        """A partition of this worker for records about an event that may belong to another's."""
        return work.partition if self._owned(work.partition) else self._home

    @property
    def _home(self) -> int:
        return next(p for p in range(self._partitions) if self._owned(p))

    def _record(self, work: EventWork) -> None:
        detail = {"type": work.event.type, "source": work.event.source}
        self.batch.record(self._here(work), "pipeline:event:recorded", work.number, work.event.key, work.digest.hex(), detail)

    def _finish(self, work: EventWork) -> None:
        self._meters.event(work.state.name.lower())
        if work.recorded:
            row = (work.number, int(work.state), work.event.key, work.partition, work.deadline, work.note)
            self.batch.event_states.append(row)
            if (work.again or work.deadline is not None) and work.state in _SETTLED:
                settle_failure(self.batch, exception_identity("event", work.number), work.state.name.lower())
        else:
            self._record(work)
            self.batch.events.append(to_row(work, self.batch.at))
            work.recorded = True
            if work.state is EventState.HELD:
                return
        if work.state in (EventState.STALE, EventState.HELD, EventState.WAITING, EventState.FAILED, EventState.DUPLICATE):
            self.batch.record(
                self._here(work), f"pipeline:event:{work.state.name.lower()}", work.number, work.event.key, "", work.note
            )

    def expired(self, works: list[EventWork]) -> None:
        """Events that waited too long: a gap or a reference nobody filled goes to a person."""
        for work in works:
            if work.state is EventState.HELD:
                error: CrossdockError = PredecessorMissing(
                    work.note, stream=work.event.position.stream if work.event.position else ""
                )
            else:
                names = ", ".join(f"{r.scheme}={r.value}" for r in work.event.references) or work.event.key
                error = ReferenceUnknown(f"{work.event.type} from {work.event.source} speaks of {names}, which nobody has sent")
            self._event_failed(work, error)
            self._finish(work)

    # --- settled commands and timers --------------------------------------------------------------------

    def settled(self, facts: Iterable[tuple[Settled, str, str, int]]) -> None:
        """Tell processes what became of their commands: (fact, key, flow, delivery number) each."""
        for fact, key, flow, number in facts:
            instance = self._cache.of(key).get(flow)
            if instance is None or not (instance.flow.settles or isinstance(fact.result, CrossdockError)):
                continue
            try:
                self.decider.apply(instance, fact, number)
            except Rejected as error:
                failure = Failure(
                    error, "decide", "delivery", number, partition_of(key, self._partitions), system=fact.system,
                    flow=flow, key=key, slot="decide", owner=instance.flow.owner, correlation=instance.correlation,
                )  # fmt: skip
                record_failure(self.batch, self._numbers.next(), failure)

    def due(self, rows: Iterable[Row]) -> None:
        """Expectations whose time has come (`ledger.work.take_due`): tell the owner, then the process."""
        for number, key, flow, name, partition, due, owner, description, silent in rows:
            if str(name).startswith(PREFIX):
                self._look_closed(int(number), key, flow, str(name), int(partition), int(due))
                continue
            state = ExpectationState.FULFILLED if silent else ExpectationState.BREACHED
            self.batch.expectation_states.append((key, flow, name, int(state), self.batch.at))
            instance = self._cache.of(key).get(flow)
            if not silent:
                error = ExpectationBreached(
                    str(description) or f"{name} did not happen in time", expectation=name, due=moment(int(due)).isoformat()
                )
                failure = Failure(
                    error, "expect", "expectation", 0, partition, flow=flow, key=key, slot=f"{flow}/{name}",
                    owner=str(owner), correlation=instance.correlation if instance else "", due=int(due),
                )  # fmt: skip
                record_failure(self.batch, self._numbers.next(), failure)
                self.batch.record(partition, "process:expectation:breached", int(number), key, "", name)
            if instance is not None:
                try:
                    self.decider.apply(instance, Due(name, self.now), int(number))
                except Rejected as error:
                    failure = Failure(error, "decide", "process", 0, partition, flow=flow, key=key, slot=DUE + name)
                    record_failure(self.batch, self._numbers.next(), failure)

    def _look_closed(self, number: int, key: str, flow: str, name: str, partition: int, due: int) -> None:
        """Tell the owner of a finalizer that did not close an event."""
        titles = {system: each.title for system, each in self._runtime.landscape.systems.items()}
        error = None if number in self.known.closed else self._runtime.finalizers.missed(name, titles)
        state = ExpectationState.FULFILLED if error is None else ExpectationState.BREACHED
        self.batch.expectation_states.append((key, flow, name, int(state), self.batch.at))
        if error is None:
            return
        described = self._runtime.landscape.flows.get(flow)
        owner = str(error.detail["owner"]) or (described.exception_owner or "" if described else "")
        failure = Failure(error, "expect", "expectation", 0, partition, flow=flow, key=key, slot=name, owner=owner, due=due)
        record_failure(self.batch, self._numbers.next(), failure)
        self.batch.record(partition, "process:event:not_finalized", number, key, "", name)
        self._meters.exception(error.code)


def _position(work: EventWork) -> int:
    assert work.event.position is not None
    return work.event.position.number


def _renamed(work: EventWork) -> Event:
    return replace(work.event, id=f"{work.event.id}#{work.digest.hex()[:8]}")
