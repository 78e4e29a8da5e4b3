"""How a wrong field of a document is named: path, reason and kind, never the value; knows no document."""

from __future__ import annotations

MAPPING = "mapping"
"""The kind of a problem found while mapping; pydantic's own problems have pydantic's kinds (`string_too_long`)."""


def wrong_field(path: str, message: str, kind: str = MAPPING) -> dict[str, str]:
    """One entry of the `problems` in the detail of `SchemaInvalid`."""
    return {"path": path, "message": message, "kind": kind}
