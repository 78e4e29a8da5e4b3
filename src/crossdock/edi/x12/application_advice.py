"""Builds and reads 824, the answer of the application: what it says of a transaction set whose syntax was right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..interchange import Document, Interchange, segments
from ..writer import OutDocument, Row

MISSING: Final = "007"
INCORRECT: Final = "848"
MUTUAL: Final = "ZZZ"
"""Application error conditions (data element 647): missing data, incorrect data, mutually defined."""
_ACCEPTED: Final = frozenset({"TA", "TC", "TE", "GA", "GC", "IA", "IC", "IE"})
"""Application acknowledgement codes (data element 110) of what was taken, with or without changes and errors."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One TED: the condition (data element 647), words, and where in the transaction set."""

    code: str
    text: str = ""
    segment: str = ""
    position: int = 0
    element: int = 0
    value: str = ""


@dataclass(slots=True)
class ApplicationAdvice:
    """One OTI: the transaction set spoken of, by its own number and its control numbers, and what is wrong with it."""

    type: str
    number: str
    group_control: str
    document_control: str
    accepted: bool
    advices: list[Advice] = field(default_factory=list)


def application_advice(
    reference: str, number: str, moment: datetime, answers: Sequence[ApplicationAdvice], *, codes: tuple[str, str] = ("", "")
) -> OutDocument:
    """An 824. `number` is its own (BGN02), `codes` the application codes of the group answered (its sender's, its receiver's)."""
    day, clock = moment.strftime("%Y%m%d"), moment.strftime("%H%M")
    rows: list[Row] = [("BGN", "11", number[:30], day, clock)]
    for each in answers:
        rows.append(
            ("OTI", "TA" if each.accepted else "TR", "TN", (each.number or each.document_control)[:30], *codes, day, clock,
             each.group_control, each.document_control, each.type)
        )  # fmt: skip
        for advice in each.advices:
            place = ("", str(advice.position or ""), str(advice.element or ""))
            rows.append(
                ("TED", advice.code[:3], _plain(advice.text, 60), advice.segment[:3], *place[1:], "", _plain(advice.value, 99))
            )
    return OutDocument("824", tuple(rows), reference)


def read_application_advices(interchange: Interchange) -> Iterator[ApplicationAdvice]:
    """Every OTI of every 824 in an interchange, however incomplete."""
    for document in interchange.documents():
        if document.type == "824":
            yield from _read(document)


def _read(document: Document) -> Iterator[ApplicationAdvice]:
    found: ApplicationAdvice | None = None
    for run in document.runs:
        for segment in segments(run, document.delimiters, document.charset):
            take = segment.value
            if segment.tag == "OTI":
                if found is not None:
                    yield found
                found = ApplicationAdvice(take(10), take(3), take(8), take(9), take(1).upper() in _ACCEPTED)
            elif segment.tag == "TED" and found is not None:
                place = (_number(take(4)), _number(take(5)))
                found.advices.append(Advice(take(1), take(2), take(3), *place, take(7)))
            elif segment.tag == "NTE" and found is not None and found.advices:
                last = found.advices[-1]
                found.advices[-1] = Advice(
                    last.code, f"{last.text} {take(2)}".strip(), last.segment, last.position, last.element, last.value
                )
    if found is not None:
        yield found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0


def _plain(text: str, most: int) -> str:
    """Free text for one element: X12 cannot escape, so its usual delimiters and everything unprintable become blanks."""
    return "".join(char if char.isprintable() and char not in "*~>^|" else " " for char in text)[:most].strip()
