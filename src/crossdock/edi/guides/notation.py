"""The short notation guides are written in: one line for an element, a segment or a loop. Knows no files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .model import UNBOUNDED, Element, Rule

_ELEMENT = re.compile(
    r"(?P<label>[^=]*?)\s+(?P<usage>[MOCXR])(?:\s+(?!x(?:\d+|n)\b)(?P<type>[A-Za-z]+\d?)(?P<size>\d+/\d+|\.\.\d+|\d+)?)?"
    r"(?:\s+x(?P<repeat>\d+|n))?(?:\s+@(?P<reference>\w+))?(?:\s*=\s*(?P<codes>.*))?"
)
_X12_TYPE = re.compile(r"(AN|ID|R|N\d?|DT|TM|B)(\d+)/(\d+)")
_EDIFACT_TYPE = re.compile(r"(an|a|n)(\.\.)?(\d+)")
_USE = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?:\s+(?P<usage>[MOCXR]))?(?:\s+(?P<max>\d+|>1|n))?(?:\s+when\s+(?P<when>.+))?")
_RULE = re.compile(r"([PRECL])((?:\d\d){2,})")


class NotationError(ValueError):
    """A line of a guide that cannot be read; the message quotes it and says what was expected."""


def element(spec: str | Mapping[str, Any]) -> Element:
    """`order number M AN1/22`, `purpose M ID2/2 = 00 05`, `{"party C": ["id M an..17", ...]}` for a composite."""
    if isinstance(spec, Mapping):
        if len(spec) != 1:
            raise NotationError(f"a composite has one name, this has {len(spec)}: {spec!r}")
        (head, parts), *_ = spec.items()
        if not isinstance(parts, list) or not parts:
            raise NotationError(f"composite {head!r} must list its components")
        outer = element(str(head))
        components = tuple(element(part) for part in parts)
        return Element(outer.label, outer.usage, "", 0, UNBOUNDED, outer.repeat, components=components, reference=outer.reference)
    match = _ELEMENT.fullmatch(spec.strip())
    if match is None:
        raise NotationError(f"{spec!r} is not an element; write `label M AN1/30` and, if needed, `= code code`")
    kind, low, high = "AN", 1, UNBOUNDED
    if match["type"]:
        kind, low, high = element_type(match["type"] + (match["size"] or ""))
    usage = "M" if match["usage"] == "R" else match["usage"]
    repeat = match["repeat"]
    return Element(
        label=match["label"].strip(),
        usage=usage,
        type=kind,
        min=low,
        max=high,
        repeat=UNBOUNDED if repeat == "n" else int(repeat or 1),
        codes=frozenset((match["codes"] or "").split()),
        reference=match["reference"] or "",
    )


def element_type(text: str) -> tuple[str, int, int]:
    """`AN1/30` or `an..35` as type, least and greatest length."""
    if match := _X12_TYPE.fullmatch(text):
        low, high = int(match[2]), int(match[3])
    elif match := _EDIFACT_TYPE.fullmatch(text):
        high = int(match[3])
        low = 1 if match[2] else high
    else:
        raise NotationError(f"{text!r} is not a type; write `AN1/30`, `ID2/2`, `R1/15`, `DT8/8` or `an..35`, `n3`")
    if not 0 < low <= high:
        raise NotationError(f"{text!r}: the least length must not exceed the greatest")
    return match[1], low, high


def rule(text: str) -> Rule:
    """`P0304`, `R0203`, `E0506`, `C0405`, `L030405`."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise NotationError(f"{text!r} is not a rule; write P, R, E, C or L and the element numbers, like `P0304`")
    digits = match[2]
    return Rule(match[1], tuple(int(digits[n : n + 2]) for n in range(0, len(digits), 2)))


def use(text: str) -> tuple[str, str, int, tuple[tuple[int, frozenset[str]], ...]]:
    """`N1 O 10 when 1=ST,SF` as name, usage, greatest number and qualifiers."""
    match = _USE.fullmatch(text.strip())
    if match is None:
        raise NotationError(f"{text!r} is not a position; write `TAG M 1` or `TAG O >1 when 1=ST,BY`")
    many = match["max"]
    usage = match["usage"] or "O"
    when = []
    for clause in (match["when"] or "").split():
        number, _, codes = clause.partition("=")
        if not number.isdigit() or not codes:
            raise NotationError(f"{clause!r} is not a qualifier; write `1=ST,BY`")
        when.append((int(number), frozenset(codes.split(","))))
    return (
        match["name"],
        "M" if usage == "R" else usage,
        UNBOUNDED if many in (">1", "n") else int(many or 1),
        tuple(when),
    )
