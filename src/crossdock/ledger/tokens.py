"""Access tokens of partners' programs in the ledger: digests, used assertions, revoked clients; sees no token and no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Session


class Given(NamedTuple):
    """What a token was given for; `expires_at` in microseconds since 1970."""

    client: str
    systems: frozenset[str]
    expires_at: int


class Revocation(NamedTuple):
    """A revoked client."""

    client: str
    revoked_at: int
    revoked_by: str
    reason: str


def give(session: Session, numbers: Numbers, digest: str, client: str, systems: Sequence[str], expires_at: int, now: int) -> bool:
    """Keep a token, and forget those that are over; False when the client is revoked, of which the caller may have known nothing."""
    session.execute("DELETE FROM ledger_token WHERE expires_at<?", (now,))
    session.execute("DELETE FROM ledger_assertion WHERE expires_at<?", (now,))
    if is_revoked(session, client):
        return False
    row = (numbers.next(), digest, client, " ".join(systems), expires_at)
    session.insert("ledger_token", ("id", "digest", "client", "systems", "expires_at"), [row])
    return True


def spend(session: Session, numbers: Numbers, digest: str, expires_at: int) -> bool:
    """Note that an assertion was used; False when it was used before, on whichever worker."""
    row = (numbers.next(), digest, expires_at)
    return bool(session.insert("ledger_assertion", ("id", "digest", "expires_at"), [row], ignore="digest"))


def find(session: Session, digest: str) -> Given | None:
    """What a token was given for; None when it is unknown or its client revoked."""
    rows = session.rows(
        "SELECT client, systems, expires_at FROM ledger_token WHERE digest=? AND client NOT IN "
        "(SELECT client FROM ledger_client_revocation)",
        (digest,),
    )
    return Given(rows[0][0], frozenset(rows[0][1].split()), int(rows[0][2])) if rows else None


def is_revoked(session: Session, client: str) -> bool:
    """Whether a client gets no tokens."""
    return bool(session.rows("SELECT 1 FROM ledger_client_revocation WHERE client=?", (client,)))


def revoke(session: Session, numbers: Numbers, client: str, author: str, reason: str, at: int) -> int:
    """From now on a client's tokens do not count, and it gets none; how many it had. Recorded in the audit chain."""
    row = (numbers.next(), client, at, author, reason)
    columns = ("id", "client", "revoked_at", "revoked_by", "reason")
    session.insert("ledger_client_revocation", columns, [row], ignore="client")
    gone = session.execute("DELETE FROM ledger_token WHERE client=?", (client,))
    record(session, numbers.next(), "person:client:revoked", author, {"reason": reason, "tokens": gone}, at, client)
    return gone


def lift(session: Session, numbers: Numbers, client: str, author: str, reason: str, at: int) -> bool:
    """A revoked client may get tokens again; those it had stay void. Recorded in the audit chain."""
    if not session.execute("DELETE FROM ledger_client_revocation WHERE client=?", (client,)):
        return False
    record(session, numbers.next(), "person:client:revocation_lifted", author, {"reason": reason}, at, client)
    return True


def revocations(session: Session) -> list[Revocation]:
    """The revoked clients."""
    rows = session.rows("SELECT client, revoked_at, revoked_by, reason FROM ledger_client_revocation ORDER BY client")
    return [Revocation(row[0], int(row[1]), row[2], row[3]) for row in rows]


def counted(session: Session, now: int) -> dict[str, int]:
    """Clients and how many of their tokens count."""
    rows = session.rows("SELECT client, COUNT(*) FROM ledger_token WHERE expires_at>=? GROUP BY client", (now,))
    return {client: int(count) for client, count in rows}
