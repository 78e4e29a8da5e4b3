"""What the hub knows already of an object: its last accepted version, for fields that others may repeat but not change; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.ledger.accepted import accepted_events
from crossdock.ledger.session import Session
from crossdock.pipeline.work import EventWork

Object = tuple[str, str]
"""Business key and schema of an object."""


def object_of(event: Event) -> Object:
    """The object an event tells of."""
    return event.key, EVENT_PAYLOADS[event.type].schema_name


def recall(session: Session, works: Iterable[EventWork], references: Mapping[tuple[str, str], str]) -> dict[Object, Canonical]:
    """The last accepted version of each object that doubtful events tell of; `references` leads to keys their senders do not know."""
    keys: set[str] = set()
    for work in works:
        if work.doubt is not None:
            found = work.event.key, *(references.get((r.scheme, r.value), "") for r in work.event.references)
            keys.update(key for key in found if key)
    if not keys:
        return {}
    latest: dict[Object, tuple[type[Canonical], bytes]] = {}
    for key, kind, body in accepted_events(session, sorted(keys)):
        model = EVENT_PAYLOADS.get(kind)
        if model is not None:
            latest[key, model.schema_name] = model, body
    return {place: model.model_validate_json(body) for place, (model, body) in latest.items()}
