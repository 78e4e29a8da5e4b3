"""Every transport of this product passes the suite transports of others pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aiohttp import web

from crossdock.connectors.protocol import InboundRequest
from crossdock.simulators.faults import Fault
from crossdock.simulators.server import Simulator
from crossdock.testing import Correspondent, TransportConformance
from crossdock.transports.as2.transport import As2Transport
from crossdock.transports.dropbox.transport import DropboxTransport
from crossdock.transports.https import HttpsTransport
from crossdock.transports.mail.transport import MailTransport
from crossdock.transports.sftp.transport import SftpTransport
from tests.transports.correspondents import As2Side, DropboxSide, MailSide, OverSimulator, SftpSide


class TestAs2(TransportConformance):
    transport = As2Transport

    def correspondent(self) -> Correspondent:
        return As2Side()


class TestAs2WithAPartnerThatRecognisesDuplicates(TransportConformance):
    transport = As2Transport
    recognises_duplicates = True

    def correspondent(self) -> Correspondent:
        return As2Side(recognises_duplicates=True)


class TestSftp(TransportConformance):
    transport = SftpTransport
    patience = 2.0

    def correspondent(self) -> Correspondent:
        return SftpSide()


class _FaultsWhileReading(SftpSide):
    send_method = "OPEN"


class TestSftpFaultsWhileReadingAndWriting(TransportConformance):
    transport = SftpTransport
    patience = 2.0

    def correspondent(self) -> Correspondent:
        return _FaultsWhileReading()


class TestSftpInPlace(TransportConformance):
    """Where the hub may not make folders or move what is in processing."""

    transport = SftpTransport
    patience = 2.0

    def correspondent(self) -> Correspondent:
        return SftpSide(take="read", afterwards="delete")


class TestMail(TransportConformance):
    transport = MailTransport

    def correspondent(self) -> Correspondent:
        return MailSide()


class _Moving(MailSide):
    collect_method = "MOVE"


class TestMailFaultsWhileMoving(TransportConformance):
    transport = MailTransport

    def correspondent(self) -> Correspondent:
        return _Moving()


class TestMailMarkedAsSeen(TransportConformance):
    transport = MailTransport

    def correspondent(self) -> Correspondent:
        return MailSide(afterwards="seen")


class TestDropbox(TransportConformance):
    transport = DropboxTransport

    def correspondent(self) -> Correspondent:
        return DropboxSide()


class Depot(Simulator):
    """A partner with an HTTP interface; with `recognises` the same identity is taken once."""

    name = "depot"

    def __init__(self, recognises: bool) -> None:
        super().__init__()
        self.recognises = recognises
        self.taken: list[bytes] = []
        self.known: set[str] = set()
        self.seen: list[Mapping[str, str]] = []

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/documents", self._take)
        app.router.add_get("/documents/{id:.*}", self._tell)
        app.router.add_head("/documents", self._alive)

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(status=405)

    async def _take(self, request: web.Request) -> web.Response:
        identity, body = request.headers["Idempotency-Key"], await request.read()
        self.seen.append(dict(request.headers))
        if not (self.recognises and identity in self.known):
            self.taken.append(body)
            self.record("document", identity, idempotency_key=identity)
        self.known.add(identity)
        return web.Response(status=201, body=orjson.dumps({"id": identity}))

    async def _tell(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if request.match_info["id"] in self.known else 404)


class HttpsSide(OverSimulator):
    send_faults = frozenset(Fault) - {Fault.RESET_LATER, Fault.DUPLICATE, Fault.REORDER, Fault.DROP, Fault.ERROR_500_AFTER}
    send_method = "POST"

    def __init__(self, recognises: bool = False, **options: Any) -> None:
        self.simulator = self.depot = Depot(recognises)
        self.more = {"recognises_duplicates": recognises, **options}

    async def start(self) -> None:
        await super().start()
        self.endpoint = self.depot.url + "/documents"
        if self.more.get("status_url"):
            self.more["status_url"] = self.depot.url + "/documents/{id}"

    def options(self) -> Mapping[str, Any]:
        return {"timeout": 2, "auth": "bearer", "accept": "token", **self.more}

    def secrets(self) -> Mapping[str, str]:
        return {"token": "out-token-123456", "inbound_token": "in-token-1234567"}

    def arrived(self) -> list[bytes]:
        return list(self.depot.taken)

    def request(self, file_name: str, body: bytes, identity: str) -> InboundRequest:
        headers = {
            "authorization": "Bearer in-token-1234567", "content-disposition": f'attachment; filename="{file_name}"',
            "idempotency-key": identity, "content-type": "application/edi-x12",
        }  # fmt: skip
        return InboundRequest("https", headers, body, datetime.now(UTC))


class TestHttps(TransportConformance):
    transport = HttpsTransport

    def correspondent(self) -> Correspondent:
        return HttpsSide()


class TestHttpsAPartnerThatRecognisesDuplicates(TransportConformance):
    transport = HttpsTransport
    recognises_duplicates = True

    def correspondent(self) -> Correspondent:
        return HttpsSide(recognises=True)


class TestHttpsAPartnerThatCanBeAsked(TransportConformance):
    transport = HttpsTransport

    def correspondent(self) -> Correspondent:
        return HttpsSide(status_url="asked")


@pytest.mark.parametrize("name", ["as2", "dropbox", "https", "mail", "sftp"])
def test_they_are_found_by_their_names(name) -> None:
    from crossdock.transports.base import transport_kind

    assert transport_kind(name).kind == name
