"""Compares what came with what was expected: a part of a document, segments in their order; pure, says every difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where `found` does not hold what `expected` says; what `expected` does not mention may be anything."""
    here = path or "document"
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            yield f"{here}: a part was expected, {shown(found)} came"
            return
        for name, value in expected.items():
            below = f"{path}.{name}" if path else str(name)
            if name not in found:
                yield f"{below}: {shown(value)} was expected, it is missing"
            else:
                yield from differences(value, found[name], below)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(found, Sequence) or isinstance(found, str):
            yield f"{here}: a list was expected, {shown(found)} came"
            return
        if len(expected) != len(found):
            yield f"{here}: {len(expected)} were expected, {len(found)} came"
        for place, (one, two) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, two, f"{path}.{place}" if path else str(place))
    elif not same(expected, found):
        yield f"{here}: {shown(expected)} was expected, {shown(found)} came"


def same(expected: Any, found: Any) -> bool:
    """Equal, or the same number written otherwise (`10`, `10.0`)."""
    if expected == found or (expected is None and found == ""):
        return True
    if isinstance(expected, bool) or isinstance(found, bool):
        return False
    try:
        return Decimal(str(expected)) == Decimal(str(found))
    except InvalidOperation:
        return str(expected) == str(found)


def missing_segments(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """Expected segments that do not stand in `found` in this order; elements at the end may be left out, `?` is any element."""
    at = 0
    for wanted in expected:
        place = next((number for number in range(at, len(found)) if segment_is(wanted, found[number])), None)
        if place is None:
            near = next((each for each in found[at:] if each[:3] == wanted[:3]), "")
            yield f"{wanted} was expected{f', {near} came' if near else ', nothing like it came'}"
        else:
            at = place + 1


def segment_is(wanted: str, found: str) -> bool:
    """Whether a segment is the one wanted: the elements given are equal."""
    mark = next((char for char in wanted if not char.isalnum()), "*")
    one, two = wanted.split(mark), found.split(mark)
    return len(one) <= len(two) and all(a in ("?", b) for a, b in zip(one, two, strict=False))


def shown(value: Any) -> str:
    """A value in a sentence, not too long."""
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
