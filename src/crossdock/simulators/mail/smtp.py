"""One SMTP session of the simulated relay (RFC 5321): a mail is taken in the moment its last line is answered or about to be."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.simulators.mail.host import MailHost


class SmtpSession:
    """Speaks with one client."""

    def __init__(self, host: MailHost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._say(220, "simulated relay")
        while line := await self._reader.readline():
            verb = line.split()[0].decode("ascii", "replace").upper() if line.split() else ""
            if verb == "QUIT":
                await self._say(221, "bye")
                return
            await self._command(verb, line.decode("utf-8", "replace").strip())

    async def _say(self, code: int, words: str, more: bool = False) -> None:
        self._writer.write(f"{code}{'-' if more else ' '}{words}\r\n".encode())
        await self._writer.drain()

    async def _command(self, verb: str, line: str) -> None:
        if verb in self._host.refuse:
            code, words = self._host.refuse[verb]
            await self._say(code, words)
            return
        if verb == "DATA":
            await self._data()
            return

        async def nothing() -> None:
            return

        if await self._host.around(verb, nothing):
            await self._say(451, "try again later")
            return
        if verb == "EHLO":
            await self._say(250, "simulator", more=True)
            await self._say(250, "AUTH PLAIN LOGIN")
        elif verb == "AUTH":
            await self._auth(line)
        elif verb == "RCPT":
            self._recipients.append(line)
            await self._say(250, "ok")
        elif verb in ("HELO", "MAIL", "RSET", "NOOP"):
            await self._say(250, "ok")
        else:
            await self._say(500, "unknown")

    async def _auth(self, line: str) -> None:
        kind, _, given = line.removeprefix("AUTH ").partition(" ")
        if kind.upper() == "PLAIN":
            password = base64.b64decode(given).split(b"\0")[-1].decode()
        else:
            await self._say(334, "VXNlcm5hbWU6") if not given else None
            if not given:
                await self._reader.readline()
            await self._say(334, "UGFzc3dvcmQ6")
            password = base64.b64decode(await self._reader.readline()).decode()
        fits = password == self._host.password
        await self._say(*((235, "welcome") if fits else (535, "wrong")))

    async def _data(self) -> None:
        await self._say(354, "go on")
        lines: list[bytes] = []
        while (line := await self._reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)

        async def take() -> None:
            self._host.relay(b"".join(lines))

        if "AFTERDATA" in self._host.refuse:
            await self._say(*self._host.refuse["AFTERDATA"])
        elif await self._host.around("DATA", take):
            await self._say(451, "try again later")
        else:
            await self._say(250, "taken")
