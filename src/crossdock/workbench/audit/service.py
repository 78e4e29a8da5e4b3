"""What the audit trail tells auditors: deeds found, written as CSV, and whether the chain holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from crossdock.ledger import audit, deeds
from crossdock.ledger.deeds import Deed, Sought
from crossdock.ledger.ids import written
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.claims import claims_at
from crossdock.workbench.place import place

HEAD: Final = ("at", "who", "what", "about", "partition", "link", "before", "after", "detail")


@dataclass(frozen=True, slots=True)
class Told:
    """A deed as pages and programs show it. `before` and `after` are None where nothing changed."""

    at: datetime
    who: str
    what: str
    about: str
    partition: int
    link: int
    before: Any
    after: Any
    detail: dict[str, Any]
    readable: bool


def sought(
    who: str = "", what: str = "", about: str = "", since: datetime | None = None, until: datetime | None = None
) -> Sought:
    """What is looked for: `what` is a tag or its beginning with `*`."""
    return Sought(who.strip(), what.strip(), about.strip(), _micros(since), _micros(until))


def _micros(at: datetime | None) -> int | None:
    """Microseconds of a time; one without a zone is taken as UTC."""
    return None if at is None else micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def told(deed: Deed) -> Told:
    """A deed in the words of its record."""
    detail = dict(deed.detail) if isinstance(deed.detail, dict) else {}
    detail.pop("by", None)
    before, after = detail.pop("before", None), detail.pop("after", None)
    about = deed.key or (written(deed.subject) if deed.subject else "")
    return Told(
        moment(deed.at), deed.author, deed.tag, about, deed.partition, deed.seq, before, after, detail, deed.detail is not None
    )


def search(what: Sought, before: tuple[int, int] | None = None, limit: int = 50) -> list[Deed]:
    """The newest deeds below `before`."""
    return place().read(lambda session: deeds.search(session, what, before=before, limit=limit))


def as_csv(what: Sought) -> Iterator[bytes]:
    """All deeds that fit as CSV (RFC 4180), in pieces; a cell never begins like a formula."""
    yield _line(HEAD)
    before: tuple[int, int] | None = None
    while found := search(what, before, 500):
        yield b"".join(_line(_cells(told(deed))) for deed in found)
        before = (found[-1].at, found[-1].id)


def _cells(row: Told) -> tuple[Any, ...]:
    def packed(value: Any) -> str:
        return "" if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()

    return (
        row.at.isoformat(), row.who, row.what, row.about, row.partition, row.link, packed(row.before), packed(row.after),
        packed(row.detail or None),
    )  # fmt: skip


def _line(cells: tuple[Any, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(str(cell)) for cell in cells])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """Spreadsheets run cells that begin so."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def verify() -> audit.Verification:
    """Recompute all chains; takes as long as there are records."""
    here = place()
    claims = claims_at(here.start.location, here.landscape.home)
    return here.read(lambda session: audit.verify(session, claims))
