"""One micro-batch: facts in, decisions out, everything that follows collected for one commit; touches no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from crossdock.canonical.events import Event
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
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.instances import Instance, InstanceCache
from crossdock.pipeline.normalize import normalize
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.runtime import Flow, Runtime
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork, new_work, to_row

_SETTLED: Final = frozenset({EventState.APPLIED, EventState.STALE, EventState.DUPLICATE, EventState.UNROUTED})

DUE: Final = "due:"
"""Slot of the exception of a process that failed when a time came: this and the expectation's name."""
HINT: Final = "hint"
"""Topic of a message that says nothing but that a poll would find something."""


@dataclass(slots=True)
class Known:
    """What the ledger knows that this micro-batch needs."""

    identities: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    streams: dict[tuple[str, str], tuple[int, StreamState]] = field(default_factory=dict)
    held: dict[tuple[str, str], list[EventWork]] = field(default_factory=dict)


class Tick:
    """Runs the steps for one micro-batch. The caller prefetches `Known`, then commits `batch`."""

    def __init__(
        self,
        now: datetime,
        runtime: Runtime,
        validator: Validator,
        cache: InstanceCache,
        numbers: Numbers,
        owned: Callable[[int], bool],
        settings: PipelineSettings,
        meters: Meters,
        poison: Mapping[int, str] | None = None,
    ) -> None:
        self._poison = poison or {}
        self.now = now
        self.batch = Batch(micros(now))
        self._runtime = runtime
        self._validator = validator
        self._cache = cache
        self._numbers = numbers
        self._owned = owned
        self._settings = settings
        self._meters = meters
        self._partitions = runtime.landscape.partitions
        self._bundle = runtime.landscape.bundle_id[:16]
        self.decider = Decider(self.batch, numbers, self._partitions, self._bundle)
        self.known = Known()
        self._connectors = {name: p.connector for name, p in runtime.participants.items()}
        self.handed_over = 0
        self.hints: set[str] = set()
        """Systems that hinted that something happened: they are polled at once."""
        self.waits = False
        """An event of this batch waits for its transaction."""
        self.retried: set[int] = set()
        """Messages a person asked to normalize again."""
        self.passed: dict[tuple[str, str], StreamState] = {}
        """Streams whose gap a person gave up."""

    # --- normalize, validate, authorize -----------------------------------------------------------------

    def normalize(self, messages: Iterable[TakenMessage]) -> list[EventWork]:
        """Steps two to four for messages; failures become exceptions."""
        works: list[EventWork] = []
        for message in messages:
            digest = message.content_hash.hex()
            mapping = ""
            try:
                connector = self._connectors.get(message.system)
                mapping = f"{connector.kind}/{connector.mapping_version}" if connector else ""
                if message.id in self._poison:
                    raise HubDefect(f"the hub failed on this message: {self._poison[message.id]}")
                found = normalize(message, self._connectors, self._partitions, self._numbers.next)
                if message.topic == HINT:
                    self.hints.add(message.system)
                for work in found:
                    self._validator.check(work)
            except CrossdockError as error:
                self._message_failed(message, error, mapping)
                continue
            state = MessageState.NORMALIZED if found else MessageState.IGNORED
            self.batch.messages.append((message.id, int(state), len(found), mapping, self._bundle))
            self.batch.record(message.partition, "pipeline:message:taken", message.id, "", digest)
            if message.id in self.retried:
                settle_failure(self.batch, exception_identity("message", message.id), "normalized")
            works += found
        return works

    def _message_failed(self, message: TakenMessage, error: CrossdockError, mapping: str) -> None:
        mark = message.mark or mapping
        self.batch.messages.append((message.id, int(MessageState.FAILED), 0, mark, self._bundle))
        self.batch.record(message.partition, "pipeline:message:taken", message.id, "", message.content_hash.hex())
        system = self._runtime.landscape.systems.get(message.system)
        failure = Failure(
            error, error.code.partition(".")[0], "message", message.id, message.partition,
            system=message.system, owner=(system.owner or "") if system else "", correlation=message.correlation,
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
        try:
            if work.number in self._poison:
                raise HubDefect(f"the hub failed on this event: {self._poison[work.number]}")
            if not event.key and not self._keyed(work):
                self._wait(work, "no transaction has one of its references yet")
            elif not self._owned(work.partition):
                work.state = EventState.PENDING
            else:
                self._route(work)
        except Rejected as error:
            self._event_failed(work, error)
        if work.state is before and before in (EventState.WAITING, EventState.HELD):
            self.waits = True
            return
        self._finish(work)

    def _route(self, work: EventWork) -> None:
        flows = self._flows(work)
        if flows is None:
            self._wait(work, f"no transaction {work.event.key} yet")
        elif not flows:
            work.state = EventState.UNROUTED
        else:
            placed = self._place(work)
            if placed is None:
                return
            for flow in flows:
                self._decide(work, flow)
            # only now: an event whose workflow failed was not applied, and may be retried
            self._advance(work, *placed)
            work.state = EventState.APPLIED

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
        takers = [
            self._runtime.flows[flow.name]
            for flow in self._runtime.landscape.flows_for(event.type, event.source)
            if flow.name in self._runtime.flows
        ]
        running = [flow for flow in takers if flow.name in instances and event.type in flow.process.accepts]
        if running:
            return running
        starting = [flow for flow in takers if event.type in flow.process.triggers and self._may_start(flow, event.source)]
        if starting or not takers:
            return starting
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
        if digest == work.digest:
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


def _position(work: EventWork) -> int:
    assert work.event.position is not None
    return work.event.position.number


def _renamed(work: EventWork) -> Event:
    return replace(work.event, id=f"{work.event.id}#{work.digest.hex()[:8]}")
