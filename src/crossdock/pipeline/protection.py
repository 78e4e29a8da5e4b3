"""The payload keys of a landscape, for processes that are no hub: pages and commands; knows no table."""

from __future__ import annotations

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.pipeline.location import ledger_location
from crossdock.security.encryption import PayloadCipher, begin, keys


def secrets_of(landscape: Landscape) -> SecretReferences:
    """Secrets by reference, as the hub of this landscape resolves them."""
    vault = landscape.environment.vault
    found = vault_of(vault, landscape.home, ledger_location(landscape))
    return SecretReferences(landscape.home / vault.secrets, vault=found)


def keys_of(landscape: Landscape) -> list[PayloadCipher]:
    """The keys to read with. Raises `SecretMissing`, `EncryptionKeyUnfit`."""
    return keys(landscape, lambda reference: secrets_of(landscape).get(reference))


def protect_as(landscape: Landscape) -> None:
    """Let this process store and read payloads as the hub does. Raises `SecretMissing`, `EncryptionKeyUnfit`."""
    begin(landscape, lambda reference: secrets_of(landscape).get(reference))
