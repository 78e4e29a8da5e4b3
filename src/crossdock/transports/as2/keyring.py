"""The keys of a partnership from the vault, parsed once, in the order in which they count at a moment; knows no message."""

from __future__ import annotations

from datetime import datetime

from crossdock.core.errors import Misconfigured
from crossdock.edi.as2.keys import Certificate, Identity, Keyring, KeyUnreadable, read_certificates, read_identity
from crossdock.transports.as2.options import As2Options
from crossdock.transports.protocol import TransportContext

KEY, KEY_NEXT = "key", "key_next"
THEIRS, THEIRS_NEXT = "partner_certificate", "partner_certificate_next"


class Keys:
    """Reads the credentials at every use, so that a rotated secret takes effect at once, and parses each text only once."""

    def __init__(self, context: TransportContext, options: As2Options) -> None:
        self._context = context
        self._options = options
        self._identities: dict[str, tuple[str, Identity]] = {}
        self._certificates: dict[str, tuple[str, list[Certificate]]] = {}

    def at(self, now: datetime) -> Keyring:
        """The keyring at a moment. Raises `SecretMissing`, `Misconfigured`."""
        ours = [self._identity(each) for each in (KEY, KEY_NEXT) if each in self._context.credentials]
        theirs = [self._partner(each) for each in (THEIRS, THEIRS_NEXT) if each in self._context.credentials]
        if len(ours) > 1 and self._options.switched(self._options.switch_at, now):
            ours.reverse()
        if len(theirs) > 1 and self._options.switched(self._options.partner_switch_at, now):
            theirs.reverse()
        return Keyring(ours, [certificate for each in theirs for certificate in each])

    def expires(self, now: datetime) -> datetime | None:
        """When the first certificate expires for which no successor will have taken over by then."""
        ring = self.at(now)
        ours = [each.certificate for each in ring.ours]
        found = []
        for inuse, switch in (
            (ours, self._options.switch_at),
            (list(ring.theirs), self._options.partner_switch_at),
        ):
            if not inuse:
                continue
            first = inuse[0]
            planned = len(inuse) > 1 and switch is not None and now < switch <= first.expires
            found.append(inuse[-1].expires if planned else first.expires)
        return min(found, default=None)

    def _identity(self, purpose: str) -> Identity:
        text = self._context.secret(purpose)
        known = self._identities.get(purpose)
        if known is None or known[0] != text:
            try:
                known = self._identities[purpose] = (text, read_identity(text))
            except KeyUnreadable as error:
                raise Misconfigured(f"the credential {purpose!r} of {self._context.name}: {error}") from None
        return known[1]

    def _partner(self, purpose: str) -> list[Certificate]:
        text = self._context.secret(purpose)
        known = self._certificates.get(purpose)
        if known is None or known[0] != text:
            try:
                known = self._certificates[purpose] = (text, read_certificates(text))
            except KeyUnreadable as error:
                raise Misconfigured(f"the credential {purpose!r} of {self._context.name}: {error}") from None
        return known[1]
