"""Pages of the dashboards: all, one flow, one partner."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse

from crossdock.ledger import board
from crossdock.ledger.traffic import TAKEN
from crossdock.ledger.windows import Window
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.board.service import alerts_now
from crossdock.workbench.dashboards import service
from crossdock.workbench.live.stream import Part, stream
from crossdock.workbench.page import Request, page, render, require, visible
from crossdock.workbench.place import place


def _range(request: Request) -> str:
    wanted = request.GET.get("range", "24h")
    return wanted if wanted in service.RANGES else "24h"


def _ranges(chosen: str) -> list[dict[str, Any]]:
    return [{"name": name, "title": title, "here": name == chosen} for name, (_, _, title) in service.RANGES.items()]


@page(Permission.DASHBOARDS_SEE)
def overview(request: Request) -> HttpResponse:
    """Every flow and every partner."""
    chosen = _range(request)
    found = _overview(visible(request, Permission.DASHBOARDS_SEE), chosen)
    return render(
        request, "dashboards/overview.html",
        {**found, "ranges": _ranges(chosen), "live": f"{reverse('dashboards:live')}?range={chosen}"},
    )  # fmt: skip


def _overview(windows: list[Window] | None, chosen: str) -> dict[str, Any]:
    here = place()
    now = here.clock.now()

    def read(session: Any) -> dict[str, Any]:
        span, open_now = service.span_of(session, chosen, now), service.standing(session, windows)
        return {
            "total": service.whole(span, windows, open_now),
            "unread": board.unread(session) if windows is None else None,
            "flows": service.by_flow(session, span, windows, open_now),
            "systems": service.by_system(session, span, windows, open_now),
            "charts": service.charts(service.narrowed(span, windows)),
            "alerts": alerts_now(session, windows)[:5],
            "chosen": chosen,
        }

    return here.read(read)


@page(Permission.DASHBOARDS_SEE)
async def live(request: Request) -> HttpResponseBase:
    """The overview's content, sent again when it has changed."""
    windows, chosen = visible(request, Permission.DASHBOARDS_SEE), _range(request)
    scope = json.dumps([chosen, windows], default=sorted)
    return stream(request, Part("overview", scope, partial(_fragment, windows, chosen)))


def _fragment(windows: list[Window] | None, chosen: str) -> str:
    return str(render_to_string("dashboards/_overview.html", _overview(windows, chosen)))


@page(Permission.DASHBOARDS_SEE)
def flow(request: Request, name: str) -> HttpResponse:
    """One flow."""
    described = place().landscape.flows.get(name)
    if described is None:
        raise Http404
    require(request, Permission.DASHBOARDS_SEE, Subject.of(name, *described.roles.values()), f"flow {name}")
    return _one(request, name, described, flow=name)


@page(Permission.DASHBOARDS_SEE)
def system(request: Request, name: str) -> HttpResponse:
    """One partner's system."""
    described = place().landscape.systems.get(name)
    if described is None:
        raise Http404
    windows = visible(request, Permission.DASHBOARDS_SEE)
    if not service.allowed(windows, system=name):
        require(request, Permission.DASHBOARDS_SEE, Subject.of("", name), f"system {name}")
    return _one(request, name, described, system=name)


def _one(request: Request, name: str, described: Any, *, flow: str = "", system: str = "") -> HttpResponse:
    windows, chosen, here = visible(request, Permission.DASHBOARDS_SEE), _range(request), place()
    now = here.clock.now()

    def read(session: Any) -> dict[str, Any]:
        span, open_now = service.span_of(session, chosen, now), service.standing(session, windows)
        rows = service.by_flow(session, span, windows, open_now) if flow else service.by_system(session, span, windows, open_now)
        figures = next((each for each in rows if each.name == name), None)
        others = []
        if flow:
            others = service.by_system(session, service.narrowed(span, windows, flow=flow), windows, open_now, TAKEN)
        return {
            "figures": figures,
            "others": [each for each in others if each.calls or each.received],
            "charts": service.charts(service.narrowed(span, windows, flow, system), flow),
            "alerts": [a for a in alerts_now(session, windows) if (flow and a.flow == flow) or (system and a.system == system)],
        }

    found = here.read(read)
    if found["figures"] is None:
        raise Http404
    more = {"described": described, "is_flow": bool(flow), "chosen": chosen, "ranges": _ranges(chosen)}
    return render(request, "dashboards/one.html", {**found, **more})
