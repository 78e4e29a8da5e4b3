"""The allow-list of what may leave a region: every place a report may have and what may stand there; whatever is not here cannot be encoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.canonical.codes import CURRENCIES
from crossdock.coordination.errors import NotAllowedOut

OTHER: Final = "other"
"""Stands for a name that is not in the reviewed landscape."""
MOST: Final = 10**15
LISTED: Final = 500
"""Entries of a list in a report."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The only words a region's report may hold: names of the reviewed landscape and codes of the product."""

    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Kind of name (`flow`, `system`, `team`, `code` …) and its members."""
    money: bool = False
    """Whether policies let this region tell amounts."""

    def known(self, kind: str, name: object) -> str:
        """The name when it is one of its kind, `""` when there is none, else `other`."""
        return name if isinstance(name, str) and (not name or name in self.words.get(kind, ())) else OTHER


@dataclass(frozen=True)
class Leaf:
    """What may stand in one place. `holds` is told the value and, in the region, the vocabulary; the coordinator judges the form only."""

    title: str
    holds: Callable[[Any, Vocabulary | None], bool]
    money: bool = False


_NAME: Final = re.compile(r"[a-z0-9][a-zA-Z0-9_.:-]{0,99}")


def _pattern(title: str, expression: str) -> Leaf:
    shape = re.compile(expression)
    return Leaf(title, lambda value, _words: isinstance(value, str) and shape.fullmatch(value) is not None)


def _word(kind: str, title: str) -> Leaf:
    def holds(value: Any, words: Vocabulary | None) -> bool:
        if not isinstance(value, str) or (value and _NAME.fullmatch(value) is None):
            return False
        return words is None or value in ("", OTHER) or value in words.words.get(kind, ())

    return Leaf(title, holds)


def _one_of(title: str, *values: str) -> Leaf:
    return Leaf(title, lambda value, _words: isinstance(value, str) and value in values)


def _number(title: str, *, most: int = MOST, money: bool = False) -> Leaf:
    return Leaf(title, lambda value, _words: type(value) is int and 0 <= value <= most, money)


FLOW, SYSTEM, TEAM, CODE = (
    _word("flow", "the name of a flow"), _word("system", "the name of a system"), _word("team", "the name of a team"),
    _word("code", "the stable code of an error"),
)  # fmt: skip
COUNT, MOMENT, AGE = _number("a count"), _number("a time in microseconds since 1970", most=10**17), _number("seconds")
DIGEST = _pattern("a SHA-256, or nothing", r"([0-9a-f]{64})?")

ALLOWED: Final[dict[Path, Leaf]] = {
    ("region",): _word("region", "the name of the region"),
    ("landscape",): _word("landscape", "the name of the landscape"),
    ("environment",): _word("environment", "the name of the environment"),
    ("sequence",): COUNT,
    ("taken_at",): MOMENT,
    ("release",): _pattern("the product's version", r"\d{1,5}(\.\d{1,5}){1,3}([a-z]{1,4}\d{0,5})?"),
    ("engine",): _one_of("who owns partitions", "embedded", "postgresql", "kafka"),
    ("bundle",): DIGEST,
    ("promoted",): DIGEST,
    ("waiting",): COUNT,
    ("totals", "messages"): COUNT,
    ("totals", "events"): COUNT,
    ("totals", "effects"): COUNT,
    ("totals", "exceptions"): COUNT,
    ("lanes", "*", "flow"): FLOW,
    ("lanes", "*", "system"): SYSTEM,
    ("lanes", "*", "open"): COUNT,
    ("lanes", "*", "uncertain"): COUNT,
    ("lanes", "*", "parked"): COUNT,
    ("lanes", "*", "oldest"): AGE,
    ("cases", "*", "code"): CODE,
    ("cases", "*", "flow"): FLOW,
    ("cases", "*", "system"): SYSTEM,
    ("cases", "*", "owner"): TEAM,
    ("cases", "*", "count"): COUNT,
    ("cases", "*", "late"): COUNT,
    ("cases", "*", "oldest"): AGE,
    ("cases", "*", "keys", "*"): _pattern("the pseudonym of a business key", r"[0-9a-f]{16}"),
    ("cases", "*", "money", "*", "currency"): Leaf(
        "a currency (ISO 4217)", lambda value, _words: isinstance(value, str) and value in CURRENCIES, True
    ),
    ("cases", "*", "money", "*", "minor"): _number("the total at risk in minor units of the currency", money=True),
    ("drills", "*", "drill"): _word("drill", "the name of a drill"),
    ("drills", "*", "flow"): FLOW,
    ("drills", "*", "partner"): _word("partner", "the name of a partner's file"),
    ("drills", "*", "held_at"): MOMENT,
    ("drills", "*", "passed_at"): MOMENT,
}
"""Everything a report may say. A place that is not here is refused, whatever stands in it."""
_INSIDE: Final = frozenset(path[:end] for path in ALLOWED for end in range(len(path)))


def encode(report: Mapping[str, Any], words: Vocabulary) -> bytes:
    """A report as the bytes that leave the region. Raises `NotAllowedOut` for anything the allow-list and the vocabulary do not have."""
    _judge(report, words)
    return orjson.dumps(report, option=orjson.OPT_SORT_KEYS)


def decode(data: bytes) -> dict[str, Any]:
    """A report as it came. Raises `NotAllowedOut` for anything the allow-list does not have, ValueError for what is no JSON."""
    found = orjson.loads(data)
    _judge(found, None)
    return dict(found)


def _judge(report: Any, words: Vocabulary | None) -> None:
    if not isinstance(report, Mapping):
        raise NotAllowedOut("a report is an object")
    for path, value in _leaves(report, ()):
        leaf = ALLOWED.get(path)
        if leaf is None:
            raise NotAllowedOut(f"there is no such place in a report: {'.'.join(_shown(path))}")
        if leaf.money and words is not None and not words.money:
            raise NotAllowedOut("this region may not tell amounts")
        if not leaf.holds(value, words):
            raise NotAllowedOut(f"{'.'.join(path)} may only be {leaf.title}")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        if path not in _INSIDE or (path and path[-1] != "*" and (*path, "*") in _INSIDE):
            raise NotAllowedOut(f"there is no object in a report at {'.'.join(_shown(path)) or 'its beginning'}")
        for name, each in value.items():
            if not isinstance(name, str) or name == "*":
                raise NotAllowedOut("a name in a report is a word")
            yield from _leaves(each, (*path, name))
    elif isinstance(value, list | tuple):
        if (*path, "*") not in _INSIDE and (*path, "*") not in ALLOWED:
            raise NotAllowedOut(f"there is no list in a report at {'.'.join(_shown(path))}")
        if len(value) > LISTED:
            raise NotAllowedOut(f"{'.'.join(path)} has more than {LISTED} entries")
        for each in value:
            yield from _leaves(each, (*path, "*"))
    else:
        yield path, value


def _shown(path: Path) -> Iterator[str]:
    """A place with what is not known of it left out: a name may hold what must not be told, also not to a log."""
    for end in range(1, len(path) + 1):
        yield path[end - 1] if path[:end] in _INSIDE or path[:end] in ALLOWED else "?"
