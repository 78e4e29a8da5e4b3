"""Outcomes of attempts: what is recorded, what is tried again and when, what a person gets; step eight, reconcile, is part of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import orjson

from crossdock.connectors.protocol import Inbound
from crossdock.core.budget import Exhausted, RetryBudget
from crossdock.core.errors import (
    AnswerLost,
    BudgetExhausted,
    CrossdockError,
    Deferred,
    EffectUnknown,
    Misconfigured,
    Rejected,
    Uncertain,
    UnknownSystem,
)
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.core.process import Settled
from crossdock.ledger.batch import Batch
from crossdock.ledger.channels import FOLLOW
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import pack
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.delivery import Delivery, Done, exchanges_blob
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.poll import poll_partition
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settings import PipelineSettings

TOLD: Final = "told"
"""Channel of the messages that acknowledgements bring."""


class Settler:
    """Judges finished attempts within one micro-batch."""

    def __init__(
        self,
        batch: Batch,
        numbers: Numbers,
        runtime: Runtime,
        dispatcher: Dispatcher,
        settings: PipelineSettings,
        meters: Meters,
    ) -> None:
        self._batch = batch
        self._numbers = numbers
        self._runtime = runtime
        self._dispatcher = dispatcher
        self._settings = settings
        self._meters = meters
        self.reopened: list[Delivery] = []
        """Deliveries that stay open; they go on once the batch is committed."""
        self.closed: list[Delivery] = []
        """Deliveries that settled; the next of their key goes on once the batch is committed."""
        self.failed: dict[str, tuple[Delivery, CrossdockError]] = {}
        self.told: list[tuple[str, str, Inbound]] = []
        """Messages that acknowledgements brought, each with system and channel; stored with this batch."""

    def number(self) -> int:
        """A fresh record number."""
        return self._numbers.next()

    def judge(self, done: Done) -> Settled | None:
        """Record one attempt; the fact for the process when the delivery settled by it."""
        delivery, result = done.delivery, done.result
        name, error = described(result)
        self._attempt(done, name, error)
        self._meters.attempt(delivery.command.system, name, done.seconds)
        if isinstance(result, Accepted):
            return self._accept(delivery, dict(result.ack), result.repeated)
        if isinstance(result, EffectFound):
            return self._accept(delivery, dict(result.ack), True)
        if isinstance(result, EffectAbsent):
            return self._resend(delivery)
        if done.kind == "reconcile":
            self._unclear(delivery, result)
            return None
        if isinstance(result, Deferred):
            return self._defer(delivery, result)
        if isinstance(result, Uncertain):
            return self._uncertain(delivery, result)
        if isinstance(result, Misconfigured):
            self._park(delivery, result)
            return None
        if isinstance(result, Rejected):
            return self.fail(delivery, result)
        return self._uncertain(delivery, AnswerLost("the connector gave no outcome"))

    def _attempt(self, done: Done, outcome: str, error: CrossdockError | None) -> None:
        self._batch.attempts.append(
            (
                self._numbers.next(),
                done.delivery.number,
                done.delivery.attempts,
                done.kind,
                micros(done.started_at),
                int(done.seconds * 1e6),
                outcome,
                error.code if error else "",
                error.message[:500] if error else "",
                exchanges_blob(done.exchanges),
            )
        )

    def _change(self, delivery: Delivery, state: DeliveryState, next_at: int = 0, ack: bytes | None = None) -> None:
        delivery.state, delivery.next_at = state, next_at
        settled_at = self._batch.at if state >= DeliveryState.ACCEPTED else None
        self._batch.delivery_states[delivery.number] = (delivery.number, int(state), delivery.attempts, next_at, settled_at, ack)
        if settled_at is None:
            self.reopened.append(delivery)
        else:
            self.closed.append(delivery)

    def _record(self, delivery: Delivery, action: str, detail: object = None) -> None:
        command = delivery.command
        self._batch.record(delivery.partition, f"deliver:{command.name}:{action}", delivery.number, command.key, "", detail)

    def _fact(self, delivery: Delivery, result: Accepted | CrossdockError) -> Settled:
        command = delivery.command
        return Settled(command.name, command.id, command.system, result, command.data, moment(self._batch.at))

    def _accept(self, delivery: Delivery, ack: dict[str, object], repeated: bool) -> Settled:
        for scheme, value in ack.get("references", ()):  # type: ignore[attr-defined]
            self._batch.references.append((self._numbers.next(), str(value), str(scheme), delivery.command.key))
        for topic, identity, text in ack.pop("told", ()):  # type: ignore[attr-defined]
            self.told.append((delivery.command.system, TOLD, Inbound(str(topic), str(identity), str(text).encode())))
        packed = orjson.dumps(ack, default=str)
        self._change(delivery, DeliveryState.ACCEPTED, 0, pack(packed))
        self._record(delivery, "accepted", {"repeated": True} if repeated else None)
        if delivery.attempts > 1 or repeated:
            settle_failure(self._batch, exception_identity("delivery", delivery.number), "delivered")
        self._follow(delivery)
        self._meters.delivered((self._batch.at - delivery.created_at) / 1e6)
        return self._fact(delivery, Accepted(ack, repeated))

    def _follow(self, delivery: Delivery) -> None:
        """Some results have to be polled for from now on; the owner of that poll is asked in the same transaction."""
        command = delivery.command
        channel = self._runtime.participants[command.system].connector.capabilities.follows.get(command.name)
        if channel is None:
            return
        partition = poll_partition(command.system, channel, self._runtime.landscape.partitions)
        data = {"id": command.id, "name": command.name, "system": command.system, "key": command.key, "data": dict(command.data)}
        row = (
            self._numbers.next(), partition, FOLLOW, delivery.number, orjson.dumps(data).decode(),
            f"{command.system}/{channel}", self._batch.at, None, "",
        )  # fmt: skip
        self._batch.follows.append(row)

    def fail(self, delivery: Delivery, error: CrossdockError) -> Settled:
        """Give up: a person gets it and the process is told."""
        self._change(delivery, DeliveryState.FAILED)
        self._record(delivery, "failed", {"code": error.code})
        self.failed[delivery.command.id] = (delivery, error)
        return self._fact(delivery, error)

    def overdue(self, delivery: Delivery) -> Settled:
        """Give up a delivery whose business deadline passed while it waited."""
        return self.fail(
            delivery, BudgetExhausted("the business deadline passed before the target could take it", reason="deadline")
        )

    def orphaned(self, delivery: Delivery) -> Settled:
        """Give up a delivery to a system that is not in the landscape."""
        system = delivery.command.system
        return self.fail(delivery, UnknownSystem(f"the landscape has no system {system!r} (any more)", system=system))

    def happened(self, delivery: Delivery, ack: dict[str, object], by: str) -> Settled:
        """A person found out that the effect of an uncertain delivery happened."""
        self._record(delivery, "confirmed", {"by": by})
        return self._accept(delivery, ack, True)

    def withdraw(self, delivery: Delivery) -> None:
        """A person decided that a delivery is not wanted any more."""
        self._change(delivery, DeliveryState.CANCELLED)
        self._record(delivery, "withdrawn")

    def report(self, system: str, slot: str, error: CrossdockError | None, partition: int) -> None:
        """A poll or probe of a system failed, or is well again (None)."""
        if error is None:
            settle_failure(self._batch, exception_identity("channel", 0, f"{system}/{slot}"), "mended")
            if slot == "system" and self._dispatcher.lanes()[system].parked:
                self.unpark(system, partition)
            return
        if isinstance(error, Misconfigured):
            park_system(self._batch, self._numbers, self._runtime, self._dispatcher, system, error, partition)
            return
        owner = self._runtime.participants[system].system.owner or ""
        failure = Failure(error, "poll", "channel", 0, partition, system=system, slot=f"{system}/{slot}", owner=owner)
        record_failure(self._batch, self._numbers.next(), failure)

    def unpark(self, system: str, partition: int, by: str = "hub") -> None:
        """Go on with a system that was parked; what waited for it goes out by itself."""
        self._dispatcher.unpark(system)
        self._batch.systems[system] = (system, False, "", self._batch.at)
        settle_failure(self._batch, exception_identity("system", 0, system), "mended", by)
        self._batch.record(partition, "deliver:system:unparked", 0, system, "", {"by": by})

    def tell(self, parked: Collection[str]) -> None:
        """Open an exception for each delivery given up, unless its process has `parked` the command: then it tells more."""
        for command_id, (delivery, error) in self.failed.items():
            if command_id not in parked:
                self._failure(delivery, error, "deliver")

    def _failure(self, delivery: Delivery, error: CrossdockError, step: str) -> None:
        command = delivery.command
        flow = self._runtime.flows.get(command.flow)
        due = None if command.deadline is None else micros(command.deadline)
        failure = Failure(
            error, step, "delivery", delivery.number, delivery.partition, system=command.system, flow=command.flow,
            key=command.key, owner=flow.owner if flow else "", correlation=command.correlation, due=due,
        )  # fmt: skip
        record_failure(self._batch, self._numbers.next(), failure)
        self._meters.exception(error.code)

    def _budget(self, delivery: Delivery) -> RetryBudget:
        flow = self._runtime.flows.get(delivery.command.flow)
        if flow is None:
            return RetryBudget()
        return flow.budgets.get(delivery.command.budget) or flow.budgets["default"]

    def _defer(self, delivery: Delivery, error: Deferred) -> Settled | None:
        command = delivery.command
        now = moment(self._batch.at)
        verdict = self._budget(delivery).next_attempt(
            now, max(delivery.attempts, 1), error.retry_after, command.deadline, command.id
        )
        if isinstance(verdict, Exhausted):
            why = {"attempts": "all attempts were used", "deadline": "the business deadline is reached", "wait": "the target asks to wait beyond the deadline"}[verdict.reason]  # fmt: skip
            exhausted = BudgetExhausted(
                f"{why}; last answer: {error.message}", reason=verdict.reason, last=error.code, attempts=delivery.attempts
            )
            return self.fail(delivery, exhausted)
        self._change(delivery, DeliveryState.DEFERRED, micros(verdict.at))
        self._record(delivery, "deferred", {"code": error.code, "until": micros(verdict.at)})
        return None

    def _uncertain(self, delivery: Delivery, error: Uncertain) -> Settled | None:
        """The effect may have happened. What is repeatable by construction is simply sent again; all else is asked for first."""
        connector = self._runtime.participants[delivery.command.system].connector
        if delivery.command.name in connector.capabilities.repeatable:
            return self._defer(delivery, Deferred(f"{error.message}; repeating cannot double it"))
        at = moment(self._batch.at) + timedelta(seconds=self._settings.reconcile_first)
        delivery.questions = 0
        self._change(delivery, DeliveryState.UNCERTAIN, micros(at))
        self._record(delivery, "uncertain")
        return None

    def _resend(self, delivery: Delivery) -> Settled | None:
        settle_failure(self._batch, exception_identity("delivery", delivery.number), "did not happen; sent again")
        if delivery.attempts == 0:
            self._change(delivery, DeliveryState.READY)
            return None
        return self._defer(delivery, Deferred("the effect did not happen"))

    def _unclear(self, delivery: Delivery, result: object) -> None:
        wait = min(self._settings.reconcile_longest, self._settings.reconcile_first * 2.0 ** min(delivery.questions, 16))
        delivery.questions += 1
        if isinstance(result, EffectUnclear):
            reason, asked = result.reason, result.retry_after
        else:
            reason, asked = str(result), getattr(result, "retry_after", None)
        if isinstance(result, Misconfigured):
            self._park_system(delivery, result)
        if delivery.questions == self._settings.reconcile_tell:
            self._failure(delivery, EffectUnknown(reason or None, questions=delivery.questions), "reconcile")  # type: ignore[arg-type]
        at = moment(self._batch.at) + timedelta(seconds=max(wait, asked or 0.0))
        self._change(delivery, DeliveryState.UNCERTAIN, micros(at))

    def _park(self, delivery: Delivery, error: Misconfigured) -> None:
        delivery.attempts = max(0, delivery.attempts - 1)
        self._change(delivery, DeliveryState.PARKED)
        self._park_system(delivery, error)

    def _park_system(self, delivery: Delivery, error: Misconfigured) -> None:
        park_system(
            self._batch, self._numbers, self._runtime, self._dispatcher, delivery.command.system, error, delivery.partition
        )
        self._meters.exception(error.code)


def park_system(
    batch: Batch,
    numbers: Numbers,
    runtime: Runtime,
    dispatcher: Dispatcher,
    system: str,
    error: Misconfigured,
    partition: int,
) -> None:
    """Park a misconfigured system's channel and tell its owner once, instead of failing every message."""
    if not dispatcher.park(system, error.message):
        return
    batch.systems[system] = (system, True, error.message, batch.at)
    owner = runtime.participants[system].system.owner or ""
    failure = Failure(error, "deliver", "system", 0, partition, system=system, slot=system, owner=owner)
    record_failure(batch, numbers.next(), failure)
    batch.record(partition, "deliver:system:parked", 0, system, "", {"code": error.code})


def described(result: object) -> tuple[str, CrossdockError | None]:
    """An attempt's result as the name of its outcome and its error."""
    if isinstance(result, Accepted):
        return "accepted", None
    if isinstance(result, EffectFound):
        return "found", None
    if isinstance(result, EffectAbsent):
        return "absent", None
    if isinstance(result, CrossdockError):
        return result.family or "uncertain", result
    return "unclear", None
