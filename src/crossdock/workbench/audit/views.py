"""Pages of the audit trail."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import Permission
from crossdock.workbench import keyset
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.audit import service
from crossdock.workbench.audit.evidence import packed
from crossdock.workbench.page import Request, page, render, require
from crossdock.workbench.place import place
from crossdock.workbench.recording import record
from crossdock.workbench.transactions import service as transactions

PAGE = 50
LOCAL = {"type": "datetime-local"}


class SearchForm(forms.Form):
    """What to look for."""

    who = forms.CharField(label=_("Who"), required=False, max_length=200)
    what = forms.CharField(label=_("What"), required=False, max_length=200, help_text="workbench:role:*")
    about = forms.CharField(label=_("About"), required=False, max_length=300)
    since = forms.DateTimeField(label=_("From"), required=False, widget=forms.DateTimeInput(LOCAL, "%Y-%m-%dT%H:%M"))
    until = forms.DateTimeField(label=_("Until"), required=False, widget=forms.DateTimeInput(LOCAL, "%Y-%m-%dT%H:%M"))


def _asked(form: SearchForm) -> dict[str, Any]:
    data = form.cleaned_data
    return {name: data.get(name) for name in ("who", "what", "about", "since", "until")}


@page(Permission.AUDIT_SEE)
def search(request: Request) -> HttpResponse:
    """Search by person, action, subject and time."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return render(request, "audit/search.html", {"form": form, "deeds": []})
    before = _place(request.GET.get("after", ""))
    found = service.search(service.sought(**_asked(form)), before, PAGE + 1)
    kept, following = keyset.paged(found, PAGE, lambda deed: (deed.at, deed.id))
    query = {name: value for name, value in request.GET.items() if name != "after" and value}
    context = {
        "form": form,
        "deeds": [service.told(deed) for deed in kept],
        "next": urlencode({**query, "after": following}) if following else "",
        "query": urlencode(query),
    }
    return render(request, "audit/search.html", context)


def _place(text: str) -> tuple[int, int] | None:
    try:
        found = keyset.read(text, int, int)
    except Problem:
        return None
    return (found[0], found[1]) if found else None


@page(Permission.AUDIT_SEE)
def download(request: Request) -> HttpResponseBase:
    """What was found, as CSV; that it was taken is recorded."""
    form = SearchForm(request.GET)
    form.is_valid()
    asked = _asked(form)
    record("workbench:audit:downloaded", request.person.name, **asked)
    answer = StreamingHttpResponse(service.as_csv(service.sought(**asked)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


@page(Permission.TRANSACTIONS_SEE)
def evidence(request: Request, key: str) -> HttpResponse:
    """The evidence of one transaction as an archive, masked for whoever asks; that it was taken is recorded."""
    return given(request, key)


def given(request: Any, key: str) -> HttpResponse:
    """The archive of a transaction this person may see, else 404."""
    told = place().read(lambda session: transactions.read(session, key[:500]))
    if told is None:
        raise Http404
    require(request, Permission.TRANSACTIONS_SEE, transactions.subject_of(told), f"evidence of {key}")
    archive = packed(told, request.person)
    record("workbench:evidence:packed", request.person.name, key=told.key, sha256=hashlib.sha256(archive).hexdigest())
    return HttpResponse(
        archive, content_type="application/zip", headers={"Content-Disposition": 'attachment; filename="evidence.zip"'}
    )


@page(Permission.AUDIT_SEE, "GET", "POST")
def verify(request: Request) -> HttpResponse:
    """Recompute all chains and say whether they hold."""
    found = None
    if request.method == "POST":
        found = service.verify()
        record("workbench:audit:verified", request.person.name, intact=not found.breaks, links=found.links, records=found.records)
    return render(request, "audit/verify.html", {"found": found, "breaks": found.breaks[:200] if found else ()})
