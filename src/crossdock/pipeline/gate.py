"""Lets requests in a system's name in or not, before a byte of their body is read: address, client certificate, access token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from crossdock.core.errors import TokenRefused
from crossdock.pipeline.answers import Scope
from crossdock.security.admission import Rule, Shown, certificate
from crossdock.security.peer import Network, seen

INSIDE: Final = "crossdock.inside"
"""Key of the scope of a request the hub makes itself; no server that speaks to the network sets it."""
CERTIFICATE: Final = "crossdock.certificate"
"""Key of the scope under which our own TLS server says which certificate (DER) it verified."""

Recognised = Callable[[str, str], Awaitable[str]]
"""From an access token and a system to the client it was given to. Raises `TokenRefused`, `Deferred`."""


class Gate:
    """What is asked of who sends, by system. `proxies` are believed about who asks."""

    def __init__(
        self, rules: Mapping[str, Sequence[Rule]], proxies: Sequence[Network] = (), recognise: Recognised | None = None
    ) -> None:
        self._rules = rules
        self._proxies = proxies
        self._recognise = recognise

    async def admit(self, system: str, scope: Scope, headers: Mapping[str, str]) -> str:
        """The client whose token was shown, empty where none is asked. Raises `AddressRefused`, `CertificateMissing`,
        `CertificateRefused`, `TokenRefused`, and `Deferred` while a token cannot be looked up."""
        rules = self._rules.get(system)
        if rules is None or scope.get(INSIDE):
            return ""
        address, shown = seen(scope, self._proxies)[0], _shown(scope)
        for rule in rules:
            refused = rule.refusal(address, shown)
            if refused is not None:
                raise refused
        if not any(rule.token for rule in rules):
            return ""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token or self._recognise is None:
            raise TokenRefused("an access token of this hub is asked")
        return await self._recognise(token.strip(), system)


def _shown(scope: Mapping[str, Any]) -> Shown | None:
    der = scope.get(CERTIFICATE)
    return certificate(der) if der else None
