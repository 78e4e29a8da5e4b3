"""Settlements of carriers and the proof of money: the page, the files and the API say what the ledger holds, to the cent."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger.batch import DELIVERY_COLUMNS, EVENT_COLUMNS
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import pack
from crossdock.ledger.states import DeliveryState, EventState
from crossdock.ledger.store import Store
from tests.workbench.conftest import Browser, Workbench

EVIL = "<script>alert(1)</script>"
NUMBERS = Numbers(SystemClock(), 901)
TODAY = datetime.now(UTC).date()
LAST = TODAY.replace(day=1) - timedelta(days=1)
ISSUED = LAST.replace(day=10)
PERIOD = f"begin={LAST.replace(day=2)}&end={LAST.replace(day=20)}"
DAYS = "days=34"
"""Of our own: what others asked of the same workbench a moment ago is given again."""
INVOICES = (("U-1", "1100.00", "1100.00"), ("U-2", "50.25", None), (f"=U-3{EVIL}", "70.00", "71.00"))
"""Number, what was billed, what is in the books."""


def _event(number: str, total: str, day_micros: int) -> tuple[Any, ...]:
    amount = {"amount": total, "currency": "EUR"}
    data = {"number": number, "carrier": "carrier-ups", "issue_date": ISSUED.isoformat(), "currency": "EUR", "total": amount,
            "lines": [{"number": "1", "amount": amount}]}  # fmt: skip
    id_ = NUMBERS.next()
    return (
        id_, id_, 0, f"finance {number[:8]}".encode(), number, f"freight/{number}", "freight_invoice.received", "carrier-ups",
        "freight_invoice/1.0", "", None, False, "[]", pack(orjson.dumps(data)), b"", day_micros, day_micros, "", EventState.APPLIED, None, "",
    )  # fmt: skip


def _bill(number: str, total: str, at: int) -> tuple[Any, ...]:
    id_ = NUMBERS.next()
    data, ack = {"freight_invoice": {"number": number}}, {"bill_id": "1", "total": total, "currency": "EUR"}
    return (
        id_, f"bill {number[:8]}".encode(), f"c-{number}", "bill.create", "odoo", "freight", f"freight/{number}", 0, "",
        pack(orjson.dumps(data)), DeliveryState.ACCEPTED, 1, 0, None, at, at, pack(orjson.dumps(ack)), "", None,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def ledger(bench: Workbench) -> None:
    """Three invoices of a carrier: booked, not booked, booked with another amount; told ten days ago."""
    store = Store(LedgerLocation.parse(f"sqlite:///{bench.folder}/var/ledger.sqlite3"))
    at = int((time.time() - 10 * 86_400) * 1e6)

    def write(session: Any) -> None:
        session.insert("ledger_event", EVENT_COLUMNS, [_event(number, total, at) for number, total, _ in INVOICES])
        session.insert(
            "ledger_delivery", DELIVERY_COLUMNS, [_bill(number, booked, at) for number, _, booked in INVOICES if booked]
        )

    store.work.run(write)
    store.close()


@pytest.fixture(scope="module")
def auditor(bench: Workbench) -> Browser:
    return bench.person("auditor")[1]


def test_settlements_stand_matched_unmatched_and_disputed(auditor: Browser) -> None:
    text = auditor.get(f"/finance/?{PERIOD}").text
    for said in (
        "carrier-ups",
        "1,220.25",
        "matched (1)",
        "unmatched (1)",
        "disputed (1)",
        "billed 70.00 EUR, in the books 71.00 EUR",
    ):
        assert said in text
    assert EVIL not in text
    assert "<script>" not in text.split("<main", 1)[1], "nothing is scripted within the page"


def test_the_api_tells_settlements_as_decimals_in_text(auditor: Browser) -> None:
    whole = auditor.api("GET", "/finance/carriers/").json()
    assert (whole["begin"], whole["end"]) == (LAST.replace(day=1).isoformat(), LAST.isoformat()), (
        "last month when nothing is said"
    )
    answer = auditor.api("GET", f"/finance/carriers/?{PERIOD}").json()
    (one,) = answer["settlements"]
    assert {each["standing"]: (each["count"], each["billed"]) for each in one["sums"]} == {
        "matched": (1, "1100.00"), "unmatched": (1, "50.25"), "disputed": (1, "70.00"),
    }  # fmt: skip
    assert one["billed"] == "1220.25"
    assert [each["booked"] for each in one["invoices"] if each["number"] == "U-2"] == [None]
    assert auditor.api("GET", f"/finance/carriers/?{PERIOD}&carrier=nobody").json()["settlements"] == []
    earlier = (LAST.replace(day=1) - timedelta(days=1)).isoformat()
    assert auditor.api("GET", f"/finance/carriers/?begin={earlier}&end={earlier}").json()["settlements"] == []


def test_a_period_that_ends_before_it_begins_is_refused(auditor: Browser) -> None:
    wrong = "begin=2026-03-31&end=2026-03-01"
    answer = auditor.api("GET", f"/finance/carriers/?{wrong}")
    assert (answer.status_code, answer.json()["code"]) == (422, "api.invalid")
    assert "A period ends after it begins" in auditor.get(f"/finance/?{wrong}").text
    for name in ("carriers.csv", "carriers.pdf"):
        assert auditor.get(f"/finance/{name}?{wrong}").status_code == 400
    assert auditor.api("GET", "/finance/proof/?days=100000").status_code == 422
    assert auditor.get("/finance/proof.csv?days=100000").status_code == 400
    assert auditor.get("/finance/proof/?days=x&day=never").status_code == 200


def test_the_proof_lists_differences_with_their_arithmetic(auditor: Browser) -> None:
    answer = auditor.api("GET", f"/finance/proof/?{DAYS}").json()
    assert answer["agrees"] is False
    found = {each["code"]: each for each in answer["differences"]}
    assert {"freight_bill.missing", "freight_bill.amount"} <= found.keys()
    assert (found["freight_bill.amount"]["left"], found["freight_bill.amount"]["right"]) == ("70.00", "71.00")
    bills = next(each for each in answer["checks"] if each["check"] == "freight bills")
    assert (bills["left"], bills["agreed"]) == ({"EUR": "1220.25"}, 1)
    text = auditor.get(f"/finance/proof/?{DAYS}").text
    for each in answer["differences"]:
        assert each["code"] in text
    assert "1,220.25&nbsp;EUR" in text
    assert EVIL not in text
    young = auditor.api("GET", f"/finance/proof/?{DAYS}&grace=30").json()
    assert {each["code"] for each in young["differences"]} == {"freight_bill.amount"}, (
        "the other side has a month to tell of the rest"
    )


def test_files_are_those_of_the_command_line_and_recorded(bench: Workbench, auditor: Browser) -> None:
    rows = list(csv.DictReader(io.StringIO(auditor.get(f"/finance/carriers.csv?{PERIOD}").content.decode("utf-8-sig"))))
    assert [(each["billed"], each["standing"]) for each in rows if each["invoice"] == "U-2"] == [("50.25", "unmatched")]
    assert next(each["invoice"] for each in rows if "U-3" in each["invoice"]).startswith("'="), "no formula in a spreadsheet"
    rows = list(csv.DictReader(io.StringIO(auditor.get(f"/finance/proof.csv?{DAYS}").content.decode("utf-8-sig"))))
    assert "freight_bill.missing" in {each["code"] for each in rows}
    for path in ("/finance/carriers.pdf", "/finance/proof.pdf", "/api/finance/carriers.pdf", "/api/finance/proof.pdf"):
        answer = auditor.get(path)
        assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
        assert answer.headers["content-disposition"].startswith("attachment")
    assert auditor.get(f"/api/finance/carriers.csv?{PERIOD}").content == auditor.get(f"/finance/carriers.csv?{PERIOD}").content
    assert auditor.get(f"/api/finance/proof.csv?{DAYS}").content == auditor.get(f"/finance/proof.csv?{DAYS}").content
    assert {each["file"] for each in bench.records("workbench:finance:downloaded")} == {
        "carriers.csv", "carriers.pdf", "proof.csv", "proof.pdf",
    }  # fmt: skip


def test_it_is_not_there_for_whom_money_does_not_concern(bench: Workbench) -> None:
    viewer = bench.person("viewer")[1]
    part = bench.person("partner_manager", flows=["order-shopify-eu"])[1]
    for browser in (viewer, part):
        assert browser.get("/finance/").status_code == 404
        assert browser.api("GET", "/finance/proof/").status_code == 404
        assert "/finance/" not in browser.get("/account/").text
    assert bench.person("partner_manager")[1].get("/finance/proof/").status_code == 200


def test_it_is_german_for_germans(auditor: Browser) -> None:
    german = {"Accept-Language": "de"}
    text = auditor.get(f"/finance/proof/?{DAYS}", headers=german).text
    assert "Täglicher Nachweis" in text
    assert "1.220,25&nbsp;EUR" in text
    assert "strittig (1)" in auditor.get(f"/finance/?{PERIOD}", headers=german).text
