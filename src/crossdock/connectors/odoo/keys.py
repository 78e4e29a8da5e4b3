"""New API keys from Odoo itself (19 and later: `res.users.apikeys/generate` and `/revoke`); stores none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.rotation import Renewed
from crossdock.core.errors import CallNotAllowed, CredentialRefused, PermissionRefused, TargetRefused

LONGEST: Final = timedelta(days=89)
"""Odoo lets an internal user's key live 90 days at most (`res.groups.api_key_duration`)."""
SAYS: Final = (
    "Odoo 19 renews a key by itself where `base.enable_programmatic_api_keys` is set, or for an administrator. Else: in Odoo, as the "
    "integration user, Preferences > Account Security > New API Key; store it here, then delete the old one there."
)


class ApiKeys:
    """The API keys of the users whose keys the hub has."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client

    async def renew(self, purpose: str, name: str, now: datetime, until: datetime) -> Renewed:
        """A new key of the user of the present one, good until `until` but no longer than Odoo allows."""
        await self._client.transport()
        if self._client.version is None or self._client.version.major < 19:
            raise CallNotAllowed("Odoo before 19 makes API keys on its own pages only")
        expires = min(until, now + LONGEST).replace(microsecond=0)
        made = await self._client.call_with(
            self._client.context.secret(purpose), "res.users.apikeys", "generate",
            key=self._client.context.secret(purpose), scope=None, name=name, expiration_date=f"{expires:%Y-%m-%d %H:%M:%S}",
        )  # fmt: skip
        if not isinstance(made, str) or len(made) < 20:
            raise TargetRefused("Odoo answered something that is no API key")
        return Renewed(made, expires)

    async def retire(self, purpose: str, value: str) -> None:
        """End an old key; one that is refused already has ended."""
        current = self._client.context.secret(purpose)
        try:
            await self._client.call_with(current, "res.users.apikeys", "revoke", key=value)
        except (TargetRefused, PermissionRefused, CredentialRefused):
            try:
                await self._client.call_with(value, "res.users", "context_get")
            except CredentialRefused:
                return
            raise
