"""What can be wrong with a statement of a bank, a transfer by it, and a journal for a finance system."""

from __future__ import annotations

from crossdock.core.errors.deliver import TargetRefused
from crossdock.core.errors.tree import Rejected


class StatementRefused(Rejected):
    """This statement cannot be taken as it is; nothing of it was booked."""

    code = "bank.statement_refused"
    hint = "Each fault is in the detail with its place: ask the bank for a right statement of the same days."


class StatusUnclear(Rejected):
    """The bank reports on a transfer without saying how much it is about."""

    code = "bank.status_unclear"
    hint = (
        "Look the transfer up by the id in the detail and settle it by hand: the bank refused the whole file and named no amount."
    )


class PaymentUnclear(Rejected):
    """It is not certain what this payment on a statement pays; nothing was registered."""

    code = "bank.payment_unclear"
    hint = "The candidates are in the detail with their reasons: correct the message so that `pays` lists the right ones, then retry; or settle it in the ERP and resolve this."


class TransferImpossible(Rejected):
    """This cannot be a SEPA credit transfer."""

    code = "bank.transfer_impossible"
    hint = "Pay it by another means, or correct what the detail names. Nothing was sent."


class JournalUnbalanced(Rejected):
    """The debits and credits of this journal differ."""

    code = "journal.unbalanced"
    hint = "Nothing was posted. Correct the accounts or amounts of the journal, then retry."


class JournalRefused(TargetRefused):
    """The finance system refused the journal."""

    code = "journal.refused"
    hint = "Its words are in the detail: an account, a tax code or a party it does not know is added there, then retry."


class JournalPeriodClosed(TargetRefused):
    """The period of this journal is closed in the finance system."""

    code = "journal.period_closed"
    hint = "Open the period there, or let accounting post it in the next one; nothing was posted."
