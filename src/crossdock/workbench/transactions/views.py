"""Pages of transactions: search by any name, and one transaction's whole course."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crossdock.ledger.trace import Story
from crossdock.security.roles import Permission
from crossdock.workbench.page import Request, may, page, render, require, visible
from crossdock.workbench.place import place
from crossdock.workbench.recording import record
from crossdock.workbench.transactions import service

LONGEST = 200
"""Characters of a name that is searched for."""


@page(Permission.TRANSACTIONS_SEE)
def search(request: Request) -> HttpResponse:
    """Find a transaction by any of its names; without one, those that wait for longest."""
    windows, here = visible(request, Permission.TRANSACTIONS_SEE), place()
    text, flow = request.GET.get("q", "").strip()[:LONGEST], request.GET.get("flow", "")
    flows = [name for name in here.landscape.flows if service.inside(name, windows)]
    if flow not in flows:
        flow = ""
    if text:
        hits = here.read(lambda s: service.find(s, text, windows))
        keys = list(dict.fromkeys(hit.key for hit in hits))
        if len(keys) == 1:
            return HttpResponseRedirect(reverse("transactions:transaction", args=keys))
    else:
        hits = here.read(lambda s: service.longest_waiting(s, windows, flow))
    return render(request, "transactions/search.html", {"hits": hits, "text": text, "flow": flow, "flows": flows})


@page(Permission.TRANSACTIONS_SEE)
def transaction(request: Request, key: str) -> HttpResponse:
    """One transaction; a name of it that is not its key leads to it."""
    return _shown(request, key, _told(request, key))


def _told(request: Request, key: str) -> Story:
    told = place().read(lambda s: service.read(s, key[:500]))
    if told is None:
        raise Http404
    require(request, Permission.TRANSACTIONS_SEE, service.subject_of(told), f"transaction {key}")
    return told


def _shown(request: Request, key: str, told: Story, *, unmask: bool = False, status: int = 200) -> HttpResponse:
    here = place()
    now = here.clock.now()
    found = here.read(lambda s: service.shown(s, told, request.person, now, unmask=unmask))
    return render(
        request, "transactions/transaction.html",
        {
            "one": found, "now": now, "unmasked": unmask,
            "may_unmask": found.masked and not unmask and may(request, Permission.PAYLOAD_UNMASK, found.subject),
        },
        status,
    )  # fmt: skip


@page(Permission.PAYLOAD_UNMASK, "POST")
def unmask(request: Request, key: str) -> HttpResponse:
    """Show protected fields once; who looked, at what and why is recorded first."""
    told = _told(request, key)
    require(request, Permission.PAYLOAD_UNMASK, service.subject_of(told), f"payloads of {key}")
    reason = request.POST.get("reason", "").strip()[:1000]
    if not reason:
        messages.error(request, _("Say why you need to see it."))
        return _shown(request, key, told, status=400)
    record("workbench:payload:unmasked", request.person.name, key=key, reason=reason)
    return _shown(request, key, told, unmask=True)
