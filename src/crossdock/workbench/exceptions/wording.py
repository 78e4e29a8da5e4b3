"""What doings, states and actions are called on pages; translatable."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

DOINGS: Final[dict[str, Any]] = {
    "retry": _("Retry"),
    "resolve": _("Resolve"),
    "decide": _("Decide"),
    "reconcile": _("Ask the target now"),
    "cancel": _("Cancel the order"),
    "assign": _("Assign or hand over"),
    "own": _("Apply the ownership rules again"),
    "snooze": _("Snooze"),
    "wake": _("Wake"),
    "note": _("Add a note"),
    "approve": _("Approve"),
    "reject": _("Reject"),
    "correct": _("Edit and replay"),
    "unpark": _("Put the system back to work"),
}
RESOLVED_AS: Final[list[tuple[str, Any]]] = [
    ("corrected", _("Corrected at the source")),
    ("done_by_hand", _("Done by hand")),
    ("duplicate", _("A duplicate")),
    ("obsolete", _("Not needed any more")),
    ("agreed_with_partner", _("Agreed with the partner")),
    ("no_action_needed", _("No action needed")),
]
_ACTIONS: Final[dict[str, Any]] = {
    "skip": _("Leave it out and go on"),
    "done": _("It was done by hand"),
    "cancel": _("Cancel the order"),
    "accept": _("Accept it as it is"),
    "acknowledge": _("I have seen it; go on"),
    "release": _("Release it now"),
    "release_again": _("Release it again"),
    "drop": _("Do not ship it"),
    "use_carrier": _("Use another carrier"),
    "too_late": _("It is too late for that"),
    "supply": _("Supply what is missing"),
    "ship_ordered": _("Ship only what was ordered"),
    "backorder": _("Ship the rest later"),
    "close_short": _("Close it short"),
    "cancel_remainder": _("Cancel the rest"),
    "ship_anyway": _("Ship it all the same"),
    "goods_returned": _("The goods are coming back"),
    "cancel_rest": _("Cancel what has not left"),
    "ignore": _("Ignore the change"),
    "apply": _("Apply the change"),
    "recall": _("Call it back from the warehouse"),
    "retry": _("Try again"),
    "insist": _("Send the order again as it is"),
    "resend": _("Send it again"),
    "tell": _("Tell the supplier all the same"),
    "refuse": _("Refuse it"),
    "expect_ordered": _("Expect only what was ordered"),
    "receive_ordered": _("Receive only what was ordered"),
    "receive_anyway": _("Receive the goods all the same"),
    "wait": _("Wait for the rest"),
    "close": _("Wait for nothing more"),
    "allow": _("Allow it"),
    "approve": _("Approve it"),
    "refund": _("Give the money back instead"),
    "transfer": _("Transfer it to the customer's account"),
    "refund_rest": _("Refund what is left"),
    "only_fitting": _("Pay only for what fits"),
    "all_authorised": _("Pay for all that was authorised"),
}


def action_label(action: str) -> str:
    """A process's action in words."""
    return str(_ACTIONS[action]) if action in _ACTIONS else _now(action.replace("_", " ").capitalize())


def said(value: Any) -> str:
    """A value for people: one line for each entry of a list, and of entries that explain themselves (`words`) just that."""
    if isinstance(value, list) and all(isinstance(one, str) or (isinstance(one, dict) and "words" in one) for one in value):
        return "\n".join(one if isinstance(one, str) else str(one["words"]) for one in value)
    return str(value)
