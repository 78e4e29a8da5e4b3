"""A region's side: takes a report of itself in order, keeps it while the coordinator is away, tells it, and compares afterwards; holds nothing else up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from crossdock.coordination.allowed import encode
from crossdock.coordination.envelope import Pseudonyms, digest, digest_of, proven, sealed
from crossdock.coordination.errors import CoordinatorAway, NotAllowedOut, ReportRefused
from crossdock.coordination.observing import observe, vocabulary
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, LedgerUnavailable
from crossdock.governance.signing import key_id
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import regions
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros

log = logging.getLogger("crossdock.regions")

PARTITION: Final = 0
"""Who owns it reports for the region."""
SETTLED: Final = 5_000_000
"""Microseconds after which everything recorded at a moment is committed: younger rows are counted next time."""
AT_ONCE: Final = 1_000_000
"""Bytes of reports told in one statement."""
MANY: Final = 50
"""Reports told in one statement."""

Post = Callable[[bytes], Awaitable[bytes]]
"""Sends a statement and gives the answer. Raises `CoordinatorAway`."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing both sides: reports held here, of these told late, of these that differed there; whether both agree now."""

    at: int
    compared: int
    late: int
    differed: int
    left_out: int
    equal: bool


class Reporter:
    """One task of the hub. `run` until cancelled."""

    def __init__(
        self, store: Store, landscape: Landscape, clock: Clock, epoch: Callable[[int], int | None], private: str, post: Post
    ) -> None:
        coordination = landscape.environment.coordination
        assert coordination is not None
        self._store = store
        self._landscape = landscape
        self._clock = clock
        self._epoch = epoch
        self._private = private
        self._post = post
        self._coordinator = coordination.coordinator
        self._every = coordination.every.total_seconds()
        self._keep = coordination.keep
        self._names = Pseudonyms(private)
        self._late = self._differed = 0  # repaired since both sides last held the same
        self._apart = True
        """Whether both sides have to be compared before anything else is told: at the start, and after every failure."""

    async def run(self) -> None:
        """Report at intervals. A coordinator that answers late or never keeps no report from being taken."""
        telling: asyncio.Task[None] | None = None
        try:
            while True:
                if await self._taken() and (telling is None or telling.done()):
                    telling = asyncio.create_task(self._told(), name="telling")
                await asyncio.sleep(self._every)
        finally:
            if telling is not None:
                telling.cancel()

    async def step(self) -> None:
        """Take one report, and tell what was not told."""
        if await self._taken():
            await self._told()

    async def _taken(self) -> bool:
        """Take a report where this worker reports for the region; whether it did."""
        if self._epoch(PARTITION) is None:
            return False
        try:
            await self._store.work.do(self.take)
        except LedgerUnavailable as error:
            log.info("the region reports later: %s", error.message)
            return False
        except NotAllowedOut as error:
            log.error("no report was taken: %s", error.message)
            return False
        return True

    async def _told(self) -> None:
        """Tell what was not told; what keeps it from being told is noted, and both sides are compared before the next is told."""
        try:
            await self.tell()
        except LedgerUnavailable as error:
            log.info("the region reports later: %s", error.message)
        except CrossdockError as error:
            if not self._apart:
                log.warning("the coordinator is not reached: %s", error.message)
            self._apart = True
            with contextlib.suppress(LedgerUnavailable):
                await self._store.work.do(partial(regions.note, trouble=error.code))

    def take(self, session: Session) -> int:
        """Take the next report; its number. What may not leave is never kept either. Raises `NotAllowedOut`."""
        now = micros(self._clock.now())
        upto = now - SETTLED
        standing = regions.reporting(session) or regions.begin(session, secrets.token_hex(8), upto)
        counted = regions.counted(session, standing.counted_to, upto) if upto > standing.counted_to else {}
        totals = {
            name: standing.totals.get(name, 0) + counted.get(name, 0) for name in ("messages", "events", "effects", "exceptions")
        }
        number = standing.sequence + 1
        report = {"sequence": number, **observe(session, self._landscape, self._names, now, totals)}
        body = encode(report, vocabulary(self._landscape))
        regions.put(session, number, digest(body), now, body.decode(), totals, max(upto, standing.counted_to))
        regions.trim(session, self._keep)
        return number

    async def tell(self) -> None:
        """Compare where that is due, then tell what was not told, the oldest first. Raises `CoordinatorAway` or `ReportRefused`."""
        if self._apart and not await self._compare():
            return
        while waiting := await self._store.read.do(lambda s: regions.untold(s, MANY)):
            await self._hand_over(_portion(waiting))

    async def _compare(self) -> bool:
        """Ask what the coordinator has, tell what it lacks, and see that both hold the same. False when the region began anew."""
        standing, held = await self._store.read.do(lambda s: (regions.reporting(s), regions.held(s)))
        assert standing is not None
        held.pop(standing.sequence, None)  # it was taken just now, and is told as every other
        answer = await self._exchange(standing, held=held)
        if answer["incarnation"] == standing.incarnation and answer["sequence"] > standing.sequence:
            # this ledger was put back to an earlier moment: its next numbers were used already
            log.warning(
                "the coordinator heard of report %s, this ledger is at %s: it begins anew", answer["sequence"], standing.sequence
            )
            await self._store.work.do(self._begin_anew)
            return False
        wanted, differed = [int(each) for each in answer["wanted"]], int(answer["differed"])
        there = [number for number in held if number not in set(wanted)]
        await self._store.work.do(lambda s: regions.told(s, there, micros(self._clock.now())))
        while wanted:
            found = _portion(await self._store.read.do(partial(regions.bodies, numbers=wanted[:MANY])))
            if not found:  # left out meanwhile
                wanted = wanted[MANY:]
                continue
            await self._hand_over(found)
            last = found[-1][0]
            wanted = [number for number in wanted if number > last]
        if answer["wanted"]:
            kept = await self._store.read.do(regions.held)
            held = {number: each for number, each in held.items() if number in kept}  # the others were left out meanwhile
            answer = {**await self._exchange(await self._standing(), held=held), "told": len(answer["wanted"])}
        equal = answer["digest"] == digest_of(held)
        self._apart = not equal  # what was left out meanwhile is compared again
        self._late += answer.get("told", 0) - differed
        self._differed += differed
        if equal:  # a report whose answer was lost on the way was not left out after all
            await self._store.work.do(partial(regions.note, left_out=int(answer["missing"])))
        result = Compared(
            micros(self._clock.now()), len(held), self._late, self._differed, (await self._standing()).left_out, equal
        )
        written = orjson.dumps({name: getattr(result, name) for name in Compared.__slots__}).decode()
        await self._store.work.do(partial(regions.note, reconciled=written))
        if answer.get("told"):
            log.info("told the coordinator %s late reports; both sides agree: %s", answer["told"], equal)
        if equal:
            self._late = self._differed = 0
        return True

    def _begin_anew(self, session: Session) -> None:
        regions.begin(session, secrets.token_hex(8), micros(self._clock.now()) - SETTLED)

    async def _hand_over(self, reports: list[tuple[int, str]]) -> None:
        await self._exchange(await self._standing(), [body for _number, body in reports])
        at = micros(self._clock.now())
        await self._store.work.do(lambda s: regions.told(s, [number for number, _body in reports], at))

    async def _standing(self) -> regions.Reporting:
        standing = await self._store.read.do(regions.reporting)
        assert standing is not None
        return standing

    async def _exchange(
        self, standing: regions.Reporting, reports: Iterable[str] = (), held: dict[int, str] | None = None
    ) -> dict[str, Any]:
        """One statement and its answer, which must be the coordinator's and to this statement."""
        said_at = max(micros(self._clock.now()), standing.said_at + 1)
        for again in (True, False):
            statement = {
                "region": self._landscape.region, "to": key_id(self._coordinator), "incarnation": standing.incarnation,
                "at": said_at, "left_out": standing.left_out, "reports": list(reports),
            }  # fmt: skip
            if held is not None:
                statement["held"] = {str(number): each for number, each in held.items()}
            data = sealed(statement, self._private, "report")
            try:
                answer = proven(await self._post(data), self._coordinator, "answer")
            except ReportRefused as error:
                raise CoordinatorAway(f"what answers is not the coordinator: {error.message}") from None
            if answer.get("request") != digest(data):
                raise CoordinatorAway("the answer is to another statement")
            with contextlib.suppress(LedgerUnavailable):
                await self._store.work.do(partial(regions.note, said_at=said_at))
            if "refused" in answer:
                if answer["refused"] == "regions.report_stale" and again:
                    said_at = max(said_at, int(answer["at"])) + 1  # this machine's clock went back
                    continue
                raise ReportRefused("the coordinator does not take it", why=str(answer["refused"])[:60])
            return answer
        raise CoordinatorAway("the coordinator heard newer statements meanwhile")


def _portion(reports: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """As many as go into one statement, at least one."""
    size, taken = 0, 0
    for _number, body in reports:
        size += len(body)
        if taken and size > AT_ONCE:
            break
        taken += 1
    return reports[:taken]
