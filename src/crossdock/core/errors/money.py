"""Why a payment gateway does not move money."""

from __future__ import annotations

from crossdock.core.errors.deliver import TargetRefused
from crossdock.core.errors.tree import Rejected


class PaymentUnknown(TargetRefused):
    """The gateway does not know this payment."""

    code = "payment.unknown"
    hint = "Compare the payment's reference with the gateway's pages: it may belong to another account, or to its test mode."


class PaymentStateRefused(TargetRefused):
    """The payment is not in a state in which this can be done."""

    code = "payment.wrong_state"
    hint = "It was captured, cancelled or has expired already: see the gateway's words in the detail and settle the difference by hand."


class RefundAboveCapture(TargetRefused):
    """More would be refunded than was captured and not refunded yet."""

    code = "payment.refund_above_capture"
    hint = "Compare the refunds of this payment at the gateway with the return; refund the rest by another means if it is owed."


class PaymentDisputed(TargetRefused):
    """A chargeback is open on this payment, so nothing of it is refunded."""

    code = "payment.disputed"
    hint = "The customer's bank has taken the money already: answer the dispute instead of refunding twice."


class PaymentDeclined(TargetRefused):
    """The customer's bank or the card scheme refused it."""

    code = "payment.declined"
    hint = "The bank's reason is in the detail; ask the customer for another means of payment."


class AmountInexact(TargetRefused):
    """This amount cannot be written exactly in the gateway's smallest unit of its currency."""

    code = "payment.amount_inexact"
    hint = "Round it where it was decided, by the rule of the currency named in the detail; nothing is rounded on the way."


class MoneyUnjustified(Rejected):
    """A command would move or book money without saying which event is the reason and who allowed it."""

    code = "money.unjustified"
    hint = (
        "Nothing was sent. This is a defect of the workflow, or of the request a person made: report it with the command's name."
    )


class PayoutReturned(Rejected):
    """A payout came back from the bank."""

    code = "payment.payout_returned"
    hint = "Mend the bank account at the gateway. The money is on the gateway's balance again and goes out with a later payout."
