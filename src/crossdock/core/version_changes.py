"""What changed between two versions of a document, field by field; pure, knows no business field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NAMES: Final = ("number", "reference", "sku")
"""Fields by which the parts of a list are told apart, the first that all of them have."""
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; None where a version does not have it. A part of a list is named by its number: `lines[2].quantity.value`."""

    path: str
    before: Any
    after: Any

    def words(self) -> str:
        """The change in words: `lines[2].quantity.value: 10 -> 12`."""
        return f"{self.path}: {_shown(self.before)} -> {_shown(self.after)}"


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every difference between two JSON values, in the order of the first; parts of lists are matched by their number, not by their place."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from changes(before.get(name), after.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(before, list) and isinstance(after, list):
        name = _name((*before, *after))
        if name:
            one = {str(each[name]): each for each in before}
            two = {str(each[name]): each for each in after}
            for key in dict.fromkeys((*one, *two)):
                yield from changes(one.get(key), two.get(key), f"{path}[{key}]")
        else:
            for place in range(max(len(before), len(after))):
                first = before[place] if place < len(before) else None
                second = after[place] if place < len(after) else None
                yield from changes(first, second, f"{path}[{place + 1}]")
    else:
        yield Change(path, before, after)


def _name(parts: Sequence[Any]) -> str:
    if not all(isinstance(each, Mapping) for each in parts):
        return ""
    return next((name for name in NAMES if all(each.get(name) for each in parts)), "")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, Mapping):
        value = value.get("value") or value.get("amount") or value.get("sku") or value.get("name") or "a part"
    text = str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
