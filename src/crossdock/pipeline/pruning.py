"""The run of retention: removes payloads that have outlived the landscape's policies, a little at a time, and tells the audit chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.budget import RetryBudget
from crossdock.core.clock import Clock
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import retention
from crossdock.ledger.batch import Batch
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.retention import KINDS, LEFT, NEVER, Due, Look, Plan, Rule, number_at
from crossdock.ledger.runs import Run, last_ended
from crossdock.ledger.session import Session
from crossdock.ledger.states import RunState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.timetable import RETENTION, Timetable, every, run_partition

SHARE: Final = 0.3
"""The share of the ledger's writer that pruning takes at most, so that the pipeline hardly feels it."""
PAGES: Final = 1_000
STEP: Final = retention.STEP
_ASKED: Final[Mapping[str, Callable[[Session, int], int]]] = {
    "instruction": retention.forget_instructions, "job": retention.forget_jobs, "map_entry": retention.forget_map_entries,
}  # fmt: skip
"""What people asked of the hub: kept as long as what is settled."""


def retention_plan(landscape: Landscape) -> Plan:
    """The landscape's retention policies, with the data classes that each event type, flow and system carries.

    A data class belongs to an event when one of its fields is a field of the event's document; to a flow by the events it takes; to a
    system by the flows it plays a role in.
    """
    documents = {kind: payload.schema_name for kind, payload in EVENT_PAYLOADS.items()}
    entities: dict[str, set[str]] = {}
    for name, data_class in landscape.policies.data_classes.items():
        for path in data_class.fields:
            entities.setdefault(path.split(".")[0], set()).add(name)
    of_event = {kind: frozenset(entities.get(document, ())) for kind, document in documents.items()}
    of_flow = {
        flow.name: frozenset[str]().union(*(of_event.get(event, frozenset()) for event in flow.trigger.events))
        for flow in landscape.flows.values()
    }
    of_system: dict[str, frozenset[str]] = {}
    for flow in landscape.flows.values():
        for system in (*flow.roles.values(), *flow.trigger.sources):
            of_system[system] = of_system.get(system, frozenset()) | of_flow[flow.name]
    rules = tuple(
        Rule(each.state, int(each.keep / timedelta(microseconds=1)), each.data_class or "")
        for each in landscape.policies.retention
        if each.state != "audit"
    )
    return Plan(rules, of_event, of_flow, of_system)


def retention_timetable(landscape: Landscape, wait: timedelta) -> Timetable:
    """When retention runs; its failures go to the first team the landscape names."""
    owner = next(iter(landscape.teams), "")
    return every(RETENTION, run_partition(RETENTION, landscape.partitions), wait, owner, RetryBudget())


class Recorder(Protocol):
    """What a run records through: `pipeline.schedule.Ongoing`, or what stands in for it without a hub."""

    @property
    def run(self) -> Run: ...

    def note(self, **progress: Any) -> None: ...

    async def record(self, note: Callable[[Batch], None], store: Callable[[Session], None]) -> None: ...


@dataclass(slots=True)
class Memory:
    """What one run hands to the next: per kind and span how far everything was looked at, and what had to stay."""

    cursors: dict[str, int] = field(default_factory=dict)
    left: dict[str, list[int]] = field(default_factory=dict)


class Pruning:
    """Work of the hub's own retention run (`pipeline.schedule.Work`)."""

    def __init__(self, plan: Plan, store: Store, claims: ClaimStore, clock: Clock, *, share: float = SHARE) -> None:
        self._plan = plan
        self._store = store
        self._claims = claims
        self._clock = clock
        self._share = share

    async def __call__(self, ongoing: Recorder) -> Mapping[str, Any]:
        """Remove what is due. Raises `Fenced`, `LedgerUnavailable`; the next run goes on."""
        now = micros(self._clock.now())
        memory, dropping = await self._store.read.do(self._remembered)
        undropped = await self._drop(dropping)
        counts: dict[str, int] = {"pruned": 0, "bytes": 0}
        async for due in self._found(memory, now):
            if due.ids:
                undropped += await self._remove(ongoing, due)
                counts["pruned"] += len(due.ids)
                counts["bytes"] += due.size
                counts[due.kind] = counts.get(due.kind, 0) + len(due.ids)
                ongoing.note(phase=f"pruning {due.kind}s", **counts)
        keep = self._plan.keep("settled", ())
        if keep is not None:
            for kind, forget in _ASKED.items():
                counts[kind] = await self._forget(forget, now - keep)
        ongoing.note(phase="returning space")
        while await self._paced(lambda s: retention.give_back(s, PAGES)):
            pass
        counts["kept"] = sum(map(len, memory.left.values()))
        ongoing.note(cursors=memory.cursors, left=memory.left, plan=self._plan.digest(), dropping=undropped)
        return counts

    async def survey(self) -> dict[str, int]:
        """What a run would remove now: rows by kind and bytes; changes nothing."""
        now = micros(self._clock.now())
        memory, _ = await self._store.read.do(self._remembered)
        counts: dict[str, int] = {"pruned": 0, "bytes": 0}
        async for due in self._found(memory, now):
            counts["pruned"] += len(due.ids)
            counts["bytes"] += due.size
            counts[due.kind] = counts.get(due.kind, 0) + len(due.ids)
        counts["kept"] = sum(map(len, memory.left.values()))
        return counts

    def _remembered(self, session: Session) -> tuple[Memory, list[str]]:
        latest, done = last_ended(session, RETENTION), last_ended(session, RETENTION, RunState.DONE)
        dropping = list(latest.progress.get("dropping", ())) if latest is not None else []
        if done is None or done.progress.get("plan") != self._plan.digest():
            return Memory(), dropping
        return Memory(dict(done.progress.get("cursors", {})), dict(done.progress.get("left", {}))), dropping

    async def _found(self, memory: Memory, now: int) -> AsyncIterator[Due]:
        """Everything due, kind by kind: first what had to stay the last time, then what has come of age since. Updates the memory."""
        look = Look(self._plan, now)
        for kind in KINDS:
            waited, kept = memory.left.get(kind, []), list[int]()
            for start in range(0, len(waited), STEP):
                due = await self._look(look.again, kind, waited[start : start + STEP])
                kept += due.left
                yield due
            seen_above = NEVER
            for span in self._plan.spans:
                name = f"{kind}/{span}"
                after = memory.cursors.get(name, 0)
                before, seen_above = seen_above, min(seen_above, after + 1)
                while len(kept) < LEFT:
                    due = await self._look(look.step, kind, after, before, span)
                    kept += due.left
                    yield due
                    if not due.after:
                        after = max(after, number_at(now - span) - 1)
                        break
                    after = due.after
                memory.cursors[name] = after
            memory.left[kind] = sorted(set(kept))

    async def _look(self, look: Callable[..., Due], *arguments: object) -> Due:
        return await self._store.read.do(lambda session: look(session, *arguments))

    async def _remove(self, ongoing: Recorder, due: Due) -> list[str]:
        ongoing.note(dropping=due.claims)

        def note(batch: Batch) -> None:
            detail = {"ids": due.ids, "plan": self._plan.digest()}
            batch.record(ongoing.run.partition, f"retention:{due.kind}:pruned", 0, "", "", detail)

        started = asyncio.get_running_loop().time()
        await ongoing.record(note, lambda session: retention.remove(session, due))
        await self._rest(started)
        return await self._drop(due.claims)

    async def _drop(self, claims: list[str]) -> list[str]:
        """Drop bodies kept outside that no message has any more; gives those that could not be dropped yet."""
        if not claims:
            return []
        kept = await self._store.read.do(lambda s: retention.still_claimed(s, claims))
        return [claim for claim in claims if claim not in kept and not await asyncio.to_thread(self._claims.drop, claim)]

    async def _forget(self, forget: Callable[[Session, int], int], before: int) -> int:
        """Remove what people asked for long ago; how many rows."""
        total = 0
        while count := await self._paced(lambda s: forget(s, before)):
            total += count
        return total

    async def _paced(self, work: Any) -> int:
        started = asyncio.get_running_loop().time()
        count: int = await self._store.work.do(work)
        await self._rest(started)
        return count

    async def _rest(self, started: float) -> None:
        """Leave the writer to the pipeline for a while."""
        if self._share < 1:
            await asyncio.sleep((asyncio.get_running_loop().time() - started) * (1 - self._share) / self._share)
