"""Payments find what they pay: by reference, number, account, name and amount; what is not certain goes to a person, with the reasons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.canonical.bank import StatementEntry
from crossdock.canonical.values import Money
from crossdock.finance.matching.deciding import match_entries
from crossdock.finance.matching.items import Match, OpenItem, Terms
from crossdock.finance.parties import alike
from crossdock.finance.references import creditor_reference, found_in, is_creditor_reference, scheme

ALICE, BOB = "NL91ABNA0417164300", "DE89370400440532013000"
_count = iter(range(1, 10_000))


def paid(amount: str, **facts: Any) -> StatementEntry:
    """An entry that came in."""
    facts.setdefault("reference", f"B{next(_count)}")
    facts.setdefault("direction", "credit")
    return StatementEntry(
        value_date=date(2026, 3, 2),
        booking_date=facts.pop("day", date(2026, 3, 2)),
        amount=Money(amount=Decimal(amount), currency="EUR"),
        **facts,
    )


def owed(number: str, amount: str, **facts: Any) -> OpenItem:
    """An open invoice."""
    return OpenItem(number, Decimal(amount), "EUR", **facts)


def one(entry: StatementEntry, *items: OpenItem) -> Match:
    """What became of one entry."""
    (match,) = match_entries([entry], items)
    return match


def test_check_digits_of_the_schemes():
    assert creditor_reference("539007547034") == "RF18539007547034"
    assert is_creditor_reference("RF18 5390 0754 7034")
    assert not is_creditor_reference("RF19539007547034")
    assert scheme("210000000003139471430009017") == "qrr"
    assert scheme("+++010/8068/17183+++") == "ogm"
    assert scheme("1234567897") == "kid"
    assert scheme("1234567890123") == ""
    assert list(found_in("paid RF18 5390 0754 7034 with thanks")) == ["RF18539007547034"]


@pytest.mark.parametrize(
    ("one_name", "other", "same"),
    [
        ("Müller & Söhne GmbH", "MULLER SOHNE", True),
        ("Harbour Café B.V.", "harbour cafe", True),
        ("Van der Meer Installatietechniek", "VAN DER MEER INSTALLATIETE", True),
        ("Anna Berg", "Anna Burg", False),
        ("GmbH", "Alpha GmbH", False),
    ],
)
def test_names_are_compared_without_forms_and_accents(one_name: str, other: str, same: bool):
    assert alike(one_name, other) is same


def test_a_structured_reference_and_the_amount_are_certain_and_explained():
    match = one(
        paid("49.90", structured_reference="RF18 5390 0754 7034"),
        owed("INV/1", "49.90", reference="RF18539007547034"),
        owed("INV/2", "49.90"),
    )
    assert (match.verdict, match.allocations[0].number, match.score) == ("matched", "INV/1", 90)
    assert [each.code for each in match.reasons] == ["reference", "amount"]
    assert sum(each.points for each in match.reasons) == match.score


@pytest.mark.parametrize("text", ["Invoice INV/2026/00042", "inv-2026-00042 thanks", "INV2026 00042", "INV/2026 /00042"])
def test_the_number_is_found_in_text_however_it_is_written(text: str):
    assert (
        one(paid("10.00", remittance=text), owed("INV/2026/00042", "10.00"), owed("INV/2026/00043", "10.00")).verdict == "matched"
    )


def test_an_end_to_end_id_finds_a_transfer_of_ours():
    refund = owed("RF-9", "20.00", direction="debit", end_to_end_id="CD-1")
    assert one(paid("20.00", direction="debit", end_to_end_id="CD-1"), refund).verdict == "matched"
    returned = one(paid("20.00", direction="credit", reversal=True, end_to_end_id="CD-1", return_code="AC04"), refund)
    assert (returned.verdict, returned.allocations[0].number) == ("returned", "RF-9")


def test_account_and_amount_are_certain_only_when_one_item_fits():
    mine = [owed("INV/1", "30.00", name="Alice Ltd", ibans=(ALICE,)), owed("INV/2", "31.00", name="Alice Ltd", ibans=(ALICE,))]
    assert one(paid("30.00", counterparty_iban=ALICE), *mine).allocations[0].number == "INV/1"
    double = one(paid("30.00", counterparty_iban=ALICE), *mine, owed("INV/3", "30.00", name="Alice Ltd", ibans=(ALICE,)))
    assert (double.verdict, double.reasons[0].code) == ("review", "ambiguous")
    assert [each.numbers for each in double.candidates[:2]] == [("INV/1",), ("INV/3",)]


def test_a_name_and_an_amount_are_not_enough():
    match = one(paid("30.00", counterparty_name="ALICE"), owed("INV/1", "30.00", name="Alice Ltd"))
    assert (match.verdict, match.candidates[0].numbers) == ("review", ("INV/1",))


def test_one_payment_of_several_invoices():
    items = [owed("INV/1001", "30.00"), owed("INV/1002", "12.50"), owed("INV/1003", "5.00")]
    match = one(paid("42.50", remittance="INV/1001 and INV/1002"), *items)
    assert match.verdict == "matched"
    assert [(each.number, each.amount) for each in match.allocations] == [
        ("INV/1001", Decimal("30.00")),
        ("INV/1002", Decimal("12.50")),
    ]
    assert one(paid("42.00", remittance="INV/1001 and INV/1002"), *items).verdict == "review"


def test_everything_a_party_owes_paid_at_once_and_a_sum_as_a_proposal():
    items = [owed(f"INV/{n}", amount, name="Bob", ibans=(BOB,)) for n, amount in (("1", "10.00"), ("2", "20.00"), ("3", "40.00"))]
    assert len(one(paid("70.00", counterparty_iban=BOB), *items).allocations) == 3
    some = one(paid("60.00", counterparty_iban=BOB), *items)
    assert (some.verdict, some.candidates[0].numbers) == ("review", ("INV/2", "INV/3"))


def test_several_payments_of_one_invoice_and_one_too_many():
    item = owed("INV/1001", "100.00", name="Bob", ibans=(BOB,))
    entries = [
        paid(amount, remittance="INV/1001", counterparty_iban=BOB, day=date(2026, 3, day))
        for amount, day in (("40.00", 2), ("60.00", 3), ("60.00", 4))
    ]
    first, second, third = match_entries(entries, [item])
    assert (first.verdict, second.verdict) == ("partial", "matched")
    assert (third.verdict, third.reasons[0].code, third.remainder) == ("review", "settled", Decimal("60.00"))


@pytest.mark.parametrize(
    ("amount", "verdict", "difference", "remainder"),
    [
        ("99.97", "matched", "0.03", "0"),
        ("100.05", "matched", "-0.05", "0"),
        ("99.90", "partial", "0", "0"),
        ("130.00", "overpaid", "0", "30.00"),
    ],
)
def test_too_much_and_too_little(amount: str, verdict: str, difference: str, remainder: str):
    match = one(
        paid(amount, structured_reference="RF18539007547034", counterparty_iban=BOB),
        owed("I", "100.00", reference="RF18539007547034", ibans=(BOB,)),
    )
    assert (match.verdict, match.allocations[0].difference, match.remainder) == (verdict, Decimal(difference), Decimal(remainder))


def test_a_guess_never_takes_what_another_entry_names():
    item = owed("INV/1001", "10.00", name="Bob", ibans=(BOB,))
    guess, named = (
        paid("10.00", counterparty_iban=BOB, day=date(2026, 3, 1)),
        paid("10.00", remittance="INV/1001", day=date(2026, 3, 9)),
    )
    first, second = match_entries([guess, named], [item])
    assert (first.verdict, second.verdict) == ("unmatched", "matched")


def test_another_currency_never_matches():
    dollars = OpenItem("INV/1001", Decimal("10.00"), "USD")
    assert one(paid("10.00", remittance="INV/1001"), dollars).verdict == "unmatched"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["10.00", "20.00", "25.00"]), st.booleans()), max_size=12))
def test_no_cent_is_allocated_twice(told: list[tuple[int, str, bool]]):
    items = [owed(f"INV/100{n}", "20.00", name="Bob", ibans=(BOB,)) for n in range(1, 5)]
    entries = [paid(amount, remittance=f"INV/100{n}" if named else "", counterparty_iban=BOB) for n, amount, named in told]
    matches = match_entries(entries, items, Terms(tolerance=Decimal(0)))
    for match in matches:
        assert (
            sum((each.amount for each in match.allocations), Decimal(0)) + match.remainder == match.entry.amount.amount
            or match.verdict == "review"
        )
    for item in items:
        assert (
            sum((each.amount for match in matches for each in match.allocations if each.number == item.number), Decimal(0))
            <= item.amount
        )
    assert [(m.verdict, m.allocations) for m in matches] == [
        (m.verdict, m.allocations) for m in match_entries(entries, items, Terms(tolerance=Decimal(0)))
    ]
