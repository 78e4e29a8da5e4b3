"""UBL Invoice and CreditNote (EN 16931, Peppol BIS Billing 3), to and from the canonical invoice; computes nothing, knows no system."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.events import Reference
from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, WriteContext, reads, writes
from crossdock.documents.ubl.building import Leaf, Part, Parts, amount, day, document, plain
from crossdock.documents.ubl.elements import Node, Reading, currency_of, root_of
from crossdock.documents.ubl.items import read_item, read_price, write_item, write_price
from crossdock.documents.ubl.parties import (
    read_allowances,
    read_delivery_place,
    read_party,
    tax_category,
    write_allowances,
    write_delivery_place,
    write_party,
)

PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
"""Type codes of UNTDID 1001 that EN 16931 counts as credit notes."""
_TOTALS: Final = {
    "line_total": "LineExtensionAmount",
    "tax_exclusive": "TaxExclusiveAmount",
    "tax_inclusive": "TaxInclusiveAmount",
    "allowance_total": "AllowanceTotalAmount",
    "charge_total": "ChargeTotalAmount",
    "prepaid": "PrepaidAmount",
    "rounding": "PayableRoundingAmount",
    "payable": "PayableAmount",
}


@reads("ubl", "Invoice", "CreditNote")
def read_invoice(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """An invoice or a credit note as `supplier_invoice.received`.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing` with everything that is wrong, each with its path.
    """
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    invoice = reading.finish(Invoice, _draft(root))
    orders = {line.order_number for line in invoice.lines if line.order_number} or {invoice.order_number}
    return [
        Mapped(
            "supplier_invoice.received",
            invoice,
            references=tuple(Reference("purchase:order", order) for order in sorted(orders | {invoice.order_number}) if order),
            number=invoice.number,
        )
    ]


def _draft(root: Node) -> Draft:
    reading = root.reading
    name = root.element.tag.rpartition("}")[2]
    lines = root.all(f"cac:{name}Line")
    reading.anchors[()] = root
    reading.anchors |= {("lines", at): line for at, line in enumerate(lines)}
    currency = currency_of(root, "cac:LegalMonetaryTotal/cbc:PayableAmount", "cac:TaxTotal/cbc:TaxAmount")
    tax_currency = root.text("cbc:TaxCurrencyCode")
    code = root.text(f"cbc:{name}TypeCode") or ("381" if name == "CreditNote" else "380")
    seller = root.first("cac:AccountingSupplierParty/cac:Party")
    draft: Draft = {
        "number": root.text("cbc:ID"),
        "kind": "credit_note" if name == "CreditNote" or code in CREDIT_NOTES else "invoice",
        "type_code": code,
        "issue_date": root.day("cbc:IssueDate"),
        "due_date": root.day("cbc:DueDate") or root.day("cac:PaymentMeans/cbc:PaymentDueDate"),
        "tax_point_date": root.day("cbc:TaxPointDate"),
        "delivery_date": root.day("cac:Delivery/cbc:ActualDeliveryDate"),
        "currency": currency,
        "tax_currency": tax_currency or None,
        "buyer_reference": root.text("cbc:BuyerReference"),
        "order_number": _not_na(root.text("cac:OrderReference/cbc:ID")),
        "supplier_order_number": root.text("cac:OrderReference/cbc:SalesOrderID"),
        "contract": root.text("cac:ContractDocumentReference/cbc:ID"),
        "despatch_number": root.text("cac:DespatchDocumentReference/cbc:ID"),
        "receipt_number": root.text("cac:ReceiptDocumentReference/cbc:ID"),
        "preceding_number": root.text("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        "preceding_date": root.day("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate"),
        "seller": read_party(seller),
        "buyer": read_party(root.first("cac:AccountingCustomerParty/cac:Party")),
        "payee": read_party(root.first("cac:PayeeParty")),
        "ship_to": read_delivery_place(root.first("cac:Delivery")),
        "payment_terms": root.texts("cac:PaymentTerms/cbc:Note"),
        "payment_means": root.text("cac:PaymentMeans/cbc:PaymentMeansCode"),
        "remittance": root.text("cac:PaymentMeans/cbc:PaymentID"),
        "iban": root.text("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
        "bic": root.text("cac:PaymentMeans/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
        "lines": [_line(line, name, currency) for line in lines],
        "allowances": read_allowances(root, currency),
        "note": root.texts("cbc:Note"),
        **_taxes(root, currency, tax_currency),
    }
    for field, element in _TOTALS.items():
        draft[field] = root.money(f"cac:LegalMonetaryTotal/cbc:{element}", currency)
    if draft["payable"] is None:
        reading.wrong("the amount due is missing (cac:LegalMonetaryTotal/cbc:PayableAmount)", root, "payable")
        draft["payable"] = {"amount": 0, "currency": currency}
    return draft


def _taxes(root: Node, currency: str, tax_currency: str) -> Draft:
    """BG-23 and the totals: of two TaxTotal that with a breakdown is in the invoice's currency, the other in the tax currency (BT-111)."""
    totals = root.all("cac:TaxTotal")
    own = [each for each in totals if _currency(each) in ("", currency)] or totals
    other = [each for each in totals if tax_currency and tax_currency != currency and _currency(each) == tax_currency]
    taxes = [
        {
            "category": each.text("cac:TaxCategory/cbc:ID") or "S",
            "percent": each.decimal("cac:TaxCategory/cbc:Percent")
            if each.first("cac:TaxCategory/cbc:Percent") is not None
            else each.decimal("cbc:Percent"),
            "taxable": each.money("cbc:TaxableAmount", currency) or {"amount": 0, "currency": currency},
            "tax": each.money("cbc:TaxAmount", currency),
            "exemption_reason": each.texts("cac:TaxCategory/cbc:TaxExemptionReason", "; "),
            "exemption_code": each.text("cac:TaxCategory/cbc:TaxExemptionReasonCode"),
        }
        for each in (part for total in own for part in total.all("cac:TaxSubtotal"))
    ]
    return {
        "taxes": taxes,
        "tax_total": own[0].money("cbc:TaxAmount", currency) if own else None,
        "tax_total_in_tax_currency": other[0].money("cbc:TaxAmount", tax_currency) if other else None,
    }


def _currency(total: Node) -> str:
    found = total.first("cbc:TaxAmount")
    return found.attribute("currencyID") if found is not None else ""


def _line(line: Node, name: str, currency: str) -> Draft:
    quantity = line.quantity(f"cbc:{'Credited' if name == 'CreditNote' else 'Invoiced'}Quantity")
    net = line.money("cbc:LineExtensionAmount", currency)
    price = read_price(line.first("cac:Price"), currency)
    if price.get("unit_price") is None:
        # a line without a price states its amount only: one of it costs that much
        price = {"unit_price": net, "price_base": None}
        quantity = quantity if quantity is None or quantity["value"] == 1 else {**quantity, "value": quantity["value"]}
    tax = line.first("cac:Item/cac:ClassifiedTaxCategory") or line.first("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory")
    return {
        **read_item(line.first("cac:Item")),
        **price,
        "number": line.text("cbc:ID"),
        "order_number": _not_na(line.text("cac:OrderLineReference/cac:OrderReference/cbc:ID")),
        "order_line": _not_na(line.text("cac:OrderLineReference/cbc:LineID")),
        "despatch_number": line.text("cac:DespatchLineReference/cac:DocumentReference/cbc:ID"),
        "despatch_line": _not_na(line.text("cac:DespatchLineReference/cbc:LineID")),
        "quantity": quantity if quantity is not None else {"value": 1},
        "gross_price": line.money("cac:Price/cac:AllowanceCharge/cbc:BaseAmount", currency),
        "net_amount": net,
        "allowances": read_allowances(line, currency),
        "tax_category": tax.text("cbc:ID") if tax is not None else "",
        "tax_percent": tax.decimal("cbc:Percent") if tax is not None else None,
        "period_start": line.day("cac:InvoicePeriod/cbc:StartDate"),
        "period_end": line.day("cac:InvoicePeriod/cbc:EndDate"),
        "note": line.texts("cbc:Note"),
    }


def _not_na(text: str) -> str:
    """BIS has `NA` written where an element must be there and nothing is known."""
    return "" if text == "NA" else text


@writes("ubl", "Invoice", "CreditNote")
def write_invoice(invoice: Invoice, context: WriteContext, codes: Codes) -> bytes:
    """An invoice as Invoice, a credit note as CreditNote."""
    name = "CreditNote" if invoice.kind == "credit_note" else "Invoice"
    credit = name == "CreditNote"
    parts: Parts = [
        ("cbc:CustomizationID", CUSTOMIZATION),
        ("cbc:ProfileID", PROFILE),
        ("cbc:ID", invoice.number),
        ("cbc:IssueDate", day(invoice.issue_date)),
        ("cbc:DueDate", "" if credit else day(invoice.due_date)),
        ("cbc:TaxPointDate", day(invoice.tax_point_date) if credit else ""),
        (f"cbc:{name}TypeCode", invoice.type_code),
        ("cbc:Note", invoice.note),
        ("cbc:TaxPointDate", "" if credit else day(invoice.tax_point_date)),
        ("cbc:DocumentCurrencyCode", invoice.currency),
        ("cbc:TaxCurrencyCode", invoice.tax_currency or ""),
        ("cbc:BuyerReference", invoice.buyer_reference),
        ("cac:OrderReference", _order_reference(invoice)),
        (
            "cac:BillingReference",
            [
                (
                    "cac:InvoiceDocumentReference",
                    [("cbc:ID", invoice.preceding_number), ("cbc:IssueDate", day(invoice.preceding_date))],
                )
            ],
        ),
        ("cac:DespatchDocumentReference", [("cbc:ID", invoice.despatch_number)]),
        ("cac:ReceiptDocumentReference", [("cbc:ID", invoice.receipt_number)]),
        ("cac:ContractDocumentReference", [("cbc:ID", invoice.contract)]),
        ("cac:AccountingSupplierParty", [("cac:Party", write_party(invoice.seller, context.parties.ours))]),
        ("cac:AccountingCustomerParty", [("cac:Party", write_party(invoice.buyer, context.parties.theirs, 1))]),
        ("cac:PayeeParty", _payee(invoice)),
        ("cac:Delivery", _delivery(invoice)),
        ("cac:PaymentMeans", _payment(invoice, credit)),
        ("cac:PaymentTerms", [("cbc:Note", invoice.payment_terms)]),
        *write_allowances(invoice.allowances),
        ("cac:TaxTotal", _tax_total(invoice)),
        ("cac:TaxTotal", [("cbc:TaxAmount", amount(invoice.tax_total_in_tax_currency))]),
        ("cac:LegalMonetaryTotal", [(f"cbc:{element}", amount(getattr(invoice, field))) for field, element in _TOTALS.items()]),
    ]
    parts += [(f"cac:{name}Line", _write_line(line, credit)) for line in invoice.lines]
    return document(name, parts)


def _order_reference(invoice: Invoice) -> Parts:
    if not invoice.order_number and not invoice.supplier_order_number:
        return []
    return [("cbc:ID", invoice.order_number or "NA"), ("cbc:SalesOrderID", invoice.supplier_order_number)]


def _payee(invoice: Invoice) -> Parts:
    """BG-10: of the payee only identifiers, name and registration are told (EN 16931, UBL-CR-272 and following)."""
    told = {"cac:PartyIdentification", "cac:PartyName"}
    parts = [part for part in write_party(invoice.payee, None, 1) if part[0] in told]
    registration = invoice.payee.registration if invoice.payee is not None else ""
    return [*parts, ("cac:PartyLegalEntity", [("cbc:CompanyID", registration)])]


def _delivery(invoice: Invoice) -> Parts:
    return [("cbc:ActualDeliveryDate", day(invoice.delivery_date)), *_place(invoice)]


def _place(invoice: Invoice) -> Parts:
    """BG-13: the name of the place is told as the party's (BT-70), not as the location's."""
    name = invoice.ship_to.name if invoice.ship_to is not None else ""
    return [*write_delivery_place(invoice.ship_to, named=False), ("cac:DeliveryParty", [("cac:PartyName", [("cbc:Name", name)])])]


def _payment(invoice: Invoice, credit: bool) -> Parts:
    account: Parts = [
        ("cbc:ID", invoice.iban),
        ("cac:FinancialInstitutionBranch", [("cbc:ID", invoice.bic)]),
    ]
    due = day(invoice.due_date) if credit else ""
    means = invoice.payment_means or ("30" if invoice.iban else "1" if due or invoice.remittance else "")
    return [
        ("cbc:PaymentMeansCode", means),
        ("cbc:PaymentDueDate", due),
        ("cbc:PaymentID", invoice.remittance),
        ("cac:PayeeFinancialAccount", account),
    ]


def _tax_total(invoice: Invoice) -> Parts:
    if invoice.tax_total is None and not invoice.taxes:
        return []
    stated = invoice.tax_total
    total = stated if stated is not None else sum((each.tax for each in invoice.taxes[1:]), invoice.taxes[0].tax)
    subtotals: Parts = [
        (
            "cac:TaxSubtotal",
            [
                ("cbc:TaxableAmount", amount(each.taxable)),
                ("cbc:TaxAmount", amount(each.tax)),
                (
                    "cac:TaxCategory",
                    [
                        ("cbc:ID", each.category),
                        ("cbc:Percent", None if each.percent is None else plain(each.percent)),
                        ("cbc:TaxExemptionReasonCode", each.exemption_code),
                        ("cbc:TaxExemptionReason", each.exemption_reason),
                        ("cac:TaxScheme", [("cbc:ID", "VAT")]),
                    ],
                ),
            ],
        )
        for each in invoice.taxes
    ]
    return [("cbc:TaxAmount", amount(total)), *subtotals]


def _write_line(line: InvoiceLine, credit: bool) -> Parts:
    reference: Parts = []
    if line.order_line or line.order_number:
        reference = [("cbc:LineID", line.order_line or "NA"), ("cac:OrderReference", [("cbc:ID", line.order_number)])]
    despatch: Parts = []
    if line.despatch_line or line.despatch_number:
        despatch = [("cbc:LineID", line.despatch_line or "NA"), ("cac:DocumentReference", [("cbc:ID", line.despatch_number)])]
    gross: Part = ("cac:AllowanceCharge", [])
    if line.gross_price is not None:
        off = line.gross_price - line.unit_price
        gross = (
            "cac:AllowanceCharge",
            [("cbc:ChargeIndicator", "false"), ("cbc:Amount", amount(off)), ("cbc:BaseAmount", amount(line.gross_price))],
        )
    return [
        ("cbc:ID", line.number),
        ("cbc:Note", line.note),
        (
            f"cbc:{'Credited' if credit else 'Invoiced'}Quantity",
            Leaf(plain(line.quantity.value), {"unitCode": line.quantity.unit}),
        ),
        ("cbc:LineExtensionAmount", amount(line.net_amount)),
        ("cac:InvoicePeriod", [("cbc:StartDate", day(line.period_start)), ("cbc:EndDate", day(line.period_end))]),
        ("cac:OrderLineReference", reference),
        ("cac:DespatchLineReference", despatch),
        *write_allowances(line.allowances),
        ("cac:Item", write_item(line, ("cac:ClassifiedTaxCategory", tax_category(line.tax_category, line.tax_percent)))),
        ("cac:Price", write_price(line.unit_price, line.price_base, line.quantity, gross)),
    ]
