"""Reads in one look what the ledger knows of the subjects of a micro-batch, before anything is decided; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from crossdock.core.sequencing import StreamState
from crossdock.ledger import work as ledger
from crossdock.ledger.session import Session
from crossdock.pipeline.accepted import recall
from crossdock.pipeline.instances import InstanceCache
from crossdock.pipeline.runtime import Flow
from crossdock.pipeline.tick import Known
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.work import from_row as event_from_row


def reading(
    works: list[EventWork],
    keys: Iterable[str],
    known: Known,
    cache: InstanceCache,
    flows: Mapping[str, Flow],
    validator: Validator,
) -> Callable[[Session], None] | None:
    """What reads for these events and business keys into `known` and `cache`; None when there is nothing to read."""
    wanted = set(keys)
    identities = [work.identity for work in works if not work.recorded]
    values = list({r.value for work in works if not work.event.key for r in work.event.references})
    event_keys = {work.event.key for work in works if work.event.key}
    positioned = {work.event.key for work in works if work.event.key and work.event.position is not None}
    by_reference = [work for work in works if not work.event.key]
    for work in works:
        if work.recorded:
            validator.doubt_again(work)

    def read(session: Session) -> None:
        if identities:
            known.identities = ledger.known_events(session, identities)
        if values:
            known.references = ledger.resolve_references(session, values)
            for work in by_reference:
                for reference in work.event.references:
                    key = known.references.get((reference.scheme, reference.value))
                    if key:
                        event_keys.add(key)
                        if work.event.position is not None:
                            positioned.add(key)
        missing = cache.missing(wanted | event_keys)
        if missing:
            cache.load(missing, ledger.instances_of(session, missing), flows)
        if positioned:
            streams = list(positioned)
            for number, key, stream, position, digest in ledger.streams_of(session, streams):
                known.streams[key, stream] = (number, StreamState(position, bytes(digest).hex()))
            for row in ledger.take_held(session, streams):
                held = event_from_row(row)
                assert held.event.position is not None
                validator.doubt_again(held)
                known.held.setdefault((held.event.key, held.event.position.stream), []).append(held)
        known.accepted = recall(session, [*works, *(held for each in known.held.values() for held in each)], known.references)

    return read if identities or values or wanted or event_keys else None
