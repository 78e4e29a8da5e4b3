"""Step two, normalize: a message becomes canonical events by the connector's mapping; pure but for the mapping it calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.connectors.protocol import Connector, Inbound, StoredMessage
from crossdock.core.errors import (
    CrossdockError,
    DocumentUnknown,
    MappingFailed,
    MessageConflict,
    PayloadLost,
    PayloadStoreUnavailable,
    Rejected,
    SchemaInvalid,
    UnknownSystem,
    all_errors,
)
from crossdock.core.partition import partition_of
from crossdock.ledger.times import moment
from crossdock.ledger.work import AWAY, LOST_PAYLOAD, TakenMessage
from crossdock.pipeline.counted import COUNTED, counted_events
from crossdock.pipeline.work import EventWork, new_work

log = logging.getLogger("crossdock.normalize")

T = TypeVar("T")


def normalize(
    message: TakenMessage, connectors: Mapping[str, Connector], partitions: int, number: Callable[[], int]
) -> list[EventWork]:
    """The events of a message, each with its partition when its key is known, else with the message's.

    Raises a `Rejected` with a stable code; a fault inside a mapping becomes `MappingFailed`, so that one message never stops others.
    """
    refused = _refused(message.mark)
    if refused is not None:
        raise refused
    if message.topic == COUNTED:
        return [_work(event, message, partitions, number()) for event in counted_events(message)]
    if message.topic.startswith("crossdock."):
        return []
    connector = _connector(message, connectors)
    events = _mapped(connector, connector.normalize, message)
    return [_work(event, message, partitions, number()) for event in events]


def split(message: TakenMessage, connectors: Mapping[str, Connector]) -> Sequence[Inbound]:
    """The messages a message carries, by its connector; raises as `normalize` does."""
    if message.topic == COUNTED or message.topic.startswith("crossdock."):
        return ()
    connector = _connector(message, connectors)
    return _mapped(connector, connector.split, message)


def refusals(
    message: TakenMessage, error: CrossdockError, connectors: Mapping[str, Connector], partitions: int, number: Callable[[], int]
) -> list[EventWork]:
    """What the sender of a message that failed has to hear, by its connector. A fault in finding that out never hides the failure itself."""
    connector = connectors.get(message.system)
    if (
        connector is None
        or _refused(message.mark) is not None
        or message.topic == COUNTED
        or message.topic.startswith("crossdock.")
    ):
        return []
    try:
        told = _mapped(connector, lambda stored: connector.refusal(stored, error), message)
        works = [_work(event, message, partitions, number()) for event in told]
    except CrossdockError as problem:
        log.warning("what %s should hear of a refused message is not told: %s", message.system, problem.code)
        return []
    for work in works:
        work.once = True
    return works


def _connector(message: TakenMessage, connectors: Mapping[str, Connector]) -> Connector:
    connector = connectors.get(message.system)
    if connector is None:
        raise UnknownSystem(f"system {message.system!r} is not in the landscape any more", system=message.system)
    return connector


def _mapped(connector: Connector, mapping: Callable[[StoredMessage], Sequence[T]], message: TakenMessage) -> Sequence[T]:
    stored = StoredMessage(
        uid=str(message.id),
        system=message.system,
        channel=message.channel,
        topic=message.topic,
        body=message.body,
        content_type=message.content_type,
        headers=orjson.loads(message.headers) if message.headers else {},
        received_at=moment(message.received_at),
    )
    try:
        return mapping(stored)
    except ValidationError as error:
        raise schema_invalid(error) from None
    except CrossdockError:
        raise
    except Exception as error:
        raise MappingFailed(
            f"the mapping of {connector.kind} failed on this message: {type(error).__name__}", kind=connector.kind
        ) from error


def _work(event: Event, message: TakenMessage, partitions: int, number: int) -> EventWork:
    if event.type not in EVENT_PAYLOADS:
        raise DocumentUnknown(f"{event.type!r} is no event of the hub", type=event.type)
    event = replace(event, correlation=event.correlation or message.correlation, causation=str(message.id))
    partition = partition_of(event.key, partitions) if event.key else message.partition
    return new_work(number, message.id, partition, event)


def schema_invalid(error: ValidationError) -> SchemaInvalid:
    """All wrong fields of a document at once: path, message and kind; never the value, it may be personal."""
    problems = [
        {"path": ".".join(map(str, p["loc"])), "message": p["msg"], "kind": p["type"]}
        for p in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    first = problems[0]
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return SchemaInvalid(f"{first['path'] or 'document'}: {first['message']}{more}", problems=problems)


def _refused(mark: str) -> CrossdockError | None:
    """Why a message was set aside before anything was mapped; None when it was not: then a mark names the mapping that failed."""
    if mark == AWAY:
        return PayloadStoreUnavailable("the message's body is kept outside the database, where it cannot be fetched now")
    if mark == LOST_PAYLOAD:
        return PayloadLost()
    if mark.startswith("conflict"):
        return MessageConflict(first=mark.partition(":")[2])
    if not mark.startswith("refused:"):
        return None
    content: dict[str, Any] = orjson.loads(mark.removeprefix("refused:"))
    known = {kind.code: kind for kind in all_errors()}
    kind = known.get(content["code"], Rejected)
    return kind(content["message"], **content["detail"])
