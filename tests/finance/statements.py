"""Statements made for tests: whole camt and MT940 files whose balances are right unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

IBAN = "DE89370400440532013000"


def camt053(
    entries: Sequence[tuple[str, str, str]],
    *,
    opening: str = "100.00",
    closing: str = "",
    number: str = "S-1",
    version: str = "001.08",
    extra: Sequence[str] = (),
) -> bytes:
    """A camt.053 with entries of (amount with sign, end-to-end id, remittance). `extra` are whole `Ntry` elements."""
    moved = sum((Decimal(amount) for amount, _, _ in entries), Decimal(0))
    closing = closing or str(Decimal(opening) + moved)
    told = "".join(_entry(place, *each) for place, each in enumerate(entries, start=1)) + "".join(extra)
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.{version}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{number}</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm>"
        f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', opening)}{_balance('CLBD', closing)}{told}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(kind: str, amount: str) -> str:
    mark = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>"
    )


def _entry(place: int, amount: str, end_to_end: str, remittance: str) -> str:
    credit = not amount.startswith("-")
    party = "Dbtr" if credit else "Cdtr"
    return (
        f'<Ntry><Amt Ccy="EUR">{amount.lstrip("-")}</Amt><CdtDbtInd>{"CRDT" if credit else "DBIT"}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<BookgDt><Dt>2026-03-01</Dt></BookgDt><ValDt><Dt>2026-03-02</Dt></ValDt>"
        f"<AcctSvcrRef>B{place}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties><{party}><Pty><Nm>Harbour Café GmbH</Nm></Pty></{party}><{party}Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></{party}Acct>"
        f"</RltdPties><RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def mt940(
    *entries: str, opening: str = "C260301EUR100,00", closing: str = "C260302EUR100,00", number: str = "00007/001"
) -> bytes:
    """An MT940 with the `:61:` and `:86:` fields given."""
    return "\r\n".join(
        [":20:STARTUMS", f":25:{IBAN}", f":28C:{number}", f":60F:{opening}", *entries, f":62F:{closing}", "-", ""]
    ).encode()
