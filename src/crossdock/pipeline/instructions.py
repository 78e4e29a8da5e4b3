"""What people asked the hub to do: retry, resolve, decide, unpark; carried out by the owner of the partition, in its own transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from crossdock.core.errors import CrossdockError, Rejected
from crossdock.core.process import Decided, Due, Settled
from crossdock.core.sequencing import StreamState
from crossdock.ledger import people
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.runs import RUN
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import DeliveryState, EventState, ExceptionState, MessageState
from crossdock.ledger.times import moment
from crossdock.ledger.work import CONFLICT, TakenMessage, deliveries_by_id, messages_by_id
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import Delivery, from_row
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.replay import settled_fact
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settle import Settler
from crossdock.pipeline.tick import DUE, Tick
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.work import from_row as event_from_row

SettledFact = tuple[Settled, str, str, int]


@dataclass(slots=True)
class _Asked:
    number: int
    partition: int
    kind: str
    data: dict[str, Any]
    author: str
    exception: people.OpenException | None
    delivery: Delivery | None = None
    missed: Settled | Due | None = None
    """A fact whose process failed on it."""


@dataclass(slots=True)
class Instructions:
    """Instructions of one micro-batch: `read` what they are about, then `run` them."""

    tick: Tick
    settler: Settler
    dispatcher: Dispatcher
    runtime: Runtime
    events: list[EventWork] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    _asked: list[_Asked] = field(default_factory=list)

    def read(self, session: Session, rows: list[Row], claims: ClaimStore) -> list[TakenMessage]:
        """Load the subjects; returns messages to normalize again, with their latest correction."""
        exceptions = people.exceptions_by_id(session, [row[3] for row in rows])
        messages: list[int] = []
        for number, partition, kind, subject, data, author in rows:
            asked = _Asked(number, partition, kind, orjson.loads(data), author, exceptions.get(subject))
            self._asked.append(asked)
            found = asked.exception
            if found is None or found.state == ExceptionState.RESOLVED:
                continue
            if found.key:
                self.keys.add(found.key)
            if found.subject == "message" and kind == "retry":
                messages.append(found.subject_id)
            elif found.subject == "event" and kind == "retry":
                self._again(session, found)
            elif found.subject == "delivery" and found.slot == "decide":
                asked.missed = settled_fact(session, found.subject_id)
            elif found.subject == "process" and found.slot.startswith(DUE):
                asked.missed = Due(found.slot.removeprefix(DUE), moment(self.tick.batch.at))
            elif found.subject == "delivery" or found.command:
                asked.delivery = self._delivery(session, found)
        # a person who retries a message in conflict with an earlier one takes it beside that one
        again = [
            replace(message, mark="") if message.mark.startswith(CONFLICT) else message
            for message in messages_by_id(session, messages, claims)
        ]
        self.tick.retried.update(message.id for message in again)
        return again

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
        return held or (from_row(rows[0]) if rows else None)

    def run(self) -> list[SettledFact]:
        """Carry out everything; facts for processes come back, results are recorded."""
        facts: list[SettledFact] = []
        for asked in self._asked:
            try:
                result = self._carry_out(asked, facts)
            except CrossdockError as error:
                result = {"done": False, "why": error.message, "code": error.code}
            batch = self.tick.batch
            batch.instructions.append((asked.number, batch.at, orjson.dumps(result).decode()))
            found = asked.exception
            detail = {"by": asked.author, "data": asked.data, "result": result}
            batch.record(
                asked.partition,
                f"person:exception:{asked.kind}",
                found.id if found else 0,
                found.key if found else "",
                "",
                detail,
            )
        return facts

    def _carry_out(self, asked: _Asked, facts: list[SettledFact]) -> dict[str, Any]:
        if asked.kind == "unpark":
            return self._unpark(str(asked.data["system"]), asked.partition, asked.author)
        found = asked.exception
        if found is None:
            return {"done": False, "why": "there is no such exception"}
        if found.state == ExceptionState.RESOLVED:
            return {"done": False, "why": "it is resolved already"}
        if asked.kind == "retry":
            return self._retry(asked, found)
        if asked.kind == "resolve":
            return self._resolve(asked, found, facts)
        if asked.kind == "decide":
            return self._decide(asked, found)
        return {"done": False, "why": f"unknown instruction {asked.kind!r}"}

    def _mark(self, found: people.OpenException, state: ExceptionState, asked: _Asked) -> None:
        batch = self.tick.batch
        if state is ExceptionState.RETRYING and (found.identity in batch.exceptions or found.identity in batch.exception_states):
            return  # what came of it is known already
        code = str(asked.data.get("code", asked.kind))
        note = str(asked.data.get("note", ""))
        batch.exception_states[found.identity] = (found.identity, int(state), batch.at, code, note, asked.author)

    def _retry(self, asked: _Asked, found: people.OpenException) -> dict[str, Any]:
        if found.subject == "system":
            return self._unpark(found.system, asked.partition, asked.author)
        if found.subject == "run":
            self._run_again(asked, found)
        if found.subject == "expectation":
            return {"done": False, "why": "an expectation cannot be retried; retry what should have fulfilled it"}
        if asked.missed is not None:
            return self._tell_again(asked, found, asked.missed)
        if found.subject in ("delivery", "process"):
            if asked.delivery is None:
                return {"done": False, "why": "nothing to send again; choose one of the actions", "actions": found.actions}
            refused = self._send_again(asked.delivery)
            if refused:
                return {"done": False, "why": refused}
        self._mark(found, ExceptionState.RETRYING, asked)
        return {"done": True}

    def _tell_again(self, asked: _Asked, found: people.OpenException, fact: Settled | Due) -> dict[str, Any]:
        """A process failed on a fact; it is told once more."""
        instance = self.tick.instance(found.key, found.flow)
        if instance is None:
            return {"done": False, "why": f"there is no transaction {found.key}"}
        self.tick.decider.apply(instance, fact, found.subject_id or found.id)
        self._mark(found, ExceptionState.RESOLVED, asked)
        return {"done": True}

    def _run_again(self, asked: _Asked, found: people.OpenException) -> None:
        batch = self.tick.batch
        data = orjson.dumps({"flow": found.flow, "believe": bool(asked.data.get("believe"))}).decode()
        batch.follows.append((self.settler.number(), found.partition, RUN, 0, data, asked.author, batch.at, None, ""))

    def _send_again(self, delivery: Delivery) -> str:
        if delivery.state is DeliveryState.UNCERTAIN:
            return "the effect may have happened; it has to be reconciled before anything is sent again"
        if delivery.state is DeliveryState.ACCEPTED:
            return "it was delivered already"
        if delivery.state is DeliveryState.CANCELLED:
            return "it was withdrawn by its process"
        if delivery.busy:
            return "an attempt is under way"
        known = self.dispatcher.get(delivery.number) is not None
        delivery.attempts, delivery.next_at, delivery.state = 0, 0, DeliveryState.READY
        # the person decides that it still matters: the old business deadline no longer stops it
        delivery.command = people.without_deadline(delivery.command)
        self.tick.batch.delivery_states[delivery.number] = (delivery.number, int(delivery.state), 0, 0, None, None)
        if known:
            self.dispatcher.again(delivery)
        else:
            self.dispatcher.add([delivery])
        return ""

    def _resolve(self, asked: _Asked, found: people.OpenException, facts: list[SettledFact]) -> dict[str, Any]:
        batch = self.tick.batch
        if found.subject == "message":
            batch.messages.append((found.subject_id, int(MessageState.RESOLVED), 0, "", ""))
        elif found.subject == "event":
            batch.event_states.append(
                (found.subject_id, int(EventState.RESOLVED), found.key, found.partition, None, "resolved by a person")
            )
        elif found.subject == "system":
            return self._unpark(found.system, asked.partition, asked.author)
        elif found.subject == "delivery" and asked.delivery is not None:
            refused = self._close_delivery(asked, asked.delivery, facts)
            if refused:
                return {"done": False, "why": refused}
        self._mark(found, ExceptionState.RESOLVED, asked)
        return {"done": True}

    def _close_delivery(self, asked: _Asked, delivery: Delivery, facts: list[SettledFact]) -> str:
        happened = asked.data.get("happened")
        if delivery.state is DeliveryState.UNCERTAIN and happened is None:
            return "say whether the effect happened (`happened` or `did not happen`)"
        if delivery.busy:
            return "an attempt is under way"
        if happened is True:
            fact = self.settler.happened(delivery, dict(asked.data.get("ack", {})), asked.author)
            facts.append((fact, delivery.command.key, delivery.command.flow, delivery.number))
        elif happened is False and delivery.state is DeliveryState.UNCERTAIN:
            delivery.state = DeliveryState.FAILED
            return self._send_again(delivery)
        else:
            self.settler.withdraw(delivery)
        return ""

    def _decide(self, asked: _Asked, found: people.OpenException) -> dict[str, Any]:
        action = str(asked.data.get("action", ""))
        if found.subject != "process" or action not in found.actions:
            return {"done": False, "why": f"{action!r} is not offered here", "actions": found.actions}
        instance = self.tick.instance(found.key, found.flow)
        if instance is None:
            return {"done": False, "why": f"there is no transaction {found.key}"}
        fact = Decided(
            found.slot,
            action,
            moment(self.tick.batch.at),
            asked.author,
            str(asked.data.get("note", "")),
            asked.data.get("data", {}),
        )
        self.tick.decider.apply(instance, fact, found.id)
        self._mark(found, ExceptionState.RESOLVED, asked)
        return {"done": True}

    def _unpark(self, system: str, partition: int, author: str) -> dict[str, Any]:
        if system not in self.runtime.participants:
            raise Rejected(f"there is no system {system!r}")
        self.settler.unpark(system, partition, author)
        return {"done": True}
