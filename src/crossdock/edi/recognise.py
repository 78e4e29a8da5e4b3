"""Tells from the first bytes of a file which standard it is written in; reads no further and judges nothing."""

from __future__ import annotations

import codecs
import enum
import re

from .source import wide_encoding

HEAD = 1 << 16


class Standard(enum.StrEnum):
    """The standards this library reads."""

    X12 = "x12"
    EDIFACT = "edifact"
    UBL = "ubl"
    CAMT = "camt"
    MT940 = "mt940"
    UNKNOWN = "unknown"


_X12_START = re.compile(rb"ISA[^A-Za-z0-9\s]")
_X12_FRAGMENT = re.compile(rb"GS([^A-Za-z0-9\s])[A-Z]{2}\1|ST([^A-Za-z0-9\s])\d{3}\2|ST([^A-Za-z0-9\s])[A-Z0-9]{3}\3[0-9]{4,9}\W")
_X12_AHEAD = re.compile(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])[0-9 ]{1,2}\1[^\r\n]{0,12}?\1")
_EDIFACT_START = re.compile(rb"UNA[^A-Za-z0-9][^A-Za-z0-9].{4}\s*UN[BGH]|UN[BGH][^A-Za-z0-9\s]|UNA[^A-Za-z0-9]{6}", re.DOTALL)
_EDIFACT_AHEAD = re.compile(rb"(?<![A-Za-z0-9])(?:UNA[^A-Za-z0-9]{6}\s*UNB|UNB[^A-Za-z0-9\s][A-Z]{4}[^A-Za-z0-9\s]\d)")
_UNH_AHEAD = re.compile(rb"(?<![A-Za-z0-9])UNH\+[^+']{1,14}\+[A-Z]{6}:")
_MT940_START = re.compile(rb"\{1:F\d\d|:20:|:940:")
_MT940_FIELDS = (re.compile(rb"(?m)^:20:"), re.compile(rb"(?m)^:(?:25|28C?|60[FM]|61|62[FM]|34F|13D?):"))
_UBL_NAMESPACE = re.compile(
    r"urn:(?:oasis:names:(?:specification|tc):ubl:(?:schema:)?(?:xsd:)?|[a-z]+:names:specification:ubl:[a-z:]*schema:xsd:)"
    r"[A-Za-z]+-\d"
)
_CAMT_NAMESPACE = re.compile(r"urn:(?:iso:std:iso:20022:tech|swift):xsd:\$?(camt\.\d{3})")


def recognise(head: bytes) -> Standard:
    """The standard the file is written in, from its first 64 KB (less is fine)."""
    wide = wide_encoding(head[:16])
    if wide:
        head = codecs.decode(head[: len(head) // 2 * 2], wide, "replace").encode("utf-8")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x00\x01\x0b\x0c\x1a")
    if not text:
        return Standard.UNKNOWN
    if text.startswith(b"<"):
        return _xml(text)
    if _X12_START.match(text) or _X12_FRAGMENT.match(text):
        return Standard.X12
    if _EDIFACT_START.match(text):
        return Standard.EDIFACT
    if _MT940_START.match(text) or all(field.search(text) for field in _MT940_FIELDS):
        return Standard.MT940
    if _X12_AHEAD.search(text):
        return Standard.X12
    if _EDIFACT_AHEAD.search(text) or _UNH_AHEAD.search(text):
        return Standard.EDIFACT
    if text.startswith(b"ISA"):
        return Standard.X12
    return Standard.UNKNOWN


def ubl_namespace(namespace: str) -> bool:
    """Whether a namespace is that of a UBL document (or a national document on UBL)."""
    return _UBL_NAMESPACE.match(namespace) is not None


def camt_namespace(namespace: str) -> str:
    """`camt.053` for such a namespace, otherwise an empty string."""
    match = _CAMT_NAMESPACE.match(namespace)
    return match.group(1) if match else ""


def _xml(text: bytes) -> Standard:
    for name in re.findall(rb"""xmlns(?::[\w.-]+)?\s*=\s*["']([^"']{1,200})["']""", text):
        namespace = name.decode("latin-1")
        if camt_namespace(namespace):
            return Standard.CAMT
        if ubl_namespace(namespace):
            return Standard.UBL
    return Standard.UNKNOWN
