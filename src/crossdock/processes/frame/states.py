"""What every state remembers, and the JSON states are kept as; knows no workflow.

The JSON leaves out what is as by default. A reader takes what it knows and gives a default to what is missing, so that the state of one
version is readable by the next and by the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import orjson

Json = dict[str, Any]
ZERO: Final = Decimal(0)
Step = Literal["", "asked", "failed", "done", "skipped"]
OVER: Final = frozenset({"done", "skipped"})
Closed = Literal["", "finished", "cancelled"]
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that is not settled: its name, its suffix (`2`, `2.1`, `erp`), and whether it failed and waits for a person."""

    name: str
    suffix: str
    failed: bool = False

    @property
    def n(self) -> int:
        """The `n` of what it is about; 0 for none."""
        head = self.suffix.partition(".")[0]
        return int(head) if head.isdecimal() else 0

    @property
    def slot(self) -> str:
        """The slot it is parked in when it failed."""
        return f"{self.name}:{self.suffix}"


class Remembered(Protocol):
    """The members every state has.

    `asked` are commands that are not settled, by id. `parked` are slots where a person decides; slots of failed commands are in `asked`.
    `expected` are expectations and timers that run, `refs` the names of the transaction by scheme, `reached` the stages of the strip with
    their times.
    """

    @property
    def key(self) -> str: ...
    @property
    def asked(self) -> Mapping[str, Asked]: ...
    @property
    def parked(self) -> tuple[str, ...]: ...
    @property
    def expected(self) -> tuple[str, ...]: ...
    @property
    def refs(self) -> Mapping[str, str]: ...
    @property
    def reached(self) -> Mapping[str, str]: ...
    @property
    def closed(self) -> Closed: ...


S = TypeVar("S", bound=Remembered)


class StateForm(Generic[S]):
    """How the states of a workflow are written and read.

    `papers` are members that hold tuples of dataclass values, `parts` members that hold one or None; all other members are plain JSON.
    """

    def __init__(self, kind: type[S], papers: Mapping[str, type[Any]], parts: Mapping[str, type[Any]]) -> None:
        self._kind = kind
        self._papers = dict(papers)
        self._parts = dict(parts)
        kinds: set[type[Any]] = {kind, *papers.values(), *parts.values()}
        self._defaults = {each: tuple((one.name, one.default) for one in fields(each)) for each in kinds}

    def written(self, state: S) -> Json:
        """The state as JSON values, without its version."""
        found = self._kept(state)
        for name in self._papers:
            if name in found:
                found[name] = [self._kept(one) for one in found[name]]
        for name in self._parts:
            if name in found:
                found[name] = self._kept(found[name])
        if state.asked:
            found["asked"] = {made: [one.name, one.suffix, one.failed] for made, one in state.asked.items()}
        return found

    def known(self, raw: Json) -> Json:
        """The members of a state in JSON values `written` made, those of a later version left out."""
        found = self._read(self._kind, raw)
        for name, kind in self._papers.items():
            if name in found:
                found[name] = tuple([kind(**self._read(kind, one)) for one in found[name]])
        for name, kind in self._parts.items():
            if name in found:
                found[name] = kind(**self._read(kind, found[name]))
        if "asked" in found:
            found["asked"] = {made: Asked(*one[:3]) for made, one in found["asked"].items()}
        return found

    def dump(self, state: S) -> bytes:
        """The state as compact JSON."""
        return orjson.dumps({"v": VERSION, **self.written(state)})

    def load(self, data: bytes) -> S:
        """The inverse of `dump`; also reads what the next version of the workflow wrote, leaving out what it does not know."""
        return self._kind(**self.known(orjson.loads(data)))

    def _kept(self, value: Any) -> Json:
        """The members that are not what they are by default; an empty one is left out unless there is none by default."""
        found: Json = {}
        for name, default in self._defaults[type(value)]:
            member = getattr(value, name)
            if member == default or (not member and not isinstance(member, bool) and default is not None):
                continue
            found[name] = member
        return found

    def _read(self, kind: type[Any], raw: Json) -> Json:
        found: Json = {}
        for name, _ in self._defaults[kind]:
            if name in raw:
                value = raw[name]
                found[name] = tuple(value) if isinstance(value, list) else value
        return found
