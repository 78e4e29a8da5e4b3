"""The hub's part of the review board: attaches evidence to requests and says when a review is overdue or a waiver ended; approves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable
from crossdock.governance.review import desk
from crossdock.governance.review.errors import EvidenceFailed, ReviewOverdue, WaiverEnded
from crossdock.governance.review.standards import breaches
from crossdock.landscape.catalogue import Installed
from crossdock.landscape.files import read
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.lint import judge
from crossdock.ledger import reviews
from crossdock.ledger.batch import Batch
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import written
from crossdock.ledger.reviews import Change
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.trial.process import PATIENCE, answered, asked

log = logging.getLogger("crossdock.review")

PARTITION: Final = 0
"""Who owns it works for the board."""
WAIVERS_EVERY: Final = timedelta(hours=1)
REMEMBER: Final = timedelta(days=30)
"""A waiver that ended longer ago is not spoken of any more."""
Contribute = Callable[[int, Callable[[Batch], None], Callable[[Session], None]], Awaitable[None]]


class Reviewing:
    """One task of the hub. `run` until cancelled."""

    def __init__(
        self, store: Store, landscape: Landscape, location: LedgerLocation, clock: Clock, epoch: Callable[[int], int | None],
        contribute: Contribute, number: Callable[[], int], every: float = 1.0,
    ) -> None:  # fmt: skip
        self._store = store
        self._landscape = landscape
        self._location = location
        self._clock = clock
        self._epoch = epoch
        self._contribute = contribute
        self._number = number
        self._every = every
        self._first = True
        self._failed: set[int] = set()
        self._told: set[tuple[int, str]] = set()
        self._waivers_at = clock.now() - WAIVERS_EVERY

    async def run(self) -> None:
        """Look every second or two; a ledger that is away is looked at again."""
        while True:
            try:
                await self.step()
            except (LedgerUnavailable, Fenced) as error:
                log.info("the board is served later: %s", error.message)
            await asyncio.sleep(self._every * 2)

    async def step(self) -> None:
        """One look at what the board needs."""
        if self._epoch(PARTITION) is None:
            return
        now, board = self._clock.now(), self._landscape.policies.board
        waiting = await self._store.read.do(lambda s: reviews.without_evidence(s, micros(now - board.open_for)))
        for each in waiting:
            if each.id not in self._failed:
                await self._attach(each)
        running = self._landscape.bundle_id
        late = await self._store.read.do(lambda s: desk.overdue(s, board, running, self._clock.now()))
        if self._first:  # what was told before this hub began, and is in order by now, is settled, too
            self._first = False
            known = {each.id for each in await self._store.read.do(reviews.owed)} - {each.change.id for each, _why in late}
            self._told |= {(number, "overdue") for number in known}
        await self._tell(
            "overdue", {each.change.id: ReviewOverdue(why, request=each.number) for each, why in late}, board.owner or ""
        )
        if now - self._waivers_at >= WAIVERS_EVERY:
            self._waivers_at = now
            await self._tell("waiver", await self._ended(), board.owner or "")

    async def _attach(self, change: Change) -> None:
        data = await self._store.read.do(lambda s: reviews.file_of(s, change.id))
        try:
            found = await self._trial(data)
        except EvidenceFailed as caught:
            error = caught  # the name of an except clause is gone when the note is written
            log.warning("no evidence for request %s: %s", written(change.id), error.message)
            self._failed.add(change.id)
            board = self._landscape.policies.board
            await self._note(lambda batch: self._record(batch, change.id, "evidence", error, board.owner or ""))
            return
        await self._store.work.do(lambda s: reviews.attach(s, change.id, found, micros(self._clock.now())))

    async def _trial(self, data: bytes) -> dict[str, Any]:
        head = asked(self._landscape.home, self._landscape.environment.name, self._location)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock.pipeline.trial", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )  # fmt: skip
        try:
            answer, _ = await asyncio.wait_for(process.communicate(head + data), PATIENCE)
        except TimeoutError:
            raise EvidenceFailed(f"the trial did not end within {PATIENCE:.0f} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return answered(answer, process.returncode or 0)

    async def _ended(self) -> dict[int, CrossdockError]:
        """Waivers that ended while what they excused still stands."""
        now, board = self._clock.now(), self._landscape.policies.board
        found = await self._store.read.do(lambda s: reviews.waivers(s, micros(now - REMEMBER)))
        over = [each for each in found if each.until <= micros(now)]
        if not over:
            return {}
        still = [each for each in found if each.until > micros(now)]

        def standing() -> list[tuple[str, str]]:
            draft = read(self._landscape.root, environment=self._landscape.environment.name)
            return [(each.standard, each.subject) for each in breaches(board.standards, draft, judge(draft, Installed()))]

        broken = await asyncio.to_thread(standing)
        return {
            each.id: WaiverEnded(
                f"the waiver of {each.standard} for {each.subject} by {each.author} ended, and it is still broken"
            )
            for each in over
            if any(standard == each.standard and each.subject in (subject, "*") for standard, subject in broken)
            and not any((one.standard, one.subject) == (each.standard, each.subject) for one in still)
        }

    async def _tell(self, slot: str, found: dict[int, Any], owner: str) -> None:
        new = {number: error for number, error in found.items() if (number, slot) not in self._told}
        over = [number for number, told in self._told if told == slot and number not in found]
        if not new and not over:
            return

        def note(batch: Batch) -> None:
            for number, error in new.items():
                self._record(batch, number, slot, error, owner)
            for number in over:
                settle_failure(batch, exception_identity("review", number, slot), "it is in order")

        await self._note(note)
        self._told |= {(number, slot) for number in new}
        self._told -= {(number, slot) for number in over}

    def _record(self, batch: Batch, number: int, slot: str, error: CrossdockError, owner: str) -> None:
        record_failure(batch, self._number(), Failure(error, "review", "review", number, PARTITION, slot=slot, owner=owner))

    async def _note(self, note: Callable[[Batch], None]) -> None:
        await self._contribute(PARTITION, note, lambda _session: None)
