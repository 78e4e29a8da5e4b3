"""The ways in: `/` leads to the landing page; language and zone are chosen here."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language

from crossdock.workbench.layout import landing
from crossdock.workbench.page import Request, public, to_sign_in

YEAR = 365 * 24 * 3600


@public
def root(request: Request) -> HttpResponseBase:
    """To the landing page, or to the sign-in."""
    return HttpResponseRedirect(landing(request.person)) if request.person.name else to_sign_in(request)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To where the form was, if that is here."""
    wanted = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        wanted = "/"
    return HttpResponseRedirect(wanted)


@public
def language(request: HttpRequest) -> HttpResponseBase:
    """Choose a language."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    answer = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    return answer


@public
def zone(request: HttpRequest) -> HttpResponseBase:
    """Choose the zone times are shown in."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    answer = _back(request)
    chosen = request.POST.get("zone", "")
    if chosen in available_timezones() and ZoneInfo(chosen):
        answer.set_cookie("crossdock_zone", chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return answer
