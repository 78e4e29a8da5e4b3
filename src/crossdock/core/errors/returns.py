"""Why a return waits for a person, or its money does."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class ReturnOutsidePolicy(Rejected):
    """A return was asked for that the policy does not allow."""

    code = "return.outside_policy"
    hint = "The reason is said by line. Allow it all the same, or refuse it: the customer gets the reason."


class ReturnApprovalNeeded(Rejected):
    """The value of a return is above what the policy approves by itself."""

    code = "return.approval_needed"
    hint = "Look at order and reason, then approve or refuse. Where two people are asked for, the second must be somebody else."


class ReturnUnauthorised(Rejected):
    """Goods came back that nobody had authorised."""

    code = "return.without_authorisation"
    hint = (
        "The goods are at the warehouse. Accept them as a return, or refuse it and agree with the customer what becomes of them."
    )


class ReturnDiffers(Rejected):
    """What came back is not what was authorised, or not in its condition."""

    code = "return.differs"
    hint = "See the lines in the detail: pay for what fits only, or for all that was authorised."


class ReturnOverdue(Rejected):
    """An authorised return has not come in time."""

    code = "return.overdue"
    hint = "Ask the customer and the carrier. Wait on, or close it with what came; what did not come is not refunded."


class RefundForeign(Rejected):
    """A refund in a currency in which nothing was captured."""

    code = "refund.foreign_currency"
    hint = "Money goes back in the currency it was taken in: settle the exchange by hand and write down how."


class RefundBounced(Rejected):
    """A refund did not arrive, or arrived after it was given up."""

    code = "refund.bounced"
    hint = "The gateway's reason is in the detail. Nothing is sent again by itself: try again, or settle it by hand."
