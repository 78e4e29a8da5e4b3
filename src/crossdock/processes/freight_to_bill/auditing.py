"""The audit of a carrier's invoice: each charge is judged by the order it is about, the whole by itself; what differs goes to a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Reference
from crossdock.canonical.freight import FreightAudited, FreightInvoice, FreightInvoiceLine
from crossdock.core.errors import FreightBilledTwice
from crossdock.core.process import Happened
from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import Json
from crossdock.processes.freight_audit import Audit, AuditedLine, Finding, audit, dispute
from crossdock.processes.freight_to_bill.states import Claim
from crossdock.processes.freight_to_bill.work import Work
from crossdock.processes.shipment_to_invoice.freight import CLAIM, FREIGHT, REFUSED
from crossdock.processes.values import replace

PATIENCE: Final = "timer:orders"


def received(w: Work, fact: Happened) -> None:
    """`freight_invoice.received`: every consignment's order is asked what it makes of the charges that name it."""
    invoice = fact.event.data
    if not isinstance(invoice, FreightInvoice):
        return
    document = fact.document()
    if w.document is not None:
        if document == w.document:
            w.note("the invoice is known")
            return
        if w.standing == "refused" and w.closed and not w.parked:
            _begin_again(w)
            _take(w, fact, invoice)
            return
        words = f"{invoice.carrier} sent invoice {invoice.number} again with another content"
        w.park(
            "again", FreightBilledTwice(words, invoice=invoice.number, carrier=invoice.carrier), "accounting", ("acknowledge",)
        )
        return
    _take(w, fact, invoice)


def _begin_again(w: Work) -> None:
    """The invoice under this number was refused: a correction is audited from the start."""
    w.turn += 1
    w.claims.clear()
    w.standing, w.overdue, w.approved_by, w.bill, w.bill_id, w.landed, w.closed = "open", False, "", "", "", "", ""
    w.charged.clear()
    w.note("a correction of the invoice that was refused")


def _take(w: Work, fact: Happened, invoice: FreightInvoice) -> None:
    document = fact.document()
    w.document, w.source, w.cause = document, fact.event.source, fact.event.id
    w.reach("received")
    w.refer("freight", w.state.key)
    w.expect_stage("audited", 0, w.at, f"the orders say what they make of {invoice.carrier} {invoice.number}", not_before=w.at)
    w.expect_stage("billed", 0, w.at, f"{invoice.carrier} {invoice.number} is a bill in the ERP", not_before=w.at)
    for group in _groups(invoice):
        _ask(w, invoice, document, group)
    if w.claims:
        w.timer(PATIENCE, w.at + w.settings.patience)


def answered(w: Work, fact: Happened) -> None:
    """`freight.audited`: what an order makes of the charges that name its consignments."""
    data = fact.event.data
    if not isinstance(data, FreightAudited) or not 0 < data.claim <= len(w.claims):
        return
    if w.standing in {"approved", "refused"}:
        w.note("the invoice is decided already")
        return
    w.put(replace(w.claims[data.claim - 1], answer=fact.document()))
    if w.standing == "held":
        w.unpark("freight")
        w.standing = "open"


def pursue(w: Work) -> None:
    """Once every order answered, or had its time: approved when nothing is wrong, else a person decides with the arithmetic."""
    if w.document is None or w.standing != "open":
        return
    if not w.overdue and any(one.answer is None for one in w.claims):
        return
    found = result(w)
    w.reach("audited")
    w.came("audited")
    if PATIENCE in w.expected:
        w.forget(PATIENCE)
    error = dispute(found)
    if error is None:
        w.standing = "approved"
        w.reach("approved")
        return
    w.standing = "held"
    error.detail = {**error.detail, "arithmetic": [words for line in found.lines for words in line.arithmetic]}
    w.park("freight", error, "accounting", ("approve", "refuse"))


def result(w: Work) -> Audit:
    """The audit of the whole invoice: what orders answered, and for charges nobody knows what the invoice itself says."""
    invoice = FreightInvoice.model_validate(w.invoice())
    alone = audit(invoice, (), (), None, w.settings.audit)
    lines: dict[str, AuditedLine] = {line.number: line for line in alone.lines}
    for claim in w.claims:
        for line in claim.answer["lines"] if claim.answer is not None else ():
            if line["number"] in claim.lines:
                lines[line["number"]] = _line(line)
    return Audit(
        invoice.number, invoice.carrier, invoice.currency, tuple(lines[line.number] for line in invoice.lines), alone.findings
    )


def leave(w: Work) -> str:
    """Who allowed what is billed: a person, or the policy when nothing differed."""
    return w.approved_by or policy(w.plan.context.flow, "audit")


def take_back(w: Work) -> None:
    """A person refused the invoice: the orders that were asked are told that nothing of it is billed."""
    invoice, document = FreightInvoice.model_validate(w.invoice()), w.invoice()
    places = {line.number: place for place, line in enumerate(invoice.lines)}
    for claim in w.claims:
        _claim(w, invoice, document, claim, [places[number] for number in claim.lines], refused=True)


def _ask(w: Work, invoice: FreightInvoice, document: Json, group: list[int]) -> None:
    lines = [invoice.lines[place] for place in group]
    first = next(iter(_names(lines)))
    claim = Claim(len(w.claims) + 1, first.value, tuple(line.number for line in lines))
    w.put(claim)
    _claim(w, invoice, document, claim, group)


def _names(lines: list[FreightInvoiceLine]) -> dict[Reference, None]:
    names: dict[Reference, None] = {}
    for line in lines:
        for scheme, value in (("tracking", line.tracking_number), ("shipment", line.shipment_number), ("waybill", line.waybill)):
            if value:
                names[Reference(scheme, value)] = None
    return names


def _claim(w: Work, invoice: FreightInvoice, document: Json, claim: Claim, group: list[int], *, refused: bool = False) -> None:
    lines = [invoice.lines[place] for place in group]
    total = sum((line.amount.amount for line in lines), Decimal(0))
    part = {
        **document,
        "lines": [document["lines"][place] for place in group],
        "tax_total": None,
        "total": {"amount": format(total, "f"), "currency": invoice.currency},
    }
    said = [Reference(FREIGHT, w.state.key), Reference(CLAIM, str(claim.n))]
    suffix = str(claim.n) if w.turn == 1 else f"{claim.n}.{w.turn}"
    if refused:
        said.append(Reference(REFUSED, str(w.turn)))
        suffix += ".refused"
    w.emit("freight.claimed", suffix, w.source, part, (*_names(lines), *said))


def _groups(invoice: FreightInvoice) -> list[list[int]]:
    """Places of lines that name the same consignment, by whichever of its names; lines that name none are left out."""
    groups: list[tuple[set[str], list[int]]] = []
    for place, line in enumerate(invoice.lines):
        names = {line.tracking_number, line.waybill, line.shipment_number} - {""}
        if not names:
            continue
        same = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        places = sorted([place, *(each for _, found in same for each in found)])
        groups.append((names.union(*(known for known, _ in same)), places))
    return sorted(places for _, places in groups)


def _line(line: Json) -> AuditedLine:
    def number(name: str) -> Any:
        return None if line[name] is None else Decimal(line[name])

    return AuditedLine(
        line["number"],
        line["shipment"],
        line["reference"],
        line["kind"],
        number("amount"),
        number("agreed"),
        number("approved"),
        number("disputed"),
        tuple(Finding(one["code"], one["words"]) for one in line["findings"]),
        tuple(line["arithmetic"]),
    )
