"""Where a capture stands: overlapping windows over `write_date`, the hashes of what was seen in them, known ids; pure.

`write_date` is the start of the writing transaction, truncated to seconds, so rows appear late, with old times and with ids lower than
ids already seen. Therefore each pass reads everything written since the *previous pass began* less a window longer than any transaction,
by id, and content hashes say what is new. The state is JSON and bounded: only rows of the hot window are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.connectors.odoo.values import from_odoo, to_odoo

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Policy:
    """The windows: `hot` for every pass, `sweep` for one pass every `sweep_every`; deletions are looked for every `deletions_every`."""

    hot: timedelta
    sweep: timedelta
    sweep_every: timedelta
    deletions_every: timedelta
    span: int
    start: datetime | None = None


@dataclass(slots=True)
class Seen:
    """What was last seen of a row: content hash, `write_date`, and how often it changed within that second."""

    digest: str
    written: str
    flips: int = 0


@dataclass(slots=True)
class Pass:
    """One walk through a window: `now` when it began (server time), `since` its lower edge, `last` the id reached."""

    now: datetime
    since: datetime
    last: int = 0
    sweep: bool = False


@dataclass(slots=True)
class Window:
    """The state of one channel between polls."""

    done: datetime | None = None
    swept: datetime | None = None
    checked: datetime | None = None
    current: Pass | None = None
    seen: dict[int, Seen] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)
    as_of: int = 0
    outbox: int | None = None
    """Number up to which the outbox of the add-on was read; None while it is not."""

    def begin(self, now: datetime, policy: Policy) -> Pass:
        """Start the next pass, or go on with the one under way."""
        if self.current is not None:
            return self.current
        if self.done is None:
            self.swept = self.checked = now
            since = min(policy.start, now - policy.hot) if policy.start is not None else now - policy.hot
            self.current = Pass(now, since)
        else:
            sweep = self.sweep_due(now, policy)
            self.current = Pass(now, min(self.done, now) - (max(policy.sweep, policy.hot) if sweep else policy.hot), sweep=sweep)
        return self.current

    def sweep_due(self, now: datetime, policy: Policy) -> bool:
        """Whether the last pass over the long window is too long ago."""
        return self.swept is None or now - self.swept >= policy.sweep_every

    def is_new(self, id_: int, digest: str, written: str, policy: Policy) -> str:
        """The version of a row whose content was not seen like this before; empty when it was.

        Rows older than the hot window are not remembered: a sweep shows each once, under the identity it had before.
        """
        before = self.seen.get(id_)
        if before is not None and before.digest == digest:
            before.written = max(before.written, written)
            return ""
        flips = before.flips + 1 if before is not None and before.written == written else 0
        if self.current is None or written >= to_odoo(self.current.now - policy.hot):
            self.seen[id_] = Seen(digest, written, flips)
        return f"{written}~{flips}" if flips else written

    def end(self, policy: Policy) -> None:
        """The pass came to its end: forget rows that the next hot window cannot show again."""
        if self.current is None:
            return
        self.done = self.current.now
        if self.current.sweep:
            self.swept = self.current.now
        self.forget(self.done - policy.hot)
        self.current = None

    def forget(self, edge: datetime) -> None:
        """Rows written before `edge` are not remembered any more."""
        self.seen = {id_: row for id_, row in self.seen.items() if row.written >= to_odoo(edge)}

    def deletions_due(self, policy: Policy) -> bool:
        """Whether the ids known should be compared with those that exist."""
        if not policy.deletions_every or not policy.span or self.done is None:
            return False
        return self.checked is None or self.done - self.checked >= policy.deletions_every

    def know(self, ids: Iterable[int], span: int) -> None:
        """Remember that these records exist; only the latest `span` ids are kept."""
        self.ids.update(ids)
        if len(self.ids) > span:
            self.ids = set(sorted(self.ids)[-span:])

    # JSON ----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        now = self.current
        return {
            "v": VERSION,
            "done": _time(self.done),
            "swept": _time(self.swept),
            "checked": _time(self.checked),
            "pass": [to_odoo(now.now), to_odoo(now.since), now.last, now.sweep] if now else None,
            "seen": {str(id_): [row.digest, row.written, row.flips] for id_, row in self.seen.items()},
            "ids": compress(self.ids),
            "as_of": self.as_of,
            "outbox": self.outbox,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Window:
        """The inverse of `dump`; an empty or older state begins anew (what is found twice is recognised by its identity)."""
        if data.get("v") != VERSION:
            return cls()
        now = data["pass"]
        return cls(
            _moment(data["done"]),
            _moment(data["swept"]),
            _moment(data["checked"]),
            Pass(from_odoo(now[0]), from_odoo(now[1]), int(now[2]), bool(now[3])) if now else None,
            {int(id_): Seen(row[0], row[1], int(row[2])) for id_, row in data["seen"].items()},
            set(expand(data["ids"])),
            int(data["as_of"]),
            data.get("outbox"),
        )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_odoo(moment)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_odoo(text)


def compress(ids: Iterable[int]) -> str:
    """Ids as ranges, `1-700,702`: most of a table's ids are consecutive."""
    parts: list[list[int]] = []
    for id_ in sorted(ids):
        if parts and id_ == parts[-1][1] + 1:
            parts[-1][1] = id_
        else:
            parts.append([id_, id_])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def expand(text: str) -> Iterable[int]:
    """The inverse of `compress`."""
    for part in text.split(",") if text else ():
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)
