"""JSON objects of the documented contracts, read exactly; knows no system."""

from __future__ import annotations

from typing import Any

from crossdock.connectors.exact_json import read_exact, refuse_repeated_names
from crossdock.core.errors import PayloadMalformed


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object with exact decimals. Raises `PayloadMalformed`."""
    document = read_exact(body)
    refuse_repeated_names(body, document)
    return an_object(document)


def an_object(value: Any) -> dict[str, Any]:
    """The value when it is an object. Raises `PayloadMalformed`."""
    if not isinstance(value, dict):
        raise PayloadMalformed("a JSON object is expected")
    return value
