"""The edge of the API: whatever answers below `/api/`, an error is a problem with the headers it needs; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from crossdock.workbench import once
from crossdock.workbench.api_problem import Problem, Unauthenticated

SAYS: Final = {
    400: ("api.unreadable", "This request cannot be read.", "Compare it with /api/openapi.json."),
    404: ("api.not_found", "There is nothing here.", "See /api/openapi.json for what there is."),
    405: ("api.method", "This path has no such method.", "The header Allow names those it has."),
    413: ("api.too_large", "The request is too large.", "Send fewer at a time."),
    415: ("api.media_type", "This media type is not taken.", "Send application/json."),
}


class ApiEdge:
    """Middleware for paths below `/api/`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> Any:
        answer: Any = self._next(request)
        if not request.path.startswith("/api/"):
            return answer
        if answer.status_code >= 400 and not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            answer = self._problem(request, answer)
        once.end(request, answer)
        return answer

    def _problem(self, request: HttpRequest, answer: Any) -> Any:
        stranger = not request.person.name and not request.headers.get("authorization")
        if stranger and answer.status_code in (404, 405):
            return Unauthenticated().answer()
        code, title, hint = SAYS.get(answer.status_code, ("api.refused", "This was refused.", "See /api/openapi.json."))
        headers = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
        return Problem(answer.status_code, code, title, hint, headers).answer()
