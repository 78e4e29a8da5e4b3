"""The embedded vault: documents sealed in the ledger, which every worker sees; the master key is never in it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import orjson

from crossdock.core.clock import Clock, SystemClock
from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger import vault as ledger
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.vault import Sealed, WrappedKey
from crossdock.security.vault.envelope import Sealer, new_data_key, seal, unseal
from crossdock.security.vault.errors import MasterKeyMismatch, SealBroken, StoredMeanwhile, VaultNotMade, VaultUnavailable
from crossdock.security.vault.protocol import Document

T = TypeVar("T")
NODE: Final = 1023
"""Node of the numbers given to data keys, as of everything the command line makes."""
TRIES: Final = 5
"""Writes that met a re-key are done again with the new data key, so often."""


class EmbeddedVault:
    """`masters` gives the master keys at hand, the current one first: it is asked whenever a data key is met that is not known yet, so
    that a key put beside the old one is found without a restart."""

    def __init__(self, location: LedgerLocation, masters: Callable[[], Sequence[Sealer]], clock: Clock | None = None) -> None:
        self._store = Store(location)
        self._masters = masters
        self._clock = clock or SystemClock()
        self._keys: dict[int, bytes] = {}
        self._one_at_a_time = threading.RLock()

    def __repr__(self) -> str:
        return f"EmbeddedVault({self._store.location!r})"

    def close(self) -> None:
        self._store.close()

    # --- the port -------------------------------------------------------------------------------------------

    def read(self, path: str) -> Document:
        found = self._read(lambda s: (ledger.sealed(s, path), ledger.keys(s)))
        return self._opened(found[0], found[1])

    def write(self, path: str, fields: Mapping[str, str], seen: int) -> int:
        for _ in range(TRIES):
            wrapped = self._newest()
            key = self._key(wrapped)
            sealed = Sealed(path, seen + 1, wrapped.id, seal(key, orjson.dumps(dict(fields)), _about(path, seen + 1)))

            def store(session: Session, each: Sealed = sealed) -> bool:
                ledger.lock(session)
                newest = ledger.keys(session)
                if not newest or newest[0].id != each.key:
                    return False
                before = ledger.sealed(session, path)
                if (before.version if before else 0) != seen:
                    raise StoredMeanwhile(f"vault:{path} was stored by somebody else meanwhile")
                ledger.put(session, each, micros(self._clock.now()))
                return True

            if self._write(store):
                return seen + 1
        raise VaultUnavailable("the vault is being re-keyed")

    def delete(self, path: str) -> None:
        def remove(session: Session) -> None:
            ledger.lock(session)
            ledger.remove(session, path)

        self._write(remove)

    def paths(self) -> list[str]:
        return self._read(ledger.paths)

    def check(self) -> None:
        self._key(self._newest())

    # --- making and re-keying --------------------------------------------------------------------------------

    def make(self) -> bool:
        """Make the first data key under the current master key; False when the vault was there and this key opens it.

        Raises `MasterKeyMismatch` when it was made with another one.
        """
        if self._read(ledger.keys):
            self.check()
            return False
        master = self._masters()[0]
        key, number = new_data_key(), self._number()
        wrapped = master.wrap(key, _key_about(number))

        def store(session: Session) -> bool:
            ledger.lock(session)
            if ledger.keys(session):
                return False
            ledger.add_key(session, number, master.name, wrapped, micros(self._clock.now()))
            return True

        made = self._write(store)
        if not made:
            self.check()
        return made

    def rekey(self, master: Sealer, after: Callable[[Session, int], None]) -> int:
        """Seal everything anew with a new data key that `master` wraps, in one transaction, and forget the old data keys; how many
        documents. Who holds a value goes on with it. `after` writes what is recorded with it. Raises `MasterKeyMismatch`; then nothing changed.
        """
        key, number = new_data_key(), self._number()
        wrapped = WrappedKey(number, master.name, master.wrap(key, _key_about(number)))
        if master.unwrap(wrapped.wrapped, _key_about(number)) != key:
            raise MasterKeyMismatch(f"the master key {master.name} does not open what it wrapped")
        for _ in range(TRIES):
            known = self._read(ledger.keys)
            if not known:
                raise VaultNotMade
            for each in known:  # a KMS is asked before anybody waits
                self._key(each)

            def store(session: Session, known: list[WrappedKey] = known) -> int | None:
                ledger.lock(session)
                if ledger.keys(session) != known:
                    return None
                found = ledger.all_sealed(session)
                resealed = [
                    replaced(each, wrapped.id, seal(key, self._plain(each), _about(each.path, each.version))) for each in found
                ]
                ledger.rekeyed(session, wrapped, resealed, micros(self._clock.now()))
                after(session, len(found))
                return len(found)

            done = self._write(store)
            if done is not None:
                self._keys[wrapped.id] = key
                return done
        raise VaultUnavailable("somebody else re-keys the vault at the same time")

    def sealed_by(self) -> str:
        """The name of the master key that wraps the newest data key; empty when the vault was not made."""
        found = self._read(ledger.keys)
        return found[0].master if found else ""

    # --- within ---------------------------------------------------------------------------------------------

    def _opened(self, found: Sealed | None, known: list[WrappedKey]) -> Document:
        if not known:
            raise VaultNotMade
        if found is None:
            self._key(known[0])  # a wrong master key is no empty vault
            return Document()
        for each in known:
            if each.id == found.key:
                self._key(each)
        return Document(found.version, orjson.loads(self._plain(found)))

    def _plain(self, each: Sealed) -> bytes:
        if each.key not in self._keys:
            raise SealBroken(f"the data key of vault:{each.path} is not there")
        return unseal(self._keys[each.key], each.sealed, _about(each.path, each.version))

    def _key(self, wrapped: WrappedKey) -> bytes:
        known = self._keys.get(wrapped.id)
        if known is None:
            known = self._keys[wrapped.id] = self._unwrapped(wrapped)
        return known

    def _unwrapped(self, wrapped: WrappedKey) -> bytes:
        masters = self._masters()
        refusal: MasterKeyMismatch | None = None
        for each in masters:
            if each.name == wrapped.master:
                try:
                    return each.unwrap(wrapped.wrapped, _key_about(wrapped.id))
                except MasterKeyMismatch as error:
                    refusal = error
        given = ", ".join(each.name for each in masters) or "none"
        raise refusal or MasterKeyMismatch(f"the vault is sealed with {wrapped.master}; given: {given}")

    def _newest(self) -> WrappedKey:
        found = self._read(ledger.keys)
        if not found:
            raise VaultNotMade
        return found[0]

    def _number(self) -> int:
        floor = max((each.id for each in self._read(ledger.keys)), default=0)
        return max(Numbers(self._clock, NODE, floor).next(), floor + 1) + secrets.randbelow(1024)

    def _read(self, work: Callable[[Session], T]) -> T:
        with self._one_at_a_time:
            try:
                return self._store.read.run(work)
            except LedgerUnavailable as error:
                raise VaultUnavailable(f"the vault's ledger cannot be read: {error.message}") from None

    def _write(self, work: Callable[[Session], T]) -> T:
        with self._one_at_a_time:
            try:
                return self._store.work.run(work)
            except LedgerUnavailable as error:
                raise VaultUnavailable(f"the vault's ledger cannot be written: {error.message}") from None


def replaced(each: Sealed, key: int, sealed: bytes) -> Sealed:
    """A document under another data key."""
    return each._replace(key=key, sealed=sealed)


def _about(path: str, version: int) -> bytes:
    return f"crossdock vault/1 {path} {version}".encode()


def _key_about(number: int) -> bytes:
    return f"crossdock vault/1 key {number}".encode()
