"""Reads what instructions are about: the exception, its message, event, delivery or fact, and earlier corrections; carries nothing out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from crossdock.core.process import Due
from crossdock.core.sequencing import StreamState
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger import people
from crossdock.ledger.corrections import correction_by_id, corrections_of
from crossdock.ledger.jobs import job_by_id
from crossdock.ledger.map_entries import live_entries
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.published import REPUBLISH
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import EventState, ExceptionState
from crossdock.ledger.times import moment
from crossdock.ledger.work import CONFLICT, TakenMessage, deliveries_by_id, messages_by_id
from crossdock.pipeline import understood
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import Delivery, from_row
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.hub_wishes import job_refusal, map_refusal
from crossdock.pipeline.instructions.asked import CORRECTIONS, Asked, refusal
from crossdock.pipeline.replay import settled_fact
from crossdock.pipeline.republish import kept_events
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.tick import DUE, Tick
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.work import from_row as event_from_row


@dataclass(slots=True)
class Subjects:
    """The subjects of one micro-batch's instructions."""

    tick: Tick
    dispatcher: Dispatcher
    runtime: Runtime
    asked: list[Asked] = field(default_factory=list)
    events: list[EventWork] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    _held: dict[int, Delivery] = field(default_factory=dict)
    """Settled deliveries read for this micro-batch: one object each, whoever asks."""

    def read(self, session: Session, rows: list[Row], claims: ClaimStore) -> list[TakenMessage]:
        """Load the subjects; returns messages to normalize again, with their latest correction."""
        exceptions = people.exceptions_by_id(session, [row[3] for row in rows])
        messages: list[int] = []
        touched: set[int] = set()
        for number, partition, kind, subject, data, author in rows:
            asked = Asked(number, partition, kind, understood.read(data), author, exceptions.get(subject))
            self.asked.append(asked)
            if not understood.understood(kind, asked.data):
                asked.refused = {"done": False, "why": understood.WHY}
                continue
            if kind == REPUBLISH:
                asked.events = kept_events(session, asked.data, partition)
                continue
            if kind in ("job_stop", "job_approve"):
                asked.refused = job_refusal(job_by_id(session, int(asked.data["job"])), kind, author)
            found = asked.exception
            if found is None or found.state == ExceptionState.RESOLVED:
                continue
            asked.refused = refusal(asked, found, touched)
            if asked.refused is not None:
                continue
            touched.add(found.id)
            self._load(session, asked, found, messages, claims)
        self._maps(session)
        # a person who retries a message in conflict with an earlier one takes it beside that one
        again = [
            replace(message, mark="") if message.mark.startswith(CONFLICT) else message
            for message in messages_by_id(session, messages, claims)
        ]
        self.tick.retried.update(message.id for message in again)
        return again

    def _load(self, session: Session, asked: Asked, found: people.OpenException, messages: list[int], claims: ClaimStore) -> None:
        kind = asked.kind
        if found.key and found.subject != "message":  # a refused message may be about a key of another worker's
            self.keys.add(found.key)
        if kind in CORRECTIONS:
            self._load_correction(session, asked, found, claims)
        elif found.subject == "message" and kind == "retry":
            messages.append(found.subject_id)
        elif found.subject == "event" and kind == "retry":
            self._again(session, found)
        elif found.subject == "delivery" and found.slot == "decide":
            asked.missed = settled_fact(session, found.subject_id)
        elif found.subject == "process" and found.slot.startswith(DUE):
            asked.missed = Due(found.slot.removeprefix(DUE), moment(self.tick.batch.at))
        elif found.subject == "delivery" or found.command:
            asked.delivery = self._delivery(session, found)

    def _load_correction(self, session: Session, asked: Asked, found: people.OpenException, claims: ClaimStore) -> None:
        if found.subject == "message":
            asked.message = next(iter(messages_by_id(session, [found.subject_id], claims)), None)
            asked.versions = len(corrections_of(session, "message", found.subject_id))
        elif (found.subject == "delivery" and found.slot != "decide") or found.command:
            asked.delivery = self._delivery(session, found)
            if asked.delivery is not None:
                asked.versions = len(corrections_of(session, "delivery", asked.delivery.number))
        if found.correction is not None:
            asked.correction = correction_by_id(session, found.correction)

    def _maps(self, session: Session) -> None:
        """Entries added meanwhile, also by another worker and in this micro-batch, hold for everything that is retried now."""
        tables = self.runtime.value_maps
        if not isinstance(tables, CodeTables):
            return
        known = live_entries(session)
        added = [asked for asked in self.asked if asked.kind == "map" and asked.refused is None]
        for asked in added:
            name, code, value = (str(asked.data.get(each, "")).strip() for each in ("map", "code", "value"))
            asked.refused = map_refusal(tables, known, name, code, value)
            if asked.refused is None:
                known.append((name, code, value))
        tables.add(known)

    def _again(self, session: Session, found: people.OpenException) -> None:
        for row in people.events_by_id(session, [found.subject_id]):
            work = event_from_row(row)
            work.state, work.note, work.again = EventState.PENDING, "retried", True
            position = work.event.position
            if found.code == "sequence.gap" and position is not None:
                # a person releases what waits behind the gap: the missing numbers count as passed
                key = (work.event.key, position.stream)
                self.tick.passed[key] = StreamState(position.number - 1)
            if found.code == "sequence.content_conflict" and position is not None:
                self.tick.passed[work.event.key, position.stream] = StreamState(position.number - 1)
            if work.event.key:
                self.keys.add(work.event.key)
            self.events.append(work)

    def _delivery(self, session: Session, found: people.OpenException) -> Delivery | None:
        if found.subject == "delivery":
            held = self.dispatcher.get(found.subject_id)
            rows = [] if held else deliveries_by_id(session, [found.subject_id])
        else:
            rows = people.deliveries_by_identity(session, [command_identity(found.command)])
            held = self.dispatcher.get(rows[0][0]) if rows else None
        if held is not None or not rows:
            return held
        return self._held.setdefault(rows[0][0], from_row(rows[0]))
