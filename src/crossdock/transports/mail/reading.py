"""A mail's bytes to its documents: who sent it, whether that is believed, and which attachments count. Pure; never raises."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Final

from crossdock.transports.mail.options import Incoming as IncomingOptions
from crossdock.transports.protocol import Incoming

MOST: Final = 100
"""Attachments looked at in one mail."""


@dataclass(frozen=True, slots=True)
class Read:
    """The documents of a mail; with `refused` the mail is not taken."""

    documents: Sequence[Incoming]
    refused: str = ""


def read_mail(raw: bytes, options: IncomingOptions) -> Read:
    """Every fitting attachment as a document, each under the mail's Message-ID and its number; or why there is none."""
    try:
        return _read(raw, options)
    except Exception as error:  # the library's parser of headers and encodings fails in many ways on hostile mails
        return refused(raw, f"the mail cannot be read: {type(error).__name__}")


def refused(raw: bytes, words: str) -> Read:
    """A mail that is not taken, as a person will see it."""
    try:
        identity = _message_id(message_from_bytes(raw[:65_536]), raw)
    except Exception:
        identity = _digest(raw)
    return Read((Incoming(raw, f"mail:{identity}", "mail.eml", "message/rfc822", refused=words),), words)


def _read(raw: bytes, options: IncomingOptions) -> Read:
    mail = message_from_bytes(raw)
    sender = parseaddr(str(mail.get("From", "")))[1].lower()
    domain = "@" + sender.rpartition("@")[2]
    if sender not in options.senders and domain not in options.senders:
        return refused(
            raw, f"mails from {sender[:100] or 'nobody'} are not taken: the address is not one of the partner's `senders`"
        )
    if options.authenticated_by and not _authenticated(mail, options.authenticated_by, domain[1:]):
        return refused(raw, f"our mail server does not vouch that this mail is from {sender[:100]}")
    identity = _message_id(mail, raw)
    common = {"message-id": identity, "from": sender, "subject": _text(mail.get("Subject", ""))[:500]}
    found: list[Incoming] = []
    for part in list(mail.walk())[:MOST]:
        name = _name(part)
        if part.is_multipart() or not name or not any(fnmatchcase(name.lower(), each.lower()) for each in options.attachments):
            continue
        body = part.get_payload(decode=True)
        if not isinstance(body, bytes) or not body:
            return refused(raw, f"the attachment {name} is empty or cannot be decoded")
        headers = {**{key: value for key, value in common.items() if value}, "file": name}
        found.append(Incoming(body, f"{identity}#{len(found) + 1}", name, part.get_content_type(), headers))
    if not found:
        return refused(raw, f"the mail has no attachment that fits {', '.join(options.attachments)}")
    return Read(found)


def _message_id(mail: Message, raw: bytes) -> str:
    given = "".join(str(mail.get("Message-ID", "")).split()).strip("<>")[:500]
    return given or _digest(raw)


def _digest(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _name(part: Message) -> str:
    name = _text(part.get_filename() or "")
    return "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:255].strip(". ")


def _text(value: object) -> str:
    try:
        return str(make_header(decode_header(str(value))))
    except (LookupError, UnicodeError, ValueError):
        return str(value)


def _authenticated(mail: Message, server: str, domain: str) -> bool:
    """Whether our own server wrote that the sender is who it says; a header of that name from anybody else counts for nothing.

    Our server adds its header above those that came with the mail, and RFC 8601 section 5 has it remove forged ones of its own name.
    """
    for value in mail.get_all("Authentication-Results", []):
        text = re.sub(r"\([^()]*\)", " ", str(value)).lower()
        name, _, results = text.partition(";")
        if (name.split() or [""])[0] != server.lower():
            continue
        if re.search(r"\bdmarc\s*=\s*pass\b", results):
            return True
        signed = re.search(r"\bdkim\s*=\s*pass\b[^;]*\bheader\.d\s*=\s*([a-z0-9.-]+)", results)
        return bool(signed and (domain == signed[1] or domain.endswith("." + signed[1])))
    return False
