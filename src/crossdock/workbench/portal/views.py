"""Pages of the supplier portal: the list of orders, one order, answering it, shipping it, invoicing it, files, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.canonical.base import Canonical
from crossdock.connectors.portal.mapping import KINDS, Kind
from crossdock.core.errors import CrossdockError
from crossdock.documents.tables.grid import FileFormat
from crossdock.documents.tables.order import answer_template
from crossdock.ledger.ids import read as read_number
from crossdock.ledger.ids import written
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.place import place
from crossdock.workbench.portal import building, forms, sending, service, uploads
from crossdock.workbench.portal.forms import Form
from crossdock.workbench.portal.labels import Package, Sender, labels
from crossdock.workbench.portal.service import ACT, SEE, Listed

PAGE = 50
FORMATS = {"iso": "2026-05-31", "d.m.y": "31.05.2026", "d/m/y": "31/05/2026", "m/d/y": "05/31/2026"}


@page(SEE)
def orders(request: Request) -> HttpResponse:
    """The supplier's purchase orders, the last told first."""
    before = _before(request.GET.get("before", ""))
    found = service.listed(request, before, PAGE)
    older = written(found[-1].told.id) if len(found) == PAGE else ""
    several = len(service.systems(request)) > 1
    acting = service.systems(request, ACT)
    return render(request, "portal/orders.html", {"orders": found, "older": older, "several": several, "acting": acting})


def _before(text: str) -> int:
    try:
        return min(read_number(text), 2**63 - 1) if text else 2**63 - 1
    except ValueError:
        raise Http404 from None


@page(SEE)
def order(request: Request, system: str, number: str) -> HttpResponse:
    """One order as it was told last, with everything sent about it."""
    found = service.find(request, system, number)
    known = service.states(found.papers)
    papers = [{"paper": paper, "state": known[paper.pk]} for paper in found.papers]
    acts = system in service.systems(request, ACT) and not found.told.cancelled
    return render(
        request, "portal/order.html", {"found": found, "order": found.order, "papers": papers, "acts": acts, "system": system}
    )


def _token(request: Request) -> str:
    given = request.POST.get("token", "")
    return given[:80] if given else written(place().number())


def _send(
    request: Request, found: Listed, kind: Kind, form: Form, make: Callable[[sending.Sscc], Canonical], done: str
) -> HttpResponseBase | None:
    """Send a paper and go back to its order; None when something is wrong with it, which the form then says."""
    if found.told.cancelled and kind != "invoice":
        form.faults[""] = _("The order was cancelled; it can no longer be answered or shipped.")
        return None
    try:
        sent = sending.send(request, found.told.system, kind, _token(request), make)
    except CrossdockError as error:
        fields = error.detail.get("fields")
        form.blame(fields if isinstance(fields, dict) else {"": error.message})
        return None
    messages.success(request, _("This was sent before; nothing was sent twice.") if sent.again else done)
    return redirect("portal:order", found.told.system, found.told.number)


def _shown(request: Request, template: str, found: Listed, form: Form, **more: Any) -> HttpResponse:
    options = service.options_of(found.told.system)
    context = {
        "found": found, "order": found.order, "form": form, "token": _token(request), "system": found.told.system,
        "mark": options.decimal, "prefix": options.gs1_prefix, **more,
    }  # fmt: skip
    return render(request, template, context, status=422 if form.faults or _wrong(form) else 200)


def _wrong(form: Form) -> bool:
    return any(row.get("faults") for row in (*form.rows, *form.packages))


@page(ACT, "GET", "POST")
def answer(request: Request, system: str, number: str) -> HttpResponseBase:
    """Confirm, change or refuse an order line by line."""
    found = service.find(request, system, number, ACT)
    mark = service.options_of(system).decimal
    form = forms.answer_form(found.order, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        given = forms.answer_given(form, system, found.order, mark)
        if given is not None:
            now, token = place().clock.now(), _token(request)
            gone = _send(
                request,
                found,
                "order_response",
                form,
                lambda _sscc: building.answer(given, found.order, now, token),
                _("Your answer was sent."),
            )
            if gone is not None:
                return gone
    return _shown(request, "portal/answer.html", found, form)


@page(ACT, "GET", "POST")
def ship(request: Request, system: str, number: str) -> HttpResponseBase:
    """A ship notice with its packages."""
    found = service.find(request, system, number, ACT)
    options = service.options_of(system)
    form = forms.notice_form(found.order, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.POST.get("do", "send") == "send":
        given = forms.notice_given(form, system, found.order, options.decimal)
        if given is not None:
            now = place().clock.now()

            def make(sscc: sending.Sscc) -> Canonical:
                return building.notice(given, found.order, now, options, sscc.next if sscc.possible else None)

            gone = _send(request, found, "ship_notice", form, make, _("Your ship notice was sent; its labels can be printed."))
            if gone is not None:
                return gone
    return _shown(request, "portal/ship.html", found, form, lines=found.order.lines)


@page(ACT, "GET", "POST")
def invoice(request: Request, system: str, number: str) -> HttpResponseBase:
    """An invoice or a credit note."""
    found = service.find(request, system, number, ACT)
    mark = service.options_of(system).decimal
    form = forms.invoice_form(found.order, request.POST if request.method == "POST" else None, mark)
    if request.method == "POST":
        given = forms.invoice_given(form, system, found.order, mark)
        if given is not None:
            gone = _send(
                request, found, "invoice", form, lambda _sscc: building.invoice(given, found.order), _("Your invoice was sent.")
            )
            if gone is not None:
                return gone
    return _shown(request, "portal/invoice.html", found, form)


@page(ACT, "GET", "POST")
def upload(request: Request, system: str) -> HttpResponseBase:
    """A file with answers, ship notices or invoices; what is wrong is told by row and column, and then nothing is taken."""
    service.must(request, ACT, system, "upload")
    options = service.options_of(system)
    chosen = {
        "kind": request.POST.get("kind", request.GET.get("kind", "order_response")),
        "decimal": request.POST.get("decimal", options.decimal),
        "dates": request.POST.get("dates", options.dates),
    }
    found: uploads.Read | None = None
    if request.method == "POST":
        file = request.FILES.get("file")
        if chosen["kind"] not in KINDS:
            raise Http404
        kind = cast("Kind", chosen["kind"])
        if file is None:
            found = uploads.Read(words=_("Choose a file."))
        else:
            body = file.read(uploads.MAX_BYTES + 1)
            found = uploads.read_upload(request, system, kind, body, file.name or "", chosen["decimal"], chosen["dates"])
            if not found.problems and not found.words:
                sent = uploads.take(
                    request,
                    system,
                    kind,
                    _token(request),
                    body,
                    file.name or "",
                    found.documents,
                    chosen["decimal"],
                    chosen["dates"],
                )
                words = _("This was sent before; nothing was sent twice.") if sent.again else _("The file was read and sent.")
                messages.success(request, words)
                return redirect("portal:orders")
    context = {
        "system": system, "title": service.title_of(system), "chosen": chosen, "found": found, "token": _token(request), "formats": FORMATS,
    }  # fmt: skip
    return render(request, "portal/upload.html", context, status=422 if found is not None else 200)


@page(SEE)
def template(request: Request, kind: str, form: str, system: str, number: str) -> HttpResponse:
    """A spreadsheet of one order, to be filled and uploaded."""
    found = service.find(request, system, number)
    if kind not in KINDS or form not in ("csv", "xlsx"):
        raise Http404
    data = answer_template(cast("Kind", kind), found.order, cast("FileFormat", form))
    types = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    return _download(data, types[form], f"{kind}-{number}.{form}")


@page(SEE)
def label(request: Request, number: int) -> HttpResponse:
    """The SSCC labels of a ship notice as PDF."""
    return label_answer(request, number)


def label_answer(request: Request, number: int) -> HttpResponse:
    """The labels of a paper; 404 when it is another's, or has no packages."""
    found = service.paper(request, number)
    told = service.told_of(found.system, found.order_number)
    ordered = service.read(told) if told is not None else None
    if not found.packages or ordered is None:
        raise Http404
    options = service.options_of(found.system)
    sender = Sender(options.supplier or ordered.supplier.name or service.title_of(found.system), options.street, options.city)
    packages = [Package(str(each["sscc"]), str(each["kind"]), str(each["weight"])) for each in found.packages]
    return _download(labels(packages, ordered, sender, found.number), "application/pdf", f"labels-{found.number}.pdf")


def _download(data: bytes, content_type: str, name: str) -> HttpResponse:
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in name)
    answer = HttpResponse(data, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return answer
