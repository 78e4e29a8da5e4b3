"""What a workflow cannot go on with by itself, and what did not happen in time."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class ProcessFailed(Rejected):
    """The workflow failed on this fact."""

    code = "process.failed"
    hint = "This is a defect of the workflow: report it with the transaction's key; retry once it is mended."


class HubDefect(Rejected):
    """The hub itself failed on this subject."""

    code = "hub.defect"
    hint = "This is a defect of the hub: report it with the log lines of that time. Everything else goes on; retry once it is mended."


class TransactionClosed(Rejected):
    """Something arrived for a transaction that is over and whose data retention has removed."""

    code = "process.closed"
    hint = "Settle it with the sender; when goods or money are still owed, enter it as a new transaction."


class DecisionNeeded(Rejected):
    """The process needs a person to decide how to go on."""

    code = "process.decision_needed"
    hint = "Read what happened in the transaction and choose one of the offered actions."


class CustomsIncomplete(Rejected):
    """A shipment crosses a customs border and facts for its declaration are missing."""

    code = "process.customs_incomplete"
    hint = "The missing fields are named in the detail; complete them at the product's owner, or supply them here."


class NotStoppable(Rejected):
    """A change or cancellation came too late to be carried out."""

    code = "process.too_late"
    hint = "The goods are on their way; agree with the customer on a return, then acknowledge."


class NotFinalized(Rejected):
    """The system that has to close an event has not done so in time."""

    code = "expect.not_finalized"
    hint = "Look at the transaction: what the finalizer was sent and answered. `ownership.yaml` says who finalizes, and within which time."


class ExpectationBreached(Rejected):
    """Something that was expected has not happened in time."""

    code = "expect.breached"
    hint = "Look at the transaction: who should have acted, and whether their system is reachable. It resolves itself when it happens."
