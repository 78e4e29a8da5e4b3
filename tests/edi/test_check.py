"""The check of any file: recognised from its first bytes, judged, and told in the agreed form."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import crossdock.edi
from crossdock.edi.check import check_bytes, check_file
from crossdock.edi.cli import app
from crossdock.edi.recognise import Standard, recognise
from crossdock.edi.x12 import envelope as x12_reader
from tests.edi.messages import ORDER, ORDERS, edifact, x12

UBL = b"""<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:c="urn:c">
<c:ID>1</c:ID><c:IssueDate>2024-01-01</c:IssueDate><c:BuyerCustomerParty/><c:SellerSupplierParty/><c:OrderLine/>
</Order>"""
CAMT = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2024-01-01T00:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><Acct/><Bal/></Stmt><Stmt><Id>2</Id><Acct/><Bal/></Stmt></BkToCstmrStmt></Document>"""
MT940 = b":20:STARTUMS\n:25:1234\n:28C:1/1\n:60F:C240101EUR100,00\n:61:2401010101D5,00NTRF\n:86:x\n:62F:C240101EUR95,00\n-\n"


@pytest.mark.parametrize(
    ("data", "standard"),
    [
        (x12(ORDER), Standard.X12),
        (b"\xef\xbb\xbf\r\n" + x12(ORDER), Standard.X12),
        (x12(ORDER).decode().encode("utf-16"), Standard.X12),
        (x12(ORDER)[x12(ORDER).index(b"GS") :], Standard.X12),
        (x12(ORDER)[x12(ORDER).index(b"ST") :], Standard.X12),
        (b"Content-Type: application/edi-x12\r\n\r\n" + x12(ORDER), Standard.X12),
        (edifact(ORDERS), Standard.EDIFACT),
        (b"UNA:+.? '" + edifact(ORDERS), Standard.EDIFACT),
        (edifact(ORDERS)[edifact(ORDERS).index(b"UNH") :], Standard.EDIFACT),
        (UBL, Standard.UBL),
        (UBL.replace(b"utf-8", b"x").decode().encode("utf-16"), Standard.UBL),
        (b"<sh:StandardBusinessDocument xmlns:sh='urn:x'>" + UBL.split(b"?>")[1], Standard.UBL),
        (CAMT, Standard.CAMT),
        (MT940, Standard.MT940),
        (b"{1:F01BANKNL21XXXX0000000000}{2:O940}{4:\r\n" + MT940, Standard.MT940),
        (b"BANKNL2A\n940\nBANKNL2A\n" + MT940, Standard.MT940),
        (b"{}", Standard.UNKNOWN),
        (b"", Standard.UNKNOWN),
        (b"ISABELLA went home", Standard.UNKNOWN),
        (b"<html/>", Standard.UNKNOWN),
        (b"STOP*IT*NOW~", Standard.UNKNOWN),
    ],
)
def test_recognition(data: bytes, standard: Standard) -> None:
    # "ISABELLA" begins like an interchange header; whether it is one shows when it is read.
    if data.startswith(b"ISABELLA"):
        assert check_bytes(data)["verdict"] == "refused"
        return
    assert recognise(data) is standard


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (x12(ORDER, ORDER), ("x12", "850", "ok", 1, 2)),
        (x12(ORDER) + x12(ORDER, kind="855", number=2), ("x12", "850,855", "ok", 2, 2)),
        (edifact(ORDERS), ("edifact", "ORDERS", "ok", 1, 1)),
        (UBL, ("ubl", "Order", "ok", 1, 1)),
        (CAMT, ("camt", "camt.053", "ok", 1, 2)),
        (MT940, ("mt940", "mt940", "ok", 1, 1)),
        (MT940 + MT940, ("mt940", "mt940", "ok", 1, 2)),
        (b"{}", ("unknown", "", "refused", 0, 0)),
        (b"", ("unknown", "", "refused", 0, 0)),
    ],
)
def test_results(data: bytes, expected: tuple[object, ...]) -> None:
    result = check_bytes(data, "name")
    assert tuple(result[key] for key in ("standard", "type", "verdict", "interchanges", "documents")) == expected
    assert set(result) == {"file", "standard", "type", "verdict", "findings", "interchanges", "documents"}
    assert result["file"] == "name"
    assert (result["verdict"] == "ok") == (result["findings"] == [])


@pytest.mark.parametrize(
    ("data", "verdict", "code"),
    [
        (UBL.replace(b"</Order>", b""), "refused", "not-well-formed"),
        (UBL.replace(b"<c:OrderLine/>", b""), "findings", "element-missing"),
        (UBL.replace(b"<Order ", b"<!DOCTYPE Order [<!ENTITY a 'b'>]><Order "), "refused", "doctype-forbidden"),
        (UBL.replace(b"<Order ", b"<!DOCTYPE Order SYSTEM 'file:///etc/passwd'><Order "), "refused", "doctype-forbidden"),
        (UBL.replace(b"<c:ID>", b"<c:ID>" + b"<a>" * 400), "refused", "too-deep"),
        (UBL.replace(b"UTF-8", b"X-NONE"), "refused", "not-well-formed"),
        (CAMT.replace(b"<Bal/>", b"", 1), "findings", "element-missing"),
        (CAMT.replace(b"<MsgId>1</MsgId>", b""), "findings", "element-missing"),
        (MT940.replace(b":60F:C240101EUR100,00\n", b""), "findings", "field-missing"),
        (MT940.replace(b"EUR95,00", b"95,00"), "findings", "balance-invalid"),
        (MT940.replace(b":61:2401010101D5,00NTRF", b":61:nothing"), "findings", "entry-invalid"),
        (x12(ORDER).replace(b"SE*11", b"SE*12"), "findings", "SE01-count"),
        (b"ISA" + b"x" * 200, "refused", "ISA-unreadable"),
    ],
)
def test_findings(data: bytes, verdict: str, code: str) -> None:
    result = check_bytes(data)
    assert (result["verdict"], result["findings"][0]["code"]) == (verdict, code)


def test_guides_are_applied_when_asked_for() -> None:
    data = x12(["BEG*00*SA*PO-1"])
    assert check_bytes(data)["verdict"] == "ok"
    result = check_bytes(data, guide="auto")
    assert [(f["code"], f["segment"], f["element"]) for f in result["findings"]] == [
        ("element-missing", "BEG", 5),
        ("segment-missing", "PO1", 0),
    ]
    assert data[result["findings"][1]["position"] :].startswith(b"SE*")


def test_a_document_without_a_guide_is_told_in_a_note() -> None:
    data = x12(["X1*1"], kind="301")
    assert check_bytes(data, guide="auto")["verdict"] == "ok"
    assert [f["code"] for f in check_bytes(data, guide="auto", notes=True)["findings"]] == ["no-guide"]
    assert check_bytes(data, notes=True)["findings"] == []


def test_notes_are_told_only_when_asked_for() -> None:
    data = b"\xef\xbb\xbf" + x12(ORDER)
    assert check_bytes(data)["findings"] == []
    noted = check_bytes(data, notes=True)
    assert [f["code"] for f in noted["findings"]] == ["BOM"]
    assert noted["verdict"] == "ok"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    result = check_file(tmp_path / "missing.edi")
    assert (result["verdict"], result["findings"][0]["code"]) == ("refused", "unreadable")


RUN = CliRunner()


def test_cli_check(tmp_path: Path) -> None:
    good, bad, odd = tmp_path / "a.edi", tmp_path / "b.edi", tmp_path / "c.txt"
    good.write_bytes(x12(ORDER))
    bad.write_bytes(x12(ORDER).replace(b"SE*11", b"SE*12"))
    odd.write_bytes(b"hello")
    result = RUN.invoke(app, ["check", str(tmp_path), "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["ok", "findings", "refused"]
    assert result.exit_code == 2
    assert RUN.invoke(app, ["check", str(good)]).exit_code == 0
    text = RUN.invoke(app, ["check", str(bad)])
    assert text.exit_code == 1
    assert "SE01-count" in text.stdout
    assert RUN.invoke(app, ["check", str(bad), "--policy", "no-such"]).exit_code == 2
    assert RUN.invoke(app, ["check", str(good), "--guide", str(odd)]).exit_code == 2


def test_cli_show_ack_and_guides(tmp_path: Path) -> None:
    order = tmp_path / "order.edi"
    order.write_bytes(x12(ORDER))
    shown = RUN.invoke(app, ["show", str(order)])
    assert "order number 'PO-4711'" in shown.stdout
    answer = tmp_path / "answer.edi"
    assert RUN.invoke(app, ["ack", str(order), "--guide", "auto", "-o", str(answer)]).exit_code == 0
    assert x12_reader.read(answer)[0].all_findings() == []
    assert "AK5*A" in RUN.invoke(app, ["ack", str(order)]).stdout
    nothing = tmp_path / "x.json"
    nothing.write_text("{}")
    assert RUN.invoke(app, ["ack", str(nothing)]).exit_code == 2
    assert RUN.invoke(app, ["show", str(tmp_path / "none")]).exit_code == 2
    listed = RUN.invoke(app, ["guides"])
    assert listed.exit_code == 0
    assert "Purchase order" in listed.stdout
    broken = tmp_path / "broken.yaml"
    broken.write_text("structure: [BEG M 1]\nstandard: x13\n")
    failed = RUN.invoke(app, ["guides", str(broken)])
    assert failed.exit_code == 1
    assert "standard must be" in failed.output


def test_it_runs_on_its_own_and_reads_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crossdock.edi", "check", "-", "--json"], input=x12(ORDER), capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["documents"] == 1


def test_the_library_knows_nothing_of_the_hub() -> None:
    root = Path(crossdock.edi.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                own = name == "crossdock.edi" or name.startswith("crossdock.edi.")
                assert own or name.split(".")[0] not in ("crossdock", "django", "pydantic"), (path, name)


def test_a_large_file_is_checked_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.edi"
    body = "".join(f"{segment}~" for segment in ORDER)
    with path.open("wb") as out:
        head, tail = x12([]).split(b"ST*850")
        out.write(head)
        for number in range(1, 60_001):
            out.write(f"ST*850*{number}~{body}SE*{len(ORDER) + 2}*{number}~".encode())
        out.write(b"GE*60000*1~IEA*1*000000001~")
    assert tail
    size = path.stat().st_size
    assert size > 12_000_000
    script = (
        "import resource, sys\nfrom crossdock.edi.check import check_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "result = check_file(sys.argv[1])\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(result['verdict'], result['documents'], after - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=120)
    verdict, documents, grown = done.stdout.split()
    assert (verdict, documents) == ("ok", "60000")
    assert int(grown) * 1024 < size, "memory grew with the file"


def test_streams_are_read_to_their_end() -> None:
    class Slow(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.data = data

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            piece, self.data = self.data[:5], self.data[5:]
            return piece

    interchanges = x12_reader.read(Slow(x12(ORDER, ORDER)))  # type: ignore[arg-type]
    assert len(list(interchanges[0].documents())) == 2
