"""The files of the simulated bank: it reads pain.001 and writes pain.002, camt.053 and MT940, with code of its own."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from crossdock.simulators.bank.account import Account, Movement


@dataclass(frozen=True, slots=True)
class Order:
    """One transfer as it was ordered, in cents."""

    message: str
    payment: str
    end_to_end: str
    cents: int
    name: str
    iban: str
    debtor: str
    text: str


class Unreadable(ValueError):
    """The file is no pain.001 a bank would take."""


def read_orders(body: bytes) -> list[Order]:
    """The transfers of a pain.001, after the checks a bank makes: counts, control sums, ids."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - the simulator reads what the hub under test wrote
    except ET.ParseError as error:
        raise Unreadable(str(error)) from None
    if "pain.001" not in root.tag:
        raise Unreadable(f"{root.tag} is no pain.001")
    space = root.tag.partition("}")[0] + "}"

    def text(node: ET.Element, path: str) -> str:
        return (node.findtext("/".join(f"{space}{step}" for step in path.split("/"))) or "").strip()

    message = root.find(f"{space}CstmrCdtTrfInitn")
    if message is None:
        raise Unreadable("CstmrCdtTrfInitn is missing")
    found: list[Order] = []
    for payment in message.iter(f"{space}PmtInf"):
        for each in payment.iter(f"{space}CdtTrfTxInf"):
            amount = text(each, "Amt/InstdAmt")
            remittance = text(each, "RmtInf/Ustrd") or text(each, "RmtInf/Strd/CdtrRefInf/Ref")
            found.append(
                Order(
                    text(message, "GrpHdr/MsgId"), text(payment, "PmtInfId"), text(each, "PmtId/EndToEndId"), cents(amount),
                    text(each, "Cdtr/Nm"), text(each, "CdtrAcct/Id/IBAN"), text(payment, "DbtrAcct/Id/IBAN"), remittance,
                )
            )  # fmt: skip
    if str(len(found)) != text(message, "GrpHdr/NbOfTxs") or sum(each.cents for each in found) != cents(
        text(message, "GrpHdr/CtrlSum")
    ):
        raise Unreadable("number of transfers or control sum is wrong")
    if not all(each.end_to_end and each.iban and each.cents > 0 for each in found):
        raise Unreadable("a transfer lacks its id, its account or its amount")
    return found


def cents(amount: str) -> int:
    """An amount with two decimals as whole cents."""
    whole, _, rest = amount.partition(".")
    if not whole.isdigit() or len(rest) != 2 or not rest.isdigit():
        raise Unreadable(f"{amount!r} is no amount in cents")
    return int(whole) * 100 + int(rest)


def money(value: int) -> str:
    """Cents with a point and without a sign."""
    return f"{abs(value) // 100}.{abs(value) % 100:02}"


def status_report(order: Order, status: str, reason: str, number: int, at: str) -> bytes:
    """A pain.002 on one transfer."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>ST{number:06}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{order.message}</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{order.payment}</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{order.end_to_end}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{why}</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def camt053(account: Account, before: int, after: int, moved: Sequence[Movement], day: date) -> bytes:
    """A camt.053.001.08 with one entry a movement."""
    number = f"{day:%Y}-{account.statements:05}"
    entries = "".join(_entry(each) for each in moved)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{day}T21:00:00Z</CreDtTm></GrpHdr><Stmt><Id>{number}</Id>"
        f"<ElctrncSeqNb>{account.statements}</ElctrncSeqNb><CreDtTm>{day}T21:00:00Z</CreDtTm>"
        f"<FrToDt><FrDtTm>{day}T00:00:00Z</FrDtTm><ToDtTm>{day}T23:59:59Z</ToDtTm></FrToDt>"
        f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>EUR</Ccy><Ownr><Nm>{escape(account.owner)}</Nm></Ownr></Acct>"
        f"{_balance('OPBD', before, day)}{_balance('CLBD', after, day)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(kind: str, value: int, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{money(value)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if value >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(each: Movement) -> str:
    # what comes back is told with the parties of the transfer it was
    side = "Dbtr" if (each.cents > 0) is not each.reversal else "Cdtr"
    structured = f"<Strd><CdtrRefInf><Ref>{escape(each.structured)}</Ref></CdtrRefInf></Strd>" if each.structured else ""
    words = f"<Ustrd>{escape(each.text)}</Ustrd>" if each.text else ""
    account = f"<{side}Acct><Id><IBAN>{each.iban}</IBAN></Id></{side}Acct>" if each.iban else ""
    back = f"<RtrInf><Rsn><Cd>{each.reason}</Cd></Rsn></RtrInf>" if each.reversal else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{money(each.cents)}</Amt><CdtDbtInd>{"CRDT" if each.cents > 0 else "DBIT"}</CdtDbtInd>'
        f"<RvslInd>{str(each.reversal).lower()}</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{each.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{each.day}</Dt></ValDt><AcctSvcrRef>{each.reference}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>"
        f"{escape(each.end_to_end) or 'NOTPROVIDED'}</EndToEndId></Refs><RltdPties><{side}><Pty><Nm>{escape(each.name)}</Nm></Pty></{side}>"
        f"{account}</RltdPties><RmtInf>{words}{structured}</RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
    )


def mt940(account: Account, before: int, after: int, moved: Sequence[Movement], day: date) -> bytes:
    """The same statement as MT940 with structured details."""
    lines = [
        ":20:" + f"{day:%y%m%d}STATEMENT",
        f":25:{account.iban}",
        f":28C:{account.statements:05}/001",
        ":60F:" + _swift(before, day),
    ]
    for each in moved:
        mark = "C" if each.cents > 0 else "D"
        if each.reversal:
            mark = "RD" if each.cents > 0 else "RC"
        lines.append(f":61:{day:%y%m%d}{day:%m%d}{mark}{money(each.cents).replace('.', ',')}NTRFNONREF//{each.reference}")
        told = f"/EREF/{each.end_to_end}" if each.end_to_end else ""
        lines.append(f":86:{told}/NAME/{each.name}/IBAN/{each.iban}/REMI/{each.structured or each.text}/")
    return "\r\n".join([*lines, ":62F:" + _swift(after, day), "-", ""]).encode()


def _swift(value: int, day: date) -> str:
    return f"{'C' if value >= 0 else 'D'}{day:%y%m%d}EUR{money(value).replace('.', ',')}"
