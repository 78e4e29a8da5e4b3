"""Every UBL sample of others is read or refused with findings that have a place; hostile XML is refused before anything is read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.core.errors import CrossdockError, PayloadMalformed, SchemaInvalid, ValueMapMissing
from crossdock.documents.mapping import ReadContext, find_reader
from crossdock.documents.options import MappingOptions
from tests.documents.corpus import samples
from tests.documents.papers import PARTIES
from tests.documents.test_ubl_round_trip import NoCodes

KINDS = ("Order", "OrderChange", "OrderResponse", "OrderResponseSimple", "DespatchAdvice", "Invoice", "CreditNote")
SAMPLES = samples("ubl", *KINDS)
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
HEAD = (
    f'<Invoice xmlns="{INVOICE}" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
)
LINE = (
    "<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode='{unit}'>{quantity}</cbc:InvoicedQuantity>"
    "<cbc:LineExtensionAmount currencyID='EUR'>20.00</cbc:LineExtensionAmount>"
    "<cac:Item><cbc:Name>Bolt</cbc:Name></cac:Item><cac:Price><cbc:PriceAmount currencyID='EUR'>10.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>"
)


def invoice(day: str = "2026-05-01", quantity: str = "2", unit: str = "C62", lines: int = 1) -> bytes:
    text = (
        HEAD + f"<cbc:ID>F-1</cbc:ID><cbc:IssueDate>{day}</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
        "<cac:OrderReference><cbc:ID>P00012</cbc:ID></cac:OrderReference>"
        "<cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Acme</cbc:Name></cac:PartyName></cac:Party></cac:AccountingSupplierParty>"
        "<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID='EUR'>20.00</cbc:PayableAmount></cac:LegalMonetaryTotal>"
        + LINE.format(quantity=quantity, unit=unit) * lines
        + "</Invoice>"
    )
    return text.encode()


def read(data: bytes, kind: str = "Invoice", **options: object) -> list[object]:
    context = ReadContext(PARTIES, kind, "2.1", datetime(2026, 1, 1, tzinfo=UTC), options=MappingOptions.model_validate(options))
    return list(find_reader("ubl", kind)(data, context, NoCodes()))


@pytest.mark.skipif(not SAMPLES, reason="the corpus of samples is not here; CROSSDOCK_CORPUS names it")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_of_others_is_read_or_refused_with_places(path: Path) -> None:
    kind = path.parent.name
    try:
        assert read(path.read_bytes(), kind)
    except (SchemaInvalid, ValueMapMissing) as error:
        told = error.detail.get("problems") or error.detail["missing"]
        places = [each["place"] for each in told]
    else:
        return
    assert places
    assert all(place.startswith("/") for place in places)


def test_an_invoice_is_read_with_its_order() -> None:
    (mapped,) = read(invoice())
    assert mapped.type == "supplier_invoice.received"  # type: ignore[attr-defined]
    assert [(each.scheme, each.value) for each in mapped.references] == [("purchase:order", "P00012")]  # type: ignore[attr-defined]
    assert mapped.data.lines[0].quantity.value == Decimal(2)  # type: ignore[attr-defined]


def test_everything_wrong_is_told_at_once_and_where() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        read(invoice(day="01.05.2026", quantity="two", lines=2))
    places = {each["place"] for each in caught.value.detail["problems"]}
    assert "/Invoice[1]/cbc:IssueDate[1]" in places
    assert {
        "/Invoice[1]/cac:InvoiceLine[1]/cbc:InvoicedQuantity[1]",
        "/Invoice[1]/cac:InvoiceLine[2]/cbc:InvoicedQuantity[1]",
    } <= places


def test_an_unknown_unit_names_the_map_that_lacks_it() -> None:
    with pytest.raises(ValueMapMissing) as caught:
        read(invoice(unit="ZZZ"))
    assert caught.value.detail["value"] == "ZZZ"


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "data",
    [
        BOMB + invoice().replace(b"Acme", b"&b;"),
        OUTSIDE + invoice().replace(b"Acme", b"&a;"),
        invoice()[:-5],
        b"<a>" * 5000 + b"</a>" * 5000,
        b"\x00\x01",
        b"",
        invoice().replace(b"<cbc:ID>F-1", b"<nope:ID>F-1"),
        b"<?xml version='1.0' encoding='no-such'?><a/>",
    ],
    ids=["bomb", "outside", "cut", "deep", "binary", "empty", "prefix", "encoding"],
)
def test_hostile_or_broken_xml_is_refused_before_anything_is_read(data: bytes) -> None:
    with pytest.raises(PayloadMalformed) as caught:
        read(data)
    assert caught.value.detail["problems"]


def test_no_cut_of_a_document_makes_anything_but_a_refusal() -> None:
    whole = invoice()
    for at in range(0, len(whole), 7):
        try:
            read(whole[:at])
        except CrossdockError:
            continue
        raise AssertionError(at)
