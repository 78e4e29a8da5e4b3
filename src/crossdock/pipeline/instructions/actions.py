"""What each instruction does: sends again, resolves, decides, cancels, asks a target, hands over; the caller answers and audits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderCancellation
from crossdock.core.errors import Rejected
from crossdock.core.process import Decided, Due, Happened, Settled
from crossdock.ledger import people
from crossdock.ledger.batch import EXCEPTION_COLUMNS
from crossdock.ledger.published import REPUBLISH
from crossdock.ledger.runs import RUN
from crossdock.ledger.states import DeliveryState, EventState, ExceptionState, MessageState
from crossdock.ledger.times import moment
from crossdock.pipeline.care import CARE, care
from crossdock.pipeline.delivery import Delivery
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.hub_wishes import ABOUT_HUB, grant
from crossdock.pipeline.instructions.asked import CORRECTIONS, Asked
from crossdock.pipeline.owners import owner_by_rules
from crossdock.pipeline.republish import republish
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settle import Settler
from crossdock.pipeline.tick import Tick
from crossdock.pipeline.work import new_work, to_row

SettledFact = tuple[Settled, str, str, int]
_STATE: Final = EXCEPTION_COLUMNS.index("state")
CANCELLED: Final = "order.cancelled"
BY_HUB: Final = "hub"
"""Source of an event that a person told."""


@dataclass(slots=True)
class Actions:
    """Carries out the instructions of one micro-batch; `facts` are what processes are to hear of it."""

    tick: Tick
    settler: Settler
    dispatcher: Dispatcher
    runtime: Runtime

    def carry_out(self, asked: Asked, facts: list[SettledFact]) -> dict[str, Any]:
        """Do one; what became of it. Raises outcome errors, which are the answer then."""
        if asked.refused is not None:
            return asked.refused
        if asked.kind == "unpark":
            return self._unpark(str(asked.data["system"]), asked.partition, asked.author)
        if asked.kind == REPUBLISH:
            return republish(self.tick, self.runtime, self.settler.number, asked.data, asked.events)
        if asked.kind in ABOUT_HUB:
            granted = grant(self.tick.batch, asked.kind, asked.data, asked.author, self.settler.number, self.runtime)
            asked.before, asked.after = granted.before, granted.after
            return granted.result
        found = asked.exception
        if found is None:
            return {"done": False, "why": "there is no such exception"}
        if found.state == ExceptionState.RESOLVED:
            return {"done": False, "why": "it is resolved already"}
        if asked.kind in CARE:
            return self._care(asked, found)
        if asked.kind == "own":
            return self._own(asked, found)
        if asked.kind in CORRECTIONS:
            return self._mended(asked, found)
        if asked.kind == "retry":
            return self._retry(asked, found)
        if asked.kind == "resolve":
            return self._resolve(asked, found, facts)
        if asked.kind == "decide":
            return self._decide(asked, found)
        if asked.kind == "reconcile":
            return self._reconcile(asked)
        if asked.kind == "cancel":
            return self._cancel(asked, found)
        return {"done": False, "why": f"unknown instruction {asked.kind!r}"}

    def _care(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
        try:
            asked.before, asked.after = care(self.tick.batch, asked.kind, found, asked.data)
        except ValueError as error:
            return {"done": False, "why": str(error)}
        return {"done": True}

    def _own(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
        """Give it to whom the landscape names now; who was assigned keeps it only while the team stays the same."""
        owner = owner_by_rules(self.runtime.landscape, found)
        if not owner or owner == found.owner:
            return {"done": False, "why": "the landscape names nobody for it" if not owner else "it is theirs already"}
        asked.before, asked.after = care(self.tick.batch, "assign", found, {"owner": owner, "assignee": ""})
        return {"done": True}

    def _mended(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
        mended = asked.mended
        if mended is None:
            return {"done": False, "why": "it is resolved already"}
        asked.before, asked.after = mended.before or {}, mended.after or {}
        if mended.send and asked.delivery is not None:
            refused = self._send_again(asked.delivery)
            if refused:
                raise Rejected(refused)
        if mended.send or mended.message is not None:
            self._mark(found, ExceptionState.RETRYING, asked)
        return mended.result

    def _reconcile(self, asked: Asked) -> dict[str, Any]:
        delivery = asked.delivery
        if delivery is None or delivery.state is not DeliveryState.UNCERTAIN:
            return {"done": False, "why": "nothing is uncertain here"}
        if delivery.busy:
            return {"done": False, "why": "the target is being asked at this moment"}
        delivery.next_at = 0
        self.tick.batch.delivery_states[delivery.number] = (
            delivery.number,
            int(delivery.state),
            delivery.attempts,
            0,
            None,
            None,
        )
        self.dispatcher.again(delivery)
        asked.before, asked.after = {"asked": delivery.questions}, {"asked": delivery.questions + 1}
        return {"done": True}

    def _cancel(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
        """The whole transaction is not wanted any more: its process takes back what it has done, as if the order had been cancelled."""
        instance = self.tick.instance(found.key, found.flow) if found.key and found.subject != "message" else None
        flow = self.runtime.landscape.flows.get(found.flow)
        if instance is None or flow is None or CANCELLED not in flow.trigger.events:
            return {"done": False, "why": "there is no transaction here that can be cancelled"}
        reason = str(asked.data.get("note", "")).strip()
        if not reason:
            return {"done": False, "why": "say why it is cancelled"}
        at = moment(self.tick.batch.at)
        data = OrderCancellation(number=found.key.rsplit("/", 1)[-1], reason=reason[:1000], cancelled_at=at)
        event = Event(
            f"{found.key}:cancelled:{asked.number}", CANCELLED, BY_HUB, found.key, data, at, correlation=instance.correlation
        )
        work = new_work(self.settler.number(), 0, found.partition, event)
        self.tick.decider.apply(instance, Happened(event, at, work.body), work.number)
        work.state, work.note = EventState.APPLIED, f"told by {asked.author}"
        batch = self.tick.batch
        batch.events.append(to_row(work, batch.at))
        detail = {"type": event.type, "source": event.source}
        batch.record(found.partition, "pipeline:event:recorded", work.number, event.key, work.digest.hex(), detail)
        asked.before, asked.after = {"cancelled": False}, {"cancelled": True}
        return {"done": True}

    def _mark(self, found: people.OpenException, state: ExceptionState, asked: Asked) -> None:
        batch = self.tick.batch
        if state is ExceptionState.RETRYING and (found.identity in batch.exceptions or found.identity in batch.exception_states):
            return  # what came of it is known already
        code = str(asked.data.get("code", asked.kind))
        note = str(asked.data.get("note", asked.data.get("reason", "")))
        if not asked.after:
            asked.before = {"state": ExceptionState(found.state).name.lower(), "resolution": found.resolution}
            asked.after = {"state": state.name.lower(), "resolution": code}
        batch.exception_states[found.identity] = (found.identity, int(state), batch.at, code, note, asked.author)

    def _retry(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
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

    def _tell_again(self, asked: Asked, found: people.OpenException, fact: Settled | Due) -> dict[str, Any]:
        """A process failed on a fact; it is told once more."""
        instance = self.tick.instance(found.key, found.flow)
        if instance is None:
            return {"done": False, "why": f"there is no transaction {found.key}"}
        self.tick.decider.apply(instance, fact, found.subject_id or found.id)
        self._mark(found, ExceptionState.RESOLVED, asked)
        return {"done": True}

    def _run_again(self, asked: Asked, found: people.OpenException) -> None:
        batch = self.tick.batch
        data = orjson.dumps({"flow": found.flow, "believe": bool(asked.data.get("believe"))}).decode()
        batch.follows.append((self.settler.number(), found.partition, RUN, 0, data, asked.author, batch.at, None, ""))

    def _send_again(self, delivery: Delivery, *, knowing: bool = False) -> str:
        """Send what failed once more; `knowing` says that a person found out that it did not happen. Gives why not, else nothing."""
        if delivery.state is DeliveryState.UNCERTAIN:
            return "the effect may have happened; it has to be reconciled before anything is sent again"
        if delivery.state is DeliveryState.ACCEPTED:
            return "it was delivered already"
        if delivery.state is DeliveryState.CANCELLED:
            return "it was withdrawn by its process"
        if delivery.busy:
            return "an attempt is under way"
        known = self.dispatcher.get(delivery.number) is not None
        # a restored ledger may not know that somebody had it sent again, with success
        doubtful = not knowing and self.runtime.asks_first(delivery.command, self.tick.batch.at)
        delivery.attempts, delivery.next_at = 0, 0
        delivery.state = DeliveryState.UNCERTAIN if doubtful else DeliveryState.READY
        # the person decides that it still matters: the old business deadline no longer stops it
        delivery.command = people.without_deadline(delivery.command)
        self.tick.batch.delivery_states[delivery.number] = (delivery.number, int(delivery.state), 0, 0, None, None)
        if known:
            self.dispatcher.again(delivery)
        else:
            self.dispatcher.add([delivery])
        return ""

    def _resolve(self, asked: Asked, found: people.OpenException, facts: list[SettledFact]) -> dict[str, Any]:
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

    def _close_delivery(self, asked: Asked, delivery: Delivery, facts: list[SettledFact]) -> str:
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
            return self._send_again(delivery, knowing=True)
        else:
            self.settler.withdraw(delivery)
        return ""

    def _decide(self, asked: Asked, found: people.OpenException) -> dict[str, Any]:
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
        if self._asks_again(found):
            asked.before = asked.after = {"state": ExceptionState(found.state).name.lower(), "resolution": found.resolution}
        else:
            self._mark(found, ExceptionState.RESOLVED, asked)
        return {"done": True}

    def _asks_again(self, found: people.OpenException) -> bool:
        """Whether what was decided left the very same question open, such as papers of which only a part was supplied."""
        row = self.tick.batch.exceptions.get(found.identity)
        return row is not None and row[_STATE] == ExceptionState.OPEN

    def _unpark(self, system: str, partition: int, author: str) -> dict[str, Any]:
        if system not in self.runtime.participants:
            raise Rejected(f"there is no system {system!r}")
        self.settler.unpark(system, partition, author)
        return {"done": True}
