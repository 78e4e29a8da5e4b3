"""The frame of the API: authentication by key or session, permissions of operations, problem details; knows no feature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar

import orjson
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security.base import AuthBase

from crossdock.core.errors import CrossdockError, Deferred
from crossdock.security import access
from crossdock.security.roles import Permission
from crossdock.workbench import api_document, once
from crossdock.workbench.accounts.factors import owed
from crossdock.workbench.accounts.keys import person_of_key
from crossdock.workbench.accounts.refusals import AccountInvalid, NotAllowed
from crossdock.workbench.api_problem import Problem, Unauthenticated
from crossdock.workbench.page import PUBLIC
from crossdock.workbench.recording import denied

_API = re.compile(r"\.api(_\w+)?$")
V = TypeVar("V", bound=Callable[..., Any])


class Frame(NinjaAPI):
    """NinjaAPI with a complete OpenAPI document and operations named by their feature."""

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document, made once."""
        return orjson.dumps(api_document.complete(self.get_openapi_schema()), option=orjson.OPT_NON_STR_KEYS)

    def get_openapi_operation_id(self, operation: Any) -> str:
        feature = _API.sub("", operation.view_func.__module__.removeprefix("crossdock.workbench.")).replace(".", "_")
        return f"{feature}_{operation.view_func.__name__}".rstrip("_")


class KeyOrSession(AuthBase):
    """A service's key in `Authorization: Bearer`, or the session of somebody signed in (then writes carry the CSRF token)."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Any:
        given = request.headers.get("authorization", "")
        if given:
            request.person = person_of_key(request, given)
        elif request.person.name and _csrf_missing(request):
            hint = "Send the header X-CSRFToken, or use an API key."
            raise Problem(403, "api.csrf", "The request carries no valid CSRF token.", hint)
        if not request.person.name:
            raise Unauthenticated
        if owed(request):
            raise Problem(403, "api.second_factor", "Your roles need a second factor.", "Set it up on the page of your account.")
        return request.person


def _csrf_missing(request: HttpRequest) -> bool:
    middleware = CsrfViewMiddleware(lambda _request: HttpResponse())
    middleware.process_request(request)
    return middleware.process_view(request, lambda _request: HttpResponse(), (), {}) is not None


def permitted(permission: Permission) -> Callable[[V], V]:
    """Declare what an operation needs; without it anywhere the answer is 404, recorded.

    A write that carries an `Idempotency-Key` is carried out once and answered the same way again.
    """

    def declare(operation: V) -> V:
        def checked(request: Any) -> None:
            if not access.allowed(request.person, permission):
                denied(request, permission)
                raise Http404
            once.begin(request)

        if iscoroutinefunction(operation):

            @wraps(operation)
            async def later(request: Any, *args: Any, **kwargs: Any) -> Any:
                await sync_to_async(checked)(request)
                return await operation(request, *args, **kwargs)

            later.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]
            later.permission = permission  # type: ignore[attr-defined]
            return later  # type: ignore[return-value]

        @wraps(operation)
        def now(request: Any, *args: Any, **kwargs: Any) -> Any:
            checked(request)
            return operation(request, *args, **kwargs)

        now.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]
        now.permission = permission  # type: ignore[attr-defined]
        return now  # type: ignore[return-value]

    return declare


def problem_of(error: CrossdockError) -> Problem:
    """An error of the hub's tree as a problem: what may succeed later is 503, what is wrong with the request 422, the rest 409."""
    if isinstance(error, NotAllowed):
        return Problem(404, "api.not_found", "There is nothing here.", "See /api/openapi.json for what there is.")
    if isinstance(error, Deferred):
        after = str(max(1, int(error.retry_after or 5)))
        return Problem(503, error.code, error.message, error.hint, {"Retry-After": after})
    fields = error.detail.get("fields") or {}
    listed = [{"path": f"body.{name}", "message": str(why), "code": error.code} for name, why in fields.items()]
    status = 422 if isinstance(error, AccountInvalid) or fields else 409
    return (
        Problem(status, error.code, error.message, error.hint, errors=listed)
        if listed
        else Problem(status, error.code, error.message, error.hint)
    )


def install_errors(api: NinjaAPI) -> None:
    """Every error becomes a problem."""
    known: dict[type[Exception], Callable[[Any], Problem]] = {
        Problem: lambda error: error,
        AuthenticationError: lambda _: Unauthenticated(),
        Http404: lambda _: Problem(404, "api.not_found", "There is nothing here.", "See /api/openapi.json for what there is."),
        RequestDataTooBig: lambda _: Problem(413, "api.too_large", "The request is too large.", "Send fewer at a time."),
        TooManyFieldsSent: lambda _: Problem(413, "api.too_large", "The request has too many fields.", "Send fewer at a time."),
        ValidationError: _invalid,
        HttpError: lambda error: Problem(error.status_code, "api.unreadable", str(error), "Send JSON in UTF-8."),
        CrossdockError: problem_of,
    }
    for kind, made in known.items():
        api.add_exception_handler(kind, _answering(made))


def _answering(made: Callable[[Any], Problem]) -> Callable[[HttpRequest, Any], HttpResponse]:
    return lambda request, error: once.give(error) or made(error).answer()


def _invalid(error: Any) -> Problem:
    fields = [
        {
            "path": ".".join(str(part) for part in each.get("loc", ())),
            "message": each.get("msg", ""),
            "code": each.get("type", ""),
        }
        for each in error.errors
    ]
    return Problem(422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=fields)


def open_document(api: Frame) -> None:
    """`/api/openapi.json`, for everybody."""

    @api.get("/openapi.json", auth=None, include_in_schema=False)
    def openapi(request: HttpRequest) -> HttpResponse:
        return HttpResponse(api.document, content_type="application/json")

    openapi.permission = PUBLIC  # type: ignore[attr-defined]
