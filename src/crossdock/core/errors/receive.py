"""What can be wrong at the door: the sender, the address, the signature, the body, and the backlog behind it."""

from __future__ import annotations

from crossdock.core.errors.tree import Deferred, Rejected


class UnknownSystem(Rejected):
    """No system of this name accepts messages here."""

    code = "receive.unknown_system"
    hint = "Check the URL against the systems of the landscape (`crossdock status`)."


class RegionElsewhere(Rejected):
    """Another region's hub takes this; nothing of it was read or kept here."""

    code = "receive.other_region"
    hint = "Send it to the address in `Location`, or ask the hub's operators for the address of that region's hub."


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


class AddressRefused(Rejected):
    """Requests in this system's name are not taken from this address."""

    code = "access.address"
    hint = "Send from an address on the list in the system's or partner's file (`access.addresses`), or have the list changed."


class CertificateMissing(Rejected):
    """This system is spoken for with a client certificate only, and none was shown."""

    code = "access.certificate_missing"
    hint = "Connect by TLS and show the certificate agreed with this hub's operators (mutual TLS)."


class CertificateRefused(Rejected):
    """The client certificate is sound, but it is not one that may speak for this system."""

    code = "access.certificate"
    hint = "Compare the certificate's fingerprint and subject with `access.certificates` in the system's or partner's file."


class TokenRefused(Rejected):
    """The access token is missing, over, revoked, or not for this system."""

    code = "access.token"
    hint = "Get a new one at /oauth/token with the client's credentials, and send it as `Authorization: Bearer`."


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


class RequestUnwritable(Rejected):
    """The request holds something that cannot be written down: a number beyond 64 bits, half a character, or too deep a structure."""

    code = "api.unwritable"
    hint = "Leave it out, or send it as text."


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


class MessageConflict(Rejected):
    """The same message id arrived again with different content."""

    code = "receive.conflict"
    hint = "Both versions are kept. Ask the sender which one is meant, then retry or resolve."


class Overloaded(Deferred):
    """The hub accepts nothing more until its backlog shrinks."""

    code = "receive.overloaded"
    hint = "Send again after the time in Retry-After; nothing was stored."
