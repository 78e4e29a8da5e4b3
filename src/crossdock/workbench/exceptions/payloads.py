"""What somebody may see of the payloads of an exception's transaction."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.evidence.shown import HIDDEN, LONGEST, Shown, foreign, masked_command, masked_event, pretty, steps
from crossdock.ledger.people import OpenException
from crossdock.security import access
from crossdock.security.masking import Mask, mask_for
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.exceptions.service import subject_of
from crossdock.workbench.page import Request
from crossdock.workbench.place import place

__all__ = [
    "HIDDEN",
    "LONGEST",
    "Shown",
    "foreign",
    "mask_of",
    "masked_command",
    "masked_event",
    "may_unmask",
    "pretty",
    "seen_by",
    "steps",
]


def mask_of(request: Request, each: OpenException, *, unmask: bool = False) -> Mask:
    """The mask of this person for this exception; `unmask` lifts it as far as they may."""
    classes = place().landscape.policies.data_classes
    subject = subject_of(each)
    seen = access.data_classes(request.person, Permission.PAYLOAD_SEE, subject, place().facts)
    known = frozenset(name for name, one in classes.items() if not (one.restricted or one.encrypted))
    if seen is not None:
        known &= seen
    if unmask and access.allowed(request.person, Permission.PAYLOAD_UNMASK, subject, place().facts):
        lifted = access.data_classes(request.person, Permission.PAYLOAD_UNMASK, subject, place().facts)
        known = frozenset(classes) if lifted is None else known | lifted
    return mask_for({name: one.fields for name, one in classes.items()}, known)


def may_unmask(request: Request, each: OpenException) -> bool:
    """Whether this person may lift the mask here."""
    return access.allowed(request.person, Permission.PAYLOAD_UNMASK, subject_of(each), place().facts)


def seen_by(request: Request, each: OpenException) -> Callable[[str], bool]:
    """Whether this person may see payloads of a system in the transaction of an exception: an order may cross other partners' too."""

    def sees(system: str) -> bool:
        return access.allowed(request.person, Permission.PAYLOAD_SEE, Subject.of(each.flow, system), place().facts)

    return sees
