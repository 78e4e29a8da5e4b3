"""Receipts in CSV files: every column out, every wrong cell of what comes in by row and column."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.wms_csv.mapping import Files
from crossdock.connectors.wms_csv.options import Dialect, WmsCsvOptions
from crossdock.core.errors import PayloadMalformed

HEAD = "receipt,number,confirmation,order,line,order_line,sku,quantity,condition,lot,expiry,received_at,final\n"


def files(**options: object) -> Files:
    return Files(WmsCsvOptions(username="u", host_keys=["ssh-ed25519 AAAA"], **options))  # type: ignore[arg-type]


def message(text: str) -> StoredMessage:
    headers = {"file": "RECEIPT_1.csv"}
    return StoredMessage("m", "wms", "files", "receipts", text.encode(), "text/csv", headers, datetime(2026, 3, 4, tzinfo=UTC))


def test_an_announcement_is_a_row_for_each_line_with_its_pallet() -> None:
    receipt = ExpectedReceipt.model_validate(
        {
            "number": "RC-1",
            "version": 2,
            "order_number": "P1",
            "units": [{"reference": "PAL-1", "sscc": "340123450000000011"}],
            "lines": [
                {
                    "number": "1",
                    "order_line": "31",
                    "sku": "A",
                    "quantity": {"value": "2.5", "unit": "KGM"},
                    "lot": "L",
                    "expiry": "2027-06-30",
                    "package": "PAL-1",
                },
                {"number": "2", "order_line": "32", "sku": "B", "quantity": {"value": "2"}, "serials": ["S1", "S2"]},
            ],
        }
    )
    text = files(dialect=Dialect(delimiter=";", decimal=",")).expect(receipt, "cmd-1").decode()
    first, second = csv.DictReader(io.StringIO(text), delimiter=";")
    assert (first["command"], first["receipt"], first["version"], first["order"]) == ("cmd-1", "RC-1", "2", "P1")
    assert (first["quantity"], first["unit"], first["expiry"], first["sscc"]) == (
        "2,5",
        "KGM",
        "2027-06-30",
        "340123450000000011",
    )
    assert second["serials"] == "S1 S2" and second["sscc"] == ""


def test_one_file_may_tell_of_several_receipts_and_of_nothing_received() -> None:
    rows = "RC-1,GR-1,1,P1,1,31,A,2,,L7,2027-06-30,2026-03-04T09:00:00Z,N\nRC-1,GR-2,2,P1,,,,0,,,,2026-03-05T09:00:00Z,Y\n"
    first, second = files().events(message(HEAD + rows))
    assert (first.data.lines[0].lot, str(first.data.lines[0].expiry), first.data.final) == ("L7", "2027-06-30", False)  # type: ignore[attr-defined]
    assert second.data.lines == () and second.data.final and second.data.sequence == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("RC-1,GR-1,1,P1,1,31,A,many,,,,2026-03-04T09:00:00Z,Y", "quantity"),
        ("RC-1,GR-1,1,P1,1,31,A,1,wet,,,2026-03-04T09:00:00Z,Y", "condition"),
        ("RC-1,GR-1,1,P1,1,31,A,1,,,30.06.2027,2026-03-04T09:00:00Z,Y", "expiry"),
        ("RC-1,,1,P1,1,31,A,1,,,,2026-03-04T09:00:00Z,Y", "number"),
        ("RC-1,GR-1,1,P1,1,31,A,1,,,,,Y", "received_at"),
        (",GR-1,1,,1,31,A,1,,,,2026-03-04T09:00:00Z,Y", "order"),
        ("RC-1,GR-1,0,P1,1,31,A,1,,,,2026-03-04T09:00:00Z,Y", "confirmation"),
    ],
)
def test_every_wrong_cell_is_named(row: str, column: str) -> None:
    with pytest.raises(PayloadMalformed) as problem:
        files().events(message(f"{HEAD}{row}\n"))
    assert [(each["row"], each["column"]) for each in problem.value.detail["problems"]] == [(2, column)]
