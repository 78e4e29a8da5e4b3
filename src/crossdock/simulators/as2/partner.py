"""A trading partner that speaks AS2: takes documents once, gives receipts, sends its own, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from crossdock.simulators.as2 import wire
from crossdock.simulators.as2.certificates import certificate_of, make_identity
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import Simulator

POSITIVE = "automatic-action/MDN-sent-automatically; processed"


@dataclass(slots=True)
class Manners:
    """How the partner's receipts go wrong. `refuse`: a disposition modifier. `late`: asynchronous receipts wait until `release`."""

    receipts: bool = True
    sign: bool = True
    wrong_mic: bool = False
    without_mic: bool = False
    about_another: bool = False
    refuse: str = ""
    warn: str = ""
    late: bool = False
    forget_duplicates: bool = False


@dataclass(slots=True)
class Answer:
    """What the hub said to something the partner sent."""

    status: int
    receipt: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""


@dataclass(slots=True)
class Taken:
    """A document the partner took."""

    message_id: str
    body: bytes
    content_type: str
    file_name: str
    signed: bool
    encrypted: bool


class As2Partner(Simulator):
    """`url + "/as2"` is its endpoint. Effects: kind `as2_message`, key and idempotency key the Message-ID.

    Give it the hub's certificate with `trust`, and the hub `certificate`. `on_document` is told of every document taken for the first time.
    """

    name = "as2-partner"

    def __init__(
        self, our_name: str = "PARTNER", hub_name: str = "HUB", faults: FaultPlan | None = None, days: int = 365
    ) -> None:
        super().__init__(faults)
        self.our_name, self.hub_name = our_name, hub_name
        self.identity = make_identity(our_name, days=days)
        self.trusted: list[str] = []
        self.manners = Manners()
        self.taken: list[Taken] = []
        self.receipts: list[dict[str, str]] = []
        self.on_document: Callable[[Taken], None] | None = None
        self._seen: dict[str, bytes] = {}
        self._held: list[tuple[str, dict[str, str], bytes]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def certificate(self) -> str:
        """Its certificate (PEM)."""
        return certificate_of(self.identity)

    def trust(self, certificate: str) -> None:
        """Take signatures of this certificate of the hub, and encrypt for the newest one."""
        self.trusted.append(certificate)

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/as2", self._receive)
        app.router.add_head("/as2", self._alive)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().stop()

    def reset(self) -> None:
        self.taken.clear()
        self.receipts.clear()
        self._seen.clear()
        self._held.clear()
        self.manners = Manners()

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(status=405 if request.method == "HEAD" else 200)

    # In ----------------------------------------------------------------------------------------------------

    async def _receive(self, request: web.Request) -> web.Response:
        body, kind = await request.read(), request.headers.get("Content-Type", "")
        if "disposition-notification-to" not in request.headers and (
            "report" in kind or b"disposition-notification" in body[:2000]
        ):
            self.receipts.append(wire.read_receipt(kind, body, self.trusted))
            return web.Response()
        message_id = request.headers.get("Message-ID", "")
        manners, disposition, mic = self.manners, POSITIVE, ""
        try:
            if manners.refuse:
                raise wire.Unreadable(manners.refuse)
            opened = wire.open_message(kind, body, self.identity, self.trusted)
            mic = opened.mic
            self._take(message_id, opened)
        except wire.Unreadable as problem:
            disposition = f"{POSITIVE}/error: {problem}"
        if manners.warn and disposition == POSITIVE:
            disposition = f"{POSITIVE}/warning: {manners.warn}"
        if "Disposition-Notification-To" not in request.headers or not manners.receipts:
            return web.Response()
        headers, content = self._receipt(message_id, disposition, mic)
        url = request.headers.get("Receipt-Delivery-Option", "")
        if not url:
            return web.Response(body=content, headers=headers)
        self._held.append((url, headers, content))
        if not manners.late:
            self.release()
        return web.Response(status=202)

    def _take(self, message_id: str, opened: wire.Opened) -> None:
        digest = hashlib.sha256(opened.body).digest()
        if self._seen.get(message_id) == digest and not self.manners.forget_duplicates:
            return
        self._seen[message_id] = digest
        taken = Taken(message_id, opened.body, opened.content_type, opened.file_name, opened.signed, opened.encrypted)
        self.taken.append(taken)
        self.record("as2_message", message_id, {"file": opened.file_name}, idempotency_key=message_id)
        if self.on_document is not None:
            self.on_document(taken)

    def _receipt(self, message_id: str, disposition: str, mic: str) -> tuple[dict[str, str], bytes]:
        manners = self.manners
        if manners.wrong_mic:
            mic = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        about = "<another@hub>" if manners.about_another else message_id
        entity = wire.receipt(about, disposition, "" if manners.without_mic else mic, self.our_name)
        if manners.sign:
            entity = wire.sign(entity, self.identity)
        headers, content = wire.http(entity)
        return {**headers, **self._addressed(f"<mdn-{hashlib.md5(content, usedforsecurity=False).hexdigest()}@sim>")}, content

    def release(self) -> None:
        """Send the asynchronous receipts that were held back."""
        held, self._held = self._held, []
        for url, headers, content in held:
            task = asyncio.create_task(self._post(url, headers, content))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # Out ---------------------------------------------------------------------------------------------------

    def _addressed(self, message_id: str) -> dict[str, str]:
        return {
            "AS2-Version": "1.2", "AS2-From": f'"{self.our_name}"', "AS2-To": f'"{self.hub_name}"',
            "Message-ID": message_id, "MIME-Version": "1.0",
        }  # fmt: skip

    def message(
        self, body: bytes, message_id: str, *, content_type: str = "application/edi-x12", file_name: str = "document.edi",
        sign: bool = True, encrypt: bool = True, receipt: bool = True, receipt_url: str = "",
    ) -> tuple[dict[str, str], bytes]:  # fmt: skip
        """A message to the hub as HTTP headers and body."""
        entity = wire.part(body, content_type, file_name)
        entity = wire.sign(entity, self.identity) if sign else entity
        entity = wire.encrypt(entity, self.trusted[-1]) if encrypt else entity
        headers, content = wire.http(entity)
        headers |= self._addressed(f"<{message_id}>")
        if receipt:
            headers["Disposition-Notification-To"] = "edi@partner.example"
            headers["Disposition-Notification-Options"] = (
                "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256"
            )
        if receipt_url:
            headers["Receipt-Delivery-Option"] = receipt_url
        return headers, content

    async def send(self, url: str, body: bytes, message_id: str, **how: Any) -> Answer:
        """Send a document to the hub and read its answer."""
        headers, content = self.message(body, message_id, **how)
        return await self._post(url, headers, content)

    async def _post(self, url: str, headers: dict[str, str], content: bytes) -> Answer:
        async with aiohttp.ClientSession() as session, session.post(url, headers=headers, data=content) as response:
            answer = Answer(response.status, {}, response.headers.get("Content-Type", ""), await response.read())
        if answer.content_type.startswith("multipart/"):
            with contextlib.suppress(wire.Unreadable):
                answer.receipt = wire.read_receipt(answer.content_type, answer.body, self.trusted)
        return answer
