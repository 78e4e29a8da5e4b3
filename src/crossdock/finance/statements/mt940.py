"""Reads MT940 statements as banks really write them, field by field; what cannot be read is a finding, and the rest is read."""

from __future__ import annotations

import re
from typing import Final

from crossdock.edi.findings import Finding, FindingLog, Severity
from crossdock.edi.mt940 import Field, check_mt940, fields
from crossdock.finance.parties import account, is_iban
from crossdock.finance.statements.draft import DraftBalance, DraftEntry, DraftStatement
from crossdock.finance.statements.mt940_details import details_of
from crossdock.finance.statements.numbers import swift_amount, swift_booking_day, swift_day

_BALANCE: Final = re.compile(r"[RE]?([CD])(\d{6})([A-Z]{3})([\d.,]+)")
_ENTRY: Final = re.compile(
    r"(?P<value>\d{6})(?P<booked>\d{4}|\s{4})?(?P<kind>[RE])?(?P<mark>[CD])(?P<funds>[A-Z])?\s*(?P<amount>\d[\d.,]*)"
    r"(?P<type>[NSF][A-Z0-9 ]{3})?(?P<rest>[^\r\n]*)(?P<more>[\s\S]*)"
)
_UNSAID: Final = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED", "EREF", "MREF", "PREF"})
_ACCOUNT: Final = re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}")


def read_mt940(data: bytes, found: FindingLog) -> list[DraftStatement]:
    """The statements of a file; one a pair of balances. What is wrong goes to `found`. Never raises."""
    data = _decodable(data)
    summary = check_mt940(data)
    for each in summary.findings:
        found.add(each)
    if summary.type != "mt940":
        found.add(
            Finding("unrecognised", "MT942 is a report of entries during the day, without closing balance; it is not read", "34F")
        )
        return []
    told = {(each.code, each.segment_position) for each in summary.findings}
    reader = _Reader(found, told)
    for item in fields(data):
        reader.take(item)
    reader.close_entry()
    return [each for each in reader.statements if each.opening or each.closing or each.entries or each.unread]


def _decodable(data: bytes) -> bytes:
    """UTF-8; old systems write Windows-1252."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode("utf-8")
    return data


class _Reader:
    def __init__(self, found: FindingLog, told: set[tuple[str, int]]) -> None:
        self.found = found
        self.told = told
        self.statements: list[DraftStatement] = []
        self.told_name = ""
        self.told_account = ""
        self.told_number = ""
        self.entry: DraftEntry | None = None
        self.words: list[str] = []

    @property
    def now(self) -> DraftStatement:
        if not self.statements:
            self.begin()
        return self.statements[-1]

    def begin(self) -> None:
        self.statements.append(DraftStatement("mt940", self.told_name, account(self.told_account), number=self.told_number))

    def take(self, item: Field) -> None:
        kind = item.tag[:2]
        if kind in ("86", "NS"):
            if self.entry is not None and item.text:
                self.words.append(item.text if kind == "86" else _non_swift(item.text))
            return
        if kind == "25" and self.entry is not None:
            self.add("field-repeated", "field :25: stands behind an entry and is not read as an account", item, Severity.WARNING)
            return
        self.close_entry()
        if kind == "20":
            self.told_account = self.told_number = ""
            self.told_name = item.text.split("\n", 1)[0].strip()
            self.begin()
        elif kind == "25":
            self.told_account = item.text.split("\n", 1)[0].strip()
            self.now.account = account(self.told_account)
        elif kind == "28":
            self.told_number = item.text.split("\n", 1)[0].strip()
            self.now.number = self.told_number
        elif kind == "60":
            if self.now.opening is not None or self.now.closing is not None:
                self.begin()  # several statements under one reference
            self.now.opening = self.balance(item)
            if self.now.opening is not None:
                self.now.currency = self.now.opening.currency
                self.now.begins = self.now.opening.day
        elif kind == "62":
            self.now.closing = self.balance(item)
            if self.now.closing is not None:
                self.now.currency = self.now.currency or self.now.closing.currency
                self.now.ends = self.now.closing.day
        elif kind == "61":
            self.booking(item)

    def balance(self, item: Field) -> DraftBalance | None:
        match = _BALANCE.match(item.text)
        amount = swift_amount(match.group(4)) if match else None
        if match is None or amount is None:
            self.add("balance-invalid", f":{item.tag}: {item.text[:40]!r} is no balance", item)
            return None
        if swift_day(match.group(2)) is None:
            self.add("balance-invalid", f":{item.tag}: {match.group(2)} is no day", item)
        return DraftBalance(
            amount if match.group(1) == "C" else -amount, match.group(3), swift_day(match.group(2)), item.byte_position
        )

    def booking(self, item: Field) -> None:
        match = _ENTRY.match(item.text)
        amount = swift_amount(match["amount"].rstrip(".")) if match else None
        day = swift_day(match["value"]) if match else None
        if match is None or amount is None or day is None:
            self.now.unread += 1
            self.add("entry-invalid", f":61: {item.text[:40]!r} has no date, mark and amount that can be read", item)
            return
        reversal = match["kind"] == "R"
        self.entry = DraftEntry(
            amount,
            self.now.currency,
            # the reversal of a credit takes from the account what the credit gave
            (match["mark"] == "C") is not reversal,
            booked=swift_booking_day(match["booked"], day) if (match["booked"] or "").strip() else day,
            value=day,
            code=(match["type"] or "").strip(),
            reversal=reversal,
            pending=match["kind"] == "E",
        )
        self.references(self.entry, match["rest"].strip(), match["more"].strip())

    def references(self, entry: DraftEntry, rest: str, more: str) -> None:
        """Subfields 7 to 9: the payer's reference (16x), `//` the bank's (16x), and supplementary details on a line of their own."""
        own, _, bank = rest.partition("//")
        extra = ""
        if len(own) > 16 and not _ACCOUNT.fullmatch(own):
            own, extra = own[:16], own[16:]
        own = own.strip()
        if len(own) > 16 or is_iban(own):
            entry.account = own
        elif own.upper() not in _UNSAID:
            entry.end_to_end = own
        entry.reference = bank.strip()
        first = more.split("\n", 1)[0].strip()
        if _ACCOUNT.fullmatch(account(first)):
            entry.account = account(first)
            more = more[len(first) :].strip()
        if extra.strip():
            entry.name = extra.strip()
        elif more and not more.startswith("/"):
            entry.remittance = " ".join(more.split())

    def close_entry(self) -> None:
        entry, self.entry = self.entry, None
        if entry is None:
            return
        told = details_of("\n".join(self.words)) if self.words else None
        self.words = []
        if told is not None:
            entry.remittance = told.remittance or entry.remittance
            entry.end_to_end = told.end_to_end or entry.end_to_end
            entry.name = told.name or entry.name
            entry.account = told.account or entry.account
            entry.structured = told.structured
            entry.reversal = entry.reversal or told.returned
            entry.return_code = told.return_code
            entry.mandate = told.mandate
            entry.bic = told.bic
        self.now.entries.append(entry)

    def add(self, code: str, message: str, item: Field, severity: Severity = Severity.ERROR) -> None:
        if (code, item.number) not in self.told:
            self.found.add(Finding(code, message, item.tag, item.number, byte_position=item.byte_position, severity=severity))


def _non_swift(text: str) -> str:
    """Field :NS: of some banks: lines numbered 01 to 14 are the purpose."""
    return " ".join(line[2:].strip() for line in text.splitlines() if line[:2].isdecimal() and 1 <= int(line[:2]) <= 14)
