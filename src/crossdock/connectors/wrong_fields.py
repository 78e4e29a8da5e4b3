"""How a connector names the fields of a document that are wrong: path, reason and kind, never the value; knows no document."""

from __future__ import annotations

from pydantic import ValidationError

from crossdock.core.errors import SchemaInvalid
from crossdock.overlay.wrong_field import MAPPING as MAPPING
from crossdock.overlay.wrong_field import wrong_field as wrong_field


def wrong_fields(error: ValidationError) -> list[dict[str, str]]:
    """All that pydantic found, without the values: they may be personal."""
    return [
        wrong_field(".".join(map(str, item["loc"])), item["msg"], item["type"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def refusal(summary: str, path: str, message: str, kind: str = MAPPING) -> SchemaInvalid:
    """The error for a document that is wrong in one place."""
    return SchemaInvalid(summary, problems=[wrong_field(path, message, kind)])
