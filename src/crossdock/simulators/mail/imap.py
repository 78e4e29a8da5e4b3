"""One IMAP session of the simulated mail host (RFC 3501, MOVE and UIDPLUS): as much of it as a client that collects mails uses."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.simulators.mail.host import Mail, MailHost

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_PARTIAL = re.compile(r"<0\.(\d+)>")


def words(line: str) -> list[str]:
    """The words of a command, quoted ones without their quotes."""
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for quoted, plain in _WORD.findall(line)]


class ImapSession:
    """Speaks with one client."""

    def __init__(self, host: MailHost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer
        self._box = "INBOX"

    async def run(self) -> None:
        await self._say(b"* OK simulated mail host")
        while line := (await self._reader.readline()).decode("utf-8", "replace").strip():
            tag, _, rest = line.partition(" ")
            found = words(rest)
            uid = bool(found) and found[0].upper() == "UID"
            verb = found[1 if uid else 0].upper() if len(found) > int(uid) else ""
            arguments = found[2:] if uid else found[1:]
            if verb == "LOGOUT":
                await self._say(b"* BYE")
                await self._say(f"{tag} OK".encode())
                return
            answer = ["OK done"]

            async def work(
                verb: str = verb, arguments: list[str] = arguments, rest: str = rest, answer: list[str] = answer
            ) -> None:
                answer[0] = await self._command(verb, arguments, rest)

            failed = await self._host.around(verb, work)
            await self._say(f"{tag} {'NO try again later' if failed else answer[0]}".encode())

    async def _say(self, line: bytes) -> None:
        self._writer.write(line + b"\r\n")
        await self._writer.drain()

    async def _command(self, verb: str, arguments: list[str], rest: str) -> str:
        if verb == "CAPABILITY":
            await self._say(f"* CAPABILITY {self._host.capabilities}".encode())
        elif verb == "LOGIN":
            return "OK in" if arguments[-1] == self._host.password else "NO [AUTHENTICATIONFAILED] wrong"
        elif verb == "SELECT":
            return await self._select(arguments[0])
        elif verb == "CREATE":
            if arguments[0] in self._host.boxes:
                return "NO [ALREADYEXISTS] there"
            self._host.boxes[arguments[0]] = []
        elif verb == "LIST":
            if arguments[-1] in self._host.boxes:
                await self._say(f'* LIST () "/" "{arguments[-1]}"'.encode())
        elif verb == "SEARCH":
            unseen = "UNSEEN" in rest.upper()
            found = [each.uid for each in self._mails() if not (unseen and r"\Seen" in each.flags)]
            await self._say(b"* SEARCH " + " ".join(map(str, found)).encode())
        elif verb == "FETCH":
            await self._fetch(arguments, rest)
        elif verb in ("MOVE", "COPY"):
            return self._move(arguments, keep=verb == "COPY")
        elif verb == "STORE":
            for each in self._chosen(arguments[0]):
                each.flags |= set(re.findall(r"\\\w+", rest))
        elif verb == "EXPUNGE":
            self._host.boxes[self._box] = [each for each in self._mails() if r"\Deleted" not in each.flags]
        elif verb not in ("NOOP", "CLOSE"):
            return "BAD unknown"
        return "OK done"

    def _mails(self) -> list[Mail]:
        return self._host.boxes[self._box]

    def _chosen(self, numbers: str) -> list[Mail]:
        wanted = {int(each) for each in numbers.split(",") if each.isdigit()}
        return [each for each in self._mails() if each.uid in wanted]

    async def _select(self, box: str) -> str:
        if box not in self._host.boxes:
            return "NO [NONEXISTENT] no such mailbox"
        self._box = box
        await self._say(f"* {len(self._mails())} EXISTS".encode())
        await self._say(f"* OK [UIDVALIDITY {self._host.validity}] valid".encode())
        return "OK [READ-WRITE] selected"

    async def _fetch(self, arguments: list[str], rest: str) -> None:
        for number, each in enumerate(self._mails(), start=1):
            if each not in self._chosen(arguments[0]):
                continue
            if "RFC822.SIZE" in rest:
                await self._say(f"* {number} FETCH (UID {each.uid} RFC822.SIZE {len(each.raw)})".encode())
                continue
            raw = each.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in rest else each.raw
            partial = _PARTIAL.search(rest)
            raw = raw[: int(partial[1])] if partial else raw
            self._writer.write(f"* {number} FETCH (UID {each.uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
            await self._writer.drain()

    def _move(self, arguments: list[str], *, keep: bool) -> str:
        if arguments[1] not in self._host.boxes:
            return "NO [TRYCREATE] no such mailbox"
        for each in self._chosen(arguments[0]):
            self._host.put(each.raw, arguments[1])
            if not keep:
                self._mails().remove(each)
        return "OK done"
