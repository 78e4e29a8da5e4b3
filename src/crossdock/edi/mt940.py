"""Checks SWIFT MT940 (and MT942) files for their fields, in the shapes banks really send; books nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .findings import Finding, Severity
from .source import Source, Window

# SWIFT field 60a, 62a, 64, 65: mark, date, currency, amount with a comma.
_BALANCE = re.compile(r"(?:C|D|RC|RD|EC|ED)\d{6}[A-Z]{3}\d[\d.]*(?:,\d*)?")
_BALANCE_NO_CURRENCY = re.compile(r"(?:C|D)\d{6}\d[\d.]*(?:,\d*)?")
# SWIFT field 61: value date, optional entry date, mark, optional funds code, amount, the rest.
_ENTRY = re.compile(r"\d{6}(?:\d{4}|\s{4})?(?:R|E)?[CD][A-Z]?\s*[\d.]+(?:,\d*)?[\s\S]*")
_FIELD = re.compile(rb"(?:^|(?<=\n)|(?<=\r)|(?<=\{4:))[ ]?:([A-Z0-9]{2,3}):")
_LIMIT = 16 << 20

_MANDATORY = {
    "20": "transaction reference",
    "25": "account",
    "28": "statement number",
    "60": "opening balance",
    "62": "closing balance",
}


@dataclass(slots=True)
class Mt940Summary:
    """What the pass found: `mt940` or `mt942`, the number of statements, and what is wrong."""

    type: str = "mt940"
    documents: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its tag (`60F`), its text, its number in the file from 1, and where its tag begins."""

    tag: str
    text: str
    number: int
    byte_position: int


def fields(source: Source) -> Iterator[Field]:
    """The fields of a file in order. Lines before the first field are a bank's own heading and left out."""
    window = Window(source)
    window.fill()
    number = 0
    while True:
        data = window.data
        matches = list(_FIELD.finditer(data, window.at))
        complete = window.ended or not window.fill()
        if not complete and len(window.data) - window.at < _LIMIT:
            continue
        ends = [match.start() for match in matches[1:]] + [len(data)]
        for match, end in zip(matches, ends, strict=True):
            number += 1
            text = data[match.end() : end].decode("utf-8", "replace").strip()
            yield Field(match.group(1).decode("ascii"), text, number, window.base + match.start(1) - 1)
        if complete:
            return
        window.at = len(data)


def check_mt940(source: Source) -> Mt940Summary:
    """Read a statement file and say which statements it holds and what they lack. Never raises on bad data."""
    summary = Mt940Summary()
    present: set[str] = set()
    start: Field | None = None
    last: Field | None = None
    for item in fields(source):
        last = item
        kind = item.tag[:2]
        if item.tag in ("34F", "13D", "13"):
            summary.type = "mt942"
        if kind == "20":
            _complete(summary, present, start)
            present, start = set(), item
            summary.documents += 1
        if kind == "60" and "62" in present:
            # Some banks number several statements under one reference.
            present -= {"60", "62"}
            summary.documents += 1
        present.add(kind)
        _check(summary, item)
    _complete(summary, present, start)
    if last is None:
        summary.findings.append(Finding("unrecognised", "no field of a statement was found"))
    return summary


def _check(summary: Mt940Summary, item: Field) -> None:
    text = item.text.split("\n", 1)[0].strip()
    if item.tag[:2] in ("60", "62", "64", "65"):
        if not _BALANCE.match(text):
            missing = "the currency is missing" if _BALANCE_NO_CURRENCY.match(text) else "not a balance"
            _add(summary, "balance-invalid", f":{item.tag}: {text[:40]!r}: {missing}", item)
    elif item.tag == "61" and not _ENTRY.match(item.text):
        _add(summary, "entry-invalid", f":61: {text[:40]!r} has no date, mark and amount", item)


def _complete(summary: Mt940Summary, present: set[str], start: Field | None) -> None:
    if start is None:
        return
    needed = _MANDATORY if summary.type == "mt940" else {k: v for k, v in _MANDATORY.items() if k not in ("60", "62")}
    for tag, name in needed.items():
        if tag not in present:
            _add(summary, "field-missing", f"the statement has no :{tag}: ({name})", start)


def _add(summary: Mt940Summary, code: str, message: str, item: Field) -> None:
    if len(summary.findings) < 200:
        summary.findings.append(
            Finding(
                code,
                message,
                item.tag,
                item.number,
                byte_position=item.byte_position,
                severity=Severity.ERROR,
                value=item.text[:40],
            )
        )
