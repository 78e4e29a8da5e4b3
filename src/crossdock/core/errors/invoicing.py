"""Why an ERP does not write, post or settle a customer's paper, or take goods back."""

from __future__ import annotations

from crossdock.core.errors.deliver import TargetRefused


class PeriodClosed(TargetRefused):
    """The period of this date is closed in the books; nothing was posted."""

    code = "invoice.period_closed"
    hint = "Give the paper a date in an open period, or let accounting open the one named in the detail; then retry."


class NothingToInvoice(TargetRefused):
    """Nothing of the order is delivered and not yet invoiced, or nothing of the invoice is left to take back."""

    code = "invoice.nothing_left"
    hint = "Compare delivered and invoiced quantities of the order in the ERP: somebody may have invoiced it by hand."


class InvoiceAboveDelivery(TargetRefused):
    """More would be invoiced than was delivered and not yet invoiced."""

    code = "invoice.above_delivery"
    hint = "The quantities are in the detail: validate the delivery in the ERP first, or correct what is to be invoiced."


class CreditAboveInvoice(TargetRefused):
    """More would be credited than the invoice has left."""

    code = "credit_note.above_invoice"
    hint = "The quantities or amounts are in the detail; compare the credit notes of this invoice with the return."


class RegisteredAboveResidual(TargetRefused):
    """More would be registered as paid than the paper has open."""

    code = "payment.above_residual"
    hint = "Compare the payments of this paper in the ERP; register the rest on the paper it belongs to."


class ReturnAboveDelivery(TargetRefused):
    """More would be taken back than was delivered."""

    code = "return.above_delivery"
    hint = "Compare the returns of this order in the ERP with the warehouse's receipt; what is too much needs a person."
