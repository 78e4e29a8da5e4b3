"""A refund's transfer is written so that any bank takes it, the same bytes every time; status reports are understood at every level."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sepaxml
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crossdock.canonical.bank import CreditTransfer
from crossdock.canonical.values import Money
from crossdock.finance.transfers.characters import sepa_text
from crossdock.finance.transfers.pain001 import Debtor, NotSepa, Version, write_transfer
from crossdock.finance.transfers.pain002 import is_status_report, read_status_report

SCHEMAS = Path(sepaxml.__file__).parent / "schemas"
DEBTOR = Debtor("Harbour & Pine B.V.", "NL91ABNA0417164300", "ABNANL2A")
AT, DAY = datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 3, 3)


def transfer(**facts: Any) -> CreditTransfer:
    """A transfer of 49.90 EUR."""
    told = {
        "end_to_end_id": "CD-RT-1001-1", "amount": Money(amount=Decimal("49.90"), currency="EUR"), "creditor_name": "Zoë Łukasz & Söhne",
        "creditor_iban": "DE89370400440532013000", "remittance": "Refund of order 1001",
    }  # fmt: skip
    return CreditTransfer.model_validate({**told, **facts})


@pytest.mark.parametrize("version", ["pain.001.001.03", "pain.001.001.09"])
@pytest.mark.parametrize(
    "facts",
    [{}, {"creditor_bic": "COBADEFFXXX"}, {"remittance": "", "structured_reference": "RF18539007547034"}, {"remittance": ""}],
)
def test_it_keeps_to_the_schema(version: Version, facts: dict[str, Any]):
    body = write_transfer(transfer(**facts), DEBTOR, AT, DAY, version)
    schema = etree.XMLSchema(etree.parse(SCHEMAS / f"{version}.xsd"))
    schema.assertValid(etree.fromstring(body))
    assert body == write_transfer(transfer(**facts), DEBTOR, AT, DAY, version)
    assert b'<InstdAmt Ccy="EUR">49.90</InstdAmt>' in body
    assert b"<Nm>Zoe Lukasz + Sohne</Nm>" in body


def test_without_our_bank_it_keeps_to_the_schema_too():
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "pain.001.001.09.xsd"))
    schema.assertValid(etree.fromstring(write_transfer(transfer(), Debtor("H", "NL91ABNA0417164300"), AT, DAY)))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"amount": Money(amount=Decimal("1"), currency="USD")}, "EUR"),
        ({"amount": Money(amount=Decimal("1.005"), currency="EUR")}, "whole cents"),
        ({"amount": Money(amount=Decimal("1000000000"), currency="EUR")}, "whole cents"),
        ({"end_to_end_id": "RÜCK-1"}, "end-to-end id"),
        ({"end_to_end_id": "/RT-1"}, "end-to-end id"),
        ({"creditor_name": "漢字"}, "name"),
    ],
)
def test_what_is_no_sepa_transfer_is_refused(facts: dict[str, Any], words: str):
    with pytest.raises(NotSepa, match=words):
        write_transfer(transfer(**facts), DEBTOR, AT, DAY)


@given(st.text(max_size=90))
def test_texts_come_out_in_the_characters_of_sepa(text: str):
    found = sepa_text(text, 70)
    assert len(found) <= 70
    assert set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")


def report(inner: str, group: str = "") -> bytes:
    """A pain.002 about our message."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>BANK-1</MsgId>'
        "<CreDtTm>2026-03-02T10:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>CD-RT-1001-1</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{inner}</CstmrPmtStsRpt></Document>"
    ).encode()


def test_a_settled_transfer_and_a_refused_one():
    body = report(
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>EUR49.90</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>CD-RT-1001-1</OrgnlEndToEndId><TxSts>ACSC</TxSts>"
        "</TxInfAndSts><TxInfAndSts><OrgnlEndToEndId>CD-2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn>"
        '<AddtlInf>account closed</AddtlInf></StsRsnInf><OrgnlTxRef><Amt><InstdAmt Ccy="EUR">7.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts>'
    )
    assert is_status_report(body)
    (done, gone), findings = read_status_report(body)
    assert not findings
    assert (done.end_to_end, done.settled, done.amount) == ("CD-RT-1001-1", True, Decimal("49.90"))
    assert (gone.refused, gone.code, gone.words, gone.amount) == (True, "AC04", "account closed", Decimal("7.00"))


@pytest.mark.parametrize(
    ("inner", "group", "amount"),
    [
        (
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>EUR49.90</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>",
            "",
            Decimal("49.90"),
        ),
        ("", "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>", None),
    ],
)
def test_a_report_on_the_whole_file_is_about_its_one_transfer(inner: str, group: str, amount: Decimal | None):
    ((told,), _) = read_status_report(report(inner, group))
    assert (told.end_to_end, told.refused, told.amount) == ("CD-RT-1001-1", True, amount)


@pytest.mark.parametrize("body", [b"", b"<a>", b"<Document/>", b'<!DOCTYPE a [<!ENTITY b "x">]><a/>'])
def test_what_is_no_report_is_a_finding(body: bytes):
    assert read_status_report(body)[1]
