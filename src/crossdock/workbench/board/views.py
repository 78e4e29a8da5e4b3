"""Pages of the board: expectations by lane, alerts, and what the standstill costs."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from crossdock.ledger import alerts as kept
from crossdock.ledger.ids import read as number_of
from crossdock.ledger.ids import written
from crossdock.ledger.windows import Window
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.board import lanes, service
from crossdock.workbench.live.stream import Part, stream
from crossdock.workbench.page import Request, may, page, render, require, visible
from crossdock.workbench.place import place


@page(Permission.BOARD_SEE)
def board(request: Request) -> HttpResponse:
    """The expectation board."""
    return render(request, "board/board.html", {**_board(visible(request, Permission.BOARD_SEE)), "live": reverse("board:live")})


def _board(windows: list[Window] | None) -> dict[str, Any]:
    here = place()
    now = here.clock.now()
    return {"lanes": here.read(lambda s: service.lanes_now(s, now, windows)), "stuck": service.stuck(now, windows), "now": now}


@page(Permission.BOARD_SEE)
async def live(request: Request) -> HttpResponseBase:
    """The board's content, sent again when it has changed."""
    windows = visible(request, Permission.BOARD_SEE)
    return stream(request, Part("board", json.dumps(windows, default=sorted), partial(_fragment, windows)))


def _fragment(windows: list[Window] | None) -> str:
    return str(render_to_string("board/_lanes.html", _board(windows)))


@page(Permission.BOARD_SEE)
def lane(request: Request, lane: str) -> HttpResponse:
    """One lane, with more of its entries."""
    if lane not in lanes.TITLES:
        raise Http404
    windows, here = visible(request, Permission.BOARD_SEE), place()
    now = here.clock.now()
    found = here.read(lambda s: service.lanes_now(s, now, windows, 500, lane))
    return render(request, "board/lane.html", {"lane": found[0], "now": now})


@page(Permission.BOARD_SEE)
def alerts(request: Request) -> HttpResponse:
    """What is wrong now, and who was told."""
    windows = visible(request, Permission.BOARD_SEE)
    return render(request, "board/alerts.html", {"alerts": place().read(lambda s: service.alerts_now(s, windows))})


@page(Permission.BOARD_SEE)
def alert(request: Request, number: str) -> HttpResponse:
    """One alert: what, since when, who was told by which route, who takes care."""
    found = _alert(request, number, Permission.BOARD_SEE)
    subject = Subject.of(found.flow, found.system)
    return render(request, "board/alert.html", {"alert": found, "may_act": may(request, Permission.BOARD_ACT, subject)})


def _alert(request: Request, number: str, permission: Permission) -> kept.KeptAlert:
    try:
        wanted = number_of(number)
    except ValueError:
        raise Http404 from None
    found = place().read(lambda s: kept.alert_by_id(s, wanted)) if 0 < wanted < 2**63 else None
    if found is None:
        raise Http404
    require(request, permission, Subject.of(found.flow, found.system), f"alert {number}")
    return found


@page(Permission.BOARD_ACT, "POST")
def take(request: Request, number: str) -> HttpResponse:
    """Take an alert over, or give it back."""
    found = _alert(request, number, Permission.BOARD_ACT)
    taken = request.POST.get("taken") == "1"
    note = request.POST.get("note", "")
    author = request.person.name
    place().write(lambda s, numbers, at: service.ask_to_take(s, numbers, at, found.id, author, taken=taken, note=note))
    said = _("You take care of it. Nobody else is alerted of it any more.") if taken else _("It is given back.")
    messages.success(request, said)
    return HttpResponseRedirect(reverse("board:alert", args=[written(found.id)]))


@page(Permission.BOARD_SEE)
def cost(request: Request) -> HttpResponse:
    """What is stuck and what it costs."""
    windows, here = visible(request, Permission.BOARD_SEE), place()
    now = here.clock.now()
    return render(request, "board/cost.html", {"cost": here.read(lambda s: service.cost(s, now, windows)), "now": now})
