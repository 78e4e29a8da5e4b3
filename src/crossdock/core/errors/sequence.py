"""What can be wrong with an event among the events of its key: unknown, contradictory, or with a gap before it."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class ReferenceUnknown(Rejected):
    """This event speaks of a transaction the hub has never seen."""

    code = "sequence.reference_unknown"
    hint = "Check the reference with the sender; when the missing document arrives, retry."


class ContentConflict(Rejected):
    """The same version of a document arrived with different content."""

    code = "sequence.content_conflict"
    hint = "Compare both versions in the exception; ask the sender which is right."


class PredecessorMissing(Rejected):
    """An earlier event of this stream did not arrive in time."""

    code = "sequence.gap"
    hint = "Ask the sender for the missing number, or release the held event by hand."
