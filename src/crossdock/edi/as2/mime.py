"""MIME entities as bytes, exactly as they came: header fields, parameters, parts, transfer encodings. Never raises on what it reads.

A signature covers bytes, so nothing here is parsed into objects and written again (RFC 1847 section 2.1). Rules: RFC 2045, 2046, 2183, 2231.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_HEADER: Final = 65_536
MAX_PARTS: Final = 100
MAX_PARAMETERS: Final = 50
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*)$", re.DOTALL)
_CONTINUED: Final = re.compile(r"^(.+?)\*(\d{1,3})(\*?)$")
_TOKEN_STOP: Final = frozenset(';, \t\r\n"')
_LONE: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Entity:
    """Header fields (lower-case names, unfolded values, the first of a name counts) and the body. `raw` are the bytes of both."""

    raw: bytes
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """`type/subtype` in lower case; `text/plain` when absent (RFC 2045 section 5.2)."""
        kind = self.headers.get("content-type", "").split(";", 1)[0].strip().lower()
        return kind if "/" in kind else "text/plain"

    def parameter(self, name: str, header: str = "content-type") -> str:
        """A parameter of a header field, empty when absent."""
        return parameters(self.headers.get(header, "")).get(name, "")

    @property
    def encoding(self) -> str:
        """The transfer encoding in lower case, `binary` when absent (HTTP's default, RFC 4130 section 5.2.1)."""
        return self.headers.get("content-transfer-encoding", "").strip().lower() or "binary"

    @property
    def file_name(self) -> str:
        """The name the sender gave the document: Content-Disposition's, else Content-Type's. No path and no control character survives."""
        name = self.parameter("filename", "content-disposition") or self.parameter("name")
        name = re.split(r"[/\\]", name)[-1]
        return "".join(c for c in name if c.isprintable())[:255].strip(". ")

    def decoded(self) -> bytes:
        """The body without its transfer encoding; a body that is not what it says is returned as far as it can be read."""
        return decode(self.body, self.encoding)


def entity(raw: bytes) -> Entity:
    """Split header from body at the first empty line. Without one, everything is header unless no line of it is a header field."""
    if raw[:2] == b"\r\n" or raw[:1] == b"\n":
        return Entity(raw, {}, raw[2:] if raw[:1] == b"\r" else raw[1:])
    found = _BLANK.search(raw, 0, MAX_HEADER)
    if found is None:
        headers = fields(raw[:MAX_HEADER])
        return Entity(raw, headers, b"") if headers and len(raw) <= MAX_HEADER else Entity(raw, {}, raw)
    return Entity(raw, fields(raw[: found.start()]), raw[found.end() :])


def over_http(headers: Mapping[str, str], body: bytes) -> Entity:
    """The outermost entity of an HTTP message: its header fields are HTTP's. `raw` is the body alone."""
    return Entity(body, {name.lower(): value for name, value in headers.items()}, body)


def fields(raw: bytes) -> dict[str, str]:
    """Header fields by lower-case name; folded lines are joined, lines that are no field are left out."""
    found: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", raw).splitlines():
        match = _FIELD.match(line)
        if match is not None:
            name = match[1].decode("ascii").lower()
            found.setdefault(name, match[2].strip().decode("utf-8", "replace"))
    return found


def parameters(value: str) -> dict[str, str]:
    """The parameters after the first `;`, by lower-case name, with quoting, continuations and character sets (RFC 2231) undone."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    position = value.find(";")
    while 0 <= position < len(value) and len(plain) + len(pieces) < MAX_PARAMETERS:
        name, text, position = _parameter(value, position + 1)
        continued = _CONTINUED.match(name)
        if continued is not None:
            pieces.setdefault(continued[1], {})[int(continued[2])] = (text, bool(continued[3]))
        elif name.endswith("*") and len(name) > 1:
            plain[name[:-1]] = _charset(text)
        elif name:
            plain.setdefault(name, text)
    for name, parts in pieces.items():
        extended = any(flag for _, flag in parts.values())
        joined = "".join(parts[number][0] for number in sorted(parts))
        plain[name] = _charset(joined) if extended else joined
    return plain


def _parameter(value: str, start: int) -> tuple[str, str, int]:
    """One `name=value` from `start`; also where its `;` is, or the end."""
    equals = value.find("=", start)
    stop = value.find(";", start)
    if equals < 0 or 0 <= stop < equals:
        return "", "", stop if stop >= 0 else len(value)
    name = value[start:equals].strip().lower()
    position = equals + 1
    while position < len(value) and value[position] in " \t":
        position += 1
    if value[position : position + 1] != '"':
        end = position
        while end < len(value) and value[end] not in _TOKEN_STOP:
            end += 1
        stop = value.find(";", end)
        return name, value[position:end], stop if stop >= 0 else len(value)
    text: list[str] = []
    position += 1
    while position < len(value) and value[position] != '"':
        if value[position] == "\\" and position + 1 < len(value):
            position += 1
        text.append(value[position])
        position += 1
    stop = value.find(";", position)
    return name, "".join(text), stop if stop >= 0 else len(value)


def _charset(text: str) -> str:
    charset, quote, rest = text.partition("'")
    _language, second, encoded = rest.partition("'")
    if not quote or not second:
        return unquote_to_bytes(text).decode("utf-8", "replace")
    try:
        return unquote_to_bytes(encoded).decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return unquote_to_bytes(encoded).decode("utf-8", "replace")


def parts(body: bytes, boundary: str) -> list[bytes]:
    """The parts of a multipart body, each without the line break before its closing delimiter (RFC 2046 section 5.1.1).

    The list is empty when the boundary does not occur; more than `MAX_PARTS` are not looked for.
    """
    mark = b"--" + boundary.encode("utf-8", "replace")
    if not boundary or len(boundary) > 200:
        return []
    found: list[bytes] = []
    start, place = -1, body.find(mark)
    while place >= 0:
        line = _delimiter(body, place, len(mark))
        if line is not None:
            begin, last, after = line
            if start >= 0:
                found.append(body[start:begin] if begin >= start else b"")
            if last or len(found) >= MAX_PARTS:
                return found
            start = after
        place = body.find(mark, place + len(mark))
    if start >= 0:  # the closing delimiter is missing: what there is, is the last part
        found.append(body[start:])
    return found


def _delimiter(body: bytes, place: int, length: int) -> tuple[int, bool, int] | None:
    """Where the line break before a delimiter begins, whether it is the closing one, and where the next part begins; None when the mark is
    no delimiter: not at the beginning of a line, or more of a word follows."""
    begin = place
    if place:
        if body[place - 1 : place] != b"\n":
            return None
        begin = place - 2 if body[place - 2 : place - 1] == b"\r" else place - 1
    end = place + length
    last = body[end : end + 2] == b"--"
    end += 2 if last else 0
    while body[end : end + 1] in (b" ", b"\t"):
        end += 1
    if body[end : end + 2] == b"\r\n":
        return begin, last, end + 2
    if body[end : end + 1] == b"\n":
        return begin, last, end + 1
    return (begin, last, end) if end >= len(body) else None


def decode(body: bytes, encoding: str) -> bytes:
    """Undo base64 and quoted-printable; everything else is as it is."""
    if encoding == "base64":
        try:
            return base64.b64decode(body, validate=False)
        except (binascii.Error, ValueError):
            return b""
    return quopri.decodestring(body) if encoding == "quoted-printable" else body


def canonical(raw: bytes) -> bytes:
    """Every line break as CR LF (RFC 3851 section 3.1.1)."""
    return _LONE.sub(b"\r\n", raw)


@dataclass(frozen=True, slots=True)
class Part:
    """An entity to be written: header fields in order, then the body. `transfer_encoding` is always `binary`, which HTTP carries as it is."""

    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> bytes:
        """The entity's bytes, header lines ending in CR LF."""
        lines = [f"Content-Type: {self.content_type}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + self.body


def disposition(file_name: str) -> str:
    """Content-Disposition with a file name: quoted when it is plain text, else in RFC 2231's way beside an ASCII stand-in."""
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "_" for c in file_name)
    if plain == file_name:
        return f'attachment; filename="{file_name}"'
    extended = "".join(chr(b) if (chr(b).isalnum() and b < 128) or chr(b) in "._-" else f"%{b:02X}" for b in file_name.encode())
    return f"attachment; filename=\"{plain}\"; filename*=utf-8''{extended}"
