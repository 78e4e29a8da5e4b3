"""The inbox: groups and single exceptions, filters with URLs, search, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from crossdock.core.errors import all_errors
from crossdock.ledger.ids import written
from crossdock.ledger.inbox import PAGE, Filter, Place, entries, groups, place_of
from crossdock.ledger.people import OpenException
from crossdock.ledger.search import search as find
from crossdock.ledger.stakes import major_units
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.times import micros, moment
from crossdock.ledger.windows import Window
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions import choosing, summary
from crossdock.workbench.exceptions.detail import money
from crossdock.workbench.exceptions.models import SavedFilter
from crossdock.workbench.page import Request, may, page, render, visible
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

SEE: Final = Permission.EXCEPTIONS_SEE
MOST_ROWS: Final = 50_000
"""Rows of one CSV file."""


def now() -> int:
    """This moment, in microseconds."""
    return micros(place().clock.now())


def row(each: OpenException, at: int) -> dict[str, Any]:
    """An exception as lists show it."""
    asleep = each.snoozed_until is not None and each.snoozed_until > at
    state = "resolved" if each.state == ExceptionState.RESOLVED else "proposed" if each.correction is not None else ""
    state = state or ("retrying" if each.state == ExceptionState.RETRYING else "snoozed" if asleep else "open")
    due = clock_of(each)
    return {
        "each": each, "number": written(each.id), "money": money(each.amount, each.currency), "state": state, "due": due,
        "late": due is not None and due < at and state != "resolved", "age": at - each.created_at,
    }  # fmt: skip


def clock_of(each: OpenException) -> int | None:
    """When somebody has to have acted: the business deadline, else what policy gives for an answer."""
    if each.due is not None:
        return each.due
    agreed = choosing.within(place().landscape)
    return None if agreed is None else each.created_at + agreed


@page(SEE)
def inbox(request: Request) -> HttpResponse:
    """Groups by cause, or one after another."""
    at, windows = now(), visible(request, SEE)
    choice = choosing.read(request.GET)
    landscape, person = place().landscape, request.person.name
    chosen = choosing.chosen(choice, landscape, person, at)
    single = request.GET.get("view") == "single" or chosen.standing == "resolved" or bool(chosen.fingerprint)
    order = _order(request, single)
    after = _after(request)
    context: dict[str, Any] = {
        "choice": choice, "said": choice.said, "single": single, "order": order, "now": at,
        "tabs": summary.tabs(at, windows, person), "me": person,
        "saved": SavedFilter.objects.filter(Q(owner=person) | Q(shared=True)).order_by("name")[:100],
        "options": _options(), "may_bulk": may(request, Permission.EXCEPTIONS_BULK), "standings": standings(),
    }  # fmt: skip
    if single:
        found = place().read(lambda s: entries(s, chosen, at, windows=windows, order=order, after=after, limit=PAGE + 1))  # type: ignore[arg-type]
        context["rows"] = [row(each, at) for each in found[:PAGE]]
        if len(found) > PAGE:
            context["next"] = _next(request, place_of(found[PAGE - 1], order, chosen.within))
    else:
        listed = place().read(lambda s: groups(s, chosen, at, windows=windows, order=order, after=after, limit=PAGE + 1))  # type: ignore[arg-type]
        context["groups"] = [
            {"group": each, "money": [money(one.minor, one.currency) for one in each.money], "age": at - each.first,
             "late": each.due is not None and each.due < at, "query": choice.without(fingerprint=each.fingerprint)}
            for each in listed[:PAGE]
        ]  # fmt: skip
        if len(listed) > PAGE:
            last = listed[PAGE - 1]
            context["next"] = _next(request, Place(last.last if order == "last" else last.count, last.fingerprint))
        count, orders, amounts = summary.worth(chosen, choice.query, at, windows)
        context |= {"count": count, "orders": orders, "worth": [money(one.minor, one.currency) for one in amounts]}
    return render(request, "exceptions/inbox.html", context)


def _order(request: Request, single: bool) -> str:
    known = ("newest", "oldest", "due", "money") if single else ("last", "count")
    given = request.GET.get("order", "")
    return given if given in known else known[0]


def _after(request: Request) -> Place | None:
    value, _sep, tie = request.GET.get("after", "").partition(".")
    return (
        Place(int(value), tie) if value.lstrip("-").isdecimal() and len(value) < 20 and -(2**63) <= int(value) < 2**63 else None
    )


def _next(request: Request, last: Place) -> str:
    given = {name: value for name, value in request.GET.items() if name != "after"}
    return urlencode({**given, "after": f"{last.value}.{last.tie}"})


def standings() -> list[tuple[str, Any]]:
    """Where an exception may stand, in words."""
    return [
        ("open", _("Needs somebody")), ("active", _("All unresolved")), ("retrying", _("Being retried")), ("snoozed", _("Snoozed")),
        ("proposed", _("Waits for approval")), ("resolved", _("Resolved")),
    ]  # fmt: skip


def _options() -> dict[str, Any]:
    landscape = place().landscape
    return {
        "owner": sorted(landscape.teams), "flow": sorted(landscape.flows), "system": sorted(landscape.systems),
        "partner": sorted(landscape.partners), "code": sorted({kind.code for kind in all_errors() if kind.family}),
        "region": sorted({system.region for system in landscape.systems.values() if system.region}),
        "step": ["receive", "normalize", "validate", "authorize", "sequence", "decide", "deliver", "reconcile", "expect", "poll"],
    }  # fmt: skip


@page(SEE)
def search(request: Request) -> HttpResponseBase:
    """Find by any name; the only thing found is opened."""
    text = request.GET.get("q", "").strip()[:200]
    windows = visible(request, SEE)
    systems = list(place().landscape.systems)
    found = place().read(lambda session: find(session, text, systems, windows=windows))
    partners = _partners(text) if text else []
    if len(found.exceptions) == 1 and not partners:
        return redirect("exceptions:detail", written(found.exceptions[0].id))
    at = now()
    context = {
        "q": text, "rows": [row(each, at) for each in found.exceptions], "partners": partners,
        "keys": found.keys if may(request, Permission.TRANSACTIONS_SEE) and windows is None else [],
    }  # fmt: skip
    return render(request, "exceptions/search.html", context)


def _partners(text: str) -> list[tuple[str, str]]:
    """Partners and systems called like this: (title, query string of the inbox)."""
    wanted = text.casefold()
    found = []
    for kind, things in (("partner", place().landscape.partners), ("system", place().landscape.systems)):
        for name, thing in things.items():
            title = thing.title or name
            if len(wanted) > 1 and (wanted in title.casefold() or wanted == name):
                found.append((title, urlencode({kind: name})))
    return found[:20]


@page(SEE)
def export(request: Request) -> HttpResponseBase:
    """The filtered exceptions as CSV; texts that a spreadsheet would take for a formula are quoted."""
    at, windows = now(), visible(request, SEE)
    chosen = choosing.chosen(choosing.read(request.GET), place().landscape, request.person.name, at)

    async def lines() -> AsyncIterator[str]:
        yield csv_line(
            [
                "number",
                "opened",
                "code",
                "message",
                "order",
                "system",
                "flow",
                "owner",
                "assignee",
                "state",
                "amount",
                "currency",
                "due",
            ]
        )
        after: Place | None = None
        for _turn in range(MOST_ROWS // 1_000):
            found = await sync_to_async(_thousand)(chosen, at, windows, after)
            for each in found:
                shown = row(each, at)
                amount = "" if each.amount is None else f"{major_units(each.amount, each.currency):f}"
                due = shown["due"]
                yield csv_line(
                    [shown["number"], moment(each.created_at).isoformat(), each.code, each.message, each.key, each.system, each.flow, each.owner,
                     each.assignee, shown["state"], amount, each.currency, "" if due is None else moment(due).isoformat()]
                )  # fmt: skip
            if len(found) < 1_000:
                return
            after = place_of(found[-1], "newest")

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="exceptions.csv"'
    return answer


def _thousand(chosen: Filter, at: int, windows: list[Window] | None, after: Place | None) -> list[OpenException]:
    return place().read(lambda session: entries(session, chosen, at, windows=windows, after=after, limit=1_000))


def csv_line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells])
    return text.getvalue()


@page(SEE, "POST")
def save(request: Request) -> HttpResponseBase:
    """Keep the present filter under a name, for oneself or for everybody."""
    name = request.POST.get("name", "").strip()[:100]
    query = choosing.read(dict(_pairs(request.POST.get("query", "")))).query[:2000]
    shared = request.POST.get("shared") == "on"
    if not name:
        messages.error(request, _("Give the filter a name."))
    else:
        SavedFilter.objects.update_or_create(owner=request.person.name, name=name, defaults={"query": query, "shared": shared})
        record("workbench:filter:saved", request.person.name, after={"name": name, "query": query, "shared": shared})
        messages.success(request, _("The filter is saved."))
    return HttpResponseRedirect(f"{reverse('exceptions:inbox')}?{query}")


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query[:4000])


@page(SEE, "POST")
def forget(request: Request, number: int) -> HttpResponseBase:
    """Drop one of one's own filters."""
    gone = SavedFilter.objects.filter(pk=number, owner=request.person.name).first()
    if gone is not None:
        record(
            "workbench:filter:dropped",
            request.person.name,
            before={"name": gone.name, "query": gone.query, "shared": gone.shared},
        )
        gone.delete()
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if safe else reverse("exceptions:inbox"))
