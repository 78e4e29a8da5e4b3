"""The JSON Schema of each event as one document, and what a subscriber's registry knows it by; knows no server."""

from __future__ import annotations

from typing import Any

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.schema import event_schema, schema_of


def whole_schema(event: str) -> dict[str, Any]:
    """The schema of an event as it is published, its payload inside, so that nothing has to be fetched."""
    kind = EVENT_PAYLOADS[event]
    payload = schema_of(kind)
    definitions = payload.pop("$defs", {})
    for name in ("$schema", "$id"):
        payload.pop(name, None)
    made = event_schema(event)
    made["properties"]["data"] = {"$ref": f"#/$defs/{kind.__name__}"}
    made["$defs"] = {**definitions, kind.__name__: payload}
    return made


def subject(topic: str) -> str:
    """The name of a topic's values in a schema registry (TopicNameStrategy)."""
    return f"{topic}-value"
