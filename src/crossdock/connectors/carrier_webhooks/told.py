"""What a push says, whoever sent it: scans and proofs of delivery; knows no carrier and no event."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import SchemaInvalid

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. `kind` is the carrier's coarse status, `code` its finer one; `carrier` who moves the parcel."""

    tracking_number: str
    carrier: str
    kind: str
    code: str
    at: datetime
    location: str = ""
    description: str = ""

    @property
    def print(self) -> str:
        """The identity of a scan among those of its consignment."""
        said = "|".join((self.kind, self.code, self.at.isoformat(), self.location, self.description))
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Proof:
    """A delivery somebody signed for or took a picture of; `picture` are its bytes."""

    tracking_number: str
    carrier: str
    at: datetime
    signed_by: str = ""
    location: str = ""
    picture: bytes = b""

    @property
    def document(self) -> str:
        """The name under which the picture is kept; empty without one."""
        return f"sha256:{hashlib.sha256(self.picture).hexdigest()}" if self.picture else ""


@dataclass(frozen=True, slots=True)
class Push:
    """Everything one push says. `identity` is the sender's own id of it, empty when it has none."""

    scans: tuple[Scan, ...] = ()
    proofs: tuple[Proof, ...] = ()
    identity: str = ""


def part(value: Any, path: str) -> Json:
    """An object, empty when absent. Raises `SchemaInvalid`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong(path, "an object is expected")
    return value


def parts(value: Any, path: str) -> list[Json]:
    """A list of objects, empty when absent. Raises `SchemaInvalid`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(path, "a list is expected")
    return [part(each, f"{path}.{place}") for place, each in enumerate(value)]


def text(holder: Json, name: str) -> str:
    """A text without blanks around it, empty when absent; numbers as they are written."""
    value = holder.get(name)
    return "" if value is None or isinstance(value, Mapping | list | bool) else str(value).strip()


def needed_text(holder: Json, name: str, path: str) -> str:
    """A text that must be there. Raises `SchemaInvalid`."""
    value = text(holder, name)
    if not value:
        raise wrong(f"{path}.{name}" if path else name, "is missing")
    return value


def moment(value: str, zone: str, path: str) -> datetime:
    """A time (ISO 8601) in UTC; one without offset is in `zone`. Raises `SchemaInvalid`."""
    try:
        made = datetime.fromisoformat(value)
        return (made if made.tzinfo else made.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong(path, f"{value[:40]!r} is no time") from None


def picture(value: str, path: str) -> bytes:
    """The bytes of a base64 picture. Raises `SchemaInvalid`."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise wrong(path, "is no base64") from None


def place(holder: Json, *names: str) -> str:
    """An address in one line."""
    return ", ".join(found for name in names if (found := text(holder, name)))


def wrong(path: str, problem: str) -> SchemaInvalid:
    """The refusal that names a field."""
    return refusal(f"{path}: {problem}", path, problem)
