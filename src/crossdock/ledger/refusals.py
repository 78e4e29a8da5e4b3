"""What was refused or left out because its sender does not own it, and what no finalizer closed; reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from crossdock.ledger.session import Session

MOST: Final = 2_000
"""Records of each kind that are read."""
_FIELDS: Final = re.compile(r"(\S+) \(owned by ([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Refused:
    """One field of one message (or the whole of it, when `field` is empty). `outcome` is `refused`, `left_out` or `not_closed`;
    `exception` is its number, 0 when nobody has to look; `at` is microseconds since 1970."""

    at: int
    system: str
    what: str
    field: str
    owners: tuple[str, ...]
    outcome: str
    code: str
    key: str
    exception: int
    times: int = 1


def since(session: Session, at: int) -> list[Refused]:
    """Everything since a time, the newest first, a field a line."""
    found = [*_exceptions(session, at), *_left_out(session, at)]
    return sorted(found, key=lambda each: (-each.at, each.system, each.field))


def _exceptions(session: Session, at: int) -> Iterator[Refused]:
    columns = "id, code, system, key, detail, occurrences, updated_at"
    rows = session.rows(
        f"SELECT {columns} FROM ledger_exception WHERE step='authorize' AND updated_at>=? ORDER BY updated_at DESC LIMIT {MOST}",
        (at,),
    )
    rows += session.rows(
        f"SELECT {columns} FROM ledger_exception WHERE code IN ('authorize.target_owns','expect.not_finalized') AND updated_at>=? "
        f"ORDER BY updated_at DESC LIMIT {MOST}",
        (at,),
    )
    seen: set[int] = set()
    for number, code, system, key, text, times, when in rows:
        if number in seen:
            continue
        seen.add(number)
        detail = orjson.loads(text or "{}")
        what = str(detail.get("event") or detail.get("command") or "")
        if code == "expect.not_finalized":
            yield Refused(when, ", ".join(detail.get("finalizers", ())), what, "", (), "not_closed", code, key, number, times)
            continue
        fields = detail.get("fields")
        named = [each for each in fields if isinstance(each, dict)] if isinstance(fields, list) else []
        for each in named or [{"field": "", "owners": detail.get("responsible", ())}]:
            owners = tuple(map(str, each.get("owners", ())))
            yield Refused(when, system, what, str(each.get("field", "")), owners, "refused", code, key, number, times)


def _left_out(session: Session, at: int) -> Iterator[Refused]:
    for when, source, kind, note, key in session.rows(
        "SELECT created_at, source, type, note, key FROM ledger_event WHERE substr(note, 1, 9)='left out:' AND created_at>=? "
        f"ORDER BY created_at DESC LIMIT {MOST}",
        (at,),
    ):
        for field, owners in _FIELDS.findall(note):
            yield Refused(when, source, kind, field, tuple(owners.split(", ")), "left_out", "", key, 0)
