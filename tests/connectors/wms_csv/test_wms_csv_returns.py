"""Returns in CSV files: every column out, every wrong cell of what comes in by row and column."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from crossdock.canonical.returns import ExpectedReturn
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.wms_csv.mapping import Files
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.core.errors import PayloadMalformed

HEAD = "return,number,confirmation,order,tracking_number,line,sku,quantity,grade,received_at,final\n"


def files() -> Files:
    return Files(WmsCsvOptions(username="u", host_keys=["ssh-ed25519 AAAA"]))


def message(text: str) -> StoredMessage:
    headers = {"file": "RETURNED_1.csv"}
    return StoredMessage("m", "wms", "files", "returns", text.encode(), "text/csv", headers, datetime(2026, 3, 9, tzinfo=UTC))


def test_an_announcement_is_a_row_for_each_line() -> None:
    lines = [
        {"number": "1", "order_line": "10", "sku": "A", "quantity": {"value": "2"}, "reason": "late"},
        {"number": "2", "sku": "B", "quantity": {"value": "1.5", "unit": "KGM"}, "lots": ["L1", "L2"]},
    ]
    address = {"name": "Jo", "street": "Weg 1", "city": "Wien", "country": "AT"}
    announced = ExpectedReturn.model_validate({"number": "RT-1", "order_number": "1001", "lines": lines, "ship_from": address})
    first, second = csv.DictReader(io.StringIO(files().expect_back(announced, "cmd-1").decode()))
    assert (first["command"], first["return"], first["version"], first["order"], first["city"]) == (
        "cmd-1",
        "RT-1",
        "1",
        "1001",
        "Wien",
    )
    assert (first["reason"], second["lots"], second["quantity"], second["unit"]) == ("late", "L1 L2", "1.5", "KGM")


def test_an_empty_parcel_and_one_nobody_announced() -> None:
    rows = "RT-1,RR-1,1,1001,,,,0,,2026-03-09T09:00:00Z,Y\n,RR-2,,,1Z9,1,A,1,quarantine,2026-03-09T09:00:00Z,Y\n"
    empty, stray = files().events(message(HEAD + rows))
    assert (empty.data.lines, empty.data.without_authorisation) == ((), False)  # type: ignore[attr-defined]
    assert stray.data.without_authorisation  # type: ignore[attr-defined]
    assert [(one.scheme, one.value) for one in stray.references] == [("tracking", "1Z9")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("RT-1,RR-1,1,1001,,1,A,many,scrap,2026-03-09T09:00:00Z,Y", "quantity"),
        ("RT-1,RR-1,1,1001,,1,A,1,fine,2026-03-09T09:00:00Z,Y", "grade"),
        ("RT-1,,1,1001,,1,A,1,scrap,2026-03-09T09:00:00Z,Y", "number"),
        (",RR-1,1,,,1,A,1,scrap,2026-03-09T09:00:00Z,Y", "order"),
        ("RT-1,RR-1,1,1001,,1,A,1,scrap,,Y", "received_at"),
    ],
)
def test_every_wrong_cell_is_named(row: str, column: str) -> None:
    with pytest.raises(PayloadMalformed) as problem:
        files().events(message(f"{HEAD}{row}\n"))
    assert [(each["row"], each["column"]) for each in problem.value.detail["problems"]] == [(2, column)]
