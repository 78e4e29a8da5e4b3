"""Checks UBL and camt files for form, root and what every such document must carry. No schema, no entities.

Reads with expat in one pass and bounded memory; a document type declaration is refused, so that no entity can
expand and nothing outside the file is read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from xml.parsers import expat

from .findings import Finding
from .recognise import camt_namespace, ubl_namespace
from .source import Source, chunks

MAX_DEPTH = 256
_NS = "\x1f"

# Children every document of the type has (UBL 2.1 XSD, minOccurs 1), beyond ID.
_UBL_MANDATORY = {
    "Invoice": (
        "IssueDate",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "LegalMonetaryTotal",
        "InvoiceLine",
    ),
    "CreditNote": (
        "IssueDate",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "LegalMonetaryTotal",
        "CreditNoteLine",
    ),
    "FreightInvoice": (
        "IssueDate",
        "Shipment",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "LegalMonetaryTotal",
        "InvoiceLine",
    ),
    "Order": ("IssueDate", "BuyerCustomerParty", "SellerSupplierParty", "OrderLine"),
    "OrderResponse": ("IssueDate", "OrderReference", "SellerSupplierParty", "BuyerCustomerParty"),
    "OrderResponseSimple": ("IssueDate", "OrderReference", "SellerSupplierParty", "BuyerCustomerParty"),
    "DespatchAdvice": ("IssueDate", "DespatchSupplierParty", "DeliveryCustomerParty", "DespatchLine"),
    "ReceiptAdvice": ("IssueDate", "DeliveryCustomerParty", "DespatchSupplierParty", "ReceiptLine"),
}
# ISO 20022: message element, the repeated report element, and what a report must carry.
_CAMT = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt", ("Id", "Acct")),
    "camt.053": ("BkToCstmrStmt", "Stmt", ("Id", "Acct", "Bal")),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn", ("Id", "Acct")),
}


@dataclass(slots=True)
class XmlSummary:
    """What the pass found: the document's type, how many documents, and what is wrong."""

    type: str = ""
    documents: int = 0
    findings: list[Finding] = field(default_factory=list)


class _Stop(Exception):
    """Ends the parse early; the reason is already a finding."""


class _Reader:
    def __init__(self) -> None:
        self.summary = XmlSummary()
        self.camt = ""
        self.depth = 0
        self.base = 0
        self.path: list[str] = []
        self.children: Counter[str] = Counter()
        self.report_children: set[str] = set()
        self.header_children: set[str] = set()
        self.parser = expat.ParserCreate(namespace_separator=_NS)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.entity

    def find(self, code: str, message: str, *, segment: str = "", at: int | None = None) -> None:
        if len(self.summary.findings) < 200:
            place = self.parser.CurrentByteIndex if at is None else at
            self.summary.findings.append(Finding(code, message, segment, byte_position=max(place, 0)))

    def doctype(self, *_: object) -> None:
        self.find("doctype-forbidden", "a document type declaration is not accepted in business documents")
        raise _Stop

    def entity(self, *_: object) -> None:
        self.find("doctype-forbidden", "entity declarations are not accepted in business documents")
        raise _Stop

    def start(self, name: str, _attributes: object) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.find("too-deep", f"elements are nested more than {MAX_DEPTH} deep")
            raise _Stop
        namespace, _, local = name.rpartition(_NS)
        if not self.path:
            if camt := camt_namespace(namespace):
                self.camt = self.summary.type = camt
            elif ubl_namespace(namespace):
                self.summary.type = local
                self.summary.documents += 1
            else:
                return
            self.base = self.depth
            self.children.clear()
        self.path.append(local)
        level = len(self.path)
        if level == 2:
            # Version 1 of camt named its messages `BkToCstmrStmtV01`.
            self.children[re.sub(r"V\d\d$", "", local)] += 1
        elif self.camt and level == 3:
            self.children[f"/{local}"] += 1
            if local == "GrpHdr":
                self.header_children = set()
            elif local == self._report():
                self.summary.documents += 1
                self.report_children = set()
        elif self.camt and level == 4:
            (self.header_children if self.path[2] == "GrpHdr" else self.report_children).add(local)

    def end(self, _name: str) -> None:
        self.depth -= 1
        if not self.path:
            return
        level = len(self.path)
        local = self.path.pop()
        if level == 1:
            self._close_root(local)
        elif self.camt and level == 3 and local == self._report() and self.camt in _CAMT:
            for child in _CAMT[self.camt][2]:
                if child not in self.report_children:
                    self.find("element-missing", f"{local} has no {child}", segment=local)
        elif self.camt and level == 3 and local == "GrpHdr":
            for child in ("MsgId", "CreDtTm"):
                if child not in self.header_children:
                    self.find("element-missing", f"GrpHdr has no {child}", segment="GrpHdr")

    def _report(self) -> str:
        return _CAMT[self.camt][1] if self.camt in _CAMT else ""

    def _close_root(self, local: str) -> None:
        if self.camt:
            known = _CAMT.get(self.camt)
            if known is None:
                self.summary.documents += 1
                return
            message, report, _ = known
            if not self.children[message]:
                self.find("element-missing", f"{local} has no {message}", segment=local)
                return
            for child in ("GrpHdr", report):
                if not self.children[f"/{child}"]:
                    self.find("element-missing", f"{message} has no {child}", segment=message)
            return
        for child in ("ID", *_UBL_MANDATORY.get(local, ())):
            if not self.children[child] and (child != "ID" or local in _UBL_MANDATORY):
                self.find("element-missing", f"{local} has no {child}", segment=local)


class _Form:
    """Looks at form only: declarations of document types, depth, number of elements."""

    def __init__(self, most: int) -> None:
        self.found: list[Finding] = []
        self.depth = 0
        self.room = most
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype

    def stop(self, code: str, message: str) -> None:
        self.found.append(Finding(code, message, byte_position=max(self.parser.CurrentByteIndex, 0)))
        raise _Stop

    def doctype(self, *_: object) -> None:
        self.stop("doctype-forbidden", "a document type declaration is not accepted in business documents")

    def start(self, _name: str, _attributes: object) -> None:
        self.depth += 1
        self.room -= 1
        if self.depth > MAX_DEPTH:
            self.stop("too-deep", f"elements are nested more than {MAX_DEPTH} deep")
        if self.room < 0:
            self.stop("too-many", "the document has more elements than are read")

    def end(self, _name: str) -> None:
        self.depth -= 1


def check_form(data: bytes, most: int) -> list[Finding]:
    """What keeps a document from being read at all: not well-formed, a document type declaration, too deep, more than `most` elements."""
    form = _Form(most)
    try:
        form.parser.Parse(data, True)
    except _Stop:
        pass
    except expat.ExpatError as error:
        message = f"not well-formed XML at line {error.lineno}: {expat.ErrorString(error.code)}"
        form.found.append(Finding("not-well-formed", message, byte_position=max(form.parser.ErrorByteIndex, 0)))
    except (ValueError, LookupError) as error:
        form.found.append(Finding("not-well-formed", f"the XML cannot be decoded: {error}"))
    return form.found


def check_xml(source: Source) -> XmlSummary:
    """Parse a UBL or camt file and say what it is and what it lacks. Never raises on bad data."""
    reader = _Reader()
    try:
        for chunk in chunks(source):
            reader.parser.Parse(chunk, False)
        reader.parser.Parse(b"", True)
    except _Stop:
        pass
    except expat.ExpatError as error:
        reader.find(
            "not-well-formed",
            f"not well-formed XML at line {error.lineno}: {expat.ErrorString(error.code)}",
            at=reader.parser.ErrorByteIndex,
        )
    except (ValueError, LookupError) as error:
        # The declaration names an encoding that does not exist here.
        reader.find("not-well-formed", f"the XML cannot be decoded: {error}")
    if not reader.summary.type and not reader.summary.findings:
        reader.find("unrecognised", "the XML is neither UBL nor camt", at=0)
    return reader.summary
