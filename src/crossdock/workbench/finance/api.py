"""Settlements and the proof over the API, also as the files the pages give."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django import forms
from django.http import HttpResponse
from ninja import Query, Router

from crossdock.finance import reports
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.finance import service
from crossdock.workbench.finance.asking import CarriersForm, ProofForm
from crossdock.workbench.finance.shapes import ProofOut, SettlementsOut, proof_out, settlements_out
from crossdock.workbench.finance.views import given

router = Router()
Carrier = Annotated[str, Query(max_length=200)]
Days = Annotated[int, Query(ge=1, le=service.LONGEST)]
Grace = Annotated[int, Query(ge=0, le=60)]


def _sound(form: forms.Form) -> None:
    if not form.is_valid():
        words = [str(one) for each in form.errors.values() for one in each]
        raise Problem(422, "api.invalid", " ".join(words), "Ask for another period.")


def _settled(begin: date | None, end: date | None, carrier: str) -> service.Settled:
    form = CarriersForm({"begin": begin, "end": end, "carrier": carrier})
    _sound(form)
    return service.settled(form.period, form.carrier_wanted)


def _proved(day: date | None, days: int, grace: int) -> service.Proved:
    form = ProofForm({"day": day, "days": days, "grace": grace})
    _sound(form)
    return service.proved(*form.asked)


@router.get("/carriers/", response=SettlementsOut, summary="Settlements of carriers")
@permitted(Permission.FINANCE_SEE)
def carriers(request: Any, begin: date | None = None, end: date | None = None, carrier: Carrier = "") -> SettlementsOut:
    """The invoices issued in a period (last month when none is named): in the books (matched), not yet (unmatched), or with a person
    (disputed)."""
    return settlements_out(_settled(begin, end, carrier))


@router.get("/carriers.csv", summary="Settlements of carriers as CSV")
@permitted(Permission.FINANCE_SEE)
def carriers_csv(request: Any, begin: date | None = None, end: date | None = None, carrier: Carrier = "") -> HttpResponse:
    """Every invoice of the period, one a row."""
    found = _settled(begin, end, carrier)
    return given(
        request, "carriers.csv", reports.settlement_csv(found.settlements), period=[found.period.begin, found.period.end]
    )


@router.get("/carriers.pdf", summary="Settlements of carriers as PDF")
@permitted(Permission.FINANCE_SEE)
def carriers_pdf(request: Any, begin: date | None = None, end: date | None = None, carrier: Carrier = "") -> HttpResponse:
    """A table a carrier."""
    found = _settled(begin, end, carrier)
    paper = reports.settlement_pdf(found.settlements, found.period.begin, found.period.end)
    return given(request, "carriers.pdf", paper, period=[found.period.begin, found.period.end])


@router.get("/proof/", response=ProofOut, summary="Whether money agrees everywhere")
@permitted(Permission.FINANCE_SEE)
def proof(request: Any, day: date | None = None, days: Days = service.DAYS, grace: Grace = service.GRACE) -> ProofOut:
    """Every check and every difference, up to a day (today when none is named). Finance systems are not asked; their acknowledgements
    count."""
    return proof_out(_proved(day, days, grace))


@router.get("/proof.csv", summary="Every difference as CSV")
@permitted(Permission.FINANCE_SEE)
def proof_csv(request: Any, day: date | None = None, days: Days = service.DAYS, grace: Grace = service.GRACE) -> HttpResponse:
    """One a row."""
    found = _proved(day, days, grace)
    return given(request, "proof.csv", reports.proof_csv(found.proof), asked=[found.proof.day, days, grace])


@router.get("/proof.pdf", summary="The proof as PDF")
@permitted(Permission.FINANCE_SEE)
def proof_pdf(request: Any, day: date | None = None, days: Days = service.DAYS, grace: Grace = service.GRACE) -> HttpResponse:
    """The checks, then every difference."""
    found = _proved(day, days, grace)
    return given(request, "proof.pdf", reports.proof_pdf(found.proof), asked=[found.proof.day, days, grace])
