"""The page of the advice; the paper that is taken is recorded."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.advisor.advice import Advice
from crossdock.advisor.errors import AdviceUnreadable
from crossdock.advisor.flows import FlowAdvice
from crossdock.advisor.models import Model
from crossdock.advisor.moving import ASSUMPTIONS
from crossdock.security.roles import Permission
from crossdock.workbench.advice import service
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.recording import record

NAMES = {Model.DIRECT: _("direct"), Model.MIDDLEWARE: _("middleware"), Model.EVENTS: _("event-driven")}
TITLES = {
    Model.DIRECT: _("Direct: one system asks or tells another, the hub checks and records it"),
    Model.MIDDLEWARE: _("Middleware: the hub carries each transaction through all systems and answers for its end"),
    Model.EVENTS: _("Event-driven: facts are published, and whom they concern takes them in its own time"),
}
DIMENSIONS = {
    "criticality": _("Criticality"),
    "complexity": _("Complexity"),
    "maturity": _("Maturity"),
    "growth": _("Growth"),
}
TIMINGS = {"realtime": _("real time"), "batch": _("batch")}


@page(Permission.SETTINGS_SEE)
def advice(request: Request) -> HttpResponse:
    """The model, the arithmetic, what would change it, and each flow."""
    answers, trouble = _answers()
    found = service.advised(answers)
    whole = found.overall
    context = {
        "found": found,
        "trouble": trouble,
        "answered": len(answers),
        "questions": service.questions(),
        "name": NAMES[whole.model],
        "title": TITLES[whole.model],
        "models": [(TITLES[each], whole.totals[each], whole.percent[each], each is whole.model) for each in Model],
        "names": list(NAMES.values()),
        "factors": [(DIMENSIONS.get(each.dimension, each.dimension), each) for each in whole.factors],
        "turns": [(NAMES[each.to], each) for each in whole.turns],
        "flows": [_flow(each, found) for each in found.flows],
        "assumptions": ASSUMPTIONS,
    }
    return render(request, "advice/advice.html", context)


def _answers() -> tuple[dict[str, int], AdviceUnreadable | None]:
    try:
        return service.answered(), None
    except AdviceUnreadable as error:
        return {}, error


def _flow(each: FlowAdvice, found: Advice) -> dict[str, Any]:
    return {
        "one": each,
        "declared": NAMES[each.declared],
        "pattern": NAMES[each.pattern],
        "moves": each.declared is not each.pattern,
        "declared_timing": TIMINGS.get(each.declared_timing, each.declared_timing),
        "timing": TIMINGS.get(each.timing, each.timing),
        "late": each.review_by < found.day,
        "totals": [each.totals[model] for model in Model],
    }


@page(Permission.SETTINGS_SEE)
def paper(request: Request) -> HttpResponse:
    """The paper for the board; without readable answers there is none, and the page says why."""
    answers, trouble = _answers()
    if trouble is not None:
        return advice(request)
    return given(request, service.advised(answers))


def given(request: Any, found: Advice) -> HttpResponse:
    """The advice as PDF; that it was taken is recorded."""
    from crossdock.advisor.paper import paper as written

    record("workbench:advice:downloaded", request.person.name, day=found.day)
    return HttpResponse(
        written(found), content_type="application/pdf", headers={"Content-Disposition": 'attachment; filename="advice.pdf"'}
    )
