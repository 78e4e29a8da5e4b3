"""The list of credentials as people see it, by command line, page and API; never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from crossdock.landscape.landscape import Landscape
from crossdock.ledger import vault as ledger
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.ledger.vault import Standing
from crossdock.security.vault.catalogue import Named, credentials, kept_since, stand


@dataclass(frozen=True, slots=True)
class Listed:
    """One credential; times in microseconds since 1970 or as UTC moments, None where nobody knows.

    `state` is `good`, `due`, `expired`, `revoked`, or the stage of a rotation.
    """

    reference: str
    whose: str
    system: str
    purpose: str
    owner: str
    since: datetime | None
    next: datetime | None
    expires: datetime | None
    last_used: int | None
    by: str
    says: str
    state: str
    note: str
    public: str
    age_days: int | None
    stored_by: str
    overlap_until: datetime | None

    @property
    def age(self) -> str:
        """The age for people."""
        return "not known" if self.age_days is None else f"{self.age_days} d"

    @property
    def next_day(self) -> str:
        """The day of the next rotation."""
        return "not known" if self.next is None else f"{self.next:%Y-%m-%d}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "last_used": moment(self.last_used).isoformat() if self.last_used is not None else None}


def listed(session: Session, landscape: Landscape, now: datetime) -> list[Listed]:
    """Every credential the landscape names, with what the ledger knows of it."""
    if not ledger.present(session):
        return []
    known, used = ledger.standings(session), ledger.last_uses(session)
    folder = landscape.home / landscape.environment.vault.secrets
    return [_one(each, known, used, kept_since(each.reference, folder), now) for each in credentials(landscape)]


def _one(each: Named, known: Mapping[str, Standing], used: Mapping[str, int], since: datetime | None, now: datetime) -> Listed:
    standing = known.get(each.reference, Standing(each.reference))
    due = stand(each, standing, since, now)
    state = "good"
    if standing.revoked_at is not None:
        state = "revoked"
    elif standing.stage:
        state = standing.stage
    elif standing.note:
        state = "failed"
    elif due.expires is not None and now >= due.expires:
        state = "expired"
    elif due.warn:
        state = "due"
    return Listed(
        each.reference, each.whose, each.system, each.purpose, each.owner, due.since, due.next, due.expires, used.get(each.reference),
        each.rotation.by, each.rotation.says, state, standing.revoked_why or standing.note, standing.public,
        (now - due.since).days if due.since is not None else None, standing.stored_by,
        moment(standing.overlap_until) if standing.overlap_until is not None else None,
    )  # fmt: skip
