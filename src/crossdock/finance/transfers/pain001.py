"""Writes a SEPA credit transfer as pain.001: the same transfer gives the same bytes, so that a file handed over again is the same file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from lxml import etree

from crossdock.canonical.bank import CreditTransfer
from crossdock.finance.references import is_creditor_reference, plain
from crossdock.finance.transfers.characters import is_identifier, sepa_text

Version = Literal["pain.001.001.03", "pain.001.001.09"]
_CENT: Final = Decimal("0.01")
_HIGHEST: Final = Decimal("999999999.99")


class NotSepa(ValueError):
    """The transfer cannot be a SEPA credit transfer; the words say why."""


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose money it is: the account the transfer is made from."""

    name: str
    iban: str
    bic: str = ""


def write_transfer(
    transfer: CreditTransfer, debtor: Debtor, created: datetime, execution: date, version: Version = "pain.001.001.09"
) -> bytes:
    """One transfer as a whole message. Message and transfer carry the end-to-end id, the payment information the amount (`payment_name`), so
    that a status report about any of them is understood.

    Raises `NotSepa` for another currency, an amount SEPA does not carry and an id with other characters (SCT rulebook, AT-04, AT-41).
    """
    _check(transfer)
    amount = f"{transfer.amount.amount.quantize(_CENT):f}"
    newest = version != "pain.001.001.03"
    root = etree.Element("Document", nsmap={None: f"urn:iso:std:iso:20022:tech:xsd:{version}"})  # type: ignore[dict-item]
    message = etree.SubElement(root, "CstmrCdtTrfInitn")
    header: Mapping[str, str] = {
        "MsgId": transfer.end_to_end_id,
        "CreDtTm": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "NbOfTxs": "1",
        "CtrlSum": amount,
        "InitgPty/Nm": sepa_text(debtor.name, 70),
    }
    _put(etree.SubElement(message, "GrpHdr"), header)
    agent = f"CdtrAgt/FinInstnId/{'BICFI' if newest else 'BIC'}"
    payment = etree.SubElement(message, "PmtInf")
    _put(
        payment,
        {
            "PmtInfId": payment_name(transfer),
            "PmtMtd": "TRF",
            "BtchBookg": "false",
            "NbOfTxs": "1",
            "CtrlSum": amount,
            "PmtTpInf/SvcLvl/Cd": "SEPA",
            "ReqdExctnDt/Dt" if newest else "ReqdExctnDt": execution.isoformat(),
            "Dbtr/Nm": sepa_text(debtor.name, 70),
            "DbtrAcct/Id/IBAN": debtor.iban,
            **_agent(debtor.bic, newest),
            "ChrgBr": "SLEV",
        },
    )
    order = etree.SubElement(payment, "CdtTrfTxInf")
    _put(order, {"PmtId/EndToEndId": transfer.end_to_end_id, "Amt/InstdAmt": amount})
    instructed = order.find("Amt/InstdAmt")
    assert instructed is not None
    instructed.set("Ccy", "EUR")
    told = {agent: transfer.creditor_bic} if transfer.creditor_bic else {}
    _put(order, {**told, "Cdtr/Nm": sepa_text(transfer.creditor_name, 70), "CdtrAcct/Id/IBAN": transfer.creditor_iban})
    _remittance(order, transfer)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def payment_name(transfer: CreditTransfer) -> str:
    """The payment information's id: it says the amount, because a bank's report on a refusal need not."""
    return f"EUR{transfer.amount.amount.quantize(_CENT):f}"


def named_amount(payment: str) -> Decimal | None:
    """The amount a payment information's id of ours says; None when it is not ours."""
    digits = payment.removeprefix("EUR")
    whole, point, cents = digits.partition(".")
    sound = payment != digits and point and whole.isdecimal() and cents.isdecimal() and len(cents) == 2 and digits.isascii()
    return Decimal(digits) if sound else None


def _check(transfer: CreditTransfer) -> None:
    amount = transfer.amount
    if amount.currency != "EUR":
        raise NotSepa(f"a SEPA credit transfer is in EUR, not in {amount.currency}")
    if not _CENT <= amount.amount <= _HIGHEST or amount.amount != amount.amount.quantize(_CENT):
        raise NotSepa(f"a SEPA credit transfer carries 0.01 to {_HIGHEST} in whole cents, not {amount.amount}")
    if not is_identifier(transfer.end_to_end_id):
        raise NotSepa(f"the end-to-end id {transfer.end_to_end_id!r} has characters SEPA does not carry")
    if not sepa_text(transfer.creditor_name, 70).strip(". "):
        raise NotSepa("the creditor's name has no character SEPA carries")


def _agent(bic: str, newest: bool) -> dict[str, str]:
    return {f"DbtrAgt/FinInstnId/{'BICFI' if newest else 'BIC'}": bic} if bic else {"DbtrAgt/FinInstnId/Othr/Id": "NOTPROVIDED"}


def _remittance(order: etree._Element, transfer: CreditTransfer) -> None:
    if transfer.structured_reference and is_creditor_reference(transfer.structured_reference):
        path = "RmtInf/Strd/CdtrRefInf"
        _put(
            order,
            {f"{path}/Tp/CdOrPrtry/Cd": "SCOR", f"{path}/Tp/Issr": "ISO", f"{path}/Ref": plain(transfer.structured_reference)},
        )
    elif text := sepa_text(transfer.structured_reference or transfer.remittance, 140):
        _put(order, {"RmtInf/Ustrd": text})


def _put(parent: etree._Element, values: Mapping[str, str]) -> None:
    """Elements by path, in order; steps that are there already are used again."""
    for path, value in values.items():
        at = parent
        *steps, last = path.split("/")
        for step in steps:
            found = at[-1] if len(at) and at[-1].tag == step else None
            at = etree.SubElement(at, step) if found is None else found
        etree.SubElement(at, last).text = value
