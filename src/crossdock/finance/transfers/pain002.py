"""Reads the bank's status report on transfers (pain.002, any version); knows only the ids it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from lxml import etree

from crossdock.edi.findings import Finding
from crossdock.edi.xml_messages import check_form
from crossdock.finance.statements.camt_elements import children, every, find, text
from crossdock.finance.statements.numbers import xml_amount, xml_moment
from crossdock.finance.transfers.pain001 import named_amount

MAX_BYTES: Final = 32 << 20
MAX_ELEMENTS: Final = 500_000
_NAMESPACE: Final = re.compile(rb"urn:(?:iso:std:iso:20022:tech|swift):xsd:\$?pain\.002\.\d{3}")


@dataclass(frozen=True, slots=True)
class TransferStatus:
    """What became of one transfer. `status` is the ISO code: `ACSC` and `ACCC` settled, `RJCT` refused, others are on the way."""

    end_to_end: str
    status: str
    report: str
    code: str = ""
    words: str = ""
    amount: Decimal | None = None
    currency: str = "EUR"
    at: datetime | None = None

    @property
    def settled(self) -> bool:
        """The debtor's account was charged (ACSC), or the creditor's was credited (ACCC)."""
        return self.status in ("ACSC", "ACCC")

    @property
    def refused(self) -> bool:
        """No money moved, or it came back."""
        return self.status in ("RJCT", "CANC")


def is_status_report(head: bytes) -> bool:
    """Whether a file is a pain.002."""
    return _NAMESPACE.search(head[:4096]) is not None


def read_status_report(data: bytes) -> tuple[list[TransferStatus], list[Finding]]:
    """The transfers a report speaks of, one a group where it speaks of the whole file only. Never raises on bad data."""
    if len(data) > MAX_BYTES:
        return [], [Finding("too-large", f"the report has {len(data)} bytes; at most {MAX_BYTES} are read")]
    if found := check_form(data, MAX_ELEMENTS):
        return [], found
    try:
        root = etree.fromstring(
            data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
        )
    except (etree.XMLSyntaxError, ValueError) as error:
        return [], [Finding("not-well-formed", f"not well-formed XML: {error}")]
    report = find(root, "CstmrPmtStsRpt") if find(root, "CstmrPmtStsRpt") is not None else find(root, "PmtStsRpt")
    group = find(report, "OrgnlGrpInfAndSts")
    if report is None or group is None:
        return [], [Finding("element-missing", "the report names no original message (OrgnlGrpInfAndSts)")]
    name = text(report, "GrpHdr/MsgId")
    at = xml_moment(text(report, "GrpHdr/CreDtTm"))
    told: list[TransferStatus] = []
    for payment in [*children(report, "OrgnlPmtInfAndSts"), report]:
        amount = named_amount(text(payment, "OrgnlPmtInfId"))
        orders = list(children(payment, "TxInfAndSts"))
        told += [
            _status(order, text(order, "TxSts") or text(payment, "PmtInfSts") or text(group, "GrpSts"), name, at, amount)
            for order in orders
        ]
        if not orders and payment is not report:
            # the payment information as a whole: one transfer of ours a message, which has its id
            whole = TransferStatus(
                text(group, "OrgnlMsgId"), text(payment, "PmtInfSts") or text(group, "GrpSts"), name, amount=amount, at=at
            )
            told.append(_explained(whole, payment))
    if not told:
        told.append(_explained(TransferStatus(text(group, "OrgnlMsgId"), text(group, "GrpSts"), name, at=at), group))
    return [each for each in told if each.end_to_end and each.status], []


def _status(order: etree._Element, status: str, report: str, at: datetime | None, amount: Decimal | None) -> TransferStatus:
    holder = find(order, "OrgnlTxRef/Amt/InstdAmt")
    told = xml_amount(holder.text or "") if holder is not None else None
    currency = holder.get("Ccy", "EUR") if holder is not None else "EUR"
    found = TransferStatus(text(order, "OrgnlEndToEndId"), status, report, amount=amount if told is None else told, currency=currency,
                           at=xml_moment(text(order, "AccptncDtTm")) or at)  # fmt: skip
    return _explained(found, order)


def _explained(status: TransferStatus, element: etree._Element) -> TransferStatus:
    code = text(element, "StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry")
    words = " ".join(every(element, "StsRsnInf/AddtlInf"))
    return TransferStatus(status.end_to_end, status.status, status.report, code, words, status.amount, status.currency, status.at)
