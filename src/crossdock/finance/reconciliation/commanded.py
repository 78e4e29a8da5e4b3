"""What the hub had done, as facts of the ledger: accepted deliveries that move or book money. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.finance.reconciliation.facts import Fact, Kind
from crossdock.finance.reconciliation.records import Done

_PAPERS: Mapping[str, Kind] = {
    "invoice.create": "invoice", "invoice.post": "invoice", "invoice.charge": "invoice", "credit_note.create": "credit_note",
}  # fmt: skip


def ledger_facts(done: Iterable[Done]) -> list[Fact]:
    """The facts of accepted deliveries; of a paper that was made and then posted, the last word counts."""
    found: list[Fact] = []
    papers: dict[str, Fact] = {}
    for each in done:
        if each.name in _PAPERS:
            fact = _paper(each, papers)
            if fact is not None:
                papers[fact.key] = fact
        else:
            found += _moved(each)
    return [*found, *papers.values()]


def _moved(each: Done) -> Iterator[Fact]:
    if each.name in ("payment.capture", "payment.refund", "shop.refund"):
        money = _money(each.ack.get("amount")) or _money(each.data.get("amount"))
        if money is None:
            return
        reference = str(each.ack.get("reference") or "")
        kind: Kind = "capture" if each.name == "payment.capture" else "refund"
        names = tuple(name for name in (each.command, reference) if name)
        payment = str(each.data.get("payment_reference") or "")
        yield Fact(
            kind,
            "ledger",
            reference or each.command,
            *money,
            each.day,
            each.key,
            each.system,
            payment,
            names=names,
            evidence=each.evidence,
        )
    elif each.name == "refund.transfer":
        transfer = each.data.get("credit_transfer") or {}
        money = _money(transfer.get("amount"))
        if money is not None:
            name = str(transfer.get("end_to_end_id") or each.command)
            yield Fact("transfer", "ledger", name, *money, each.day, each.key, each.system, evidence=each.evidence)
    elif each.name == "bill.create":
        number = str((each.data.get("freight_invoice") or each.data.get("invoice") or {}).get("number") or "")
        money = _money({"amount": each.ack.get("total"), "currency": each.ack.get("currency")})
        if number and money is not None:
            yield Fact("freight_bill", "erp", number, *money, each.day, each.key, each.system, evidence=each.evidence)
    elif each.name == "journal.post":
        journal = each.data.get("journal") or {}
        sides = [_money(line.get("debit")) for line in journal.get("lines") or () if isinstance(line, dict)]
        total = sum((side[0] for side in sides if side is not None), Decimal(0))
        number, currency = str(journal.get("number") or ""), str(journal.get("currency") or "")
        if number and currency:
            yield Fact("journal", "ledger", number, total, currency, each.day, each.key, each.system, evidence=each.evidence)


def _paper(each: Done, papers: Mapping[str, Fact]) -> Fact | None:
    """A paper in the ERP; only a posted one is compared. `invoice.post` posts credit notes, too: what was made before says which."""
    identity = str(each.ack.get("invoice_id") or each.data.get("invoice_id") or "")
    money = _money({"amount": each.ack.get("total"), "currency": each.ack.get("currency")})
    if not identity or money is None:
        return None
    key = f"{each.system}/{identity}"
    known = papers.get(key)
    kind = known.kind if known is not None and each.name == "invoice.post" else _PAPERS[each.name]
    state = str(each.ack.get("state") or "")
    return Fact(kind, "ledger", key, *money, each.day, each.key, each.system, status=state, evidence=each.evidence)


def _money(value: Any) -> tuple[Decimal, str] | None:
    """An amount and its currency; None when either is missing."""
    if not isinstance(value, Mapping) or not value.get("currency") or value.get("amount") in (None, ""):
        return None
    try:
        return Decimal(str(value["amount"])), str(value["currency"])
    except InvalidOperation:
        return None
