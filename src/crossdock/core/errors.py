"""The one tree of errors: four families that say what may happen next, each class with a stable code and a hint for a person.

The docstring of a class is the message its user reads. An accepted attempt is a value (`core.outcomes.Accepted`), not an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, ClassVar


class CrossdockError(Exception):
    """Something went wrong in the hub."""

    code: ClassVar[str] = "crossdock"
    hint: ClassVar[str] = "See the log entry with the same correlation id."
    family: ClassVar[str] = ""

    def __init__(self, message: str = "", **detail: Any) -> None:
        self.message = message or self.summary()
        self.detail: Mapping[str, Any] = detail
        super().__init__(self.message)

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring: the general message of this error."""
        return cleandoc(cls.__doc__ or cls.code).splitlines()[0]

    def as_dict(self) -> dict[str, Any]:
        """The error as it is stored and shown: code, family, message, hint and detail."""
        return {
            "code": self.code,
            "family": self.family,
            "message": self.message,
            "hint": self.hint,
            "detail": dict(self.detail),
        }


class Rejected(CrossdockError):
    """It can never succeed as it is; a person has to look at it."""

    code = "rejected"
    family = "rejected"
    hint = "Correct the data or the landscape, then retry from the exceptions list."


class Deferred(CrossdockError):
    """It may succeed later; the hub retries within the retry budget.

    `retry_after` is the number of seconds the other side asked to wait, when it did.
    """

    code = "deferred"
    family = "deferred"
    hint = "Nothing to do yet: the hub retries and tells a person when the budget ends."

    def __init__(self, message: str = "", *, retry_after: float | None = None, **detail: Any) -> None:
        super().__init__(message, **detail)
        self.retry_after = retry_after


class Uncertain(CrossdockError):
    """The effect may have happened; the hub asks the target before anything else."""

    code = "uncertain"
    family = "uncertain"
    hint = "Do not repeat it by hand. The hub reconciles with the target; when that fails, check the target and resolve."


class Misconfigured(CrossdockError):
    """The system cannot be used as it is configured; its channel is parked until the owner mends it."""

    code = "misconfigured"
    family = "misconfigured"
    hint = "Mend the credential, endpoint or permission of this system; the parked messages go on by themselves."


# --- receive -----------------------------------------------------------------------------------------------


class UnknownSystem(Rejected):
    """No system of this name accepts messages here."""

    code = "receive.unknown_system"
    hint = "Check the URL against the systems of the landscape (`crossdock status`)."


class UnknownFlow(Rejected):
    """No flow of this name answers questions here."""

    code = "ask.unknown_flow"
    hint = "Check the URL against the flows of pattern `direct` in the landscape."


class AnswerTimedOut(Rejected):
    """The system that should answer did not answer in time, and the flow has no fallback."""

    code = "ask.timed_out"
    hint = "Ask again later, or give the flow a fallback the business can live with."


class Unauthenticated(Rejected):
    """The message carries no credential this channel accepts."""

    code = "receive.unauthenticated"
    hint = "Send the credential named in the system's file; see the system's page for how."


class SignatureInvalid(Rejected):
    """The signature does not match the body."""

    code = "receive.signature_invalid"
    hint = "Compare the webhook secret on both sides; a proxy must not change the body."


class SignatureExpired(Rejected):
    """The signature is right but its timestamp is too far from this hub's clock."""

    code = "receive.signature_expired"
    hint = "Check the clocks of both sides, or whether an old message is being replayed."


class NothingHere(Rejected):
    """There is nothing at this address."""

    code = "receive.not_found"
    hint = "Messages go to /in/SYSTEM/CHANNEL, questions to /ask/FLOW/SYSTEM."


class MethodRefused(Rejected):
    """Messages and questions are sent with POST."""

    code = "receive.method"
    hint = "Send it with POST."


class MetricsRefused(Rejected):
    """The metrics token is missing or wrong."""

    code = "metrics.unauthenticated"
    hint = "Send `Authorization: Bearer` with the value of CROSSDOCK_METRICS_TOKEN; without one only programs on the hub's machine get metrics."


class BodyRefused(Rejected):
    """The body of the request cannot be taken."""

    code = "receive.body"
    hint = "Send the message again."
    read: bytes = b""
    """What was read of the body, to be kept with the refusal."""


class BodyIncomplete(BodyRefused):
    """The connection ended before the whole body was there."""

    code = "receive.incomplete"
    hint = "Nothing was stored. Send the message again."


class BodyTooSlow(BodyRefused):
    """The body did not arrive in time."""

    code = "receive.too_slow"
    hint = "Nothing was stored. Send the message again, faster or in smaller parts."


class BodyEncoded(BodyRefused):
    """The body is compressed; this hub takes bodies as they are."""

    code = "receive.encoded"
    hint = "Send it without Content-Encoding."


class PayloadTooLarge(BodyRefused):
    """The body is larger than this channel accepts."""

    code = "receive.too_large"
    hint = "Split the message, or raise `max_body` in the system's limits."


class PayloadMalformed(Rejected):
    """The body cannot be read in the format it claims."""

    code = "normalize.malformed"
    hint = "The bytes are kept; open them in the exception and ask the sender to mend the format."


class PayloadLost(Rejected):
    """The message's body is not where it was put, or was altered there."""

    code = "ledger.payload_lost"
    hint = "Restore the payload folder or bucket from its backup, then retry; else ask the sender to send it again."


class MessageConflict(Rejected):
    """The same message id arrived again with different content."""

    code = "receive.conflict"
    hint = "Both versions are kept. Ask the sender which one is meant, then retry or resolve."


class Overloaded(Deferred):
    """The hub accepts nothing more until its backlog shrinks."""

    code = "receive.overloaded"
    hint = "Send again after the time in Retry-After; nothing was stored."


# --- normalize, validate ------------------------------------------------------------------------------------


class DocumentUnknown(Rejected):
    """No mapping knows this kind of document."""

    code = "normalize.unknown_document"
    hint = "Switch the topic off at the sender or add a mapping for it."


class MappingFailed(Rejected):
    """The mapping of this system failed on this document."""

    code = "normalize.mapping_failed"
    hint = "This is a defect of the connector: report it with the message's number; retry once it is mended."


class ValueMapMissing(Rejected):
    """A code of the partner has no entry in the value map."""

    code = "normalize.value_map_missing"
    hint = "Add the entry named in the detail to the value map, then retry the group."


class SchemaInvalid(Rejected):
    """The document does not fit the canonical schema."""

    code = "validate.schema"
    hint = "Every wrong field is listed in the detail; correct them at the source or edit and replay."


class RuleViolated(Rejected):
    """A business rule of the landscape refuses this document."""

    code = "validate.rule"
    hint = "The rule and its reason are in the detail; correct the data or change the rule by review."


class UnknownSku(Rejected):
    """A product in this document is not known to the system that owns products."""

    code = "validate.unknown_sku"
    hint = "Create the product in its owner system or map the SKU, then retry."


class ReferenceUnknown(Rejected):
    """This event speaks of a transaction the hub has never seen."""

    code = "sequence.reference_unknown"
    hint = "Check the reference with the sender; when the missing document arrives, retry."


# --- authorize, sequence ------------------------------------------------------------------------------------


class NotResponsible(Rejected):
    """This system may not send this kind of event."""

    code = "authorize.not_responsible"
    hint = "Compare `ownership.yaml`: who originates, enriches, validates and finalizes the event."


class FieldNotOwned(Rejected):
    """This system wrote a field that another system owns."""

    code = "authorize.field_not_owned"
    hint = "The field and its owner are in the detail; change it at the owner, or change ownership by review."


class ContentConflict(Rejected):
    """The same version of a document arrived with different content."""

    code = "sequence.content_conflict"
    hint = "Compare both versions in the exception; ask the sender which is right."


class PredecessorMissing(Rejected):
    """An earlier event of this stream did not arrive in time."""

    code = "sequence.gap"
    hint = "Ask the sender for the missing number, or release the held event by hand."


# --- decide ---------------------------------------------------------------------------------------------------


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


class ExpectationBreached(Rejected):
    """Something that was expected has not happened in time."""

    code = "expect.breached"
    hint = "Look at the transaction: who should have acted, and whether their system is reachable. It resolves itself when it happens."


# --- deliver, reconcile ---------------------------------------------------------------------------------------


class TargetRefused(Rejected):
    """The target system refused the request for a business reason."""

    code = "deliver.refused"
    hint = "The target's own words are in the detail; correct the data there or here, then retry."


class ContractBroken(Rejected):
    """The target answered in a way its contract does not allow."""

    code = "deliver.contract_broken"
    hint = "The target was upgraded or configured differently; compare its version with the connector's README."


class TargetUnavailable(Deferred):
    """The target system cannot be reached or is out of service."""

    code = "deliver.unavailable"


class Throttled(Deferred):
    """The target system asks to send more slowly."""

    code = "deliver.throttled"


class Contended(Deferred):
    """The target lost a race between two writers and did nothing."""

    code = "deliver.contended"


class AnswerPending(Deferred):
    """The target took the request and has not answered it yet; the hub looks again without repeating it."""

    code = "deliver.pending"


class BudgetExhausted(Rejected):
    """The retry budget ended before the target accepted it."""

    code = "deliver.budget_exhausted"
    hint = "Look at the last answer of the target, then retry; the deadline of the business is in the detail."


class AnswerLost(Uncertain):
    """The request was sent but no answer came back."""

    code = "deliver.answer_lost"


class EffectUnknown(Uncertain):
    """The target could not say whether the effect happened."""

    code = "reconcile.unknown"
    hint = "Check the target by hand, then resolve as `happened` or `did not happen`."


class CredentialRefused(Misconfigured):
    """The target refuses the credential."""

    code = "deliver.credential_refused"
    hint = "Rotate or re-enter the credential of this system; parked messages go on by themselves."


class PermissionRefused(Misconfigured):
    """The credential is valid but may not do this."""

    code = "deliver.permission_refused"
    hint = "Give the integration user the permission named in the detail."


class PeerNotTrusted(Misconfigured):
    """The server at this address shows another identity than the one agreed; nothing was sent to it."""

    code = "deliver.peer_not_trusted"
    hint = (
        "Ask the partner whether the server's key was changed, by another way than the network; then enter the new key by review."
    )


class EndpointGone(Misconfigured):
    """The target's endpoint does not exist."""

    code = "deliver.endpoint_gone"
    hint = "Check the endpoint in the environment's bindings."


class CallNotAllowed(Misconfigured):
    """The landscape does not allow this credential to make this call."""

    code = "deliver.call_not_allowed"
    hint = "Extend the allow-list of the system by review if the call is meant."


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


# --- landscape, ledger, engine ----------------------------------------------------------------------------------


class LandscapeInvalid(Misconfigured):
    """The landscape cannot be used as it is."""

    code = "landscape.invalid"
    hint = "Run `crossdock check` and mend what it lists."


class LandscapeAbsent(LandscapeInvalid):
    """There is no landscape in this folder."""

    code = "landscape.absent"
    hint = "Go to the landscape's folder or name it; `crossdock init NAME` makes a new one."


class SecretMissing(Misconfigured):
    """A credential the landscape refers to is not in the vault."""

    code = "vault.secret_missing"
    hint = "Provide what the reference names: the environment variable, or the file in the folder of secrets (see the system's `credentials`)."


class CredentialExpiring(Rejected):
    """A credential is about to expire."""

    code = "vault.credential_expiring"
    hint = "Make a new credential at the system and store it under the same reference before that day."


class LedgerUnavailable(Deferred):
    """The ledger's database cannot be used at the moment."""

    code = "ledger.unavailable"
    hint = "Check the database server and the free disk space; the hub goes on by itself."


class PayloadStoreUnavailable(LedgerUnavailable):
    """The store of large bodies cannot be used at the moment."""

    code = "ledger.payloads_unavailable"
    hint = "Check CROSSDOCK_PAYLOADS, its credentials and the store; what waits goes on by itself, nothing is lost."


class LedgerDamaged(LedgerUnavailable):
    """The ledger's file is damaged."""

    code = "ledger.damaged"
    hint = "Stop the hub, keep the file for whoever finds out why, check the disk, and restore the last backup."


class PartitionsChanged(Misconfigured):
    """The landscape has another number of partitions than the ledger was made with."""

    code = "ledger.partitions_changed"
    hint = "Set `partitions` in crossdock.yaml back: with another number, what is open would be lost from sight and order would break."


class Fenced(CrossdockError):
    """Another worker owns this partition now; what this worker did was not recorded."""

    code = "engine.fenced"
    family = "deferred"
    hint = "Nothing to do: the new owner goes on."


class AuditBroken(CrossdockError):
    """The audit chain does not match the records."""

    code = "audit.broken"
    family = "rejected"
    hint = "Keep the ledger as it is and call the security reviewer; the first broken link is in the detail."


def all_errors(root: type[CrossdockError] = CrossdockError) -> Iterator[type[CrossdockError]]:
    """Every class of the tree, parents first; used by the reference page and its test."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
