"""Bank statements become canonical ones to the cent, or are refused with what is wrong; a second import is recognised."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import mt940 as other_reader
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.edi.findings import Severity
from crossdock.finance.statements.making import fingerprint
from crossdock.finance.statements.reading import known, name, read_statements
from tests.finance.statements import IBAN, camt053, mt940

CORPUS = Path(os.environ.get("CROSSDOCK_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")) / "camt"
SAMPLES = sorted(CORPUS.rglob("*.*")) if CORPUS.is_dir() else []


def codes(data: bytes) -> list[str]:
    """The codes of the errors in a file."""
    return [each.code for each in read_statements(data).findings if each.severity is Severity.ERROR]


def only(data: bytes):
    """The one statement of a file."""
    read = read_statements(data)
    assert not read.refused, read.findings
    (statement,) = read.statements
    return statement


@pytest.mark.skipif(not SAMPLES, reason="the sample corpus is not here (CROSSDOCK_CORPUS)")
def test_every_sample_of_others_is_read_or_refused_with_a_reason():
    read = {each.name: read_statements(each.read_bytes()) for each in SAMPLES if each.is_file()}
    assert len(read) >= 27
    assert all(each.statements or each.refused for each in read.values())
    assert sum(bool(each.statements) for each in read.values()) >= 14
    for each in read.values():
        for statement in each.statements:
            if statement.opening is not None and statement.closing is not None:
                moved = sum((entry.signed.amount for entry in statement.entries), Decimal(0))
                assert statement.opening.amount + moved == statement.closing.amount


@pytest.mark.skipif(not SAMPLES, reason="the sample corpus is not here (CROSSDOCK_CORPUS)")
@pytest.mark.parametrize("sample", [each for each in SAMPLES if each.parent.name == "mt940"], ids=lambda each: each.stem)
def test_another_reader_finds_the_same_movements(sample: Path):
    read = read_statements(sample.read_bytes())
    if read.refused or sample.name.endswith("__mt940.txt"):
        pytest.skip("refused by us, or a file the other reader cannot read")
    theirs = other_reader.parse(sample.read_text(encoding="utf-8", errors="replace")).transactions
    expected = [each.data["amount"].amount for each in theirs if each.data["amount"].amount]
    assert [entry.signed.amount for statement in read.statements for entry in statement.entries] == expected


def test_a_camt_entry_tells_who_paid_what_for_what():
    statement = only(camt053([("25.50", "E2E-1", "Invoice 4711"), ("-10.00", "", "Fee")]))
    paid, fee = statement.entries
    assert statement.iban == IBAN
    assert (statement.opening.amount, statement.closing.amount) == (Decimal("100.00"), Decimal("115.50"))
    assert (paid.reference, paid.direction, paid.amount.amount, paid.end_to_end_id) == ("B1", "credit", Decimal("25.50"), "E2E-1")
    assert (paid.counterparty_name, paid.counterparty_iban) == ("Harbour Café GmbH", "NL91ABNA0417164300")
    assert (paid.booking_date, paid.value_date) == (date(2026, 3, 1), date(2026, 3, 2))
    assert (fee.signed.amount, fee.end_to_end_id) == (Decimal("-10.00"), "")


@pytest.mark.parametrize("version", ["001.02", "001.04", "001.13"])
def test_every_version_is_read(version: str):
    assert len(only(camt053([("1.00", "", "x")], version=version)).entries) == 1


@pytest.mark.parametrize("which", ["camt", "mt940"])
def test_balances_that_do_not_add_up_are_refused(which: str):
    wrong = (
        camt053([("25.50", "", "x")], closing="125.51")
        if which == "camt"
        else mt940(":61:260302C25,50NTRFNONREF", closing="C260302EUR125,51")
    )
    assert codes(wrong) == ["statement-unbalanced"]
    assert read_statements(wrong).statements == ()


def test_an_entry_that_cannot_be_read_refuses_the_file():
    broken = '<Ntry><Amt Ccy="EUR">12,50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>'
    assert "entry-invalid" in codes(camt053([("1.00", "", "x")], extra=[broken]))


def test_foreign_currency_is_refused():
    foreign = '<Ntry><Amt Ccy="USD">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><ValDt><Dt>2026-03-02</Dt></ValDt></Ntry>'
    assert "currency-foreign" in codes(camt053([], extra=[foreign]))


def test_an_announced_entry_does_not_count():
    pending = '<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><ValDt><Dt>2026-03-02</Dt></ValDt></Ntry>'
    statement = only(camt053([("1.00", "", "x")], extra=[pending]))
    assert [each.status for each in statement.entries] == ["booked", "pending"]


def test_a_collective_booking_is_split_where_its_parts_add_up():
    def booking(second: str) -> str:
        parts = "".join(
            f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls></TxDtls>'
            for name, amount in (("A", "30.00"), ("B", second))
        )
        return (
            '<Ntry><Amt Ccy="EUR">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><ValDt><Dt>2026-03-02</Dt></ValDt>'
            f"<AcctSvcrRef>COLL</AcctSvcrRef><NtryDtls>{parts}</NtryDtls></Ntry>"
        )

    split = only(camt053([], closing="150.00", extra=[booking("20.00")])).entries
    assert [(each.reference, each.end_to_end_id, each.amount.amount) for each in split] == [
        ("COLL/1", "A", Decimal("30.00")),
        ("COLL/2", "B", Decimal("20.00")),
    ]
    (whole,) = only(camt053([], closing="150.00", extra=[booking("19.00")])).entries
    assert (whole.reference, whole.amount.amount) == ("COLL", Decimal("50.00"))


def test_mt940_of_a_german_bank():
    statement = only(
        mt940(
            ":61:2603020302C1234,5NTRFNONREF//BANK-9",
            ":86:166?00GUTSCHRIFT?20EREF+E2E-77?21SVWZ+Rechnung RE-2026-?2200042?30COBADEFFXXX?31DE75512108001245126199?32Müller &?33Söhne OHG",
            closing="C260302EUR1334,50",
        )
    )
    (entry,) = statement.entries
    assert (entry.end_to_end_id, entry.remittance, entry.counterparty_name) == (
        "E2E-77",
        "Rechnung RE-2026-00042",
        "Müller &Söhne OHG",
    )
    assert (entry.counterparty_iban, entry.counterparty_bic, entry.reference) == (
        "DE75512108001245126199",
        "COBADEFFXXX",
        "BANK-9",
    )


def test_mt940_with_tags_and_a_reversal():
    statement = only(
        mt940(
            ":61:260302RC40,00NTRFREF1",
            ":86:/RTRN/AC04/EREF/R-1/NAME/J. DOE/IBAN/NL91ABNA0417164300/REMI/STRD/CUR/RF18539007547034/",
            closing="C260302EUR60,00",
        )
    )
    (entry,) = statement.entries
    assert (entry.direction, entry.reversal, entry.return_code) == ("debit", True, "AC04")
    assert (entry.structured_reference, entry.counterparty_iban) == ("RF18539007547034", "NL91ABNA0417164300")


def test_an_old_code_page_keeps_its_letters():
    statement = only(mt940(":61:260302C1,NTRFNONREF", ":86:Grüße", closing="C260302EUR101,00").decode().encode("cp1252"))
    assert statement.entries[0].remittance == "Grüße"


def test_a_statement_imported_twice_is_recognised():
    first = only(camt053([("25.50", "E", "x")]))
    before = {name(first): fingerprint(first)}
    assert known(first, {}) == "new"
    assert known(only(camt053([("25.50", "E", "x")])), before) == "same"
    assert known(only(camt053([("25.60", "E", "x")])), before) == "different"
    assert known(only(camt053([("25.50", "E", "x")], number="S-1-again")), before) == "same"
    assert known(only(camt053([("25.50", "E", "y")], number="S-2", opening="125.50")), before) == "new"


def test_equal_entries_keep_names_of_their_own():
    entries = only(mt940(":61:260302C1,NTRFNONREF", ":61:260302C1,NTRFNONREF", closing="C260302EUR102,00")).entries
    assert len({each.reference for each in entries}) == 2


def test_no_entity_is_expanded():
    bomb = b'<!DOCTYPE a [<!ENTITY b "x">]>' + camt053([("1.00", "", "&b;")])
    assert codes(bomb) == ["doctype-forbidden"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_bytes_make_it_raise(data: st.DataObject):
    whole = data.draw(
        st.sampled_from(
            [camt053([("1.00", "E", "x")]), mt940(":61:260302C1,NTRFNONREF", ":86:/EREF/X/REMI/y/", closing="C260302EUR101,00")]
        )
    )
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 40))
    read = read_statements(whole[:at] + data.draw(st.binary(max_size=20)) + whole[at + cut :])
    assert read.refused or all(each.entries is not None for each in read.statements)
