"""Exports one after the other: each goes on where the one before ended and names it, so that a missing one is seen."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from crossdock.evidence.audit_file import FORMAT, After, Counted, Origin, write
from crossdock.evidence.errors import ExportUnreadable
from crossdock.evidence.storage import Folder, WriteOnce, draft, export_name, finished
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.store import Store


def after(place: WriteOnce) -> After:
    """Where the next export goes on. Raises `ExportUnreadable` when the last one there cannot be read."""
    names = place.names()
    if not names:
        return After()
    data = place.read(names[-1])
    try:
        head = json.loads(data.partition(b"\n")[0])
        if head["format"] != FORMAT:
            raise ValueError("another format")
        heads = {int(partition): (int(seq), bytes.fromhex(digest)) for partition, (seq, digest) in head["heads"].items()}
        return After(hashlib.sha256(data).hexdigest(), int(head["number"]), {p: each for p, each in heads.items() if each[0]})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportUnreadable(f"{names[-1]}: {type(error).__name__}") from None


def export(
    store: Store, place: WriteOnce, private: str, origin: Origin, claims: ClaimStore | None, *, payloads: bool = False
) -> tuple[str, Counted]:
    """Export what came since the last export there; where it is, and what is in it.

    Raises `ChainBroken`, `ExportExists`, `ExportUnreadable`, `StoreAway`, `StoreUnusable` or `SigningKeyUnusable`; nothing is kept then.
    """
    before = after(place)
    with tempfile.TemporaryDirectory(prefix="crossdock-audit-") as scratch:
        # beside its place, so that it can be linked into it whole
        folder = place.path if isinstance(place, Folder) else Path(scratch)
        return _export(store, place, folder, private, origin, before, claims, payloads)


def _export(
    store: Store,
    place: WriteOnce,
    folder: Path,
    private: str,
    origin: Origin,
    before: After,
    claims: ClaimStore | None,
    payloads: bool,
) -> tuple[str, Counted]:
    with draft(folder) as (file, stream):
        counted = store.read.run(lambda session: write(session, stream.write, private, origin, before, claims, payloads=payloads))
        finished(stream)
        return place.put(export_name(before.number + 1), file), counted
