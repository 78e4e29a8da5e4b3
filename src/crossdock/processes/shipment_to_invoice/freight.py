"""What a carrier bills for the consignments of this order, held against what was agreed at the booking; decides nothing about the invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.freight import FreightInvoice
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.freight_audit import Agreed, AuditedLine, Billed, audit
from crossdock.processes.shipment_to_invoice.accruing import booking
from crossdock.processes.shipment_to_invoice.states import Consignment
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace

FREIGHT: Final = "freight"
CLAIM: Final = "freight:claim"
"""References of a claim: the key of the carrier's invoice, and the number of the claim."""
REFUSED: Final = "freight:refused"
"""Reference of a claim that is told again because a person refused the invoice: nothing of it counts as billed."""


def claimed(w: Work, fact: Happened) -> None:
    """`freight.claimed`: charges of a carrier's invoice that name a consignment of this order; the answer goes to that invoice."""
    invoice = fact.event.data
    if not isinstance(invoice, FreightInvoice):
        return
    key, claim = _reference(fact.event, FREIGHT), _reference(fact.event, CLAIM)
    if not key or not claim.isdecimal():
        w.note("charges of a carrier that say no invoice")
        return
    ours = (invoice.number, invoice.carrier.casefold())
    if _reference(fact.event, REFUSED):
        _take_back(w, ours)
        return
    before = [
        Billed(**{**one, "amount": Decimal(one["amount"])})
        for each in w.consignments
        for one in each.billed
        if (one["invoice"], one["carrier"].casefold()) != ours
    ]
    found = audit(invoice, [_agreed(w, one) for one in w.consignments], before, w.settings.rates, w.settings.audit)
    meant = [one for one in w.consignments if any(_about(one, line) for line in invoice.lines)]
    for one in meant:
        new = [_billed(invoice, line) for line in invoice.lines if _about(one, line)]
        kept = [
            each
            for each in one.billed
            if (each["invoice"], each["carrier"].casefold(), each["line"]) not in {(*ours, n["line"]) for n in new}
        ]
        w.put(replace(one, billed=(*kept, *new)))
    document = {
        "number": invoice.number,
        "carrier": invoice.carrier,
        "claim": int(claim),
        "order_number": w.order["number"] if w.order else "",
        "erp_id": w.erp_id,
        "transfers": [one.transfer_id for one in meant if one.transfer_id],
        "lines": [audited(line) for line in found.lines],
    }
    w.emit("freight.audited", f"{key}.{claim}.{fact.event.id}", fact.event.source, document, key=key)
    w.note(f"{invoice.carrier} {invoice.number}: {found.approved} {invoice.currency} approved, {found.disputed} disputed")


def _take_back(w: Work, refused: tuple[str, str]) -> None:
    """Charges of an invoice that was refused are not billed: its correction is audited like a first one."""
    for one in w.consignments:
        kept = tuple(each for each in one.billed if (each["invoice"], each["carrier"].casefold()) != refused)
        if kept != one.billed:
            w.put(replace(one, billed=kept))
            w.note(f"what {refused[1]} {refused[0]} billed for {one.number} is refused")


def audited(line: AuditedLine) -> Json:
    """A judged charge as JSON."""
    return {
        "number": line.number,
        "shipment": line.shipment,
        "reference": line.reference,
        "kind": line.kind,
        "amount": format(line.amount, "f"),
        "agreed": None if line.agreed is None else format(line.agreed, "f"),
        "approved": format(line.approved, "f"),
        "disputed": format(line.disputed, "f"),
        "findings": [{"code": one.code, "words": one.words} for one in line.findings],
        "arithmetic": list(line.arithmetic),
    }


def _reference(event: Event, scheme: str) -> str:
    return next((one.value for one in event.references if one.scheme == scheme), "")


def _agreed(w: Work, one: Consignment) -> Agreed:
    """What was agreed for a consignment: the price of its booking, by kind where the carrier said so, and the tariff of its place.

    Amounts of a tariff in another currency than the booking's are not compared with it: they are left out.
    """
    booked = booking(w, one.number)
    cost = booked.cost if booked is not None else one.cost
    found = [each for each in w.settings.tariffs if each.fits(one.carrier, one.service_level, one.country, one.postal_code)]
    tariff = found[0] if found else None
    currency = cost["currency"] if cost else tariff.currency if tariff else ""
    charges: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    if tariff is not None:
        percents.update({str(kind): percent for kind, percent in tariff.percents.items()})
        if tariff.currency == currency:
            charges.update({str(kind): amount for kind, amount in tariff.charges.items()})
    if booked is not None:
        charges.update({kind: Decimal(amount) for kind, amount in booked.charges.items()})
    weight = (booked.weight_kg if booked is not None else "") or one.weight_kg
    return Agreed(
        one.number,
        one.carrier,
        one.waybill,
        one.tracking,
        currency=currency,
        charges=charges,
        percents={kind: percent for kind, percent in percents.items() if kind not in charges},
        total=Decimal(cost["amount"]) if cost and "base" not in charges else None,
        weight_kg=Decimal(weight) if weight else None,
        zone=(booked.zone if booked is not None else "") or (tariff.zone if tariff is not None else ""),
        service_level=one.service_level,
    )


def _about(one: Consignment, line: Any) -> bool:
    return bool({line.waybill, line.tracking_number, line.shipment_number} & ({one.number, one.waybill, *one.tracking} - {""}))


def _billed(invoice: FreightInvoice, line: Any) -> Json:
    turned = -1 if invoice.kind == "credit_note" else 1
    return {
        "carrier": invoice.carrier,
        "invoice": invoice.number,
        "line": line.number,
        "kind": line.kind,
        "code": line.code,
        "waybill": line.waybill,
        "tracking": line.tracking_number,
        "amount": format(line.amount.amount * turned, "f"),
        "currency": line.amount.currency,
    }
