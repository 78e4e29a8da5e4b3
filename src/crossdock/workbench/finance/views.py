"""Pages of finance; what is downloaded is recorded."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.finance import reports
from crossdock.security.roles import Permission
from crossdock.workbench.finance import service
from crossdock.workbench.finance.asking import CarriersForm, ProofForm
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.recording import record

SHOWN = 200
SIDES = {
    "ledger": _("Ledger"),
    "gateway": _("Gateway"),
    "bank": _("Bank"),
    "erp": _("ERP"),
    "carrier": _("Carrier"),
    "finance": _("Finance system"),
}
CHECKS = {
    "captures": _("Captures"),
    "refunds": _("Refunds"),
    "refunds by bank": _("Refunds by bank"),
    "invoices": _("Invoices"),
    "credit notes": _("Credit notes"),
    "freight bills": _("Freight bills"),
    "journals": _("Journals"),
    "refunds within captures": _("Refunds within captures"),
    "orders settled": _("Orders settled"),
    "payouts arrived": _("Payouts arrived"),
}
NOTES = {"no statement in these days": _("no statement in these days")}
STANDINGS = {
    "matched": (_("matched"), "good"),
    "unmatched": (_("unmatched"), "warn"),
    "disputed": (_("disputed"), "bad"),
}


@page(Permission.FINANCE_SEE)
def carriers(request: Request) -> HttpResponse:
    """How the invoices of carriers stand."""
    form = CarriersForm(request.GET)
    context: dict[str, Any] = {"form": form, "query": request.GET.urlencode()}
    if form.is_valid():
        found = service.settled(form.period, form.carrier_wanted)
        context |= {"found": found, "settlements": [_shown(each) for each in found.settlements], "most": SHOWN}
    return render(request, "finance/carriers.html", context)


def _shown(each: Any) -> dict[str, Any]:
    sums = [
        {"title": title, "look": look, "count": each.count(name), "billed": each.total(name)}
        for name, (title, look) in STANDINGS.items()
    ]
    # what somebody has to look at comes first
    rows = sorted(each.invoices, key=lambda one: ("disputed", "unmatched", "matched").index(one.standing))
    invoices = [{"one": one, "title": STANDINGS[one.standing][0], "look": STANDINGS[one.standing][1]} for one in rows[:SHOWN]]
    return {"carrier": each.carrier, "currency": each.currency, "billed": each.total(), "sums": sums, "invoices": invoices,
            "more": max(0, len(rows) - SHOWN)}  # fmt: skip


@page(Permission.FINANCE_SEE)
def carriers_csv(request: Request) -> HttpResponse:
    """Every invoice of the period, one a row."""
    form = CarriersForm(request.GET)
    if not form.is_valid():
        return render(request, "finance/carriers.html", {"form": form}, 400)
    found = service.settled(form.period, form.carrier_wanted)
    return given(
        request, "carriers.csv", reports.settlement_csv(found.settlements), period=[found.period.begin, found.period.end]
    )


@page(Permission.FINANCE_SEE)
def carriers_pdf(request: Request) -> HttpResponse:
    """The settlements as a paper."""
    form = CarriersForm(request.GET)
    if not form.is_valid():
        return render(request, "finance/carriers.html", {"form": form}, 400)
    found = service.settled(form.period, form.carrier_wanted)
    paper = reports.settlement_pdf(found.settlements, found.period.begin, found.period.end)
    return given(request, "carriers.pdf", paper, period=[found.period.begin, found.period.end])


@page(Permission.FINANCE_SEE)
def proof(request: Request) -> HttpResponse:
    """Whether money agrees everywhere, and every difference."""
    form = ProofForm(request.GET)
    context: dict[str, Any] = {"form": form, "query": request.GET.urlencode()}
    if form.is_valid():
        found = service.proved(*form.asked)
        differences = found.proof.differences
        context |= {
            "found": found,
            "checks": [
                {
                    "one": each, "title": CHECKS.get(each.name, each.name), "sides": [SIDES.get(side, side) for side in each.sides],
                    "left": sorted(each.left.items()), "right": sorted(each.right.items()), "note": NOTES.get(each.note, each.note),
                }
                for each in found.proof.checks
            ],
            "differences": differences[:SHOWN],
            "more": max(0, len(differences) - SHOWN),
        }  # fmt: skip
    return render(request, "finance/proof.html", context)


@page(Permission.FINANCE_SEE)
def proof_csv(request: Request) -> HttpResponse:
    """Every difference, one a row."""
    form = ProofForm(request.GET)
    if not form.is_valid():
        return render(request, "finance/proof.html", {"form": form}, 400)
    return given(request, "proof.csv", reports.proof_csv(service.proved(*form.asked).proof), asked=list(form.asked))


@page(Permission.FINANCE_SEE)
def proof_pdf(request: Request) -> HttpResponse:
    """The proof as a paper."""
    form = ProofForm(request.GET)
    if not form.is_valid():
        return render(request, "finance/proof.html", {"form": form}, 400)
    return given(request, "proof.pdf", reports.proof_pdf(service.proved(*form.asked).proof), asked=list(form.asked))


def given(request: Any, name: str, content: bytes, **asked: Any) -> HttpResponse:
    """A file to keep; that it was taken is recorded."""
    record("workbench:finance:downloaded", request.person.name, file=name, **asked)
    kind = "application/pdf" if name.endswith(".pdf") else "text/csv; charset=utf-8"
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
