"""A mailbox over IMAP (RFC 3501, MOVE: RFC 6851) as it is read here: blocking steps with the outcomes of the error tree; knows no document."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from crossdock.core.errors import (
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    Misconfigured,
    PeerNotTrusted,
    TargetUnavailable,
)
from crossdock.transports.tls import loopback

PORTS: Final = {"imap": 143, "imaps": 993}
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_UID: Final = re.compile(rb"UID (\d+)")
FAULTS = (imaplib.IMAP4.error, OSError, ssl.SSLError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class Box:
    """Which mailbox, and how to get in."""

    server: str
    user: str
    password: str
    mailbox: str
    tls: ssl.SSLContext
    timeout: float

    def __repr__(self) -> str:
        return f"Box({self.server!r}, user={self.user!r}, mailbox={self.mailbox!r})"


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail in the mailbox: its number, which holds as long as `validity` does, and its bytes."""

    uid: int
    size: int


class Mailbox:
    """One session; open it with `open_mailbox`, close it with `close`. Fetching marks nothing as seen."""

    def __init__(self, session: imaplib.IMAP4, validity: int) -> None:
        self._session = session
        self.validity = validity

    def close(self) -> None:
        """Leave without expunging."""
        try:
            self._session.logout()
        except FAULTS:
            self._session.shutdown()

    def listed(self, *, unseen: bool, most: int) -> list[Listed]:
        """The mails, oldest first; at most `most`."""
        found = self._ok("listing", self._session.uid("SEARCH", "UNSEEN" if unseen else "ALL"))
        uids = [int(each) for each in (found[0] or b"").split() if each.isdigit()][:most]
        if not uids:
            return []
        sizes: dict[int, int] = {}
        for line in self._ok("listing", self._session.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")):
            text = line if isinstance(line, bytes) else b" ".join(each for each in line or () if isinstance(each, bytes))
            uid, size = _UID.search(text), _SIZE.search(text)
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return [Listed(uid, sizes[uid]) for uid in uids if uid in sizes]

    def fetch(self, uid: int, most: int, *, header_only: bool = False) -> bytes:
        """A mail as it is, or its header. Raises `TargetUnavailable` when it is gone or broke off."""
        what = f"BODY.PEEK[HEADER]<0.{most}>" if header_only else f"BODY.PEEK[]<0.{most}>"
        for line in self._ok("fetching", self._session.uid("FETCH", str(uid), f"(UID {what})")):
            if isinstance(line, tuple) and len(line) > 1 and isinstance(line[1], bytes):
                return line[1]
        raise TargetUnavailable("a mail that was listed is not there any more")

    def put_away(self, uids: Sequence[int], folder: str) -> None:
        """Move mails; those that are gone already are no fault."""
        if not uids:
            return
        numbers = ",".join(map(str, uids))
        if "MOVE" in self._session.capabilities:
            self._ok("moving", self._session.uid("MOVE", numbers, _quoted(folder)))
            return
        self._ok("moving", self._session.uid("COPY", numbers, _quoted(folder)))
        self._ok("moving", self._session.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._session.capabilities:
            self._ok("moving", self._session.uid("EXPUNGE", numbers))
        else:
            self._ok("moving", self._session.expunge())

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark mails as seen."""
        if uids:
            self._ok("marking", self._session.uid("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", r"(\Seen)"))

    def make(self, folder: str) -> None:
        """Make a folder unless it is there."""
        status, _ = self._session.create(_quoted(folder))
        if status != "OK":
            found = self._ok("looking for folders", self._session.list('""', _quoted(folder)))
            if not found or found[0] is None:
                raise Misconfigured(f"the mail folder {folder!r} is not there and cannot be made")

    @staticmethod
    def _ok(doing: str, answer: tuple[str, list[Any]]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise TargetUnavailable(f"the mail server refused while {doing}")
        return data


def open_mailbox(box: Box) -> Mailbox:
    """Connect, sign in and select. Raises `PeerNotTrusted`, `CredentialRefused`, `EndpointGone`, `TargetUnavailable`, `Misconfigured`."""
    parts = urlsplit(box.server)
    host = parts.hostname or ""
    if parts.scheme not in PORTS or not host:
        raise EndpointGone("`server` must be imaps://host or imap://host")
    try:
        port = parts.port or PORTS[parts.scheme]
        if parts.scheme == "imaps":
            session: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=box.tls, timeout=box.timeout)
        else:
            session = imaplib.IMAP4(host, port, timeout=box.timeout)
    except ssl.SSLCertVerificationError:
        raise PeerNotTrusted("the mail server's certificate is not trusted", host=host) from None
    except FAULTS as error:
        raise TargetUnavailable(f"the mail server cannot be reached: {type(error).__name__}") from None
    try:
        return _selected(session, box, host, parts.scheme)
    except BaseException:
        session.shutdown()
        raise


def _selected(session: imaplib.IMAP4, box: Box, host: str, scheme: str) -> Mailbox:
    try:
        if scheme == "imap":
            if "STARTTLS" in session.capabilities:
                session.starttls(box.tls)
            elif not loopback(host):
                raise Misconfigured("the mail server offers no STARTTLS: the password would be readable on the way")
    except ssl.SSLCertVerificationError:
        raise PeerNotTrusted("the mail server's certificate is not trusted", host=host) from None
    except FAULTS as error:
        raise TargetUnavailable(f"the mail server broke off: {type(error).__name__}") from None
    try:
        session.login(box.user, box.password)
    except imaplib.IMAP4.abort as error:
        raise TargetUnavailable(f"the mail server broke off: {type(error).__name__}") from None
    except imaplib.IMAP4.error as error:
        raise _login(str(error)) from None
    except OSError as error:
        raise TargetUnavailable(f"the mail server broke off: {type(error).__name__}") from None
    try:
        status, _ = session.select(_quoted(box.mailbox))
        validity = session.response("UIDVALIDITY")[1]
    except FAULTS as error:
        raise TargetUnavailable(f"the mail server broke off: {type(error).__name__}") from None
    if status != "OK":
        raise EndpointGone(f"there is no mailbox {box.mailbox!r}")
    number = validity[0] if validity and isinstance(validity[0], bytes) and validity[0].isdigit() else b"0"
    return Mailbox(session, int(number))


def _login(words: str) -> CrossdockError:
    # RFC 5530: a server may say that it is its own fault
    if "UNAVAILABLE" in words.upper() or "[INUSE]" in words.upper():
        return TargetUnavailable("the mail server cannot check the password now")
    return CredentialRefused("the mail server refuses user name or password")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
