"""Hands one mail to an SMTP relay and knows at every moment whether it can have been taken; knows no document."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crossdock.core.errors import (
    AnswerLost,
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    Misconfigured,
    PeerNotTrusted,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)
from crossdock.transports.tls import loopback

PORTS: Final = {"smtp": 587, "smtps": 465}
ENDED: Final = b".\r\n"


@dataclass(frozen=True, slots=True)
class Relay:
    """Where the relay is and how to get in. `smtps`: TLS from the start; `smtp`: STARTTLS, without which nothing is sent elsewhere."""

    endpoint: str
    user: str
    password: str
    tls: ssl.SSLContext
    timeout: float

    def __repr__(self) -> str:
        return f"Relay({self.endpoint!r}, user={self.user!r})"


def hand_over(relay: Relay, sender: str, to: Sequence[str], mail: bytes) -> str:
    """Give the relay a mail; returns what it said. Blocking.

    Raises `AnswerLost` when the connection broke after the whole mail was written and before the relay answered; every other error says
    that the relay did not take it (RFC 5321 section 4.2.5: without the final reply to DATA nothing was accepted).
    """
    session = _connected(relay)
    try:
        _sign_in(session, relay)
        _envelope(session, sender, to)
        return _data(session, mail)
    except (smtplib.SMTPServerDisconnected, OSError, ssl.SSLError) as error:
        raise TargetUnavailable(f"the mail relay broke off: {type(error).__name__}") from None
    except smtplib.SMTPException as error:
        raise TargetUnavailable(f"the mail relay cannot be used: {type(error).__name__}") from None
    finally:
        session.close()


def _connected(relay: Relay) -> smtplib.SMTP:
    parts = urlsplit(relay.endpoint)
    if parts.scheme not in PORTS or not parts.hostname:
        raise EndpointGone("the endpoint must be smtps://host or smtp://host")
    port = parts.port or PORTS[parts.scheme]
    try:
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(parts.hostname, port, timeout=relay.timeout, context=relay.tls)
        session = smtplib.SMTP(parts.hostname, port, timeout=relay.timeout)
    except ssl.SSLCertVerificationError:
        raise PeerNotTrusted("the mail relay's certificate is not trusted", host=parts.hostname) from None
    except smtplib.SMTPResponseException as error:
        raise _refused("connecting", error.smtp_code, error.smtp_error) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TargetUnavailable(f"the mail relay cannot be reached: {type(error).__name__}") from None
    try:
        _starttls(session, relay, parts.hostname)
    except BaseException:
        session.close()
        raise
    return session


def _starttls(session: smtplib.SMTP, relay: Relay, host: str) -> None:
    try:
        session.ehlo_or_helo_if_needed()
        if session.has_extn("starttls"):
            session.starttls(context=relay.tls)
            session.ehlo()
        elif not loopback(host):
            raise Misconfigured("the mail relay offers no STARTTLS: the mail and the password would be readable on the way")
    except ssl.SSLCertVerificationError:
        raise PeerNotTrusted("the mail relay's certificate is not trusted", host=host) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TargetUnavailable(f"the mail relay broke off: {type(error).__name__}") from None


def _sign_in(session: smtplib.SMTP, relay: Relay) -> None:
    session.ehlo_or_helo_if_needed()
    if not relay.user:
        return
    try:
        session.login(relay.user, relay.password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise TargetUnavailable(f"the mail relay cannot check the password now (SMTP {error.smtp_code})") from None
        raise CredentialRefused(f"the mail relay refuses user name or password (SMTP {error.smtp_code})") from None
    except smtplib.SMTPNotSupportedError:
        raise Misconfigured("the mail relay offers no way to sign in") from None


def _envelope(session: smtplib.SMTP, sender: str, to: Sequence[str]) -> None:
    code, words = session.mail(sender)
    if code != 250:
        raise _refused("the sender", code, words)
    for each in to:
        code, words = session.rcpt(each)
        if code not in (250, 251):
            raise _refused(f"the recipient {each}", code, words)  # for all or for nobody


def _data(session: smtplib.SMTP, mail: bytes) -> str:
    code, words = session.docmd("DATA")
    if code != 354:
        raise _refused("the mail", code, words)
    body = _dotted(mail)
    session.send(body)
    # until these bytes are out, the relay cannot have taken it
    session.send(ENDED)
    try:
        code, words = session.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise AnswerLost(f"the mail was written, but the relay did not answer: {type(error).__name__}") from None
    if code != 250:
        raise _refused("the mail", code, words)
    return words.decode("utf-8", "replace")[:500]


def _dotted(mail: bytes) -> bytes:
    lines = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    dotted = (b"\r\n" + lines).replace(b"\r\n.", b"\r\n..")[2:]
    return dotted if dotted.endswith(b"\r\n") else dotted + b"\r\n"


def _refused(what: str, code: int, words: bytes | str) -> CrossdockError:
    said = (words.decode("utf-8", "replace") if isinstance(words, bytes) else words)[:300]
    if code in (421, 450, 451, 452):
        return Throttled(f"the mail relay does not take {what} now (SMTP {code})", answer=said)
    if 400 <= code < 500:
        return TargetUnavailable(f"the mail relay does not take {what} now (SMTP {code})", answer=said)
    if code in (530, 535, 538):
        return CredentialRefused(f"the mail relay wants another way to sign in (SMTP {code})", answer=said)
    if code == -1:
        return TargetUnavailable("the mail relay broke off")
    return TargetRefused(f"the mail relay refuses {what} (SMTP {code})", answer=said)
