"""Completes the OpenAPI document: problems, security schemes, headers that every operation has; knows no operation."""

from __future__ import annotations

from typing import Any, Final

PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "hint"],
    "properties": {
        "type": {"type": "string", "description": "`urn:crossdock:error:` and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong."},
        "code": {"type": "string", "description": "Stable: what programs compare."},
        "hint": {"type": "string", "description": "What to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message", "code"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}, "code": {"type": "string"}},
            },
        },
    },
}

EVERY: Final = {
    "400": "The request cannot be read.",
    "401": "No key and no session, or a key that opens nothing.",
    "403": "The session's CSRF token is missing, or a second factor.",
    "404": "There is nothing here, or not for whoever asks.",
    "413": "The request is too large.",
    "422": "The request does not fit its schema; each field is named.",
    "429": "Too many requests; Retry-After says how long to wait.",
    "503": "It cannot be served now; Retry-After says when to come again.",
}
WRITES: Final = {"409": "The state is another one than the request supposes, or its Idempotency-Key is in use."}
KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and the same request within a day: carried out once, answered the same way again.",
}


def complete(document: Any) -> dict[str, Any]:
    """The document with what holds for all operations."""
    found: dict[str, Any] = dict(document)
    parts = found.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A service's key (`crossdock key new`)."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "crossdock",
            "description": "Somebody signed in; writes need X-CSRFToken.",
        },
    }
    for path in found.get("paths", {}).values():
        for method, operation in path.items():
            operation["security"] = [{"key": []}, {"session": []}]
            writes = method in ("post", "put", "patch", "delete")
            for status, text in {**EVERY, **(WRITES if writes else {})}.items():
                operation["responses"].setdefault(status, _answer(text, status in ("429", "503")))
            # ninja lists numbers as keys beside ours
            operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
            if writes:
                operation.setdefault("parameters", []).append(KEY)
    return found


def _answer(text: str, later: bool) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answer: dict[str, Any] = {"description": text, "content": content}
    if later:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answer
