"""How an attempt in another system can end otherwise than accepted."""

from __future__ import annotations

from crossdock.core.errors.tree import Deferred, Misconfigured, Rejected, Uncertain


class TargetRefused(Rejected):
    """The target system refused the request for a business reason."""

    code = "deliver.refused"
    hint = "The target's own words are in the detail; correct the data there or here, then retry."


class ReceiptMismatch(Rejected):
    """The partner's receipt vouches for something else than was sent."""

    code = "deliver.receipt_mismatch"
    hint = "Ask the partner what arrived under this Message-ID; something on the way changed it, or the partner's software counts differently."


class ContractBroken(Rejected):
    """The target answered in a way its contract does not allow."""

    code = "deliver.contract_broken"
    hint = "The target was upgraded or configured differently; compare its version with the connector's README."


class ContentWithheld(Rejected):
    """What must be sent cannot be sent without fields the receiver is not entitled to."""

    code = "deliver.content_withheld"
    hint = "Let the receiver's entry name the data class in `may_see` (system, partner and tier), or take the fields out of the class in `policies.yaml`."


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
