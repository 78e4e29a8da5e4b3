"""What a subscriber is told of an event: CloudEvents attributes beside the document; knows no wire.

Source: CloudEvents 1.0.2, sections "Context Attributes" and "Extension Context Attributes" (names are lower-case letters and digits);
`partitionkey` and `sequence` are the documented extensions of those names, `correlationid` and `causationid` that of "Correlation".
"""

from __future__ import annotations

from typing import Any

from crossdock.canonical.events import EVENT_PAYLOADS, Event

SPEC = "1.0"
JSON = "application/json"


def attributes(event: Event, again: str = "") -> dict[str, str]:
    """The context attributes of an event, all text. Source and id name it for ever: told again, also by a replay, it is the same event."""
    kind = EVENT_PAYLOADS[event.type]
    found = {
        "specversion": SPEC,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": JSON,
        "dataschema": f"urn:crossdock:schema:{kind.schema_name}:{kind.schema_version}",
    }
    if event.key:
        found |= {"subject": event.key, "partitionkey": event.key}
    if event.position is not None:
        found["sequence"] = f"{event.position.number:020d}"
    if event.correlation:
        found["correlationid"] = event.correlation
    if event.causation:
        found["causationid"] = event.causation
    if again:
        found["replay"] = again
    return found


def publish_data(event: Event, document: dict[str, Any], again: str = "") -> dict[str, Any]:
    """The data of `event.publish`."""
    return {"event": event.type, "attributes": attributes(event, again), "document": document}
