"""Schematron becomes a stylesheet that judges as the standard says; the process that carries it out is bounded; sources are checked."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.edi.check import check_bytes
from crossdock.edi.cli import app
from crossdock.edi.findings import Severity
from crossdock.edi.ubl import sources
from crossdock.edi.ubl.judge import plain_path
from crossdock.edi.ubl.rules import FOLDER, RuleBook, applying
from crossdock.edi.ubl.safe_xml import locate
from crossdock.edi.ubl.schematron import SchematronUnusable, stylesheet
from crossdock.edi.ubl.worker import RulesUnavailable, Worker

pytest.importorskip("saxonche", reason="the extra `peppol` (saxonche) is not installed")
HEAD = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<ns prefix="cbc" uri="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"/>
<ns prefix="cac" uri="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"/>
<ns prefix="ubl" uri="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/><ns prefix="u" uri="utils"/>"""
RULES = (
    HEAD
    + """<xsl:function name="u:long"><xsl:param name="text"/><xsl:sequence select="string-length($text) &gt; 3"/></xsl:function>
<let name="currency" value="/ubl:Invoice/cbc:DocumentCurrencyCode"/>
<include href="part.sch"/>
<pattern id="lines">
  <rule context="cac:InvoiceLine[cbc:ID = 'special']"><assert id="X-1" test="false()" flag="fatal">special of <value-of select="$currency"/></assert></rule>
  <rule context="cac:InvoiceLine"><let name="id" value="cbc:ID"/><assert id="X-2" test="u:long($id)" flag="warning">the line number <value-of select="$id"/> is short</assert></rule>
</pattern>
<pattern abstract="true" id="needs"><rule context="$where"><assert id="X-3" test="$what">{it} lacks <name/></assert></rule></pattern>
<pattern is-a="needs"><param name="where" value="/ubl:Invoice"/><param name="what" value="cbc:Note"/></pattern>
</schema>"""
)
PART = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron"><rule context="cbc:IssueDate"><report id="X-4" test=". = '2026-01-01'">a holiday</report></rule></pattern>"""
DOCUMENT = b"""<?xml version="1.0"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID><cbc:ID>1</cbc:ID><cbc:IssueDate>2026-01-01</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty/><cac:AccountingCustomerParty/><cac:LegalMonetaryTotal/>
<cac:InvoiceLine><cbc:ID>special</cbc:ID></cac:InvoiceLine><cac:InvoiceLine><cbc:ID>2</cbc:ID></cac:InvoiceLine></Invoice>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "CEN-EN16931-UBL.sch").write_text(RULES)
    (tmp_path / "part.sch").write_text(PART)
    return tmp_path


@pytest.fixture
def book(folder: Path) -> Iterator[RuleBook]:
    found = RuleBook(folder)
    yield found
    found.close()


def test_the_first_rule_that_fits_judges_and_says_where(book: RuleBook) -> None:
    found = {each.code: each for each in book.judge(DOCUMENT)}
    assert set(found) == {"X-1", "X-2", "X-3", "X-4"}
    assert (found["X-1"].loop, found["X-1"].message) == ("/Invoice[1]/cac:InvoiceLine[1]", "special of EUR")
    assert (found["X-2"].loop, found["X-2"].severity) == ("/Invoice[1]/cac:InvoiceLine[2]", Severity.WARNING)
    assert found["X-4"].segment == "IssueDate"
    assert DOCUMENT[found["X-4"].byte_position :].startswith(b"<cbc:IssueDate>")


def test_the_check_of_a_file_uses_the_rules_that_are_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(folder / "nothing"))
    assert check_bytes(DOCUMENT)["verdict"] == "ok"
    monkeypatch.setenv(FOLDER, str(folder))
    told = check_bytes(DOCUMENT)
    assert told["verdict"] == "findings"
    first = next(each for each in told["findings"] if each["code"] == "X-1")
    assert (first["path"], first["rules"]) == ("/Invoice[1]/cac:InvoiceLine[1]", "EN 16931")


def test_a_document_that_follows_no_known_rules_is_not_judged(book: RuleBook) -> None:
    assert book.judge(DOCUMENT.replace(b"urn:cen.eu:en16931:2017", b"urn:my:own")) == []


def test_rule_sets_are_chosen_by_what_the_document_says_it_follows() -> None:
    billing = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    assert [each.name for each in applying("Invoice", billing)] == ["EN 16931", "Peppol BIS Billing 3"]
    national = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    assert [each.name for each in applying("CreditNote", national)] == ["EN 16931"]
    assert applying("Order", "urn:fdc:peppol.eu:poacc:trns:order:3")[0].name == "Peppol Order 3"
    assert (
        applying("OrderResponse", "urn:fdc:peppol.eu:poacc:trns:order_response_advanced:3")[0].name
        == "Peppol Order Response Advanced 3"
    )
    assert applying("Invoice", "urn:cen.eu:en16931:20170") == []


def test_a_rule_that_runs_for_ever_ends_with_its_process_and_the_next_document_is_judged(folder: Path) -> None:
    endless = '<xsl:function name="u:forever"><xsl:param name="n"/><xsl:sequence select="u:forever($n + 1)"/></xsl:function>'
    slow = (
        HEAD
        + endless
        + '<pattern><rule context="/ubl:Invoice[cbc:Note]"><assert id="S" test="u:forever(0)">x</assert></rule></pattern></schema>'
    )
    (folder / "CEN-EN16931-UBL.sch").write_text(slow)
    book = RuleBook(folder, seconds=6)
    try:
        (found,) = book.judge(DOCUMENT.replace(b"<cbc:ID>1<", b"<cbc:Note>n</cbc:Note><cbc:ID>1<"))
        assert found.code == "rules-not-run"
        assert found.severity is Severity.WARNING
        assert book.judge(DOCUMENT) == []
    finally:
        book.close()


def test_rules_that_cannot_be_used_are_said_and_others_still_run(folder: Path) -> None:
    (folder / "PEPPOL-EN16931-UBL.sch").write_text("<nothing/>")
    book = RuleBook(folder)
    try:
        billing = b"urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
        codes = [each.code for each in book.judge(DOCUMENT.replace(b"urn:cen.eu:en16931:2017", billing))]
        assert "rules-not-run" in codes
        assert "X-1" in codes
    finally:
        book.close()


def test_a_dead_process_is_told_apart_from_a_verdict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(folder, 5)
    monkeypatch.setattr("crossdock.edi.ubl.worker.sys.executable", "/bin/false")
    with pytest.raises(RulesUnavailable):
        worker.judge(DOCUMENT, [("x", folder / "CEN-EN16931-UBL.sch")], None)
    worker.close()


def test_rules_include_nothing_from_outside_of_their_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.sch").write_text(PART)
    inner = tmp_path / "rules"
    inner.mkdir()
    (inner / "a.sch").write_text(HEAD + '<include href="../secret.sch"/></schema>')
    with pytest.raises(SchematronUnusable, match="outside"):
        stylesheet(inner / "a.sch", inner)
    (inner / "b.sch").write_text(HEAD + '<include href="b.sch"/></schema>')
    with pytest.raises(SchematronUnusable):
        stylesheet(inner / "b.sch", inner)


def test_paths_are_told_alike_whoever_compiled_the_rules() -> None:
    cac = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    wanted = "/Invoice[1]/cac:InvoiceLine[2]"
    assert plain_path(f"/Q{{urn:x}}Invoice[1]/Q{{{cac}}}InvoiceLine[2]") == wanted
    assert plain_path(f"/*:Invoice[namespace-uri()='urn:x'][1]/*:InvoiceLine[namespace-uri()='{cac}'][2]") == wanted
    assert locate(DOCUMENT, {wanted})[wanted] == DOCUMENT.index(b"<cac:InvoiceLine><cbc:ID>2")


def test_what_is_fetched_must_be_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sources.Source("PEPPOL-EN16931-UBL.sch", "https://example.org/a", hashlib.sha256(b"good").hexdigest(), "theirs")
    monkeypatch.setattr(sources, "SOURCES", (one,))
    assert [each.file for each in sources.get(tmp_path, lambda _url: b"good")] == ["PEPPOL-EN16931-UBL.sch"]
    assert (tmp_path / "PEPPOL-EN16931-UBL.sch").read_bytes() == b"good"
    with pytest.raises(sources.RulesRefused, match="SHA-256"):
        list(sources.get(tmp_path, lambda _url: b"other"))
    with pytest.raises(sources.RulesRefused, match="https"):
        sources.download("http://example.org/a")


def test_published_sources_are_pinned() -> None:
    for each in sources.SOURCES:
        assert each.url.startswith("https://")
        assert len(each.sha256) == 64
        assert each.licence


def test_a_zip_cannot_write_outside_of_the_folder(tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../../evil.sch", "x")
    with pytest.raises(sources.RulesRefused):
        sources.add(tmp_path / "rules", bad)
    assert not (tmp_path.parent / "evil.sch").exists()


def test_the_commands_add_and_list(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "own"))
    run = CliRunner()
    added = run.invoke(app, ["rules", "add", str(folder / "CEN-EN16931-UBL.sch"), str(folder / "part.sch")])
    assert added.exit_code == 0, added.output
    listed = run.invoke(app, ["rules", "list"])
    assert "EN 16931" in listed.output
    refused = run.invoke(app, ["rules", "add", str(tmp_path / "nothing.sch")])
    assert refused.exit_code == 2
