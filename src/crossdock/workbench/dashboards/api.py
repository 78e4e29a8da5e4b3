"""The dashboards over the API: the same functions as their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import Http404
from ninja import Router, Schema

from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.dashboards import service
from crossdock.workbench.dashboards.charts import Chart
from crossdock.workbench.page import Request, require, visible
from crossdock.workbench.place import place

router = Router()
Range = Literal["3h", "24h", "7d", "30d"]


class FiguresOut(Schema):
    """Sums over the span. Latencies in seconds, from arrival to effect; `calls_p95` is that of single calls."""

    name: str
    title: str
    received: int
    opened: int
    effects: int
    calls: int
    failed: int
    error_share: float | None
    exceptions: int
    open_exceptions: int
    backlog: int
    uncertain: int
    oldest: datetime | None
    newest: datetime | None
    parked: str
    p50: float | None
    p95: float | None
    p99: float | None
    calls_p95: float | None


class SeriesOut(Schema):
    """One series of a chart."""

    name: str
    values: list[float | None]


class ChartOut(Schema):
    """A chart's numbers: one value for each moment."""

    name: str
    title: str
    moments: list[datetime]
    series: list[SeriesOut]


class OneOut(Schema):
    """One flow or partner with its charts."""

    figures: FiguresOut
    charts: list[ChartOut]


def _figures(found: service.Figures) -> FiguresOut:
    return FiguresOut(
        name=found.name, title=found.title, received=found.received, opened=found.opened, effects=found.effects, calls=found.calls,
        failed=found.failed, error_share=found.error_share, exceptions=found.exceptions, open_exceptions=found.open_exceptions,
        backlog=found.backlog, uncertain=found.uncertain, oldest=moment(found.oldest) if found.oldest else None,
        newest=moment(found.newest) if found.newest else None, parked=found.parked, p50=found.durations.quantile(0.5),
        p95=found.durations.quantile(0.95), p99=found.durations.quantile(0.99), calls_p95=found.calls_took.quantile(0.95),
    )  # fmt: skip


@router.get("/flows/", response=list[FiguresOut], summary="Figures of every flow")
@permitted(Permission.DASHBOARDS_SEE)
def flows(request: Request, range: Range = "24h") -> list[FiguresOut]:
    windows, here = visible(request, Permission.DASHBOARDS_SEE), place()
    now = here.clock.now()
    found = here.read(lambda s: service.by_flow(s, service.span_of(s, range, now), windows, service.standing(s, windows)))
    return [_figures(each) for each in found]


@router.get("/systems/", response=list[FiguresOut], summary="Figures of every partner's system")
@permitted(Permission.DASHBOARDS_SEE)
def systems(request: Request, range: Range = "24h") -> list[FiguresOut]:
    windows, here = visible(request, Permission.DASHBOARDS_SEE), place()
    now = here.clock.now()
    found = here.read(lambda s: service.by_system(s, service.span_of(s, range, now), windows, service.standing(s, windows)))
    return [_figures(each) for each in found]


def _one(request: Request, chosen: str, *, flow: str = "", system: str = "") -> OneOut:
    windows, here = visible(request, Permission.DASHBOARDS_SEE), place()
    now = here.clock.now()

    def read(session: Session) -> tuple[list[service.Figures], list[Chart]]:
        span = service.span_of(session, chosen, now)
        rows = service.by_flow if flow else service.by_system
        return rows(session, span, windows, service.standing(session, windows)), service.charts(
            service.narrowed(span, windows, flow, system), flow
        )

    rows, charts = here.read(read)
    figures = next((each for each in rows if each.name == (flow or system)), None)
    if figures is None:
        raise Http404
    return OneOut(
        figures=_figures(figures),
        charts=[
            ChartOut(
                name=chart.identity, title=chart.title, moments=list(chart.moments),
                series=[SeriesOut(name=each.name, values=list(each.values)) for each in chart.series],
            )
            for chart in charts
        ],
    )  # fmt: skip


@router.get("/flows/{name}/", response=OneOut, summary="One flow with its charts")
@permitted(Permission.DASHBOARDS_SEE)
def flow(request: Request, name: str, range: Range = "24h") -> OneOut:
    described = place().landscape.flows.get(name)
    if described is None:
        raise Http404
    require(request, Permission.DASHBOARDS_SEE, Subject.of(name, *described.roles.values()), f"flow {name}")
    return _one(request, range, flow=name)


@router.get("/systems/{name}/", response=OneOut, summary="One partner's system with its charts")
@permitted(Permission.DASHBOARDS_SEE)
def system(request: Request, name: str, range: Range = "24h") -> OneOut:
    return _one(request, range, system=name)
