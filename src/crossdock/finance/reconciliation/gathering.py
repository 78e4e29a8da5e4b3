"""Records of the ledger as facts of every side, what was taken back taken out. Pure; the same records in any order give the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TypeVar

from crossdock.canonical.bank import BankStatement, StatementEntry
from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.journal import JournalAcknowledgement
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.payout import Payout
from crossdock.finance.reconciliation.commanded import ledger_facts
from crossdock.finance.reconciliation.facts import Fact
from crossdock.finance.reconciliation.proof import BY_BANK
from crossdock.finance.reconciliation.records import Done, Told

T = TypeVar("T")


def gather(told: Sequence[Told], done: Sequence[Done], ours: Sequence[str] = ("RT-*",)) -> list[Fact]:
    """The facts of all sides. `ours` are patterns of the end-to-end ids the hub gives to transfers."""
    failed = _failed(told)
    returned = {
        entry.end_to_end_id for _, statement in _of(told, BankStatement) for entry in statement.entries
        if entry.reversal and entry.direction == "credit" and entry.end_to_end_id
    }  # fmt: skip
    banks = {each.system for each in done if each.name == "refund.transfer"}
    facts = [each for each in ledger_facts(done) if not failed & {each.key, *each.names}]
    facts = [
        each
        for each in facts
        if each.side != "ledger" or each.kind not in ("invoice", "credit_note") or each.status in ("posted", "")
    ]
    facts += _captures(told)
    facts += _refunds(told, banks, failed)
    facts += [
        Fact("chargeback", "gateway", data.reference, data.amount.amount, data.amount.currency, each.day, each.key, data.provider, data.payment_reference,
             evidence=each.evidence)
        for each, data in _of(told, Chargeback) if each.type == "chargeback.closed" and data.outcome == "lost"
    ]  # fmt: skip
    facts += _invoices(told)
    facts += [
        Fact(
            "freight_bill",
            "carrier",
            data.number,
            data.total.amount,
            data.currency,
            each.day,
            each.key,
            data.carrier,
            evidence=each.evidence,
        )
        for each, data in _once(told, FreightInvoice, lambda one: (one.carrier, one.number))
    ]
    facts += [
        Fact("payout", "gateway", data.number, data.total.amount, data.currency, data.paid_on or each.day, "", data.provider,
             names=(data.statement_reference,) if data.statement_reference else (), evidence=each.evidence)
        for each, data in _once(told, Payout, lambda one: (one.provider, one.number))
    ]  # fmt: skip
    for each, statement in _once(told, BankStatement, lambda one: (one.iban or one.account, one.identity)):
        if statement.kind == "statement":
            facts.append(
                Fact("statement", "bank", statement.identity, Decimal(0), statement.currency, statement.to_date, "", each.source)
            )
            facts += [fact for entry in statement.entries for fact in _entry(entry, each, ours, failed & returned)]
    return facts + _journals(told, done)


def _of(told: Iterable[Told], kind: type[T]) -> list[tuple[Told, T]]:
    return [(each, each.data) for each in told if isinstance(each.data, kind)]


def _once(told: Iterable[Told], kind: type[T], identity: object) -> list[tuple[Told, T]]:
    """The papers of a kind, each once whatever often it was told; the first counts."""
    found: dict[object, tuple[Told, T]] = {}
    for each, data in sorted(_of(told, kind), key=lambda pair: pair[0].evidence):
        found.setdefault(identity(data), (each, data))  # type: ignore[operator]
    return list(found.values())


def _failed(told: Iterable[Told]) -> set[str]:
    """Names of refunds that did not arrive, or came back: the last word of each counts, and of the same moment the failure."""
    last: dict[str, tuple[object, bool]] = {}
    for each, data in _of(told, Refund):
        word = (data.at, each.type == "refund.failed")
        if data.reference not in last or word > last[data.reference]:
            last[data.reference] = word
    gone = {name for name, (_, failure) in last.items() if failure}
    return gone | {data.own_reference for _, data in _of(told, Refund) if data.reference in gone and data.own_reference}


def _captures(told: Iterable[Told]) -> list[Fact]:
    """What gateways captured, by payment: what they say was captured in all, else the sum of what they told one by one."""
    single: dict[tuple[str, str], dict[str, Fact]] = {}
    whole: dict[tuple[str, str], Fact] = {}
    for each, data in _of(told, Payment):
        if each.type != "payment.captured":
            continue
        payment = (data.provider, data.payment)
        fact = Fact("capture", "gateway", data.reference, data.amount.amount, data.amount.currency, each.day, each.key, data.provider, data.payment,
                    evidence=each.evidence)  # fmt: skip
        single.setdefault(payment, {})[data.reference] = fact
        if data.captured is not None and data.captured.amount > (whole[payment].amount if payment in whole else Decimal(0)):
            whole[payment] = replace(fact, amount=data.captured.amount)
    return [fact for payment, facts in single.items() for fact in ([whole[payment]] if payment in whole else facts.values())]


def _refunds(told: Iterable[Told], banks: set[str], failed: set[str]) -> list[Fact]:
    found: dict[tuple[str, str], Fact] = {}
    for each, data in sorted(_of(told, Refund), key=lambda pair: pair[0].evidence):
        if each.type != "refund.completed" or data.reference in failed:
            continue
        by_bank = data.provider in banks or each.source in banks
        names = (data.own_reference,) if data.own_reference else ()
        found.setdefault(
            (data.provider, data.reference),
            Fact("refund", "gateway", data.reference, data.amount.amount, data.amount.currency, each.day, each.key, data.provider, data.payment_reference,
                 names=names, status=BY_BANK if by_bank else "", evidence=each.evidence),
        )  # fmt: skip
    return list(found.values())


def _invoices(told: Iterable[Told]) -> list[Fact]:
    """The papers of the ERP as they are last told; drafts and cancelled ones are none."""
    last: dict[str, tuple[Told, CustomerInvoice]] = {}
    for each, data in _of(told, CustomerInvoice):
        key = f"{each.source}/{data.erp_id}"
        if key not in last or (data.at, each.evidence) >= (last[key][1].at, last[key][0].evidence):
            last[key] = (each, data)
    return [
        Fact(data.kind, "erp", key, data.amount.amount, data.currency, data.issue_date or each.day, each.key, each.source, open=data.residual.amount,
             names=(data.number,) if data.number else (), evidence=each.evidence, commanded=bool(data.wish))
        for key, (each, data) in last.items() if data.state == "posted"
    ]  # fmt: skip


def _entry(entry: StatementEntry, told: Told, ours: Sequence[str], gone: set[str]) -> list[Fact]:
    """An entry of a statement: a transfer that left, or money that may be a payout."""
    if entry.status != "booked":
        return []
    day, evidence = entry.booking_date or entry.value_date, f"{told.evidence}/{entry.reference}"
    if entry.direction == "debit" and entry.end_to_end_id and not entry.reversal and entry.end_to_end_id not in gone:
        mine = any(fnmatchcase(entry.end_to_end_id, pattern) for pattern in ours)
        return [
            Fact(
                "transfer",
                "bank",
                entry.end_to_end_id,
                entry.amount.amount,
                entry.amount.currency,
                day,
                "",
                told.source,
                evidence=evidence,
                commanded=mine,
            )
        ]
    if entry.direction == "credit" and not entry.reversal:
        texts = tuple(
            text for text in (entry.structured_reference, entry.remittance, entry.end_to_end_id, entry.bank_reference) if text
        )
        return [
            Fact(
                "payout",
                "bank",
                entry.reference,
                entry.amount.amount,
                entry.amount.currency,
                day,
                "",
                told.source,
                texts=texts,
                evidence=evidence,
            )
        ]
    return []


def _journals(told: Sequence[Told], done: Sequence[Done]) -> list[Fact]:
    """Verdicts on journals. They name no amount, so it is the ledger's own; where the system can be asked, what it has posted is used instead."""
    amounts = {fact.key: fact for fact in ledger_facts(done) if fact.kind == "journal"}
    last: dict[str, tuple[Told, JournalAcknowledgement]] = {}
    for each, data in _of(told, JournalAcknowledgement):
        if data.number not in last or data.at >= last[data.number][1].at:
            last[data.number] = (each, data)
    found = []
    for number, (each, data) in last.items():
        known = amounts.get(number)
        amount, currency = (known.amount, known.currency) if known is not None else (Decimal(0), "")
        found.append(
            Fact(
                "journal",
                "finance",
                number,
                amount,
                currency,
                each.day,
                each.key,
                each.source,
                status=data.verdict,
                evidence=each.evidence,
            )
        )
    return found


def posted_journals(system: str, journals: Iterable[dict[str, str]], facts: Sequence[Fact]) -> list[Fact]:
    """The facts with a finance system's own list of posted journals in place of its verdicts; refusals stay. Raises `ValueError` for a wrong list."""
    kept = [
        each
        for each in facts
        if not (each.kind == "journal" and each.side == "finance" and each.source == system and each.status != "rejected")
    ]
    asked = [_posted(system, each) for each in journals]
    return kept + asked


def _posted(system: str, journal: dict[str, str]) -> Fact:
    amount = Decimal(journal["total"]) if journal["total"].replace(".", "", 1).isdecimal() else None
    if amount is None:
        raise ValueError(f"journal {journal['number']}: {journal['total']!r} is no amount")
    return Fact("journal", "finance", journal["number"], amount, journal["currency"], date.fromisoformat(journal["posting_date"]), "", system,
                status="posted", evidence=f"{system}/{journal['posted_number']}")  # fmt: skip
