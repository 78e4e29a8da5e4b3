"""Drafts as canonical statements: identity, references that are unique, dates that are there, and the proof that entries and balances add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, Literal

from pydantic import ValidationError

from crossdock.canonical.bank import BankStatement, StatementEntry
from crossdock.canonical.codes import CURRENCIES
from crossdock.canonical.values import Money
from crossdock.edi.findings import Finding, FindingLog, Severity
from crossdock.finance.parties import is_iban
from crossdock.finance.statements.draft import DraftBalance, DraftEntry, DraftStatement

_KINDS: Final[dict[str, Literal["statement", "report", "notification"]]] = {
    "camt.052": "report", "camt.053": "statement", "camt.054": "notification", "mt940": "statement",
}  # fmt: skip
_PAST: Final = frozenset(
    [
        "DEM",
        "ATS",
        "BEF",
        "NLG",
        "FRF",
        "ITL",
        "ESP",
        "PTE",
        "FIM",
        "IEP",
        "LUF",
        "GRD",
        "SIT",
        "CYP",
        "MTL",
        "SKK",
        "EEK",
        "LVL",
        "LTL",
        "HRK",
        "BGN",
        "TRL",
        "ROL",
    ]
)
"""Currencies that were; old statements are still written in them."""


def statement_of(draft: DraftStatement, found: FindingLog) -> BankStatement | None:
    """The canonical statement, or None with findings that say why not. Never raises."""
    sound = _complete(draft, found) and _adds_up(draft, found)
    entries = _entries(draft, found)
    ends = draft.ends or max((each.booking_date or each.value_date for each in entries), default=None)
    ends = ends or (draft.created.date() if draft.created else _day(draft.closing) or _day(draft.opening))
    if ends is None:
        found.add(Finding("element-missing", f"statement {draft.name!r} names no day"))
        return None
    if not sound:
        return None
    begins = draft.begins if draft.begins is None or draft.begins <= ends else None
    iban = is_iban(draft.account)
    try:
        return BankStatement(
            identity=identity(draft, ends),
            kind=_KINDS[draft.kind],
            sequence=draft.sequence,
            iban=draft.account if iban else None,
            account="" if iban else draft.account[:64],
            bic=draft.bic,
            owner=draft.owner,
            currency=draft.currency,
            from_date=begins,
            to_date=ends,
            created_at=draft.created,
            opening=_money(draft.opening) if draft.whole else None,
            closing=_money(draft.closing) if draft.whole else None,
            entries=tuple(entries),
        )
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=False)[:20]:
            found.add(Finding("statement-invalid", f"{'.'.join(map(str, each['loc'])) or draft.name}: {each['msg']}"))
        return None


def identity(draft: DraftStatement, ends: date) -> str:
    """The bank's own identity of a statement. One that counts its statements with noughts is told apart by days and the opening balance."""
    parts = [draft.name, draft.number]
    if draft.kind == "mt940":
        parts += [f"{draft.begins or ''}", f"{ends}"]
        if not draft.number.replace("/", "").strip("0 ") and draft.opening is not None:
            parts.append(f"{draft.opening.amount}")
    elif draft.kind != "camt.053":
        parts.insert(0, draft.kind)
    whole = "/".join(parts)
    return whole if len(whole) <= 140 else f"{whole[:100]}-{blake2b(whole.encode(), digest_size=16).hexdigest()}"


def fingerprint(statement: BankStatement) -> str:
    """What a statement says, whatever format and identity it came under: account, balances and every movement."""
    facts = [
        statement.iban or statement.account,
        statement.currency,
        f"{statement.to_date}",
        _said(statement.opening),
        _said(statement.closing),
    ]
    moved = sorted(
        f"{each.booking_date or each.value_date} {_said(each.signed)} {each.end_to_end_id}" for each in statement.entries
    )
    return blake2b("\n".join([*facts, *moved]).encode(), digest_size=16).hexdigest()


def _said(money: Money | None) -> str:
    return "" if money is None else f"{money.amount.normalize():f}"


def _complete(draft: DraftStatement, found: FindingLog) -> bool:
    label = draft.name or draft.account
    if not draft.account:
        found.add(Finding("element-missing", f"statement {label!r} names no account"))
    currencies = {each.currency for each in (draft.opening, draft.closing) if each is not None}
    if not draft.currency:
        draft.currency = next((each.currency for each in draft.entries if each.currency), "")
    if not draft.currency:
        found.add(Finding("element-missing", f"statement {label!r} says no currency"))
    elif draft.currency not in CURRENCIES and draft.currency not in _PAST:
        found.add(Finding("currency-unknown", f"{draft.currency[:3]!r} is no currency"))
    strange = sorted((currencies | {each.currency for each in draft.entries}) - {draft.currency, ""})
    if strange:
        found.add(Finding("currency-foreign", f"statement {label!r} in {draft.currency} has amounts in {', '.join(strange)}"))
    return bool(draft.account and draft.currency and not strange and not draft.unread)


def _adds_up(draft: DraftStatement, found: FindingLog) -> bool:
    """Opening balance and booked entries give the closing balance (camt.053 rule on OPBD and CLBD; MT940 fields 60a and 62a)."""
    if _KINDS[draft.kind] != "statement":
        return True
    if not draft.whole:
        found.add(
            Finding(
                "statement-page",
                f"statement {draft.name!r} is one page of several; its balances are not checked",
                severity=Severity.NOTE,
            )
        )
        return True
    if draft.opening is None or draft.closing is None:
        return True
    moved = sum((each.amount if each.credit else -each.amount for each in draft.entries if not each.pending), Decimal(0))
    if draft.opening.amount + moved == draft.closing.amount:
        return True
    words = f"opening {draft.opening.amount} and entries of {moved} give {draft.opening.amount + moved}, not the closing {draft.closing.amount}"
    found.add(Finding("statement-unbalanced", f"statement {draft.name!r}: {words}", byte_position=draft.closing.byte))
    return False


def _entries(draft: DraftStatement, found: FindingLog) -> list[StatementEntry]:
    made: list[StatementEntry] = []
    names = _references(draft)
    for each, name in zip(draft.entries, names, strict=True):
        if not each.amount:
            found.add(Finding("entry-empty", f"entry {name!r} moves nothing and is left out", severity=Severity.NOTE))
            continue
        value = each.value or each.booked or draft.ends or _day(draft.closing)
        if value is None:
            draft.unread += 1
            found.add(Finding("entry-invalid", f"entry {name!r} has neither a value date nor a booking date"))
            continue
        try:
            made.append(_entry(each, name, value))
        except ValidationError as error:
            draft.unread += 1
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            found.add(Finding("entry-invalid", f"entry {name!r}: {'.'.join(map(str, first['loc']))} {first['msg']}"))
    return made


def _entry(each: DraftEntry, name: str, value: date) -> StatementEntry:
    optional: dict[str, Any] = {
        key: Money(amount=given[0], currency=given[1])
        for key, given in (("instructed", each.instructed), ("charges", each.charges))
        if given
    }
    iban = is_iban(each.account)
    return StatementEntry(
        reference=name,
        value_date=value,
        booking_date=each.booked,
        amount=Money(amount=each.amount, currency=each.currency),
        direction="credit" if each.credit else "debit",
        reversal=each.reversal,
        status="pending" if each.pending else "booked",
        counterparty_name=each.name,
        counterparty_iban=each.account if iban else None,
        counterparty_account="" if iban else each.account,
        counterparty_bic=each.bic,
        structured_reference=each.structured,
        remittance=each.remittance,
        end_to_end_id=each.end_to_end,
        mandate=each.mandate,
        bank_reference=each.reference,
        bank_code=each.code,
        return_code=each.return_code,
        **optional,
    )


def _references(draft: DraftStatement) -> Sequence[str]:
    """A name for each entry that is unique in the statement and the same whenever the statement is read: the bank's, else what the entry says."""
    names: list[str] = []
    for each in draft.entries:
        name = each.reference or each.own_reference
        if not name:
            said = f"{each.booked} {each.value} {each.amount} {each.credit} {each.end_to_end} {each.structured} {each.account} {each.name} {each.remittance}"
            name = f"e-{blake2b(said.encode(), digest_size=8).hexdigest()}"
        names.append(f"{name[:100]}/{each.part}" if each.part else name[:100])
    doubled = {name for name, times in Counter(names).items() if times > 1}
    counted: Counter[str] = Counter()
    unique = []
    for name in names:
        counted[name] += 1
        unique.append(f"{name}#{counted[name]}" if name in doubled and counted[name] > 1 else name)
    return unique


def _money(balance: DraftBalance | None) -> Money | None:
    return None if balance is None else Money(amount=balance.amount, currency=balance.currency)


def _day(balance: DraftBalance | None) -> date | None:
    return None if balance is None else balance.day
