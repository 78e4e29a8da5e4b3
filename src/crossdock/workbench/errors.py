"""Pages for what went wrong: not found, refused, broken; they say what to do and reveal nothing."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import Resolver404

from crossdock.security.access import NOBODY
from crossdock.workbench.api_problem import Unauthenticated
from crossdock.workbench.page import public, to_sign_in

log = logging.getLogger("crossdock.workbench")


def _for_machine(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(status: int, code: str, title: str, hint: str) -> HttpResponse:
    content = {
        "type": f"urn:crossdock:error:{code}",
        "title": title,
        "status": status,
        "detail": title,
        "code": code,
        "hint": hint,
    }
    return JsonResponse(content, status=status, content_type="application/problem+json")


@public
def not_found(request: HttpRequest, exception: Any = None) -> HttpResponseBase:
    """There is no such page, or not for whoever asks: both look the same."""
    stranger = not getattr(request, "person", NOBODY).name
    if _for_machine(request):
        if stranger and not request.headers.get("authorization"):
            return Unauthenticated().answer()
        return _problem(404, "api.not_found", "There is nothing here.", "See /api/openapi.json for what there is.")
    if stranger and request.method in ("GET", "HEAD") and isinstance(exception, Resolver404):
        return to_sign_in(request)
    return render(request, "errors/404.html", {"layout": "base.html"}, status=404)


@public
def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Something that cannot be done in this session."""
    if _for_machine(request):
        return _problem(403, "api.refused", "This cannot be done.", "Sign in again, or use another key.")
    return render(request, "errors/403.html", {"layout": "base.html"}, status=403)


@public
def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """A request nobody can answer."""
    return HttpResponse("This request cannot be understood.\n", status=400, content_type="text/plain; charset=utf-8")


@public
def broken(request: HttpRequest) -> HttpResponse:
    """A defect of ours; told without templates, because those may be what broke."""
    if _for_machine(request):
        return _problem(500, "hub.defect", "This is a defect of the workbench.", "Report it with the log lines of this time.")
    text = "This is a defect of the workbench. Messages go on crossing meanwhile; the log says more.\n"
    return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")


@public
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or came from one of an ended session."""
    if _for_machine(request):
        return _problem(
            403, "api.csrf", "The request carries no valid CSRF token.", "Send the header X-CSRFToken, or use an API key."
        )
    return render(request, "errors/csrf.html", {"layout": "base.html"}, status=403)
