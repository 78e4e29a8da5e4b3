"""The partners the transports are tested against: simulators of this product and, where there are some, programs by others."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossdock.connectors.protocol import InboundRequest, Reply
from crossdock.simulators.as2 import wire
from crossdock.simulators.as2.certificates import certificate_of, make_identity
from crossdock.simulators.as2.partner import As2Partner
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.mail import MailHost
from crossdock.simulators.server import Simulator
from crossdock.simulators.sftp import USER, SftpPartner
from crossdock.testing import Correspondent
from crossdock.transports.dropbox.place import Place
from crossdock.transports.dropbox.transport import FILE_NAME, sender

PATIENCE = 30.0


class OverSimulator(Correspondent):
    """A correspondent that is one of the simulators."""

    simulator: Simulator
    send_method = "*"

    async def start(self) -> None:
        self.calm()
        await self.simulator.start()

    async def stop(self) -> None:
        await self.simulator.stop()

    def apply(self, fault: Fault) -> None:
        self.simulator.faults.script(fault, method=self.send_method)

    def calm(self) -> None:
        self.simulator.faults = FaultPlan(timeout_delay=PATIENCE, late_delay=0.05)


HUB = make_identity("HUB")


class As2Side(OverSimulator):
    send_faults = frozenset(Fault) - {Fault.RESET_LATER, Fault.DUPLICATE, Fault.REORDER, Fault.DROP}
    send_method = "POST"

    def __init__(self, **options: Any) -> None:
        self.simulator = self.partner = As2Partner(our_name="Partner 7")
        self.partner.trust(certificate_of(HUB))
        self.more = options

    async def start(self) -> None:
        await super().start()
        self.endpoint = self.partner.url + "/as2"

    def options(self) -> Mapping[str, Any]:
        return {"our_name": "HUB", "their_name": "Partner 7", "timeout": 2, **self.more}

    def secrets(self) -> Mapping[str, str]:
        return {"key": HUB, "partner_certificate": self.partner.certificate}

    def arrived(self) -> list[bytes]:
        return [each.body for each in self.partner.taken]

    def request(self, file_name: str, body: bytes, identity: str, **how: Any) -> InboundRequest:
        headers, content = self.partner.message(body, f"{identity}@partner", file_name=file_name, **how)
        return InboundRequest("as2", {name.lower(): value for name, value in headers.items()}, content, datetime.now(UTC))

    def satisfied(self, reply: Reply | None) -> bool:
        if reply is None or reply.status >= 300:
            return False
        kind = {name.lower(): value for name, value in reply.headers.items()}.get("content-type", "")
        fields = wire.read_receipt(kind, reply.body, self.partner.trusted)
        return fields["disposition"].endswith("; processed") and fields["signed"] == "yes"


class SftpSide(OverSimulator):
    send_faults = frozenset(
        {Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.ERROR_500, Fault.ERROR_500_AFTER, Fault.LATE}
    )  # fmt: skip
    collect_faults = send_faults
    send_method = "RENAME"

    def __init__(self, **options: Any) -> None:
        self.simulator = self.partner = SftpPartner()
        self.more = options

    async def start(self) -> None:
        await super().start()
        self.endpoint = self.partner.sftp_url

    def options(self) -> Mapping[str, Any]:
        return {
            "username": USER, "host_keys": [self.partner.host_key_line], "auth": "password", "send_to": "/in", "collect_from": ["/out"],
            "timeout": 2, **self.more,
        }  # fmt: skip

    def secrets(self) -> Mapping[str, str]:
        return {"password": self.partner.password}

    def arrived(self) -> list[bytes]:
        return [body for _, body in self.partner.taken]

    def offer(self, file_name: str, body: bytes) -> None:
        self.partner.put(f"out/{file_name}", body)

    def waiting(self) -> int:
        folders = [self.partner.root / "out", self.partner.root / "out/processing"]
        return sum(each.is_file() for folder in folders if folder.exists() for each in folder.iterdir())


class MailSide(OverSimulator):
    send_faults = frozenset(
        {Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.ERROR_500, Fault.ERROR_500_AFTER, Fault.LATE}
    ) - {Fault.ERROR_500_AFTER}  # fmt: skip
    collect_faults = frozenset({Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.ERROR_500, Fault.LATE})
    collect_method = "FETCH"

    def __init__(self, **incoming: Any) -> None:
        self.simulator = self.host = MailHost()
        self.more = incoming
        self.verb = "DATA"

    async def start(self) -> None:
        await super().start()
        self.endpoint = self.host.smtp_url

    def options(self) -> Mapping[str, Any]:
        return {
            "timeout": 2,
            "outgoing": {"sender": "edi@hub.example", "to": ["orders@partner.example"], "user": "edi@hub.example"},
            "incoming": {"server": self.host.imap_url, "user": "edi@hub.example", "senders": ["@partner.example"], **self.more},
        }

    def secrets(self) -> Mapping[str, str]:
        return {"smtp_password": self.host.password, "imap_password": self.host.password}

    def apply(self, fault: Fault) -> None:
        for verb in ("DATA", self.collect_method):
            self.host.faults.script(fault, method=verb)

    def arrived(self) -> list[bytes]:
        return [body for _, body in self.host.attachments()]

    def offer(self, file_name: str, body: bytes) -> None:
        self.host.send_to_hub("orders@partner.example", file_name, body)

    def waiting(self) -> int:
        return len([each for each in self.host.boxes["INBOX"] if r"\Seen" not in each.flags])


class DropboxSide(Correspondent):
    """The partner's side of the drop-box is a folder here; its SFTP is tested against real clients elsewhere."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="crossdock-box-")
        self.place = Place(Path(self._folder.name) / "acme")

    async def start(self) -> None:
        self.endpoint = f"file://{self._folder.name}"

    async def stop(self) -> None:
        self._folder.cleanup()

    def options(self) -> Mapping[str, Any]:
        return {"user": "acme", "keys": ["ssh-ed25519 AAAA"]}

    def arrived(self) -> list[bytes]:
        return [each.read_bytes() for each in sorted(self.place.outgoing.iterdir())] if self.place.outgoing.exists() else []

    def request(self, file_name: str, body: bytes, identity: str) -> InboundRequest:
        return InboundRequest("dropbox", {FILE_NAME: file_name}, body, datetime.now(UTC), client=sender("acme"))
