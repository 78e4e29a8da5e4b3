"""What is written as UBL and read again is the same; what is written fits the schemas and rules where these are installed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.party import TradingParty
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.documents.mapping import ReadContext, WriteContext, find_reader, find_writer
from crossdock.documents.options import MappingOptions
from crossdock.documents.ubl.order import read_purchase_order
from crossdock.edi.ubl.rules import FOLDER, installed
from crossdock.edi.ubl.safe_xml import parse
from tests.documents.papers import PARTIES, invoices, order_responses, purchase_orders, ship_notices

OPTIONS = MappingOptions(zone="Europe/Berlin", country="DE")


class NoCodes:
    """An agreement without value maps asks for no translation."""

    def translate(self, name: str, value: str, /) -> str:
        raise AssertionError((name, value))

    reverse = translate


def written(kind: str, thing: Canonical, **more: Any) -> bytes:
    data: bytes = find_writer("ubl", kind)(thing, WriteContext(PARTIES, "2.1", options=OPTIONS, **more), NoCodes())
    return data


def context(kind: str) -> ReadContext:
    return ReadContext(PARTIES, kind, "2.1", datetime(2026, 1, 1, tzinfo=UTC), options=OPTIONS)


def read(kind: str, data: bytes) -> Any:
    (mapped,) = find_reader("ubl", kind)(data, context(kind), NoCodes())
    return mapped.data


def name_of(data: bytes) -> str:
    return str(parse(data).tag).rpartition("}")[2]


def fits(data: bytes) -> None:
    """No schema finding, where schemas are installed; the contents hypothesis makes break business rules at will."""
    book = installed() if os.environ.get(FOLDER) else None
    if book is not None:
        assert [each for each in book.judge(data) if each.code in ("schema", "rules-not-run")] == []


def only(party: TradingParty | None, *more: str) -> TradingParty | None:
    """What BIS lets a document say of a party: name, identifiers, and what is named here."""
    return None if party is None else TradingParty(**{name: getattr(party, name) for name in ("name", "identifiers", *more)})


@given(purchase_orders())
@settings(max_examples=20, deadline=None)
def test_a_purchase_order_survives(order: PurchaseOrder) -> None:
    data = written("Order", order)
    kind = name_of(data)
    assert kind == ("OrderChange" if order.revision else "Order")
    fits(data)
    again = read_purchase_order(data, context(kind), NoCodes())
    supplier = order.supplier.model_copy(update={"vat": ""})
    assert again == order.model_copy(update={"delivery_zone": "Europe/Berlin", "supplier": supplier})


@given(order_responses())
@settings(max_examples=20, deadline=None)
def test_an_answer_survives(answer: OrderResponse) -> None:
    data = written("OrderResponse", answer)
    fits(data)
    parties = {"supplier": only(answer.supplier, "endpoint"), "buyer": only(answer.buyer, "endpoint")}
    assert read("OrderResponse", data) == answer.model_copy(update=parties)


@given(ship_notices())
@settings(max_examples=20, deadline=None)
def test_a_ship_notice_survives(notice: DespatchAdvice) -> None:
    data = written("DespatchAdvice", notice)
    fits(data)
    again = read("DespatchAdvice", data)
    assert {unit.reference: unit for unit in again.units} == {unit.reference: unit for unit in notice.units}
    told = {
        "units": (),
        "supplier": only(notice.supplier, "address"),
        "buyer": only(notice.buyer, "address"),
        "ship_to": only(notice.ship_to, "address"),
        "lines": tuple(line.model_copy(update={"origin_country": None}) for line in notice.lines),
    }
    assert again.model_copy(
        update={"units": (), "ship_from": None, "ship_to": only(again.ship_to, "address")}
    ) == notice.model_copy(update=told)


@given(invoices())
@settings(max_examples=20, deadline=None)
def test_an_invoice_survives(invoice: Invoice) -> None:
    data = written("Invoice", invoice)
    kind = name_of(data)
    assert kind == ("CreditNote" if invoice.kind == "credit_note" else "Invoice")
    fits(data)
    assert read(kind, data) == invoice


@pytest.mark.parametrize("kind", ["Order", "OrderChange", "OrderCancellation"])
@given(order=purchase_orders())
@settings(max_examples=3, deadline=None)
def test_what_the_buyer_wants_chooses_the_document(kind: str, order: PurchaseOrder) -> None:
    purpose = {"Order": "original", "OrderChange": "change", "OrderCancellation": "cancel"}[kind]
    order = order.model_copy(update={"revision": 0})
    data = written(kind, order, purpose=purpose, moment=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert name_of(data) == kind
    if kind == "OrderCancellation":
        assert read(kind, data).number == order.number
