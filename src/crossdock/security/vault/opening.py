"""Opens the vault an environment names (entry points of the group `crossdock.vaults`); one reader a process and vault."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.core.errors import SecretMissing
from crossdock.landscape.secrets import SecretReferences
from crossdock.ledger.database import LedgerLocation
from crossdock.security.vault.envelope import CommandMaster, Sealer, read_master
from crossdock.security.vault.errors import MasterKeyInvalid, VaultInvalid
from crossdock.security.vault.reader import Reader

if TYPE_CHECKING:
    from crossdock.landscape.models import Vault

_open: dict[tuple[object, ...], Reader] = {}
_opening = threading.Lock()


def embedded(described: Vault, root: Path, ledger: object) -> Reader:
    """The vault in the hub's own ledger. Raises `VaultInvalid` without a ledger."""
    from crossdock.security.vault.embedded import EmbeddedVault

    if not isinstance(ledger, LedgerLocation):
        raise VaultInvalid("the embedded vault is in the ledger, and this command has none")
    return _once(
        ("embedded", ledger, described, root), lambda: Reader(EmbeddedVault(ledger, masters(described, root)), _limit(described))
    )


def hashicorp(described: Vault, root: Path, ledger: object) -> Reader:
    """HashiCorp Vault or OpenBao. Raises `VaultInvalid`."""
    from crossdock.security.vault.hashicorp import HashicorpVault

    if not described.token and not (described.role_id and described.secret_id):
        raise VaultInvalid("the vault needs a `token`, or `role_id` and `secret_id`, by reference")

    def made() -> Reader:
        authority = str(root / described.authority) if described.authority else ""
        vault = HashicorpVault(described.url, login(described, root), described.mount, described.namespace, authority)
        return Reader(vault, _limit(described))

    return _once(("hashicorp", described, root), made)


def masters(described: Vault, root: Path) -> Callable[[], Sequence[Sealer]]:
    """Gives the master keys at hand whenever it is asked: the current one, then the one that is to follow it.

    Raises `SecretMissing` for a current key that is not there, `MasterKeyInvalid`.
    """

    def given() -> Sequence[Sealer]:
        found = [master_of(described.master_key, root)]
        if described.master_key_next:
            with suppress(SecretMissing):  # until it is there, nothing is sealed with it
                found.append(master_of(described.master_key_next, root))
        return found

    return given


def master_of(reference: str, root: Path) -> Sealer:
    """The master key of a reference: `env:NAME`, `file:path` (read anew each time) or `command:words`. Raises `SecretMissing`."""
    scheme, _, rest = reference.partition(":")
    if scheme == "command":
        return CommandMaster(rest)
    if scheme == "vault":
        raise MasterKeyInvalid("the master key of a vault is not in a vault")
    return read_master(SecretReferences(root).get(reference))


def login(described: Vault, root: Path) -> Callable[[], tuple[str, ...]]:
    """Gives a token, or role and secret id, read anew each time."""

    def given() -> tuple[str, ...]:
        references = SecretReferences(root)
        if described.token:
            return (references.get(described.token),)
        return (references.get(described.role_id or ""), references.get(described.secret_id or ""))

    return given


def _limit(described: Vault) -> float:
    return described.cache.total_seconds()


def _once(key: tuple[object, ...], make: Callable[[], Reader]) -> Reader:
    with _opening:
        mine = (os.getpid(), *map(repr, key))
        found = _open.get(mine)
        if found is None:
            found = _open[mine] = make()
        return found


def close_all() -> None:
    """Close every vault of this process; the next use opens it anew."""
    with _opening:
        for each in _open.values():
            each.close()
        _open.clear()
