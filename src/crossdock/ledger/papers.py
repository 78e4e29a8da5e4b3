"""What business papers nobody could read say of themselves: the numbers and the worth in X12, EDIFACT and UBL; a glance, no parser.

It only looks, never fails, and invents nothing: what is not where the standards put it is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

MOST_SEGMENTS: Final = 5_000
_X12_NAMES: Final = {
    "BEG": (3,), "BCH": (3,), "BAK": (3,), "BCA": (3,), "BIG": (2, 4), "BSN": (2,), "PRF": (1,), "W17": (3, 4), "W06": (2, 4), "W27": (3,),
}  # fmt: skip
"""Where documents have their own number and those of orders (850, 860, 855, 865, 810, 856, 944, 945)."""
_EDIFACT_REFERENCES: Final = frozenset({"ON", "IV", "AAK", "DQ", "VN"})
_EDIFACT_TOTALS: Final = ("77", "9", "39", "86", "128")
"""MOA 5025: invoice total, amount due, and totals of orders."""
_UBL_ROOT: Final = re.compile(r"<(?:\w+:)?(Invoice|CreditNote|Order|OrderChange|OrderResponse|DespatchAdvice|ReceiptAdvice)[\s>]")
_UBL_ID: Final = re.compile(r"<(?:\w+:)?ID(?:\s[^>]*)?>([^<]{3,64})<")
_UBL_ORDER: Final = re.compile(r"<(?:\w+:)?OrderReference(?:\s[^>]*)?>\s*<(?:\w+:)?ID(?:\s[^>]*)?>([^<]{3,64})<")
_UBL_PAYABLE: Final = re.compile(r'<(?:\w+:)?PayableAmount\s+currencyID="([A-Z]{3})"\s*>\s*([0-9.]{1,20})\s*<')


@dataclass(slots=True)
class Paper:
    """Names in the order in which they stand there; the worth with its currency, empty where the paper names none."""

    names: list[str] = field(default_factory=list)
    amount: Decimal | None = None
    currency: str = ""


def glance(body: bytes) -> Paper | None:
    """What a paper says of itself; None when it is neither X12 nor EDIFACT nor UBL."""
    head = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    text = body.decode("latin-1")
    if head.startswith(b"ISA"):
        return _x12(text[text.index("ISA") :])
    if head[:3] in (b"UNA", b"UNB"):
        return _edifact(text[text.index(head[:3].decode()) :])
    if head.startswith(b"<") and _UBL_ROOT.search(head.decode("latin-1")):
        return _ubl(body.decode("utf-8", "replace"))
    return None


def _x12(text: str) -> Paper:
    paper = Paper()
    if len(text) < 106:
        return paper
    separator, terminator = text[3], text[105]
    for segment in _cut(text[106:], terminator):
        parts = [*(each.strip() for each in segment.split(separator)), *[""] * 6]
        for place in _X12_NAMES.get(parts[0], ()):
            paper.names.append(parts[place])
        if parts[0] == "CUR" and not paper.currency:
            paper.currency = parts[2]
        elif parts[0] == "TDS" and paper.amount is None:
            paper.amount = _amount(parts[1], -2)
        elif parts[0] == "AMT" and parts[1] == "TT" and paper.amount is None:
            paper.amount = _amount(parts[2])
    return paper


def _edifact(text: str) -> Paper:
    paper, totals = Paper(), dict[str, Decimal | None]()
    component, element, mark, release, terminator = ":", "+", ".", "?", "'"
    if text.startswith("UNA") and len(text) > 8:
        component, element, mark, release, terminator = text[3], text[4], text[5], text[6], text[8]
        text = text[9:]
    text = text.replace(release + terminator, " ").replace(release + element, " ").replace(release + component, " ")
    for segment in _cut(text, terminator):
        parts = [*segment.split(element), *[""] * 4]
        first = [*parts[1].split(component), *[""] * 3]
        if parts[0] == "BGM":
            paper.names.append(parts[2].split(component)[0])
        elif parts[0] == "RFF" and first[0] in _EDIFACT_REFERENCES:
            paper.names.append(first[1])
        elif parts[0] == "CUX" and not paper.currency:
            paper.currency = first[1]
        elif parts[0] == "MOA":
            totals.setdefault(first[0], _amount(first[1].replace(mark, ".")))
    paper.amount = next((totals[code] for code in _EDIFACT_TOTALS if totals.get(code) is not None), None)
    return paper


def _ubl(text: str) -> Paper:
    paper = Paper()
    own = _UBL_ID.search(text)
    paper.names = [own[1].strip()] if own else []
    paper.names += [found.strip() for found in _UBL_ORDER.findall(text)]
    payable = _UBL_PAYABLE.search(text)
    if payable:
        paper.currency, paper.amount = payable[1], _amount(payable[2])
    return paper


def _cut(text: str, terminator: str) -> Iterator[str]:
    """The first segments, without copying the rest."""
    place = 0
    for _ in range(MOST_SEGMENTS):
        end = text.find(terminator, place)
        if end < 0:
            return
        yield text[place:end].strip()
        place = end + 1


def _amount(text: str, scale: int = 0) -> Decimal | None:
    try:
        made = Decimal(text.strip()).scaleb(scale)
    except (InvalidOperation, ValueError):
        return None
    return made if made.is_finite() else None
