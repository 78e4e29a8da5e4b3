"""Two libraries of others, used in tests only, accept the documents we write."""

from __future__ import annotations

import pytest

from crossdock.canonical.order_response import OrderResponse
from tests.documents.examples import GOLDEN, WRITTEN, Example, money, order_response
from tests.documents.wire import interchange, rows_of

x12doctor = pytest.importorskip("x12doctor", reason="x12-doctor is not installed")
mockedi_x12 = pytest.importorskip("mockedi.x12", reason="mock-edi is not installed")
from mockedi import edifact as mockedi_edifact  # noqa: E402
from mockedi import validate as mockedi_validate  # noqa: E402

# Where the doctor is stricter than the standard, and why we do not follow it.
DISAGREED = (
    "MAN02 is 20 digits, but an SSCC-18 is 18",  # GM is the SSCC with its application identifier 00, which are 20 digits; AA is the bare one
    "CTT01 declares 6 line items, but the document contains 2 SN1",  # in an 856 CTT01 is the number of HL segments
    "TDS01 declares a total of 197.47, but the line items add up to 569.25",  # it takes no account of IT105: a price for a hundred
)
UNKNOWN_TO_THE_MOCK = ("940", "943")
X12 = [each for each in WRITTEN if each.standard == "x12"]
EDIFACT = [each for each in WRITTEN if each.standard == "edifact"]


@pytest.mark.parametrize("example", X12, ids=lambda example: example.name)
def test_the_doctor_finds_no_error(example: Example) -> None:
    reports = x12doctor.diagnose((GOLDEN / f"{example.name}.edi").read_text("utf-8"))
    reports = reports if isinstance(reports, (list, tuple)) else [reports]
    errors = [f"{f.code} {f.message}" for each in reports for f in each.findings if str(f.severity).lower().endswith("error")]
    assert [each for each in errors if not any(known in each for known in DISAGREED)] == []


MOCKED = [each for each in (*X12, *EDIFACT) if each.type not in (*UNKNOWN_TO_THE_MOCK, "855")]


@pytest.mark.parametrize("example", MOCKED, ids=lambda example: example.name)
def test_the_mock_partner_accepts_it(example: Example) -> None:
    _accepted(example.standard, (GOLDEN / f"{example.name}.edi").read_text("utf-8"))


def test_the_mock_partner_accepts_an_answer_with_prices_and_without_notes() -> None:
    """Its dictionary has no N9 in an 855 and wants a price in every line, which the standard does not."""
    made = order_response(True).model_dump() | {"note": ""}
    made["lines"] = [{**line, "reason": "", "unit_price": money("4.20")} for line in made["lines"]]
    rows = rows_of("x12", "855", "004010", OrderResponse.model_validate(made))
    _accepted("x12", interchange("x12", "855", "004010", rows, "PR").decode())


def _accepted(standard: str, text: str) -> None:
    report = mockedi_validate.validate((mockedi_x12 if standard == "x12" else mockedi_edifact).parse(text))
    assert report.accepted, [vars(message) for message in report.messages]
