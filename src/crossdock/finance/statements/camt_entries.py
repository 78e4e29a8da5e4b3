"""Bookings of a camt message: amount, direction, dates, and the payments a collective booking consists of; knows no statement."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from lxml import etree

from crossdock.finance.parties import account
from crossdock.finance.statements.camt_elements import children, every, find, text
from crossdock.finance.statements.draft import DraftEntry
from crossdock.finance.statements.numbers import xml_amount, xml_day

UNSAID: Final = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NOT PROVIDED"})
"""What is written where a payer gave no end-to-end identification (SEPA rulebook, AT-41)."""


class EntryUnreadable(ValueError):
    """A booking lacks what makes it one; the words say what."""


def booked(entry: etree._Element) -> bool:
    """Whether the bank has booked it (`BOOK`), and not only announced it."""
    return (text(entry, "Sts/Cd", "Sts/Prtry", "Sts") or "BOOK") == "BOOK"


def entries_of(entry: etree._Element) -> list[DraftEntry]:
    """One draft a booking, or one a payment where a collective booking lists amounts that add up to it. Raises `EntryUnreadable`."""
    amount, currency = _amount(find(entry, "Amt"))
    if amount is None:
        raise EntryUnreadable("the entry has no amount with a currency")
    credit = _direction(entry)
    if credit is None:
        raise EntryUnreadable("the entry does not say whether it is credit or debit")
    whole = DraftEntry(
        amount,
        currency,
        credit,
        booked=xml_day(text(entry, "BookgDt/Dt", "BookgDt/DtTm")),
        value=xml_day(text(entry, "ValDt/Dt", "ValDt/DtTm")),
        reference=text(entry, "AcctSvcrRef", "NtryRef"),
        code=_code(entry),
        reversal=text(entry, "RvslInd").lower() in ("true", "1"),
        pending=not booked(entry),
        own_reference=text(entry, "NtryRef"),
        charges=_charges(entry),
    )
    details = [
        each for holder in [*children(entry, "NtryDtls"), entry] for each in children(holder, "TxDtls")
    ]  # version 1 has them in the entry itself
    if not details:
        whole.remittance = text(entry, "AddtlNtryInf")
        return [whole]
    if len(details) == 1:
        return [_told(details[0], whole)]
    parts = [_part(each, whole) for each in details]
    split = [each for each in parts if each is not None]
    if len(split) == len(details) and sum(_signed(each) for each in split) == _signed(whole):
        for number, each in enumerate(split, start=1):
            each.part = number
        return split
    return [_together(details, whole)]


def _part(detail: etree._Element, whole: DraftEntry) -> DraftEntry | None:
    """A payment of a collective booking; None where its amount is not said in the account's currency."""
    for path in ("AmtDtls/TxAmt/Amt", "Amt", "AmtDtls/InstdAmt/Amt"):
        amount, currency = _amount(find(detail, path))
        if amount is not None and currency == whole.currency:
            credit = _direction(detail)
            return _told(detail, replace(whole, amount=amount, credit=whole.credit if credit is None else credit))
    return None


def _told(detail: etree._Element, entry: DraftEntry) -> DraftEntry:
    """The entry with what one payment's details say."""
    payer, ours = ("Dbtr", "Cdtr") if entry.credit else ("Cdtr", "Dbtr")
    if find(detail, "RtrInf") is not None and find(detail, f"RltdPties/{payer}") is None:
        payer = ours  # money of ours coming back names us as the one it comes from
    parties = find(detail, "RltdPties")
    end_to_end = text(detail, "Refs/EndToEndId")
    structured, remittance = _remittance(detail)
    return replace(
        entry,
        reference=entry.reference or text(detail, "Refs/AcctSvcrRef", "Refs/TxId"),
        end_to_end="" if end_to_end.upper() in UNSAID else end_to_end,
        name=text(parties, f"{payer}/Nm", f"{payer}/Pty/Nm", f"Ultmt{payer}/Nm", f"Ultmt{payer}/Pty/Nm"),
        account=account(text(parties, f"{payer}Acct/Id/IBAN", f"{payer}Acct/Id/Othr/Id", f"{payer}Acct/Id/PrtryAcct/Id")),
        structured=structured,
        remittance=remittance,
        code=entry.code or _code(detail),
        reversal=entry.reversal or find(detail, "RtrInf") is not None,
        return_code=text(detail, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        bic=_bic(find(detail, "RltdAgts"), payer),
        mandate=text(detail, "Refs/MndtId"),
        instructed=_foreign(find(detail, "AmtDtls/InstdAmt/Amt"), entry.currency),
        charges=entry.charges or _charges(detail),
    )


def _together(details: list[etree._Element], whole: DraftEntry) -> DraftEntry:
    """A collective booking whose payments cannot be told apart: what all of them say, and the references of each in its text."""
    told = [_told(each, whole) for each in details]
    texts = [part for each in told for part in (each.structured, each.remittance) if part]
    same = {
        name: told[0].__getattribute__(name)
        for name in ("end_to_end", "name", "account")
        if len({getattr(each, name) for each in told}) == 1
    }
    return replace(whole, remittance=" ".join(dict.fromkeys(texts)), reversal=told[0].reversal, **same)


def _remittance(detail: etree._Element) -> tuple[str, str]:
    """The first creditor reference, and all the rest as text: further references, numbers of invoices, free words."""
    info = find(detail, "RmtInf")
    references = list(every(info, "Strd/CdtrRefInf/Ref")) or list(every(info, "Strd/CdtrRefInf/CdtrRef"))
    words = [
        *every(info, "Ustrd"),
        *references[1:],
        *every(info, "Strd/RfrdDocInf/Nb"),
        *every(info, "Strd/RfrdDocInf/RfrdDocNb"),
        *every(info, "Strd/AddtlRmtInf"),
    ]
    return (references[0] if references else ""), " ".join(words) or text(detail, "AddtlTxInf")


def _amount(element: etree._Element | None) -> tuple[Decimal | None, str]:
    if element is None or not element.text:
        return None, ""
    currency = element.get("Ccy", "")
    return (xml_amount(element.text) if currency else None), currency


def _foreign(element: etree._Element | None, currency: str) -> tuple[Decimal, str] | None:
    """The amount the payer ordered, where it is in another currency than the account's."""
    amount, theirs = _amount(element)
    return (amount, theirs) if amount and theirs != currency else None


def _charges(element: etree._Element) -> tuple[Decimal, str] | None:
    holder = find(element, "Chrgs")
    amount, currency = _amount(
        find(holder, "TtlChrgsAndTaxAmt") if find(holder, "TtlChrgsAndTaxAmt") is not None else find(holder, "Amt")
    )
    return (amount, currency) if amount else None


def _bic(agents: etree._Element | None, payer: str) -> str:
    return text(agents, *(f"{payer}Agt/FinInstnId/{name}" for name in ("BICFI", "BIC")))


def _direction(element: etree._Element) -> bool | None:
    return {"CRDT": True, "DBIT": False}.get(text(element, "CdtDbtInd"))


def _code(element: etree._Element) -> str:
    """The bank transaction code, `PMNT/RCDT/ESCT`, or the bank's own."""
    holder = find(element, "BkTxCd")
    domain = [text(holder, path) for path in ("Domn/Cd", "Domn/Fmly/Cd", "Domn/Fmly/SubFmlyCd")]
    return "/".join(each for each in domain if each) or text(holder, "Prtry/Cd")


def _signed(entry: DraftEntry) -> Decimal:
    return entry.amount if entry.credit else -entry.amount
