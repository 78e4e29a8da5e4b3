"""Step six, decide: hands facts to workflows and turns their decisions into ledger rows and deliveries; knows no workflow."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from crossdock.canonical.events import Event
from crossdock.core.errors import CrossdockError, ProcessFailed, TransactionClosed
from crossdock.core.partition import partition_of
from crossdock.core.process import Decision, Expectation, Fact, Settled
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import pack
from crossdock.ledger.states import DeliveryState, ExpectationState
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.delivery import Delivery
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.instances import Instance
from crossdock.pipeline.runtime import Flow


class Decider:
    """Applies facts to instances within one micro-batch."""

    def __init__(self, batch: Batch, numbers: Numbers, partitions: int, bundle: str) -> None:
        self._batch = batch
        self._numbers = numbers
        self._partitions = partitions
        self._bundle = bundle
        self.deliveries: list[Delivery] = []
        self.emitted: list[tuple[Event, str]] = []
        """Events processes told, each with the flow that told it."""
        self.revoked: list[str] = []
        self.parked: set[str] = set()
        """Ids of failed commands a process parked."""
        self.references = 0

    def open(self, key: str, flow: Flow, correlation: str) -> Instance:
        """A new instance of a flow; it is stored with its first decision."""
        return Instance(self._numbers.next(), key, flow, flow.process.initial(key), self._batch.at, correlation, self._bundle)

    def apply(self, instance: Instance, fact: Fact, cause: int) -> None:
        """Let the workflow decide on a fact and record what it decided.

        Raises `ProcessFailed` when the workflow itself fails, `TransactionClosed` when retention has removed the instance's state; the
        instance is unchanged then.
        """
        flow = instance.flow
        if instance.state is None:
            raise TransactionClosed(f"{instance.key} is over and its data was removed after its retention", key=instance.key)
        try:
            decision = flow.process.decide(instance.state, fact, flow.context)
        except CrossdockError:
            raise
        except Exception as error:
            raise ProcessFailed(
                f"workflow {flow.process.name!r} failed: {type(error).__name__}", workflow=flow.process.name
            ) from error
        self._record(instance, decision, cause, fact)

    def _record(self, instance: Instance, decision: Decision[object], cause: int, fact: Fact) -> None:
        batch, flow, key = self._batch, instance.flow, instance.key
        partition = partition_of(key, self._partitions)
        if decision.state is not instance.state or (key, flow.name) not in batch.instances:
            instance.state = decision.state
            self._store(instance, partition)
        for command in decision.commands:
            deadline = self._deadline(flow, command.budget, command.deadline)
            command = replace(
                command, flow=flow.name, correlation=instance.correlation, deadline=None if deadline is None else moment(deadline)
            )
            self.deliveries.append(
                Delivery(self._numbers.next(), command, partition, DeliveryState.READY, 0, 0, batch.at, cause, fresh=True)
            )
        for reference in decision.references:
            batch.references.append((self._numbers.next(), reference.value, reference.scheme, key))
            self.references += 1
        self._expectations(instance, decision, partition)
        for parked in decision.parked:
            detail = {**parked.error.detail, "actions": list(parked.actions)} if parked.actions else parked.error.detail
            error = type(parked.error)(parked.error.message, **detail)
            if parked.command_id:
                self.parked.add(parked.command_id)
                error.detail = {**error.detail, "command": parked.command_id}
            failure = Failure(
                error, "decide", "process", 0, partition, system=_system(fact, parked.command_id), flow=flow.name, key=key,
                slot=parked.slot, owner=parked.owner or flow.owner, correlation=instance.correlation,
            )  # fmt: skip
            record_failure(batch, self._numbers.next(), failure)
        for slot in decision.unparked:
            settle_failure(batch, exception_identity("process", 0, slot, key), "settled")
        self.emitted += [(event, flow.name) for event in decision.emitted]
        self.revoked += decision.revoked
        if decision.commands or decision.notes or decision.parked:
            detail = {"commands": [c.id for c in decision.commands], "notes": list(decision.notes)}
            batch.record(partition, f"process:{flow.name}:decided", cause, key, "", detail)

    def timer(self, key: str, flow: Flow, name: str, due: int, owner: str) -> None:
        """Have the hub itself look at something of a key at a time (microseconds); no process is told."""
        self._batch.expectations[key, flow.name, name] = (
            self._numbers.next(), key, flow.name, name, partition_of(key, self._partitions), due, None, False, owner or flow.owner, "",
            True, int(ExpectationState.OPEN), None,
        )  # fmt: skip

    def _store(self, instance: Instance, partition: int) -> None:
        process = instance.flow.process
        state = instance.state
        stages = [name for name, at in process.milestones(state) if at is not None]
        self._batch.instances[instance.key, instance.flow.name] = (
            instance.number,
            instance.key,
            instance.flow.name,
            partition,
            f"{process.name}/{process.version}",
            pack(process.dump(state)),
            stages[-1] if stages else "",
            process.finished(state),
            instance.opened_at,
            self._batch.at,
            instance.correlation,
            instance.bundle,
        )

    def _deadline(self, flow: Flow, budget: str, wanted: object) -> int | None:
        policy = flow.budgets.get(budget) or flow.budgets["default"]
        moment_ = policy.deadline(moment(self._batch.at), flow.context.calendars, wanted)  # type: ignore[arg-type]
        return None if moment_ is None else micros(moment_)

    def _expectations(self, instance: Instance, decision: Decision[object], partition: int) -> None:
        batch, flow, key = self._batch, instance.flow.name, instance.key
        for wanted in decision.expect:
            batch.expectations[key, flow, wanted.name] = self._expectation(wanted, key, flow, partition, instance.flow.owner)
        for names, state in (
            (decision.fulfilled, ExpectationState.FULFILLED),
            (decision.withdrawn, ExpectationState.WITHDRAWN),
        ):
            for name in names:
                row = batch.expectations.get((key, flow, name))
                if row is None:
                    batch.expectation_states.append((key, flow, name, int(state), batch.at))
                else:
                    batch.expectations[key, flow, name] = (*row[:11], int(state), batch.at)
                settle_failure(batch, exception_identity("expectation", 0, f"{flow}/{name}", key), "fulfilled late")

    def _expectation(self, wanted: Expectation, key: str, flow: str, partition: int, owner: str) -> tuple[object, ...]:
        warn = None if wanted.warn is None else micros(wanted.warn)
        return (
            self._numbers.next(), key, flow, wanted.name, partition, micros(wanted.due), warn, False,
            wanted.owner or owner, wanted.description, wanted.silent, int(ExpectationState.OPEN), None,
        )  # fmt: skip


def _system(fact: Fact, command_id: str) -> str:
    """The system that refused the command a process parked; empty when the process asks for another reason."""
    return fact.system if isinstance(fact, Settled) and fact.command_id == command_id else ""


def command_identity(command_id: str) -> bytes:
    """The 128-bit digest under which a command is one delivery."""
    return blake2b(command_id.encode(), digest_size=16).digest()
