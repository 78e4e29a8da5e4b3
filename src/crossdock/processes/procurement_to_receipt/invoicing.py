"""Supplier invoices: versions and duplicates, the match against order and receipt, and the draft bill in the ERP, once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from crossdock.canonical.invoice import Invoice as CanonicalInvoice
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.documents import digest, lines_of, number_of, plain
from crossdock.processes.procurement_to_receipt.matching import Match, match
from crossdock.processes.procurement_to_receipt.states import Invoice
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace

ACTIONS = ("accept", "refuse")


def received(w: Work, fact: Happened) -> None:
    """`supplier_invoice.received`: an invoice or a credit note, new, sent again or corrected."""
    if not isinstance(fact.event.data, CanonicalInvoice):
        return
    document = fact.document()
    mark = digest(document)
    number = document["number"]
    known = next((one for one in reversed(w.invoices) if _spelled(one.number) == _spelled(number)), None)
    if known is not None and document["purpose"] == "cancellation":
        _withdraw(w, known)
        return
    if known is not None and known.standing == "withdrawn" and known.digest == mark:
        error = DecisionNeeded(f"invoice {number} comes again as it was before the supplier took it back", invoice=number)
        w.park(f"late_invoice:{known.n}", error, "accounting", ("acknowledge",))
        return
    if known is not None and (known.digest == mark or mark in known.earlier):
        w.note(f"invoice {number} is known" + ("" if known.digest == mark else " and was replaced since: it changes nothing"))
        return
    if document["purpose"] == "cancellation":
        w.note(f"the supplier takes back invoice {number}, which never came")
        return
    w.refer(f"{fact.event.source}:invoice", number)
    if known is not None and known.standing not in {"refused", "withdrawn"}:
        _again(w, known, document, mark)
        return
    w.reach("invoiced")
    w.came("invoiced")
    n = known.n if known is not None else len(w.invoices) + 1
    made = Invoice(
        n, number, mark, document["issue_date"], document["kind"] == "credit_note", document=document,
        version=known.version + 1 if known is not None else 1,
        earlier=(*known.earlier, known.digest) if known is not None else (),
    )  # fmt: skip
    w.put(made)
    if not made.credit:
        w.await_stage("matched", n, f"the goods of invoice {number} are received")


def _spelled(number: str) -> str:
    """An invoice number as people compare them: `INV-0042` sent again as `inv-0042` is the same."""
    return "".join(number.split()).casefold()


def _again(w: Work, known: Invoice, document: Json, mark: str) -> None:
    """A number that is known with other content: a new version while there is no bill, and a question when there is one."""
    changed = "; ".join(changes(known, document))
    if known.standing == "in_force":
        w.put(replace(known, earlier=(*known.earlier, mark)))
        error = DecisionNeeded(
            f"invoice {known.number} comes again with other content after it was billed: {changed}",
            invoice=known.number,
            changed=changed,
        )
        w.park(f"late_invoice:{known.n}", error, "accounting", ("acknowledge",))
        return
    if f"invoice:{known.n}" in w.parked:
        w.unpark(f"invoice:{known.n}")
    w.put(
        replace(
            known, digest=mark, document=document, version=known.version + 1, standing="open", approved=False, late=False, said="",
            credit=document["kind"] == "credit_note", earlier=(*known.earlier, known.digest), lines=(),
        )
    )  # fmt: skip
    w.note(f"invoice {known.number} replaces its earlier version: {changed}")


def changes(known: Invoice, document: Json) -> list[str]:
    """What a new version of an invoice says differently."""
    old = known.document
    if old is None:
        return [f"payable {plain(number_of(document['payable']))} now"]
    words: list[str] = []
    before, after = lines_of(old), lines_of(document)
    for number in dict.fromkeys((*before, *after)):
        was, now = before.get(number), after.get(number)
        if was is None or now is None:
            words.append(f"line {number} {'added' if was is None else 'removed'}")
            continue
        for name, field in (("quantity", "quantity"), ("price", "unit_price"), ("amount", "net_amount")):
            if number_of(was[field]) != number_of(now[field]):
                words.append(f"line {number}: {name} {plain(number_of(now[field]))} instead of {plain(number_of(was[field]))}")
    if number_of(old["payable"]) != number_of(document["payable"]):
        words.append(f"payable {plain(number_of(document['payable']))} instead of {plain(number_of(old['payable']))}")
    if old["currency"] != document["currency"]:
        words.append(f"{document['currency']} instead of {old['currency']}")
    return words or ["nothing that is money"]


def _withdraw(w: Work, known: Invoice) -> None:
    if known.standing == "in_force":
        error = DecisionNeeded(f"the supplier takes back invoice {known.number} after it was billed", invoice=known.number)
        w.park(f"late_invoice:{known.n}", error, "accounting", ("acknowledge",))
        return
    if f"invoice:{known.n}" in w.parked:
        w.unpark(f"invoice:{known.n}")
    w.put(replace(known, standing="withdrawn", document=None))
    w.forget("matched", known.n)
    w.note(f"the supplier takes back invoice {known.number}")


# --- matching ----------------------------------------------------------------------------------------------------------------


def pursue(w: Work) -> None:
    """Match what is not billed yet, in the order in which it came; what is billed leaves less for the others."""
    for _ in range(len(w.invoices) + 1):
        before = list(w.invoices)
        for n in range(len(w.invoices)):
            one = w.invoices[n]
            if one.standing in {"open", "held"} and one.document is not None:
                _match(w, one, one.document)
        if w.invoices == before:
            return


def _match(w: Work, one: Invoice, document: Json) -> None:
    result = match(document, w.document(), w.received(), w.billed(but=one.n), w.settings.matching)
    result = _other_order(w, document, result)
    if one.approved:
        _bill(w, one, document, result)
        return
    issues = list(result.issues)
    if one.credit and not issues and w.settings.matching.credit_notes == "ask":
        issues.append({"kind": "credit", "line": "", "words": "a person looks at every credit note"})
    if w.closed == "cancelled":
        issues.append({"kind": "cancelled", "line": "", "words": "the order is cancelled"})
    if not issues:
        _bill(w, one, document, result)
        return
    if result.lacks_goods and len(issues) == len(result.issues) and not one.late and _goods_may_come(w, issues):
        if one.standing == "held":
            w.unpark(f"invoice:{one.n}")
        if one.said != "waits":
            w.note(f"invoice {one.number} waits for the goods: {'; '.join(issue['words'] for issue in issues)}")
        w.put(replace(one, standing="open", said="waits"))
        return
    words = "; ".join(issue["words"] for issue in issues)
    said = blake2b(words.encode(), digest_size=8).hexdigest()
    if one.standing == "held" and one.said == said and f"invoice:{one.n}" in w.parked:
        return
    w.put(replace(one, standing="held", said=said))
    what = "credit note" if one.credit else "invoice"
    error = DecisionNeeded(
        f"{what} {one.number} does not match: {words}",
        invoice=one.number,
        payable=plain(number_of(document["payable"])),
        currency=document["currency"],
        differences=issues,
        arithmetic=list(result.arithmetic),
    )
    w.park(f"invoice:{one.n}", error, "accounting", ACTIONS)


def _other_order(w: Work, document: Json, result: Match) -> Match:
    named = document["order_number"]
    if not named or named.strip().casefold() == w.number.casefold() or any(one["kind"] == "other_order" for one in result.issues):
        return result
    issue = {"kind": "other_order", "line": "", "words": f"the invoice names order {named}"}
    return replace(result, issues=(*result.issues, issue), arithmetic=(*result.arithmetic, f"! {issue['words']}"))


def _goods_may_come(w: Work, issues: list[Json]) -> bool:
    """Whether more of every line that lacks goods may still be received or validated."""
    pending = any(one.standing in {"open", "held"} for one in w.receipts)
    still = w.open_lines()
    announced = {
        line["order_line"] for one in w.notices if one.standing in {"in_force", "held"} and not one.over for line in one.lines
    }
    received = w.received()
    return all(
        pending
        or one["line"] in announced
        or (one["line"] in still and not received.get(one["line"]) and not any(notice.over for notice in w.notices))
        for one in issues
    )


def _bill(w: Work, one: Invoice, document: Json, result: Match) -> None:
    if f"invoice:{one.n}" in w.parked:
        w.unpark(f"invoice:{one.n}")
    w.put(replace(one, standing="in_force", bill="asked", lines=result.lines, said=""))
    w.came("matched", one.n)
    how = "as a person decided" if one.approved else "matches order and receipt"
    w.note(f"invoice {one.number} {how}: {'; '.join(result.arithmetic)}")
    data = {
        "erp_id": w.erp_id,
        "order_number": w.number,
        "invoice": {
            **document,
            "lines": [{**line, "order_line": result.places.get(line["number"], "")} for line in document["lines"]],
        },
        "supplier_system": w.supplier,
        "matched": "\n".join(result.arithmetic),
    }
    w.issue("bill.create", w.source, f"{one.n}.{one.version}" if one.version > 1 else str(one.n), data)


def late(w: Work, n: int) -> None:
    """An invoice waited long enough for its goods: a person looks at it."""
    if 0 < n <= len(w.invoices) and w.invoices[n - 1].standing == "open":
        w.put(replace(w.invoices[n - 1], late=True))


def billed(w: Work, one: Invoice, ack: Mapping[str, Any]) -> None:
    """The ERP has the draft bill; a total that is another than the invoice's goes to a person."""
    bill_total, currency = str(ack.get("total") or ""), str(ack.get("currency") or "")
    document = one.document
    w.put(replace(one, bill="done", document=None))
    if not w.unbilled():
        w.reach("billed")
    if document is None or not bill_total:
        return
    stated = document["tax_inclusive"] or document["payable"]
    try:
        apart = abs(abs(Decimal(bill_total)) - abs(number_of(stated)))
    except ArithmeticError:
        return
    if not apart.is_finite():
        return
    room = w.settings.matching.rounding * (len(document["lines"]) + 1)
    if apart > room or (currency and currency != document["currency"]):
        words = f"{bill_total} {currency} instead of {plain(number_of(stated))} {document['currency']}"
        error = DecisionNeeded(
            f"the ERP's bill of invoice {one.number} has another total: {words}", invoice=one.number, bill=bill_total
        )
        w.park(f"bill:{one.n}", error, "accounting", ("acknowledge",))
