"""Verifies backups: every piece, every hash, and, thoroughly, the ledger in it with its audit chain; changes nothing."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crossdock.backup import tools
from crossdock.backup.errors import BackupDamaged
from crossdock.backup.repository import Repository, Stored
from crossdock.backup.taking import DUMP, LEDGER, SQLITE, files_of
from crossdock.core.errors import CrossdockError
from crossdock.ledger.audit import verify as verify_chain
from crossdock.ledger.copying import sound_sqlite
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.store import Store


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read, and what it found wrong; nothing wrong: the backup is good."""

    number: str
    files: int
    bytes: int
    links: int
    problems: tuple[str, ...]


def verify(repository: Repository, number: str, *, thorough: bool = True) -> Verified:
    """Read everything of a backup. `thorough`: also rebuild the ledger elsewhere, check it, and follow its audit chain.

    Raises `BackupAbsent`, and `BackupDamaged` for a manifest that cannot be believed.
    """
    manifest = repository.manifest(number)
    problems, files, size = [], 0, 0
    for stored in files_of(manifest):
        try:
            for piece in repository.read(stored):
                size += len(piece)
        except BackupDamaged as error:
            problems.append(error.message)
        files += 1
    for claim, each in manifest["claims"].items():
        if claim != f"sha256:{each['sha256']}":
            problems.append(f"{claim} is not the body of its name")
    links = 0
    if thorough and not problems:
        links, found = _ledger(
            repository, manifest["kind"], Stored.of(manifest["ledger"]), _Claims(repository, manifest["claims"])
        )
        problems += found
    return Verified(number, files, size, links, tuple(problems))


def _ledger(repository: Repository, kind: str, stored: Stored, claims: ClaimStore) -> tuple[int, list[str]]:
    work = Path(tempfile.mkdtemp(prefix=".verifying-", dir=repository.folder))
    try:
        copy = work / LEDGER[kind]
        if kind == DUMP:
            try:
                tools.feed(LedgerLocation("postgresql", None), "pg_restore", ["--list"], repository.read(stored))
            except CrossdockError as error:
                return 0, [error.message]
            return 0, []
        if kind != SQLITE:
            return 0, []
        repository.write(stored, copy)
        problems = sound_sqlite(copy)
        if problems:
            return 0, problems
        store = Store(LedgerLocation("sqlite", copy))
        try:
            chain = store.read.run(lambda session: verify_chain(session, claims))
        finally:
            store.close()
        return chain.links, [f"partition {each.partition}, link {each.seq}: {each.problem}" for each in chain.breaks]
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Claims:
    """The claims of a backup, as the ledger reads them."""

    def __init__(self, repository: Repository, kept: dict[str, dict[str, object]]) -> None:
        self._repository = repository
        self._kept = kept

    def put(self, body: bytes, digest: bytes) -> str:
        return f"sha256:{(digest or hashlib.sha256(body).digest()).hex()}"

    def get(self, claim: str) -> bytes:
        if claim not in self._kept:
            raise KeyError(claim)
        return b"".join(self._repository.read(Stored.of(self._kept[claim])))

    def drop(self, _claim: str) -> bool:
        return False
