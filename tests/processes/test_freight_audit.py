"""Every charge of a carrier's invoice against what was agreed: what is approved and disputed adds up, and each mistake has its name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.freight import FreightInvoice
from crossdock.processes.freight_audit import Agreed, Audit, AuditRules, Billed, audit, dispute

D = Decimal
ONE = Agreed(
    "S-1",
    "ups",
    waybill="1Z1",
    currency="EUR",
    charges={"base": D("12.40"), "residential": D("2.10")},
    percents={"fuel": D("15")},
    weight_kg=D("4.2"),
    zone="2",
    service_level="express",
)
ALL_IN = Agreed("S-2", "ups", waybill="1Z2", currency="EUR", total=D("20"))


def line(number: str, kind: str, amount: str, waybill: str = "1Z1", **more: Any) -> dict[str, Any]:
    currency = more.pop("currency", "EUR")
    return {"number": number, "kind": kind, "waybill": waybill, "amount": {"amount": amount, "currency": currency}, **more}


def invoice(*lines: dict[str, Any], total: str | None = None, **more: Any) -> FreightInvoice:
    amount = total or str(sum((D(one["amount"]["amount"]) for one in lines), D(0)))
    told = {"number": "F-9", "carrier": "UPS", "issue_date": date(2026, 3, 31), "currency": "EUR", **more}
    return FreightInvoice.model_validate({**told, "lines": lines, "total": {"amount": amount, "currency": told["currency"]}})


def codes(found: Audit) -> list[str]:
    return [finding.code for one in found.lines for finding in one.findings]


def test_an_invoice_as_agreed_is_approved_whole() -> None:
    found = audit(
        invoice(
            line("1", "base", "12.40", billed_weight_kg="4.5", zone="2", service_level="Express"),
            line("2", "fuel", "1.86"),
            line("3", "residential", "2.10"),
            line("4", "tax", "3.11"),
        ),
        [ONE],
    )
    assert (found.clean, found.approved, found.disputed, dispute(found)) == (True, D("19.47"), D(0), None)
    assert found.by_shipment() == {"S-1": D("19.47")}
    assert "line 2: agreed 15 % of the base charge 12.40 = 1.86" in found.lines[1].arithmetic
    assert found.document()["approved"] == "19.47"


def test_a_little_more_is_tolerated_a_lot_is_disputed_with_the_arithmetic() -> None:
    assert audit(invoice(line("1", "base", "12.90")), [ONE]).clean
    found = audit(invoice(line("1", "base", "13.00")), [ONE])
    assert (codes(found), found.approved, found.disputed) == (["amount"], D(0), D("13.00"))
    words = "line 1: base 13.00 EUR billed, 12.40 agreed: 0.60 (4.84 %) too much (tolerated 0.50)"
    assert found.lines[0].arithmetic[-1] == f"! {words}"
    error = dispute(found)
    assert error is not None
    assert (error.code, error.detail["disputed"]) == ("freight.disputed", "13.00")


def test_short_pay_disputes_the_difference_only() -> None:
    found = audit(invoice(line("1", "base", "15.00")), [ONE], rules=AuditRules(short_pay=True))
    assert (found.approved, found.disputed) == (D("12.40"), D("2.60"))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (line("1", "base", "12.40", billed_weight_kg="6"), "weight"),
        (line("1", "base", "12.40", zone="4"), "zone"),
        (line("1", "base", "12.40", service_level="overnight"), "service"),
        (line("1", "remote", "9.00"), "surcharge"),
        (line("1", "base", "12.40", waybill="1Z9"), "unknown_waybill"),
        (line("1", "base", "12.40", waybill=""), "unknown_waybill"),
        (line("1", "base", "-12.40"), "negative"),
        (line("1", "base", "12.40", currency="USD"), "foreign_currency"),
    ],
)
def test_each_mistake_has_its_name(made: dict[str, Any], code: str) -> None:
    found = audit(invoice(made), [ONE])
    assert code in codes(found)
    assert (found.approved, found.disputed) == (D(0), D(made["amount"]["amount"]))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (line("1", "base", "-12.40"), "freight.negative"),
        (line("1", "base", "12.40", currency="USD"), "freight.foreign_currency"),
        (line("1", "base", "12.40", waybill="1Z9"), "freight.unknown_waybill"),
    ],
)
def test_grave_mistakes_reach_a_person_under_a_code_of_their_own(made: dict[str, Any], code: str) -> None:
    error = dispute(audit(invoice(made), [ONE]))
    assert error is not None
    assert error.code == code


def test_what_was_billed_before_is_not_paid_again() -> None:
    before = [Billed("ups", "F-8", "3", "base", waybill="1Z1", amount=D("12.40"), currency="EUR")]
    found = audit(invoice(line("1", "base", "12.40"), line("2", "residential", "2.10")), [ONE], before)
    assert [one.code for one in found.lines[0].findings] == ["duplicate"]
    assert found.lines[0].findings[0].words == "line 1: base of 1Z1 stands in ups F-8, line 3"
    assert (found.approved, found.disputed) == (D("2.10"), D("12.40"))


def test_a_line_twice_in_one_invoice_is_paid_once() -> None:
    found = audit(invoice(line("1", "base", "12.40"), line("2", "base", "12.40")), [ONE])
    assert (codes(found), found.approved) == (["duplicate"], D("12.40"))
    two = Agreed("S-1", "ups", waybill="1Z1", tracking=("T1", "T2"), currency="EUR", charges={"base": D("20")})
    parcels = invoice(line("1", "base", "10", tracking_number="T1"), line("2", "base", "10", tracking_number="T2"))
    assert audit(parcels, [two]).clean
    dear = invoice(line("1", "base", "19", tracking_number="T1"), line("2", "base", "19", tracking_number="T2"))
    assert [[each.code for each in one.findings] for one in audit(dear, [two]).lines] == [[], ["amount"]]


def test_an_invoice_twice_is_disputed_whole() -> None:
    before = [Billed("ups", "F-9", "1", "base", waybill="1Z1", amount=D("12.40"))]
    found = audit(invoice(line("1", "base", "12.40")), [ONE], before)
    assert ([one.code for one in found.findings], found.approved, found.clean) == (["duplicate_invoice"], D(0), False)


def test_two_carriers_claim_one_waybill() -> None:
    booked_with_another = audit(invoice(line("1", "base", "12.40"), carrier="DHL"), [ONE])
    error = dispute(booked_with_another)
    assert error is not None
    assert (error.code, booked_with_another.approved) == ("freight.contested_waybill", D(0))
    before = [Billed("dhl", "D-1", "1", "base", waybill="1Z1", amount=D("9"))]
    assert "contested_waybill" in codes(audit(invoice(line("1", "base", "12.40")), [ONE], before))


def test_one_price_for_everything_is_used_up_line_by_line() -> None:
    assert audit(invoice(line("1", "base", "17", "1Z2"), line("2", "fuel", "3", "1Z2")), [ALL_IN]).clean
    found = audit(
        invoice(line("1", "base", "17", "1Z2"), line("2", "fuel", "3", "1Z2"), line("3", "remote", "4", "1Z2")), [ALL_IN]
    )
    assert (codes(found), found.approved, found.disputed) == (["surcharge"], D(20), D(4))
    later = [Billed("ups", "F-8", "1", "base", waybill="1Z2", amount=D("19"), currency="EUR")]
    assert codes(audit(invoice(line("1", "fuel", "3", "1Z2")), [ALL_IN], later)) == ["surcharge"]


def test_list_price_less_discount() -> None:
    assert audit(invoice(line("1", "base", "31", "1Z2"), line("2", "discount", "-11", "1Z2")), [ALL_IN]).clean


def test_another_currency_is_compared_at_the_rate_of_the_day_or_not_at_all() -> None:
    dollars = Agreed("S-1", "ups", waybill="1Z1", currency="USD", charges={"base": D("13.64")})
    made = invoice(line("1", "base", "12.40"))
    assert audit(made, [dollars], rates={"EUR/USD": D("1.10")}).clean
    assert audit(made, [dollars], rates={"USD/EUR": D("0.909")}).clean
    error = dispute(audit(made, [dollars]))
    assert error is not None
    assert error.code == "freight.exchange_rate_missing"


def test_a_total_that_is_not_the_sum_holds_the_invoice() -> None:
    found = audit(invoice(line("1", "base", "12.40"), total="13.40"), [ONE])
    assert ([one.code for one in found.findings], found.clean) == (["total"], False)


def test_a_credit_note_gives_back_what_was_billed() -> None:
    before = [Billed("ups", "F-8", "3", "base", waybill="1Z1", amount=D("12.40"))]
    found = audit(invoice(line("1", "base", "12.40"), kind="credit_note"), [ONE], before)
    assert found.clean
    assert codes(audit(invoice(line("1", "base", "5", "1Z9"), kind="credit_note"), [ONE])) == ["unknown_waybill"]


KINDS = ["base", "fuel", "residential", "remote", "discount", "tax", "duty"]
LINES = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.decimals(-50, 50, places=2),
        st.sampled_from(["1Z1", "1Z2", "1Z9", ""]),
        st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
    ),
    min_size=1,
    max_size=8,
)
BEFORE = st.lists(
    st.builds(
        Billed,
        carrier=st.sampled_from(["ups", "dhl"]),
        invoice=st.sampled_from(["F-8", "F-9"]),
        line=st.just("1"),
        kind=st.sampled_from(KINDS),
        waybill=st.sampled_from(["1Z1", "1Z2"]),
        amount=st.decimals(0, 50, places=2),
        currency=st.sampled_from(["EUR", "CHF"]),
    ),
    max_size=4,
)


def test_a_discount_that_is_in_dispute_makes_no_room_for_another_charge() -> None:
    found = audit(invoice(line("1", "discount", "20.51", "1Z2"), line("2", "discount", "-0.01", "1Z2")), [ONE, ALL_IN])
    assert [one.approved for one in found.lines] == [0, 0]


@given(LINES, BEFORE, st.booleans())
def test_approved_and_disputed_always_add_up(made: list[tuple[Any, ...]], before: list[Billed], short_pay: bool) -> None:
    told = [
        line(str(at), kind, str(amount), waybill, currency=currency) for at, (kind, amount, waybill, currency) in enumerate(made)
    ]
    found = audit(invoice(*told), [ONE, ALL_IN], before, rules=AuditRules(short_pay=short_pay))
    assert all(one.approved + one.disputed == one.amount for one in found.lines)
    for one in found.lines:
        assert (one.disputed == 0) or one.findings or found.findings
        if one.findings and not short_pay:
            assert one.approved == 0
    assert (dispute(found) is None) == found.clean
    ours = sum((one.approved for one in found.lines if one.shipment == "S-2" and one.kind != "tax"), D(0))
    assert ours <= D("20.50")
