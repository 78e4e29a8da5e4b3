"""What every page is made of: who may open it, what it is about, and the answer when not; the declaration the tests enumerate."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.shortcuts import render as django_render

from crossdock.ledger.windows import Window
from crossdock.security import access
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.accounts.factors import owed
from crossdock.workbench.accounts.persons import person_at
from crossdock.workbench.place import place
from crossdock.workbench.recording import denied

V = TypeVar("V", bound=Callable[..., Any])
PUBLIC: Final = "public"


class Request(HttpRequest):
    """A request as views see it: `person` asks."""

    person: access.Person
    htmx: Any


def page(permission: Permission, *methods: str) -> Callable[[V], V]:
    """Declare who may open a view, and its methods (GET when none is named).

    Without a session it sends to the sign-in; without the permission anywhere it is 404, recorded. What the page is *about* the
    view checks with `require`.
    """
    allowed_methods = methods or ("GET",)
    if "GET" in allowed_methods:
        allowed_methods = (*allowed_methods, "HEAD")

    def declare(view: V) -> V:
        def refuse(request: Any) -> HttpResponseBase | None:
            if request.method not in allowed_methods:
                return HttpResponseNotAllowed(allowed_methods)
            if not hasattr(request, "person"):  # a request that waited for its sender to show the password again
                request.person = person_at(request)
            if not request.person.name:
                return to_sign_in(request)
            if permission is not Permission.OWN_ACCOUNT and owed(request):
                return redirect("mfa_activate_totp")
            if not access.allowed(request.person, permission):
                denied(request, permission)
                raise Http404
            return None

        if iscoroutinefunction(view):

            @wraps(view)
            async def later(request: Any, *args: Any, **kwargs: Any) -> Any:
                return await sync_to_async(refuse)(request) or await view(request, *args, **kwargs)

            later.permission, later.methods = permission, allowed_methods  # type: ignore[attr-defined]
            return later  # type: ignore[return-value]

        @wraps(view)
        def now(request: Any, *args: Any, **kwargs: Any) -> Any:
            return refuse(request) or view(request, *args, **kwargs)

        now.permission, now.methods = permission, allowed_methods  # type: ignore[attr-defined]
        return now  # type: ignore[return-value]

    return declare


def public(view: V) -> V:
    """Declare that anybody may open a view."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in and back to where somebody wanted to go; a part of a page is told by the header htmx obeys."""
    wanted = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=401)
        answer["HX-Refresh"] = "true"
        return answer
    return redirect_to_login(wanted)


def require(request: Any, permission: Permission, subject: Subject, about: str = "") -> None:
    """Go on only when the person has the permission for the subject. Raises Http404, and records it: what one may not see is not."""
    if not access.allowed(request.person, permission, subject, place().facts):
        denied(request, permission, about)
        raise Http404


def may(request: Any, permission: Permission, subject: Subject | None = None) -> bool:
    """Whether the person has the permission (for the subject): to show or hide a button."""
    return access.allowed(request.person, permission, subject, place().facts)


def visible(request: Any, permission: Permission) -> list[Window] | None:
    """The rows the person has the permission for, as functions in `ledger/` take them; None is all."""
    found = access.windows(request.person, permission, place().facts)
    return None if found is None else list(found)


def render(request: Any, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """A page, or for htmx only its part: templates extend `layout`, which is the whole page or the bare content."""
    layout = "partial.html" if getattr(request, "htmx", False) and not request.htmx.boosted else "base.html"
    answer = django_render(request, template, {"layout": layout, **(context or {})}, status=status)
    answer.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    return answer
