"""Lists credentials and stores new ones, in the vault or the folder of secrets; reads no value."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from crossdock.landscape.secrets import vault_of, writable
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import moment
from crossdock.security.vault.catalogue import of_reference
from crossdock.security.vault.keeping import Keeper
from crossdock.security.vault.listing import listed
from crossdock.security.vault.reader import Reader
from crossdock.workbench.credentials.shapes import CredentialOut
from crossdock.workbench.place import NODES, place


@cache
def _store() -> Store:
    return Store(place().start.location)


def keeper() -> Keeper:
    """What stores credentials here. Raises what is wrong with the vault."""
    here = place()
    described, home = here.landscape.environment.vault, here.landscape.home
    reader = vault_of(described, home, here.start.location)
    vault = reader.vault if isinstance(reader, Reader) else None
    return Keeper(_store(), Numbers(here.clock, NODES.stop), vault, home / described.secrets)


def storable(reference: str) -> bool:
    """Whether a credential can be stored from here: in the vault, or as a file in the folder of secrets."""
    vault = place().landscape.environment.vault
    return writable(reference) or (reference.startswith("vault:") and vault.kind != "none")


def overview() -> list[CredentialOut]:
    """Every credential the landscape names. Raises `LedgerUnavailable`."""
    here, now = place(), datetime.now(UTC)
    found = here.read(lambda session: listed(session, here.landscape, now))
    return [
        CredentialOut(
            reference=each.reference, whose=each.whose, system=each.system, purpose=each.purpose, owner=each.owner, age_days=each.age_days,
            next=each.next, expires=each.expires, last_used=moment(each.last_used) if each.last_used is not None else None, by=each.by,
            says=each.says, state=each.state, note=each.note, public=each.public, stored_by=each.stored_by,
            writable=storable(each.reference),
        )
        for each in found
    ]  # fmt: skip


def systems_of(reference: str) -> list[str]:
    """The systems that use a reference: whoever renews it must be allowed for all of them."""
    return sorted({each.system for each in of_reference(place().landscape, reference)})
