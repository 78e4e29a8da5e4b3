"""Puts a backup back: claims and vault first, the ledger last, marked as older than the world outside; starts no hub."""

from __future__ import annotations

import fcntl
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crossdock.backup import tools
from crossdock.backup.errors import HubStillRuns, LedgerInTheWay, MomentNotCovered
from crossdock.backup.parts import place_of
from crossdock.backup.repository import Repository, Stored
from crossdock.backup.taking import DUMP, PHYSICAL, SQLITE, taken_at
from crossdock.core.clock import Clock
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import restoration
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.restoration import Restoration
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros, moment
from crossdock.ledger.work import highest_number

ASK_FIRST: Final = timedelta(days=14)
"""How long after a restore no effect is made without asking first whether it happened already: facts of the lost time come late, too."""
NODE: Final = 1022
"""The node number of what is written here, beside every hub."""


@dataclass(slots=True)
class Restored:
    """What was put back. `aside` is where the old ledger is now; `left` are secrets that were not in the backup."""

    number: str
    taken_at: datetime
    claims: int = 0
    vault: int = 0
    aside: str = ""
    left: list[str] = field(default_factory=list)
    doubtful: int = 0
    until: datetime | None = None


def chosen(repository: Repository, number: str = "", at: datetime | None = None, kind: str = "") -> Mapping[str, Any]:
    """The backup that is asked for: by its number, else the last one taken before `at`, else the last one; only those of a kind when given.

    Raises `BackupAbsent` or `MomentNotCovered`.
    """
    if number:
        return repository.manifest(number)
    found = [repository.manifest(each) for each in repository.numbers()]
    found = [each for each in found if (at is None or taken_at(each) <= at) and (not kind or each["kind"] == kind)]
    if not found:
        raise MomentNotCovered("there is no backup" if at is None else f"there is no backup of before {at.isoformat()}")
    return found[-1]


def restore(
    repository: Repository, manifest: Mapping[str, Any], landscape: Landscape, location: LedgerLocation, claims: ClaimStore,
    clock: Clock, author: str, *, replace: bool = False, ask_first: timedelta = ASK_FIRST,
) -> Restored:  # fmt: skip
    """Put a backup back in the place of the ledger, which must be empty or is put aside (`replace`), and begin its reconciliation.

    Raises `HubStillRuns`, `LedgerInTheWay`, `BackupDamaged` (nothing was changed then but claims added), `ToolFailed`, `MomentNotCovered`.
    """
    if manifest["kind"] == PHYSICAL:
        raise MomentNotCovered("a physical backup is laid out as a data directory: name one with --into")
    if (manifest["kind"] == SQLITE) != (location.vendor == "sqlite"):
        raise MomentNotCovered(f"the backup is of {manifest['kind']}, the ledger here is on {location.vendor}")
    found = Restored(manifest["number"], taken_at(manifest))
    found.claims = _claims(repository, manifest, claims)
    if location.vendor == "sqlite":
        _sqlite(repository, manifest, location, found, replace)
    else:
        _postgresql(repository, manifest, location, replace)
    for each in map(Stored.of, manifest["vault"]):
        place = place_of(each.name, landscape, location)
        if place is not None:
            repository.write(each, place)
            found.vault += 1
    found.left = list(manifest["left_out"]["secrets"]) + list(manifest["left_out"]["machine"])
    made = adopt(location, found.taken_at, clock, author, found.number, ask_first)
    found.doubtful, found.until = int(made.report["doubtful"]), moment(made.until)
    return found


def adopt(
    location: LedgerLocation, taken: datetime, clock: Clock, author: str, backup: str = "", ask_first: timedelta = ASK_FIRST
) -> Restoration:
    """Say of a ledger, however it was put back, that it is older than the world: nothing it knows of after `taken` can be believed.

    Raises `LedgerUnavailable`.
    """
    migrate(location)
    store = Store(location)
    try:

        def begin(session: Any) -> Restoration:
            numbers = Numbers(clock, NODE, highest_number(session))
            now = clock.now()
            return restoration.begin(session, numbers, backup, micros(taken), micros(now), micros(now + ask_first), author)

        return store.work.run(begin)
    finally:
        store.close()


def lay_out(repository: Repository, manifest: Mapping[str, Any], folder: Path, archive: Path, at: datetime | None) -> None:
    """Make a data directory of a physical backup that PostgreSQL, when it is started, brings to the moment `at` (None: the latest) from
    its archived log.

    Raises `LedgerInTheWay`, `MomentNotCovered`, `BackupDamaged`.
    """
    if manifest["kind"] != PHYSICAL:
        raise MomentNotCovered("this backup is no physical one; only those are brought to a later moment")
    if at is not None and at < datetime.fromisoformat(manifest["ended_at"]):
        raise MomentNotCovered(f"{at.isoformat()} is before the end of this backup ({manifest['ended_at']})")
    if not archive.is_dir():
        raise MomentNotCovered(f"there is no archive of the log at {archive}")
    if folder.exists() and any(folder.iterdir()):
        raise LedgerInTheWay(f"{folder} is not empty")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tarfile.open(fileobj=_Stream(repository.read(Stored.of(manifest["ledger"]))), mode="r|") as packed:  # type: ignore[call-overload]
        packed.extractall(folder, filter="tar")
    (folder / "recovery.signal").touch(mode=0o600)
    lines = [f'restore_command = \'cp "{archive.absolute()}/%f" "%p"\'', "recovery_target_action = 'promote'"]
    if at is not None:
        lines += [f"recovery_target_time = '{at.isoformat()}'", "recovery_target_inclusive = on"]
    with (folder / "postgresql.auto.conf").open("a") as settings:
        settings.write("\n".join(("", "# written by crossdock restore", *lines, "")))


def _claims(repository: Repository, manifest: Mapping[str, Any], claims: ClaimStore) -> int:
    """Bodies that are not there (any more) are put back; they are named by their content, so nothing is overwritten."""
    added = 0
    for claim, each in manifest["claims"].items():
        try:
            claims.get(claim)
        except KeyError:
            claims.put(b"".join(repository.read(Stored.of(each))), bytes.fromhex(claim.removeprefix("sha256:")))
            added += 1
    return added


def _sqlite(
    repository: Repository, manifest: Mapping[str, Any], location: LedgerLocation, found: Restored, replace: bool
) -> None:
    path = location.path
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(path.suffix + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubStillRuns(f"a hub works on {path}") from None
        if path.exists() and not replace:
            raise LedgerInTheWay(f"there is a ledger at {path}")
        fresh = path.with_name(f".{path.name}.restored")
        repository.write(Stored.of(manifest["ledger"]), fresh)
        if path.exists():
            aside = path.with_name(f"{path.name}.before-{manifest['number']}.{os.getpid()}")
            for suffix in ("", "-wal", "-shm"):
                beside = path.with_name(path.name + suffix)
                if beside.exists():
                    shutil.move(beside, aside.with_name(aside.name + suffix))
            found.aside = str(aside)
        for suffix in ("-wal", "-shm"):  # of a ledger that was lost without them: they would be played into the restored one
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh.replace(path)


def _postgresql(repository: Repository, manifest: Mapping[str, Any], location: LedgerLocation, replace: bool) -> None:
    if manifest["kind"] != DUMP:
        raise MomentNotCovered(f"a backup of kind {manifest['kind']} is not restored into a database")
    from crossdock.ledger.emptiness import in_use, is_empty

    store = Store(location)
    try:
        others, empty = store.read.run(lambda session: (in_use(session), is_empty(session)))
    finally:
        store.close()
    if others:
        raise HubStillRuns(f"{others} sessions of hubs are connected to {location.name}")
    if not empty and not replace:
        raise LedgerInTheWay(f"the database {location.name} is not empty")
    arguments = [f"--dbname={location.name}", "--no-owner", "--no-password", "--exit-on-error", "--single-transaction"]
    arguments += ["--clean", "--if-exists"] if not empty else []
    tools.feed(location, "pg_restore", arguments, repository.read(Stored.of(manifest["ledger"])))


class _Stream:
    """Pieces as a file that is read once, front to back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        found, self._left = self._left[:size], self._left[size:]
        return found
