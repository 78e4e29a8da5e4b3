"""Reads camt.052, camt.053 and camt.054 of any version, entry by entry, so that a large statement stays small in memory."""

from __future__ import annotations

import io
from typing import Final

from lxml import etree

from crossdock.edi.findings import Finding, FindingLog
from crossdock.edi.xml_messages import check_xml
from crossdock.finance.parties import account
from crossdock.finance.statements.camt_elements import children, find, local, text
from crossdock.finance.statements.camt_entries import EntryUnreadable, entries_of
from crossdock.finance.statements.draft import DraftBalance, DraftStatement
from crossdock.finance.statements.numbers import xml_amount, xml_day, xml_moment

MAX_BYTES: Final = 256 << 20
_REPORTS: Final = {"Rpt": "camt.052", "Stmt": "camt.053", "Ntfctn": "camt.054"}
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_BROKEN: Final = frozenset({"not-well-formed", "doctype-forbidden", "too-deep", "unrecognised"})


def read_camt(data: bytes, found: FindingLog) -> list[DraftStatement]:
    """The statements of a message. What is wrong goes to `found`; what keeps it from being read at all gives no statements. Never raises."""
    if len(data) > MAX_BYTES:
        found.add(Finding("too-large", f"the message has {len(data)} bytes; at most {MAX_BYTES} are read"))
        return []
    summary = check_xml(data)
    for each in summary.findings:
        found.add(each)
    if any(each.code in _BROKEN for each in summary.findings):
        return []
    if summary.type not in _REPORTS.values():
        found.add(Finding("unrecognised", f"{summary.type or 'the message'} is no statement of an account"))
        return []
    try:
        return _statements(data, found)
    except etree.XMLSyntaxError as error:
        found.add(Finding("not-well-formed", f"not well-formed XML: {error}"))
        return []


def _statements(data: bytes, found: FindingLog) -> list[DraftStatement]:
    statements: list[DraftStatement] = []
    now: DraftStatement | None = None
    parser = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=("{*}Ntry", *(f"{{*}}{name}" for name in _REPORTS)), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    for event, element in parser:
        name, parent = local(element), element.getparent()
        depth = sum(1 for _ in element.iterancestors())
        if name in _REPORTS and depth == 2:
            if event == "start":
                now = DraftStatement(_REPORTS[name])
            elif now is not None:
                _head(element, now, found)
                statements.append(now)
                now = None
                element.clear()
        elif name == "Ntry" and event == "end" and now is not None and parent is not None and depth == 3:
            _entry(element, now, found)
            element.clear()
    return statements


def _entry(element: etree._Element, now: DraftStatement, found: FindingLog) -> None:
    try:
        now.entries += entries_of(element)
    except EntryUnreadable as error:
        now.unread += 1
        found.add(Finding("entry-invalid", f"{error} (line {element.sourceline})", "Ntry"))


def _head(element: etree._Element, now: DraftStatement, found: FindingLog) -> None:
    now.name = text(element, "Id")
    sequence = text(element, "ElctrncSeqNb", "LglSeqNb")
    now.sequence = int(sequence) if sequence.isdecimal() and sequence.isascii() and len(sequence) <= 18 else None
    now.bic = text(element, "Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC")
    now.account = account(
        text(element, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN", "Acct/Id/UPIC")
    )
    now.owner = text(element, "Acct/Ownr/Nm", "Acct/Ownr/Pty/Nm", "Acct/Nm")
    now.begins = xml_day(text(element, "FrToDt/FrDtTm", "FrToDt/FrDt"))
    now.ends = xml_day(text(element, "FrToDt/ToDtTm", "FrToDt/ToDt"))
    now.created = xml_moment(text(element, "CreDtTm"))
    page, last = (
        text(element, "StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb"),
        text(element, "StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd"),
    )
    now.number = "/".join(each for each in (sequence, page if page.lstrip("0") != "1" else "") if each)
    now.whole = not page or (page.lstrip("0") == "1" and last.lower() in ("true", "1"))
    for each in children(element, "Bal"):
        kind = text(each, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
        if kind not in (*_OPENING, *_CLOSING):
            continue
        balance = _balance(each)
        if balance is None:
            found.add(
                Finding(
                    "balance-invalid", f"the balance {kind} has no amount, currency and direction (line {each.sourceline})", "Bal"
                )
            )
        elif kind in _CLOSING:
            now.closing = now.closing or balance
        elif kind == "OPBD" or now.opening is None:
            now.opening = balance
    now.currency = text(element, "Acct/Ccy") or next(
        (each.currency for each in (now.opening, now.closing) if each is not None), ""
    )


def _balance(element: etree._Element) -> DraftBalance | None:
    holder = find(element, "Amt")
    amount = xml_amount(holder.text or "") if holder is not None else None
    direction = text(element, "CdtDbtInd")
    if holder is None or amount is None or direction not in ("CRDT", "DBIT") or not holder.get("Ccy"):
        return None
    day = xml_day(text(element, "Dt/Dt", "Dt/DtTm", "Dt"))
    return DraftBalance(amount if direction == "CRDT" else -amount, holder.get("Ccy", ""), day)
