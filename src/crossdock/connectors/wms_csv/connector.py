"""The warehouse over CSV and SFTP: instructions to ship, to receive and to take back as files out, picks, receipts, returns, shipments and stock as files in."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar, Final

import orjson

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, PollResult, Probe, StockLine, StoredMessage
from crossdock.connectors.warehouse import (
    StockTerms,
    expected,
    expected_return,
    fulfilment_number,
    receipt_number,
    released,
    return_number,
)
from crossdock.connectors.wms_csv.columns import FileKind
from crossdock.connectors.wms_csv.mapping import TOPICS, UNREADABLE, Files
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerPending,
    ContractBroken,
    CrossdockError,
    PayloadMalformed,
    TargetRefused,
    TargetUnavailable,
)
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear
from crossdock.transports.files import file_transport
from crossdock.transports.sftp.client import purposes
from crossdock.transports.sftp.inbox import Folders, Inbox, Picked, Ways
from crossdock.transports.sftp.outbox import Outbox

CHANNEL = "files"
SNAPSHOT_CHUNK = 5_000
ANSWER_STEP = 0.25
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_ABOUT: Final[Mapping[str, tuple[Callable[[Command], str], str, str, FileKind]]] = {
    "fulfilment": (fulfilment_number, "FO", "CANCEL", "answer"),
    "receipt": (receipt_number, "EXPECT", "RECALL", "recall_answer"),
    "return": (return_number, "RETURN", "KEPT", "return_answer"),
}
"""By what a command is about: its number, how the files that tell it and take it back begin, and the kind of the answer."""


class WmsCsvConnector(BaseConnector):
    """A warehouse or third-party logistics provider that exchanges CSV files over SFTP."""

    kind: ClassVar[str] = "wms_csv"
    title: ClassVar[str] = "Warehouse (CSV over SFTP)"
    mapping_version: ClassVar[str] = "wms_csv/4"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset(
            {"fulfilment.release", "fulfilment.cancel", "receipt.expect", "receipt.cancel", "return.expect", "return.cancel"}
        ),
        topics=TOPICS,
        polls=True,
        snapshots=True,
    )
    Options: ClassVar[type[Any]] = WmsCsvOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WmsCsvOptions = context.options
        folders = self._options.directories
        terms = StockTerms(context.value_maps, self._options.location_map, self._options.reason_map)
        self._files = Files(self._options, terms)
        self._server = file_transport(self._options.transport, context)
        self._outbox = Outbox(self._server, folders.send, folders.control)
        self._pruned: datetime | None = None
        self._inbox = Inbox(
            self._server,
            Folders(folders.receive, folders.processing, folders.archive, folders.quarantine),
            Ways(per_poll=self._options.files_per_poll, max_bytes=self._options.max_file_bytes),
            lambda name, body: self._files.readable(self._files.kind_of(name), body),
        )
        self.deliveries = {
            "fulfilment.release": self._release,
            "fulfilment.cancel": self._cancel,
            "receipt.expect": self._expect,
            "receipt.cancel": self._recall,
            "return.expect": self._expect_back,
            "return.cancel": self._keep,
        }

    @classmethod
    def credential_purposes(cls, options: WmsCsvOptions) -> frozenset[str]:
        return purposes(options)

    async def close(self) -> None:
        await self._server.close()

    # In ------------------------------------------------------------------------------------------------------

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return self._files.events(message)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        now = self.context.clock.now()
        if self._pruned is None or now - self._pruned > timedelta(days=1):
            await self._outbox.prune((now - timedelta(days=self._options.keep_days)).timestamp())
            self._pruned = now
        found = await self._inbox.poll(cursor)
        return PollResult([self._inbound(each) for each in found.files], found.cursor, more=found.more)

    def _inbound(self, file: Picked) -> Inbound:
        headers = {"file": file.name}
        if file.refused:
            place = f"{self._options.directories.quarantine}/{file.name}"
            note = {"file": file.name, "reason": file.refused, "quarantine": place}
            return Inbound(UNREADABLE, file.identity, orjson.dumps(note), "application/json", headers)
        return Inbound(self._files.kind_of(file.name), file.identity, file.body, "text/csv", headers)

    # Out -----------------------------------------------------------------------------------------------------

    async def _release(self, command: Command) -> Accepted:
        order = released(command)
        name = file_name("FO", order.number, command.id)
        fresh = await self._outbox.send(name, self._files.release(order, command.id))
        return Accepted(_release_ack(name), repeated=not fresh)

    async def _expect(self, command: Command) -> Accepted:
        """The version is in the file: the warehouse replaces a lower one of the same number."""
        announced = expected(command)
        name = file_name("EXPECT", announced.number, command.id)
        fresh = await self._outbox.send(name, self._files.expect(announced, command.id))
        return Accepted(_release_ack(name), repeated=not fresh)

    async def _cancel(self, command: Command) -> Accepted:
        """The file is sent once; the warehouse's answer, a file of the same name, decides."""
        number = fulfilment_number(command)
        name = file_name("CANCEL", number, command.id)
        return await self._ask_back(name, self._files.cancel(number, str(command.data.get("reason") or ""), command.id), "answer")

    async def _recall(self, command: Command) -> Accepted:
        number = receipt_number(command)
        name = file_name("RECALL", number, command.id)
        reason = str(command.data.get("reason") or "")
        return await self._ask_back(name, self._files.recall(number, reason, command.id), "recall_answer")

    async def _expect_back(self, command: Command) -> Accepted:
        announced = expected_return(command)
        name = file_name("RETURN", announced.number, command.id)
        fresh = await self._outbox.send(name, self._files.expect_back(announced, command.id))
        return Accepted(_release_ack(name), repeated=not fresh)

    async def _keep(self, command: Command) -> Accepted:
        number = return_number(command)
        name = file_name("KEPT", number, command.id)
        reason = str(command.data.get("reason") or "")
        return await self._ask_back(name, self._files.keep(number, reason, command.id), "return_answer")

    async def _ask_back(self, name: str, body: bytes, kind: FileKind) -> Accepted:
        await self._outbox.send(name, body)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.answer_wait
        while True:
            status = await self._answer(name, kind)
            if status is not None:
                return Accepted({"status": status})
            if loop.time() >= until:
                raise AnswerPending(f"the warehouse has {name} and has not answered yet")
            await asyncio.sleep(ANSWER_STEP)

    async def _answer(self, name: str, kind: FileKind) -> str | None:
        path = f"{self._options.directories.answers}/{name}"
        if not await self._server.exists(path):
            return None
        try:
            status, reason = self._files.answer(await self._server.read(path), kind)
        except PayloadMalformed as problem:
            raise ContractBroken(f"the answer {name} cannot be read: {problem.message}", **problem.detail) from None
        if status in ("cancelled", "too_late"):
            return status
        raise TargetRefused(f"the warehouse answered {status!r}: {reason}", answer=status, words=reason)

    async def find_effect(self, command: Command) -> Effect:
        """The control folder tells whether the file was handed over; of a cancellation the answer tells the rest."""
        noun, _, verb = command.name.partition(".")
        number, told, withdrawn, answer = _ABOUT[noun]
        if verb != "cancel":
            name = file_name(told, number(command), command.id)
            return EffectFound(_release_ack(name)) if await self._outbox.sent(name) else EffectAbsent()
        name = file_name(withdrawn, number(command), command.id)
        if not await self._outbox.sent(name):
            return EffectAbsent()
        status = await self._answer(name, answer)
        return (
            EffectUnclear("sent, and not answered yet", retry_after=60.0) if status is None else EffectFound({"status": status})
        )

    # Stock and health ----------------------------------------------------------------------------------------

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        """The newest snapshot file, copied to this machine and read in chunks."""
        folder, pattern = self._options.directories.snapshots, self._options.snapshot_files
        found = [entry for entry in await self._server.files(folder) if fnmatchcase(entry.name, pattern)]
        if not found:
            raise TargetUnavailable(f"there is no {pattern} in {folder} yet")
        newest = max(found, key=lambda entry: (entry.changed, entry.name))
        with tempfile.TemporaryDirectory(prefix="crossdock-stock-") as place:
            copy = Path(place) / "inventory.csv"
            await self._server.fetch(f"{folder}/{newest.name}", copy, newest.size)
            with await asyncio.to_thread(copy.open, "rb") as raw:
                text = io.TextIOWrapper(raw, encoding=self._options.dialect.encoding, newline="")
                chunks = self._files.stock_lines(text, SNAPSHOT_CHUNK)
                while part := await asyncio.to_thread(_next, chunks):
                    yield part

    async def probe(self) -> Probe:
        try:
            await self._server.files(self._options.directories.receive)
            await self._server.files(self._options.directories.send)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=True)


def file_name(prefix: str, number: str, command: str) -> str:
    """A file name that is the same for the same command and safe on every file system."""
    safe = _UNSAFE.sub("_", command)
    if safe != command or len(safe) > 80:
        safe = hashlib.blake2b(command.encode(), digest_size=16).hexdigest()
    return f"{prefix}_{_UNSAFE.sub('_', number)[:64]}_{safe}.csv"


def _next(chunks: Any) -> list[StockLine]:
    try:
        return next(chunks, [])
    except UnicodeDecodeError as error:
        raise PayloadMalformed(f"not in the encoding {error.encoding}", position=error.start) from None


def _release_ack(name: str) -> dict[str, Any]:
    return {"warehouse_reference": "", "file": name}
