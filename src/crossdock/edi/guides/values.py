"""Whether one value fits one element's type, length and codes; knows nothing of segments or positions."""

from __future__ import annotations

import re
from calendar import monthrange

from .model import Element

# Finding code and message for each way a value can be wrong.
Fault = tuple[str, str]

_REAL = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:E-?\d+)?")
_INTEGER = re.compile(r"-?\d+")
_EDIFACT_NUMBER = re.compile(r"-?(?:\d+(?:[.,]\d+)?|[.,]\d+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def fault(value: str, element: Element) -> Fault | None:
    """The first thing wrong with a value that is present, or None."""
    kind, size = element.type, len(value)
    if kind == "DT":
        if not valid_date(value):
            return "invalid-date", f"{value!r} is not a date"
    elif kind == "TM":
        if not valid_time(value):
            return "invalid-time", f"{value!r} is not a time"
    elif kind == "R":
        if not _REAL.fullmatch(value):
            return "invalid-character", f"{value!r} is not a decimal number"
        size = len(value.replace("-", "").replace(".", "").replace("E", ""))
    elif kind == "n":
        if not _EDIFACT_NUMBER.fullmatch(value):
            return "invalid-character", f"{value!r} is not a number"
        size = len(value.replace("-", "").replace(".", "").replace(",", ""))
    elif kind[0] == "N":
        if not _INTEGER.fullmatch(value):
            return "invalid-character", f"{value!r} is not a whole number"
        size = len(value.replace("-", ""))
    elif kind == "a":
        if any(char.isdigit() for char in value):
            return "invalid-character", f"{value!r} holds digits where letters are required"
    elif kind != "B" and not value.isprintable() and _CONTROL.search(value):
        return "invalid-character", f"{value!r} holds control characters"
    if size > element.max and kind != "B":
        return "element-too-long", f"{value!r} has {size} characters, at most {element.max} are allowed"
    if size < element.min and kind != "B":
        return "element-too-short", f"{value!r} has {size} characters, at least {element.min} are required"
    if element.codes and value not in element.codes:
        shown = ", ".join(sorted(element.codes)[:12])
        return "code-not-allowed", f"{value!r} is not one of the codes allowed here ({shown})"
    return None


def valid_date(value: str) -> bool:
    """YYMMDD or CCYYMMDD, and a day that exists (X12.6, 3.5.1.5)."""
    if not (value.isdecimal() and value.isascii() and len(value) in (6, 8)):
        return False
    year, month, day = int(value[:-4]), int(value[-4:-2]), int(value[-2:])
    if len(value) == 6:
        year += 2000
    return 1 <= month <= 12 and 1 <= year <= 9999 and 1 <= day <= monthrange(year, month)[1]


def valid_time(value: str) -> bool:
    """HHMM, HHMMSS or HHMMSSdd (X12.6, 3.5.1.6)."""
    if not (value.isdecimal() and value.isascii() and len(value) in (4, 6, 7, 8)):
        return False
    return int(value[:2]) < 24 and int(value[2:4]) < 60 and int(value[4:6] or 0) < 60


_FORMATS = {
    "101": "YMD", "102": "CMD", "201": "YMDHI", "203": "CMDHI", "204": "CMDHIS", "303": "CMDHIZ",
    "718": "CMDCMD", "401": "HI", "602": "C", "610": "CM", "616": "CW",
}  # fmt: skip
_PARTS = {"Y": 2, "C": 4, "M": 2, "D": 2, "H": 2, "I": 2, "S": 2, "W": 2, "Z": 3}


def valid_period(value: str, qualifier: str) -> bool:
    """An EDIFACT date, time or period in the format its qualifier names (2379); unknown formats pass."""
    layout = _FORMATS.get(qualifier)
    if layout is None:
        return True
    if not (value.isascii() and value.isalnum()):
        return value.replace("-", "").isalnum() and qualifier == "718"
    if len(value) != sum(_PARTS[part] for part in layout):
        return False
    at, date = 0, ""
    for part in layout:
        text = value[at : at + _PARTS[part]]
        at += _PARTS[part]
        if part == "Z":
            continue
        if not text.isdecimal():
            return False
        if part in "YC":
            date = text
        elif part in "MD":
            date += text
        if part == "D" and not valid_date(date):
            return False
        if (part == "M" and not 1 <= int(text) <= 12) or (part == "H" and int(text) > 24) or (part in "IS" and int(text) > 59):
            return False
    return True
