"""CloudEvents 1.0.2 on the wire: JSON event format and batches read and written; knows no transport and no business.

Sources: CloudEvents JSON Event Format 1.0.2 (sections 2 to 4), HTTP Protocol Binding 1.0.2 (section 3: binary, structured, batched),
Kafka Protocol Binding 1.0.2 (section 3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Position
from crossdock.connectors.contracts.bodies import an_object, read_object
from crossdock.connectors.exact_json import read_exact, refuse_repeated_names
from crossdock.connectors.protocol import Inbound
from crossdock.core.errors import DocumentUnknown, PayloadMalformed

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
SPEC: Final = "1.0"
KEY: Final = re.compile(r"^[a-z_]+/[^/\s]+/\S.{0,199}$")
_NEEDED: Final = ("specversion", "id", "source", "type")


def structured(attributes: Mapping[str, str], document: Any) -> bytes:
    """An event as one JSON object."""
    return orjson.dumps({**attributes, "data": document})


def binary_headers(attributes: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The attributes as headers (`ce-` for HTTP, `ce_` for Kafka); beyond printable ASCII they are percent-encoded, as the binding says."""
    return {
        f"{prefix}{name}": quote(value, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~")
        for name, value in attributes.items()
        if name != "datacontenttype"
    }


def from_binary(headers: Mapping[str, str], prefix: str, body: bytes) -> bytes:
    """An event in binary mode as one JSON object. Raises `PayloadMalformed`."""
    attributes = {name.removeprefix(prefix): unquote(value) for name, value in headers.items() if name.startswith(prefix)}
    attributes["datacontenttype"] = "application/json"
    # the document goes in byte for byte, so that no decimal is touched
    read_object(body)
    head = orjson.dumps(attributes)
    return head[:-1] + b',"data":' + body + b"}"


def split_batch(body: bytes) -> list[bytes]:
    """The events of a batch, each with the bytes its own JSON value has when written exactly. Raises `PayloadMalformed`."""
    from crossdock.connectors.exact_json import write_exact

    found = read_exact(body)
    refuse_repeated_names(body, found)
    if not isinstance(found, list):
        raise PayloadMalformed("a batch is a JSON array of events")
    return [write_exact(an_object(each)) for each in found]


def inbound(body: bytes) -> Inbound:
    """One event as a message: source and id are its identity. Raises `PayloadMalformed`."""
    event = read_object(body)
    for name in _NEEDED:
        if not (isinstance(event.get(name), str) and event[name]):
            raise PayloadMalformed(f"a CloudEvent needs a text `{name}`")
    if event["specversion"] != SPEC:
        raise PayloadMalformed(f"CloudEvents {event['specversion']!r} is not spoken here, {SPEC} is")
    digest = hashlib.blake2b(f"{event['source']}\0{event['id']}".encode(), digest_size=16).hexdigest()
    return Inbound(topic=str(event["type"])[:100], dedupe_key=digest, body=body, content_type=STRUCTURED)


def event_of(body: bytes, system: str) -> Event:
    """The canonical event of a CloudEvent; it is this system's whatever `source` says. Raises `PayloadMalformed`, `DocumentUnknown`."""
    told = read_object(body)
    kind = EVENT_PAYLOADS.get(str(told.get("type")))
    if kind is None:
        raise DocumentUnknown(f"there is no event type {told.get('type')!r}", topic=str(told.get("type")))
    subject = str(told.get("subject") or "")
    if not KEY.match(subject):
        raise PayloadMalformed("`subject` is the business key, such as order/shop/1001", subject=subject[:200])
    source, identity = str(told["source"]), str(told["id"])
    data = kind.model_validate(an_object(told.get("data")))
    sequence = str(told.get("sequence") or "")
    counted = sequence.isascii() and sequence.isdigit() and len(sequence) <= 20 and int(sequence) < 2**63
    position = Position(f"{source}/{told['type']}", int(sequence)) if counted else None
    return Event(
        id=identity if source == system else f"{source}:{identity}",
        type=str(told["type"]),
        source=system,
        key=subject,
        data=data,
        occurred_at=_time(told.get("time")),
        position=position,
        correlation=str(told.get("correlationid") or "")[:64],
    )


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise PayloadMalformed("`time` is an RFC 3339 timestamp", time=str(value)[:40]) from None
    if found.tzinfo is None:
        raise PayloadMalformed("`time` has no offset from UTC", time=str(value)[:40])
    return found


def message_id(attributes: Mapping[str, str]) -> str:
    """The name of an event towards a receiver, the same each time it is told: letters and digits only, as signatures need it."""
    return "evt_" + hashlib.blake2b(f"{attributes['source']}\0{attributes['id']}".encode(), digest_size=16).hexdigest()


def told_of(data: Mapping[str, Any]) -> tuple[dict[str, str], Any]:
    """Attributes and document of a command `event.publish`. Raises `PayloadMalformed` when it carries no event."""
    attributes, document = data.get("attributes"), data.get("document")
    if not isinstance(attributes, dict) or not isinstance(document, dict) or any(not attributes.get(name) for name in _NEEDED):
        raise PayloadMalformed("the command carries no event")
    return {str(name): str(value) for name, value in attributes.items()}, document
