"""Freight: what a carrier quotes, takes on, delivers and bills (X12 204, 990, 210; EDIFACT IFTMIN, IFTSTA, INVOIC; UBL FreightInvoice);
knows no carrier."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import Address, TradingParty
from crossdock.canonical.purchase_order import DocumentNumber, doubled
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, UtcTime

ChargeKind = Literal[
    "base",
    "fuel",
    "residential",
    "remote",
    "oversize",
    "handling",
    "insurance",
    "return",
    "customs",
    "duty",
    "discount",
    "tax",
    "other",
]
"""What a freight charge is for (X12 element 150 and UNTDID 7161 in words)."""


class FreightInvoiceLine(Canonical):
    """One charge for one consignment (X12 210 L1, EDIFACT ALC/PRI, UBL cac:InvoiceLine).

    At least one of `waybill`, `tracking_number`, `shipment_number` says for what; none is allowed for charges on the whole invoice.
    `code` is the carrier's own charge code, `zone` and `service_level` as the carrier rated, `billed_weight_kg` the weight it charged.
    """

    schema_name = "freight_invoice_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    waybill: str = ""
    tracking_number: str = ""
    shipment_number: str = ""
    order_number: str = ""
    kind: ChargeKind = "other"
    code: str = ""
    description: str = ""
    amount: Money
    billed_weight_kg: ExactDecimal | None = None
    actual_weight_kg: ExactDecimal | None = None
    zone: str = ""
    service_level: str = ""
    shipped_on: Day | None = None
    tax_percent: ExactDecimal | None = None


class FreightInvoice(Canonical):
    """Payload of `freight_invoice.received`. Totals a document does not state are absent, never computed.

    What no honest carrier sends is still read, so that a person can see it and decide: a charge below zero that is no `discount`, and a
    currency other than the invoice's, are found by the audit (`freight.negative`, `freight.foreign_currency`) before anything is booked.
    """

    schema_name = "freight_invoice"

    number: DocumentNumber
    kind: Literal["invoice", "credit_note"] = "invoice"
    carrier: Annotated[str, Field(min_length=1, max_length=64)]
    account: str = ""
    issue_date: Day
    due_date: Day | None = None
    period_start: Day | None = None
    period_end: Day | None = None
    currency: CurrencyCode
    seller: TradingParty | None = None
    buyer: TradingParty | None = None
    lines: Annotated[tuple[FreightInvoiceLine, ...], Field(min_length=1)]
    tax_total: Money | None = None
    total: Money
    preceding_number: str = ""
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> FreightInvoice:
        if faults := doubled([line.number for line in self.lines]):
            raise ValueError("; ".join(faults))
        return self


class AuditFinding(Canonical):
    """One thing that is wrong with a charge, by code and in words."""

    schema_name = "audit_finding"

    code: str
    words: str


class AuditedCharge(Canonical):
    """One charge of a carrier's invoice as the transaction it is about judges it; `approved` and `disputed` add up to `amount`."""

    schema_name = "audited_charge"

    number: str
    shipment: str = ""
    reference: str = ""
    kind: str
    amount: ExactDecimal
    agreed: ExactDecimal | None = None
    approved: ExactDecimal
    disputed: ExactDecimal
    findings: tuple[AuditFinding, ...] = ()
    arithmetic: tuple[str, ...] = ()


class FreightAudited(Canonical):
    """Payload of `freight.audited`: what an order makes of the charges of a carrier's invoice that name its consignments (`freight.claimed`).

    `claim` is the number of the question, `erp_id` the order's in the ERP, `transfers` the ids of the consignments' transfers there.
    """

    schema_name = "freight_audited"

    number: DocumentNumber
    carrier: str
    claim: Annotated[int, Field(ge=1)]
    order_number: str = ""
    erp_id: str = ""
    transfers: tuple[str, ...] = ()
    lines: tuple[AuditedCharge, ...] = ()


class FreightAccrual(Canonical):
    """Payload of `freight.accrued`: the freight a booking will cost is in the books, or was taken out of them again (`released`) because the
    carrier billed it or the booking was given up. `entry` is the ERP's number of it.
    """

    schema_name = "freight_accrual"

    shipment_number: DocumentNumber
    order_number: str = ""
    carrier: str = ""
    amount: Money
    state: Literal["accrued", "released"] = "accrued"
    booked_on: Day
    entry: str = ""


class FreightCharge(Canonical):
    """One part of a quoted price."""

    schema_name = "freight_charge"

    kind: ChargeKind = "base"
    code: str = ""
    description: str = ""
    amount: Money


class FreightQuote(Canonical):
    """Payload of `freight.quoted`: what a consignment will cost, from the booking or the tender's answer."""

    schema_name = "freight_quote"

    reference: str = ""
    shipment_number: DocumentNumber
    carrier: str = ""
    service_level: str = ""
    waybill: str = ""
    amount: Money
    charges: tuple[FreightCharge, ...] = ()
    weight_kg: ExactDecimal | None = None
    zone: str = ""
    quoted_at: UtcTime
    valid_until: UtcTime | None = None


class TenderStop(Canonical):
    """Where a load is picked up or delivered (X12 204 S5)."""

    schema_name = "tender_stop"

    number: Annotated[int, Field(ge=1)]
    kind: Literal["pick_up", "delivery"]
    address: Address
    earliest: UtcTime | None = None
    latest: UtcTime | None = None
    reference: str = ""


class Tender(Canonical):
    """What `tender.send` and `tender.cancel` carry: a load offered to a carrier (X12 204, EDIFACT IFTMIN).

    `number` is the hub's number of the tender; `purpose` follows X12 B2A01: a new offer, a change of it, or that it is taken back.
    """

    schema_name = "tender"

    number: DocumentNumber
    purpose: Literal["original", "change", "cancellation"] = "original"
    shipment_number: DocumentNumber
    order_numbers: tuple[str, ...] = ()
    carrier: str = ""
    service_level: str = ""
    equipment: str = ""
    stops: Annotated[tuple[TenderStop, ...], Field(min_length=2)]
    weight_kg: ExactDecimal | None = None
    volume_m3: ExactDecimal | None = None
    packages: Annotated[int, Field(ge=0)] = 0
    pallets: Annotated[int, Field(ge=0)] = 0
    rate: Money | None = None
    answer_by: UtcTime | None = None
    note: str = ""


class TenderAnswer(Canonical):
    """Payload of `tender.answered`: the carrier takes the load or not (X12 990 B104)."""

    schema_name = "tender_answer"

    tender_number: DocumentNumber
    shipment_number: str = ""
    carrier: str = ""
    answer: Literal["accepted", "declined"]
    reason: str = ""
    reason_code: str = ""
    carrier_reference: str = ""
    rate: Money | None = None
    answered_at: UtcTime


class ProofOfDelivery(Canonical):
    """Payload of `shipment.pod`: who took the goods, when, and the paper (a claim name in the payload store, never the picture itself)."""

    schema_name = "proof_of_delivery"

    tracking_number: Annotated[str, Field(min_length=1, max_length=64)]
    waybill: str = ""
    carrier: str = ""
    signed_by: str = ""
    at: UtcTime
    location: str = ""
    document: str = ""
    packages: Annotated[int, Field(ge=0)] | None = None
    remarks: str = ""
