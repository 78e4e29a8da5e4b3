"""What comparing with another system can end in: an effect nobody can vouch for, or a snapshot nobody should trust."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected, Uncertain


class EffectUnknown(Uncertain):
    """The target could not say whether the effect happened."""

    code = "reconcile.unknown"
    hint = "Check the target by hand, then resolve as `happened` or `did not happen`."


class SnapshotIncomplete(Rejected):
    """One side of an inventory comparison is empty or was cut short; nothing was changed."""

    code = "snapshot.incomplete"
    hint = "Compare the line counts in the detail with both systems; run it again when the export is whole."


class SnapshotImplausible(Rejected):
    """More of the inventory differs than the guard allows; nothing was changed."""

    code = "snapshot.implausible"
    hint = "Look at the sample in the detail. If the difference is real, raise the guard of this flow for one run."


class RunInterrupted(Rejected):
    """Runs of a batch flow did not survive, several times in a row."""

    code = "run.interrupted"
    hint = "Look at the hub's log for why it ended; `crossdock run` starts another run, else the schedule does."
