"""Takes a backup while the hub works: the ledger at one moment, then the claims it names, then the files of the vault, then the manifest."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from crossdock import __version__
from crossdock.backup import tools
from crossdock.backup.parts import absolute_references, secret_files
from crossdock.backup.repository import Repository, Stored, as_json
from crossdock.core.clock import Clock
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.copying import claims_named, contents, copy_sqlite
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.store import Store

SQLITE, DUMP, PHYSICAL = "sqlite", "pg_dump", "pg_basebackup"
LEDGER: Final = {SQLITE: "ledger.sqlite3", DUMP: "ledger.pgdump", PHYSICAL: "cluster.tar"}
"""The ledger's file in a backup, by how it was taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that is kept. `added` is how many bytes it cost, `manifest` what it holds."""

    number: str
    added: int
    manifest: Mapping[str, Any]


def take(
    repository: Repository, landscape: Landscape, location: LedgerLocation, claims: ClaimStore, clock: Clock,
    *, physical: bool = False, wal: Path | None = None,
) -> Taken:  # fmt: skip
    """Take a backup of everything and keep it. `physical` (PostgreSQL): the whole cluster, from which any later moment can be reached
    with the archive of its log in `wal`.

    Raises `LedgerUnavailable`, `ToolFailed`, `PayloadStoreUnavailable`.
    """
    with repository.alone():
        began = clock.now()
        kind = SQLITE if location.vendor == "sqlite" else PHYSICAL if physical else DUMP
        ledger, held, named = _ledger(repository, location, kind)
        kept, gone = _claims(repository, claims, named)
        # without a key whoever reads the folder would read the secrets: they are left out and named
        secrets = secret_files(landscape, location)
        vault = [as_json(repository.store_file(path, name)) for name, path in secrets.items()] if repository.encrypted else []
        left_out = [] if repository.encrypted else sorted(secrets)
        number = began.strftime("%Y%m%dT%H%M%S.%fZ")
        manifest = {
            "number": number, "taken_at": began.isoformat(), "ended_at": clock.now().isoformat(), "version": __version__,
            "landscape": landscape.name, "environment": landscape.environment.name, "bundle": landscape.bundle_id,
            "kind": kind, "ledger": as_json(ledger), "holds": held, "claims": kept, "claims_gone": gone, "vault": vault,
            "left_out": {"secrets": left_out, "machine": absolute_references(landscape)},
            "wal": str(wal.absolute()) if wal is not None else "",
        }  # fmt: skip
        repository.keep(number, manifest)
        return Taken(number, repository.added, manifest)


def files_of(manifest: Mapping[str, Any]) -> Iterator[Stored]:
    """Every file of a backup."""
    yield Stored.of(manifest["ledger"])
    for each in (*manifest["claims"].values(), *manifest["vault"]):
        yield Stored.of(each)


def taken_at(manifest: Mapping[str, Any]) -> datetime:
    """The moment from which on the backup knows nothing."""
    return datetime.fromisoformat(manifest["taken_at"])


def _ledger(repository: Repository, location: LedgerLocation, kind: str) -> tuple[Stored, dict[str, Any], list[str]]:
    """The ledger's file in the repository, what it holds, and the claims its messages name."""
    if kind == SQLITE:
        assert location.path is not None
        work = Path(tempfile.mkdtemp(prefix=".taking-", dir=repository.folder))
        try:
            copy = work / LEDGER[SQLITE]
            copy_sqlite(location.path, copy)
            held, named = _read(LedgerLocation("sqlite", copy))
            return repository.store_file(copy, LEDGER[SQLITE]), held, named
        finally:
            shutil.rmtree(work, ignore_errors=True)
    if kind == PHYSICAL:
        arguments = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--no-password"]
        with tools.reading(location, "pg_basebackup", arguments) as stream:
            stored = repository.store(stream, LEDGER[PHYSICAL])
    else:
        arguments = ["--format=custom", "--compress=0", "--no-owner", "--no-password", f"--dbname={location.name}"]
        with tools.reading(location, "pg_dump", arguments) as stream:
            stored = repository.store(stream, LEDGER[DUMP])
    # read afterwards: what the copy names is among it, but for what retention removes in this moment
    held, named = _read(location)
    return stored, held, named


def _read(location: LedgerLocation) -> tuple[dict[str, Any], list[str]]:
    store = Store(location)
    try:
        return store.read.run(lambda session: (contents(session), claims_named(session)))
    finally:
        store.close()


def _claims(repository: Repository, claims: ClaimStore, named: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The bodies kept outside the ledger, each under its claim, and the claims whose bytes are not there (any more)."""
    kept, gone = {}, []
    for claim in named:
        try:
            body = claims.get(claim)
        except KeyError:
            gone.append(claim)
        else:
            kept[claim] = as_json(repository.store(io.BytesIO(body), claim))
    return kept, gone
