"""After a restore: has the hub ask before it acts, follows how far the systems have been asked, and says what nobody can be asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable, Rejected
from crossdock.ledger import restoration as ledger
from crossdock.ledger.channels import fence
from crossdock.ledger.restoration import Restoration
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.runtime import Participant, Runtime

log = logging.getLogger("crossdock.restored")

PARTITION: Final = 0
"""Whoever owns it follows the reconciliation for all."""
EVERY: Final = 1.0
LAST: Final = 2
"""The highest rank of `Capabilities.consequences`."""
PATIENCE: Final = 60.0
"""Seconds after which the next rank of channels is polled although the hub is not quiet: a system may be away for days."""
SLOT: Final = "restored"
COLLECTED: Final = frozenset({"edi", "edi_mailbox", "bank_file", "finance", "wms_csv"})
"""Kinds of systems whose files are taken away when they are collected: what was collected in the lost time is not there again."""


class SenderUnheard(Rejected):
    """What a system sent in a time that was lost cannot be asked for."""

    code = "restore.sender_unheard"
    hint = "Ask the sender for everything it sent in that time. Sent again it is recognised where it is known; then resolve this."


class Reconciliation:
    """One task of the hub, over at once where nothing was restored. `run` until it returns or is cancelled."""

    def __init__(
        self, store: Store, runtime: Runtime, clock: Clock, epoch: Callable[[int], int | None],
        report: Callable[[str, str, CrossdockError | None], None], every: float = EVERY,
    ) -> None:  # fmt: skip
        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._epoch = epoch
        self._report = report
        self._every = every
        self._rank = LAST + 1
        self._since = 0.0
        self.lost_since = ""
        """Since when the hub may have forgotten what it did (ISO 8601), until it has caught up."""

    def held(self, participant: Participant, channel: str) -> bool:
        """Whether a channel has to wait, because what it tells follows from what the hub has yet to find out that it did itself."""
        return participant.connector.capabilities.consequences.get(channel, 0) > self._rank

    def closed(self, system: str) -> bool:
        """Whether a system is asked to wait with what it sends until the hub has caught up: what is new would be judged by what is old.

        Who can only send is heard at once; others are polled meanwhile.
        """
        return self._rank <= LAST and not unheard(self._runtime.participants[system])

    async def begin(self) -> bool:
        """Read whether the ledger was restored; from now on is asked first. Call it before anything is delivered."""
        at = micros(self._clock.now())
        found = await self._store.read.do(lambda session: ledger.current(session, at))
        self._runtime.doubt_until = 0 if found is None else found.until
        if found is None or found.caught_up_at is not None:
            self._rank = LAST + 1
        elif not self._since:
            self._rank, self._since = 0, asyncio.get_running_loop().time()
            self.lost_since = moment(found.taken_at).isoformat()
        return found is not None

    async def run(self) -> None:
        """Follow until the restoration is over: its time has passed, or a person ended it."""
        while True:
            try:
                if not await self.begin():
                    return
                await self._follow()
            except (LedgerUnavailable, Fenced) as error:
                log.info("follows the restoration later: %s", error.message)
            await asyncio.sleep(self._every)

    async def _release(self) -> None:
        """Let the next rank of channels be polled, once those before were, and all that follows from them has been asked and done.

        After the last rank senders are heard again.
        """
        at = micros(self._clock.now())

        def look(session: Session) -> bool:
            found = ledger.current(session, at)
            return found is None or (not self._unpolled(session, found, self._rank) and ledger.quiet(session))

        now = asyncio.get_running_loop().time()
        if now - self._since >= PATIENCE or await self._store.read.do(look):
            self._rank, self._since = self._rank + 1, now

    def _unpolled(self, session: Session, found: Restoration, rank: int = LAST) -> list[str]:
        """The channels up to a rank that have not been polled since the restore."""
        polled = ledger.polled(session)
        return sorted(
            f"{name}/{poll.channel}"
            for name, each in self._runtime.participants.items()
            for poll in each.system.polls
            if polled.get((name, poll.channel), 0) < found.restored_at
            and each.connector.capabilities.consequences.get(poll.channel, 0) <= rank
        )

    async def _follow(self) -> None:
        if self._rank <= LAST:
            await self._release()
        epoch = self._epoch(PARTITION)
        if epoch is None:
            return
        at = micros(self._clock.now())
        found = await self._store.read.do(lambda session: ledger.current(session, at))
        if found is None:
            return
        report, done = await self._store.read.do(lambda session: self._looked(session, found))
        if not report["told"]:
            self._tell(found)
            report["told"] = True
        if report == found.report and (found.caught_up_at is not None or not done):
            return

        def store(session: Session) -> None:
            fence(session, PARTITION, epoch)
            ledger.note(session, found.id, report, at if done else None)

        await self._store.work.do(store)
        if done and found.caught_up_at is None:
            log.info("caught up with the world after the restore", extra={"facts": report})

    def _looked(self, session: Session, found: Restoration) -> tuple[dict[str, Any], bool]:
        """How far it is: what was asked, which channels have not been polled since, and whether nothing is left."""
        waiting = self._unpolled(session, found)
        left = ledger.still_doubtful(session, found.restored_at)
        report = {
            **found.report,
            "told": bool(found.report.get("told")),
            "asked": ledger.asked(session, found.restored_at),
            "doubtful_left": left,
            "not_polled_yet": waiting,
            "heard": ledger.heard(session, found.restored_at),
            "unheard": sorted(name for name, each in self._runtime.participants.items() if unheard(each)),
        }
        return report, not left and not waiting and self._rank > LAST

    def _tell(self, found: Restoration) -> None:
        """One exception for each sender that cannot be asked."""
        since, until = moment(found.taken_at).isoformat(), moment(found.restored_at).isoformat()
        for name, each in self._runtime.participants.items():
            if unheard(each):
                self._report(
                    name, SLOT, SenderUnheard(f"what {name} sent between {since} and {until} may be missing", system=name)
                )


def unheard(each: Participant) -> bool:
    """Whether what a system sent once cannot be found again by asking it: it only sends, or its files are gone once they are collected."""
    able = each.connector.capabilities
    return (able.receives and not each.system.polls) or each.system.kind in COLLECTED
