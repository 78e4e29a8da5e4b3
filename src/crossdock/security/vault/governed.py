"""Credentials under the ledger's eye: a revoked one is refused on every worker within seconds, and each use is counted; shows no value."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Final

from crossdock.core.clock import Clock
from crossdock.core.errors import SecretMissing, SecretNotWritable
from crossdock.landscape.secrets import SecretReferences
from crossdock.ledger import vault as ledger
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros
from crossdock.ledger.vault import HOUR, Use
from crossdock.security.vault.errors import CredentialRevoked, VaultUnavailable
from crossdock.security.vault.reader import Reader

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at what was revoked or stored anew."""
BLIND: Final = 4.0
"""Seconds without such a look after which no credential is given out: it could have been revoked."""
FLUSH_EVERY: Final = 10.0


class GovernedSecrets:
    """What connectors get (`connectors.protocol.Secrets`): references resolved, unless revoked; `look` must be called every second."""

    def __init__(
        self, references: SecretReferences, reader: Reader | None, clock: Clock, now: Callable[[], float] = monotonic
    ) -> None:
        self._references = references
        self._reader = reader
        self._clock = clock
        self._now = now
        self._revoked: Mapping[str, str] = {}
        self._epoch = -1
        self._looked: float | None = None
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._uses: dict[str, Use] = {}
        self._flushed = now()
        self._fresh = False
        self._lock = threading.Lock()
        self.keeping: Callable[[str, str], None] | None = None
        """Stores a renewed value under a reference; given by who may write."""

    def __repr__(self) -> str:
        return f"GovernedSecrets({self._references!r})"

    def get(self, reference: str) -> str:
        """The secret. Raises `CredentialRevoked`, `SecretMissing`, `VaultUnavailable`, never with a value."""
        why = self._revoked.get(_whole(reference))
        if why is not None:
            raise CredentialRevoked(f"{reference} was revoked: {why}", reference=reference)
        if self._looked is not None and self._now() - self._looked > BLIND:
            raise VaultUnavailable("whether a credential was revoked cannot be seen: the ledger does not answer")
        value = self._references.get(reference)
        self._count(_whole(reference))
        return value

    def second(self, reference: str) -> str | None:
        """The reference of the value that counts beside the current one while a credential of the vault is being changed; None mostly."""
        scheme, _, rest = reference.partition(":")
        if scheme != "vault" or self._reader is None or reference in self._revoked:
            return None
        return self._reader.second(rest)

    def store(self, reference: str, value: str) -> None:
        """Store a value its system renewed, in the place of the old one; ends nothing that was revoked. Blocks: call it in a thread.

        Raises `SecretNotWritable` and what the vault raises."""
        if self.keeping is None:
            raise SecretNotWritable("nothing can be stored here", reference=reference)
        why = self._revoked.get(_whole(reference))
        if why is not None:
            raise CredentialRevoked(f"{reference} was revoked: {why}", reference=reference)
        self.keeping(reference, value)

    # --- the ledger's eye -----------------------------------------------------------------------------------

    def see(self, session: Session) -> None:
        """Look at what was revoked or changed since the last look."""
        found = ledger.epoch(session)
        if found != self._epoch:
            self._revoked = ledger.revoked(session)
            changed, self._epoch = self._epoch >= 0, found
            if changed and self._reader is not None:
                self._reader.forget()
        self._looked = self._now()

    def counted(self) -> list[Use]:
        """Uses not yet kept, when it is time to keep them."""
        if not self._fresh or self._now() - self._flushed < FLUSH_EVERY:
            return []
        self._flushed = self._now()
        return self.uses()

    def uses(self) -> list[Use]:
        """What was used; hours that are over are told once."""
        with self._lock:
            self._fresh = False
            hour = micros(self._clock.now()) // HOUR
            found = list(self._uses.values())
            self._uses = {name: each for name, each in self._uses.items() if each.hour == hour}
            return found

    def _count(self, reference: str) -> None:
        at = micros(self._clock.now())
        hour = at // HOUR
        with self._lock:
            self._fresh = True
            known = self._uses.get(reference)
            if known is None or known.hour != hour:
                if known is not None:
                    self._uses[f"{reference} {known.hour}"] = known
                self._uses[reference] = Use(reference, hour, self._process, 1, at, at)
            else:
                self._uses[reference] = known._replace(uses=known.uses + 1, last_at=at)

    def prefetch(self, references: Iterable[str]) -> None:
        """Read what the vault has of these, before an event loop needs it; a vault that is away is met at the first use."""
        if self._reader is None:
            return
        for reference in references:
            scheme, _, rest = reference.partition(":")
            if scheme == "vault":
                try:
                    self._reader(rest)
                except (SecretMissing, VaultUnavailable):
                    continue


def _whole(reference: str) -> str:
    """The reference of a credential, of whichever of its two values."""
    return reference.partition("~")[0].removesuffix("#value") if reference.startswith("vault:") else reference
