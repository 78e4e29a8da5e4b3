"""Which bundle is to run on this ledger, with its file, so that every worker finds it; knows nothing of what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Session

_COLUMNS: Final = ("id", "bundle", "name", "author", "maker", "reason", "report", "promoted_at", "file")
_LISTED: Final = "id, bundle, name, author, maker, reason, report, promoted_at"


@dataclass(frozen=True, slots=True)
class Release:
    """One promotion. `report` says what it changed and who approved it; times in microseconds since 1970."""

    id: int
    bundle: str
    name: str
    author: str
    maker: str
    reason: str
    report: dict[str, Any]
    promoted_at: int


def promote(
    session: Session, numbers: Numbers, bundle: str, name: str, file: bytes, author: str, maker: str, reason: str,
    report: dict[str, Any], at: int,
) -> int:  # fmt: skip
    """From now on this bundle is to run. Recorded in the audit chain by the hub."""
    number = numbers.next()
    before = current(session)
    session.insert(
        "ledger_release", _COLUMNS, [(number, bundle, name, author, maker, reason, orjson.dumps(report).decode(), at, file)]
    )
    detail = {
        "before": {"bundle": before.bundle if before else ""}, "after": {"bundle": bundle}, "maker": maker, "reason": reason,
        "approved_by": [each["name"] for each in report.get("approvals", ())],
    }  # fmt: skip
    record(session, numbers.next(), "person:release:promoted", author, detail, at, name)
    return number


def current(session: Session) -> Release | None:
    """The promotion that counts; None when nothing was ever promoted."""
    rows = session.rows(f"SELECT {_LISTED} FROM ledger_release ORDER BY id DESC LIMIT 1")
    return _release(rows[0]) if rows else None


def newest_release(session: Session) -> int:
    """The number of the promotion that counts; 0 when there is none. Cheap: asked every second."""
    rows = session.rows("SELECT id FROM ledger_release ORDER BY id DESC LIMIT 1")
    return int(rows[0][0]) if rows else 0


def there_are(session: Session) -> bool:
    """Whether this ledger knows of promotions at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_release'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_release') IS NOT NULL"))


def history(session: Session, most: int = 100) -> list[Release]:
    """Promotions, the newest first."""
    return [_release(row) for row in session.rows(f"SELECT {_LISTED} FROM ledger_release ORDER BY id DESC LIMIT {int(most)}")]


def file_of(session: Session, bundle: str) -> bytes | None:
    """The bundle file promoted under this id, also under its first 16 digits; None when it was never promoted here."""
    rows = session.rows("SELECT file FROM ledger_release WHERE bundle LIKE ? ORDER BY id DESC LIMIT 1", (f"{bundle}%",))
    return bytes(rows[0][0]) if rows else None


def bundles_under_way(session: Session) -> list[str]:
    """The first 16 digits of the bundles with which transactions began that are not over."""
    return [row[0] for row in session.rows("SELECT DISTINCT bundle FROM ledger_instance WHERE NOT finished") if row[0]]


def _release(row: Any) -> Release:
    number, bundle, name, author, maker, reason, report, at = row
    return Release(int(number), bundle, name, author, maker, reason, orjson.loads(report), int(at))
