"""Wakes what sleeps, goes on with bulk jobs and takes over value-map entries; asks the workers by instructions and changes nothing itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from crossdock.core.clock import Clock
from crossdock.core.errors import Fenced, LedgerUnavailable
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger import jobs as ledger
from crossdock.ledger.channels import fence
from crossdock.ledger.ids import Numbers
from crossdock.ledger.inbox import Filter
from crossdock.ledger.map_entries import live_entries
from crossdock.ledger.onboarding import states
from crossdock.ledger.people import exceptions_by_id, instruct
from crossdock.ledger.session import Row, Session
from crossdock.ledger.sleepers import Sleeper, group_sizes, sleepers
from crossdock.ledger.states import ItemState, JobState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.windows import Window
from crossdock.pipeline.dispatcher import Lane
from crossdock.pipeline.runtime import Runtime

log = logging.getLogger("crossdock.keeper")

PARTITION: Final = 0
"""Whoever owns this partition keeps house."""
SENDING: Final = ("retry", "correct")
"""Actions after which something is sent: they keep a pace."""
NEWEST: Final = 1_000
"""Items looked at to see how a job's retries go."""
LONGEST_PAUSE: Final = 5.0
"""Seconds a job's pace is counted for at most, so that a pause is not followed by a flood."""


class Keeper:
    """One task of the hub. `run` until cancelled."""

    def __init__(
        self, store: Store, runtime: Runtime, lanes: Callable[[], Mapping[str, Lane]], epoch: Callable[[int], int | None],
        numbers: Numbers, clock: Clock, every: float = 1.0,
    ) -> None:  # fmt: skip
        self._store = store
        self._runtime = runtime
        self._lanes = lanes
        self._epoch = epoch
        self._numbers = numbers
        self._clock = clock
        self._every = every
        self._stepped: dict[int, float] = {}
        self._busy = False

    async def run(self) -> None:
        """Look every second or two; a ledger that is away is looked at again."""
        while True:
            try:
                await self.step()
            except (LedgerUnavailable, Fenced) as error:
                log.info("keeps house later: %s", error.message)
            await asyncio.sleep(self._every if self._busy else self._every * 2)

    async def step(self) -> None:
        """One look round the house."""
        tables = self._runtime.value_maps
        epoch = self._epoch(PARTITION)

        def look(session: Session) -> tuple[list[tuple[str, str, str]], list[Sleeper], list[ledger.Job]]:
            entries = live_entries(session)
            self._runtime.standing.take(states(session))
            if epoch is None:
                return entries, [], []
            return entries, sleepers(session, micros(self._clock.now())), ledger.running_jobs(session)

        entries, asleep, running = await self._store.read.do(look)
        if isinstance(tables, CodeTables):
            tables.add(entries)
        if epoch is None:
            return
        awake = await self._awake(asleep)
        self._busy = bool(running)
        if awake:
            await self._store.work.do(lambda session: self._wake(session, epoch, awake))
        for job in running:
            await self._store.work.do(lambda session, job=job: self._go_on(session, epoch, job))  # type: ignore[misc]

    # --- sleepers ---------------------------------------------------------------------------------------

    async def _awake(self, asleep: list[Sleeper]) -> dict[str, list[int]]:
        """Those whose time has come, or what they waited for: because -> numbers."""
        found: dict[str, list[int]] = {}
        counted = {each.fingerprint for each in asleep if each.awaits.startswith("count:")}
        sizes = await self._store.read.do(lambda session: group_sizes(session, sorted(counted))) if counted else {}
        for each in asleep:
            because = self._because(each, sizes)
            if because:
                found.setdefault(because, []).append(each.id)
        return found

    def _because(self, each: Sleeper, sizes: Mapping[str, int]) -> str:
        what, _, rest = each.awaits.partition(":")
        if not what:
            return "its time has come"
        if what == "count":
            return f"there are {sizes[each.fingerprint]} of them now" if sizes.get(each.fingerprint, 0) >= int(rest) else ""
        if what == "value_map":
            name, _, code = rest.partition(":")
            tables = self._runtime.value_maps
            filled = isinstance(tables, CodeTables) and tables.known(name) and tables.has(name, code)
            return f"value map {name} has an entry for {code} now" if filled else ""
        return "" if self.unwell(rest) else f"{rest} is back"

    def unwell(self, system: str) -> str:
        """Why a system takes nothing at the moment; empty when it does, or nobody knows it."""
        lane = self._lanes().get(system)
        if lane is None:
            return ""
        if lane.parked:
            return f"{system} is parked"
        return f"{system} does not answer" if lane.breaker.phase != "closed" else ""

    def _wake(self, session: Session, epoch: int, awake: Mapping[str, list[int]]) -> None:
        fence(session, PARTITION, epoch)
        at = micros(self._clock.now())
        for because, ids in awake.items():
            found = list(exceptions_by_id(session, ids).values())
            for each in found:
                # one token a sleep: looking again before it was carried out asks nothing new
                token = f"wake:{each.updated_at}"
                instruct(session, self._numbers, "wake", [each], {"because": because}, "hub", at, token)

    # --- bulk jobs --------------------------------------------------------------------------------------

    def _go_on(self, session: Session, epoch: int, known: ledger.Job) -> None:
        """The next part of a job, in one transaction with the instructions it gives."""
        fence(session, PARTITION, epoch)
        job = ledger.job_by_id(session, known.id)
        if job is None or job.state is not JobState.RUNNING:
            return
        try:
            self._next(session, job)
        except (KeyError, TypeError, ValueError) as error:  # a job nobody understands ends; the house is kept on
            log.exception("job %d cannot be gone on with", job.id)
            job.state, job.ended_at, job.note = (
                JobState.HALTED,
                micros(self._clock.now()),
                f"it cannot be understood: {type(error).__name__}",
            )
        ledger.save_progress(session, job)

    def _next(self, session: Session, job: ledger.Job) -> None:
        self._collect(session, job)
        room = self._room(session, job)
        candidates: list[ledger.Candidate] = []
        if room > 0:
            candidates = self._candidates(session, job, room)
            ill = next((why for each in candidates if (why := self.unwell(each.system)) and job.action in SENDING), "")
            if ill:
                job.note, candidates = f"waits: {ill}", []
            elif candidates:
                job.note = ""
                self._ask(session, job, candidates)
            elif not ledger.in_motion(session, job.id, NEWEST).get("asked"):
                job.state, job.ended_at, job.note = JobState.DONE, micros(self._clock.now()), ""

    def _collect(self, session: Session, job: ledger.Job) -> None:
        rows: list[Row] = []
        for number, result in ledger.carried_out(session, job.id):
            done = bool(result.get("done"))
            job.done += done
            job.refused += not done
            rows.append(
                (number, int(ItemState.DONE if done else ItemState.REFUSED), "" if done else str(result.get("why", ""))[:400])
            )
        ledger.settle_items(session, rows)

    def _room(self, session: Session, job: ledger.Job) -> int:
        """How many may be asked now: at the job's pace, few until the first success, and never many that are still under way."""
        now = self._clock.now().timestamp()
        pace = job.pace or self._runtime.landscape.policies.exceptions.bulk_pace
        passed = min(now - self._stepped.get(job.id, now - self._every), LONGEST_PAUSE)
        room = max(1, int(pace * passed))
        self._stepped[job.id] = now
        motion = ledger.in_motion(session, job.id, NEWEST)
        if job.action not in SENDING:
            return max(0, NEWEST - motion.get("asked", 0))
        first = self._runtime.landscape.policies.exceptions.stop_after
        if job.done + job.refused < NEWEST and not motion.get("resolved"):
            if motion.get("open", 0) >= first:
                job.state, job.ended_at = JobState.HALTED, micros(self._clock.now())
                job.note = f"the first {motion['open']} retries all failed again: mend the cause first"
                return 0
            room = min(room, first - motion.get("asked", 0) - motion.get("retrying", 0) - motion.get("open", 0))
        return min(room, pace * 5 - motion.get("asked", 0) - motion.get("retrying", 0))

    def _candidates(self, session: Session, job: ledger.Job, limit: int) -> list[ledger.Candidate]:
        chosen = Filter.from_dict({**job.chosen["filter"], "bound": job.bound})
        kept = job.chosen.get("windows")
        windows = None
        if kept is not None:
            windows = [Window(*(None if part is None else frozenset(part) for part in each)) for each in kept]
        # what was snoozed or not is judged as of the confirmation, so that nothing slips out while the job runs
        return ledger.following(session, chosen, job.progress, job.created_at, windows, limit)

    def _ask(self, session: Session, job: ledger.Job, candidates: list[ledger.Candidate]) -> None:
        at = micros(self._clock.now())
        known = exceptions_by_id(session, [each.id for each in candidates])
        data = {"note": job.reason, "reason": job.reason, **job.data, "job": job.id}
        rows: list[Row] = []
        for each, why in ledger.judged(session, candidates, job.action):
            if why:
                job.skipped += 1
                rows.append((self._numbers.next(), job.id, each.id, None, int(ItemState.SKIPPED), why))
                continue
            [asked] = instruct(session, self._numbers, job.action, [known[each.id]], data, job.author, at)
            job.asked += 1
            rows.append((self._numbers.next(), job.id, each.id, asked, int(ItemState.ASKED), ""))
        job.progress = candidates[-1].id
        ledger.save_items(session, rows)
