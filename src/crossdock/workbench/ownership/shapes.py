"""What is told of the system-of-record matrix, on the page and over the API."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Schema


class TenureOut(Schema):
    """Who owns, from `since` (first day) to `until` (first day after); `now` is whether that is today."""

    systems: list[str]
    since: date | None
    until: date | None
    now: bool


class FieldGroupOut(Schema):
    """A group of fields, or with an empty name all fields of the entity that no group names. `others` is what becomes of a write of
    somebody else: `refuse`, `strip` or `accept_equal`."""

    name: str
    fields: list[str]
    owners: list[TenureOut]
    others: str


class EntityOut(Schema):
    """One kind of object, the events that carry it, and who owns its fields."""

    entity: str
    events: list[str]
    groups: list[FieldGroupOut]


class EventOut(Schema):
    """Who may do what with one event; `closed_within` in seconds, null when nobody is asked."""

    event: str
    entity: str
    originates: list[str]
    enriches: list[str]
    validates: list[str]
    finalizes: list[str]
    closed_within: float | None


class RefusedOut(Schema):
    """A write that was refused (`refused`), left out (`left_out`), or an event its finalizer did not close (`not_closed`)."""

    at: datetime
    system: str
    what: str
    field: str
    owners: list[str]
    outcome: str
    code: str
    key: str
    exception: str
    times: int


class OwnershipOut(Schema):
    """The matrix as it is in force today, and what was refused since."""

    day: date
    entities: list[EntityOut]
    events: list[EventOut]
    since: datetime
    refused: list[RefusedOut]
