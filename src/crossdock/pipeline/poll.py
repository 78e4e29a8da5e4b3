"""Polls: asks systems that cannot push, stores what was found together with the cursor, by the one worker that owns the channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import time_ns
from typing import TYPE_CHECKING, Any

import orjson

from crossdock.connectors.http import CallScope, current_call
from crossdock.connectors.protocol import LOST_SINCE, PollResult
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, Deferred, Fenced, Misconfigured, Uncertain
from crossdock.core.partition import partition_of
from crossdock.ledger import channels
from crossdock.ledger.intake import accept
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.correlation import new_correlation, receipt_span, traceparent
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.runtime import Participant, Runtime

if TYPE_CHECKING:
    from crossdock.pipeline.telemetry import Telemetry

log = logging.getLogger("crossdock.poll")

Report = Callable[[str, str, CrossdockError | None], None]
"""Told of a poll that failed for good, or is well again (None): system, channel, error."""


@dataclass(slots=True)
class Channel:
    """One polled channel. `next_at` is on the event loop's clock."""

    participant: Participant
    name: str
    every: float
    partition: int
    next_at: float = 0.0
    failures: int = 0
    told: bool = True
    """A person may have been told that it fails, by this process or an earlier one."""
    running: bool = False
    caught_up: bool = False
    """Everything there was has been found once since this process began."""
    wanted: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Poller:
    """Runs every channel's poll when it is due and its partition is owned here."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        intake: IntakeBuffer,
        clock: Clock,
        epoch: Callable[[int], int | None],
        report: Report,
    ) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._epoch = epoch
        self._report = report
        count = runtime.landscape.partitions
        self._channels = [
            Channel(participant, poll.channel, poll.every.total_seconds(), poll_partition(participant.name, poll.channel, count))
            for participant in runtime.participants.values()
            for poll in participant.system.polls
        ]
        self.telemetry: Telemetry | None = None
        self.held: Callable[[Participant, str], bool] = lambda _participant, _channel: False
        """Whether a channel is not to be polled yet (`restored`)."""
        self.lost_since = ""
        """After a restore: since when the hub may have forgotten what it did (ISO 8601)."""
        self._stopping = asyncio.Event()
        self._hint = asyncio.Event()

    def hint(self, system: str) -> None:
        """Something happened at a system: poll it at once instead of at the next time."""
        for channel in self._channels:
            if channel.participant.name == system:
                channel.wanted = True
        self._hint.set()

    async def run(self) -> None:
        """Poll until `stop`."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            now = loop.time()
            for channel in self._channels:
                if (
                    not channel.running
                    and (channel.wanted or now >= channel.next_at)
                    and self._epoch(channel.partition) is not None
                    and not self.held(channel.participant, channel.name)
                ):
                    channel.running, channel.wanted = True, False
                    task = asyncio.create_task(self._poll(channel), name=f"poll {channel.participant.name}/{channel.name}")
                    channel.tasks.add(task)
                    task.add_done_callback(channel.tasks.discard)
            self._hint.clear()
            waits = [c.next_at - now for c in self._channels if not c.running]
            try:
                await asyncio.wait_for(self._hint.wait(), min(1.0, max(0.02, min(waits, default=1.0))))
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """End `run` and cancel polls under way; what they found is found again."""
        self._stopping.set()
        self._hint.set()
        tasks = [task for channel in self._channels for task in channel.tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _poll(self, channel: Channel) -> None:
        wait = channel.every
        try:
            more = True
            while more and not self._stopping.is_set():
                more = await self._once(channel)
            channel.caught_up = True
            channel.failures = 0
            self._well(channel)
        except Fenced:
            log.info("poll %s/%s: another worker polls it now", channel.participant.name, channel.name)
        except (Deferred, Uncertain) as error:
            channel.failures += 1
            asked = getattr(error, "retry_after", None) or 0.0
            wait = max(asked, min(60.0, 0.5 * 2.0 ** min(channel.failures, 10)), min(channel.every, 1.0))
            if channel.failures == 5:
                self._tell(channel, error)
            facts = {
                "system": channel.participant.name,
                "channel": channel.name,
                "code": error.code,
                "failures": channel.failures,
            }
            log.warning(
                "poll %s/%s failed %d times: %s",
                channel.participant.name,
                channel.name,
                channel.failures,
                error.code,
                extra={"facts": facts},
            )
        except Misconfigured as error:
            self._tell(channel, error)
            wait = max(wait, 30.0)
        except CrossdockError as error:
            self._tell(channel, error)
        except Exception as error:
            log.exception("poll %s/%s failed", channel.participant.name, channel.name)
            self._tell(channel, Uncertain(f"the poll failed: {type(error).__name__}"))
        finally:
            channel.running = False
            channel.next_at = asyncio.get_running_loop().time() + wait
            self._hint.set()

    def _tell(self, channel: Channel, error: CrossdockError) -> None:
        channel.told = True
        self._report(channel.participant.name, channel.name, error)

    def _well(self, channel: Channel) -> None:
        if channel.told and not self._stopping.is_set():
            channel.told = False
            self._report(channel.participant.name, channel.name, None)

    async def _once(self, channel: Channel) -> bool:
        system, name = channel.participant.name, channel.name
        connector = channel.participant.connector
        epoch = self._epoch(channel.partition)  # of before the cursor is read: who loses the partition meanwhile must not store
        cursor, followed = await self._store.work.do(lambda s: channels.cursor(s, system, name))
        for command in followed:
            cursor = dict(connector.follow(cursor, _command(command.data)))
        correlation = new_correlation()
        current_call.set(CallScope(traceparent(correlation, receipt_span(correlation)), correlation))
        began = time_ns()
        try:
            result: PollResult = await connector.poll(name, cursor)
        except CrossdockError as error:
            if self.telemetry is not None:
                self.telemetry.polled(system, name, correlation, began, (), error.code)
            raise
        done = [each.number for each in followed]
        if self.lost_since and not channel.caught_up:
            marked = [replace(each, headers={**each.headers, LOST_SINCE: self.lost_since}) for each in result.messages]
            result = replace(result, messages=marked)
        claims = await self._intake.keep(result.messages)
        # each message begins a transaction of its own, however many one poll found
        begun = [new_correlation() for _ in result.messages]
        rows = [
            self._intake.row(system, name, message, each, claim=claim)
            for message, each, claim in zip(result.messages, begun, claims, strict=True)
        ]
        again = self._intake.repeats([(system, name, message) for message in result.messages], rows)
        number = self._intake.next_number()
        at = micros(self._clock.now())
        text = orjson.dumps(dict(result.cursor)).decode()

        def store(session: Session) -> list[str]:
            channels.fence(session, channel.partition, epoch)
            answers = accept(session, rows, again) if rows else []
            channels.advance(session, number, system, name, text, at, done)
            return [each for each, answer in zip(begun, answers, strict=True) if not answer.intake]

        fresh = await self._store.work.do(store)
        if fresh:
            self._intake.stored(len(fresh))
        if self.telemetry is not None:
            self.telemetry.polled(system, name, correlation, began, fresh)
        return result.more


def poll_partition(system: str, channel: str, partitions: int) -> int:
    """The partition whose owner polls a channel."""
    return partition_of(f"poll/{system}/{channel}", partitions)


def _command(data: Mapping[str, Any]) -> Command:
    return Command(id=data["id"], name=data["name"], system=data["system"], key=data["key"], data=data["data"])
