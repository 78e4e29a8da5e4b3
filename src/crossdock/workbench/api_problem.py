"""Errors of the API as problem details (RFC 9457); knows no operation."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse


class Problem(Exception):
    """An answer that is no success: status, stable code, what is wrong, what to do, and details."""

    def __init__(
        self, status: int, code: str, title: str, hint: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(title)
        self.status, self.code, self.title, self.hint = status, code, title, hint
        self.headers, self.more = headers or {}, more

    def answer(self) -> HttpResponse:
        """As problem details (RFC 9457)."""
        content = {
            "type": f"urn:crossdock:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.title,
            "code": self.code,
            "hint": self.hint,
            **self.more,
        }
        found = HttpResponse(orjson.dumps(content, default=str), status=self.status, content_type="application/problem+json")
        for name, value in self.headers.items():
            found.headers[name] = value
        return found


class Unauthenticated(Problem):
    """No key and no session."""

    def __init__(self) -> None:
        super().__init__(
            401,
            "api.unauthenticated",
            "This needs an API key or a session.",
            "Send `Authorization: Bearer <key>`; `crossdock key new` makes one.",
            {"WWW-Authenticate": 'Bearer realm="crossdock"'},
        )
