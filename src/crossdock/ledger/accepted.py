"""The last accepted event of each kind, by business key: what authorization compares with."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.ledger.payloads import unpack
from crossdock.ledger.session import Session
from crossdock.ledger.states import EventState


def accepted_events(session: Session, keys: Sequence[str]) -> list[tuple[str, str, bytes]]:
    """(key, event type, payload) of the last accepted event of each type, oldest first; those whose payload retention removed are left out."""
    states = f"{int(EventState.APPLIED)},{int(EventState.UNROUTED)}"
    rows = session.rows_in(
        "SELECT e.key, e.type, e.data FROM ledger_event e JOIN ("
        f"SELECT MAX(id) AS id FROM ledger_event WHERE state IN ({states}) AND key {{in}} GROUP BY key, type"
        ") latest ON latest.id=e.id ORDER BY e.id",
        keys,
    )
    return [(key, kind, unpack(data)) for key, kind, data in rows if data]
