"""Which landscape bundles ran on this ledger, with their files; knows nothing of what they mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import orjson

from crossdock.ledger.payloads import pack
from crossdock.ledger.people import record
from crossdock.ledger.session import Session

LOADED: Final = "hub:bundle:loaded"
"""The record of the chain that carries the digest of a bundle's files."""


class BundleLike(Protocol):
    """What is remembered of a landscape."""

    @property
    def bundle_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def files(self) -> Mapping[tuple[str, str], str]: ...


def remember_bundle(session: Session, landscape: BundleLike, at: int, number: Callable[[], int]) -> None:
    """Keep the bundle's files under its id, and have the chain say what they were; the same bundle again changes nothing."""
    if session.rows("SELECT 1 FROM ledger_bundle WHERE id=?", (landscape.bundle_id,)):
        return
    content = orjson.dumps(sorted([*key, text] for key, text in landscape.files.items()))
    detail = {"bundle": landscape.bundle_id, "name": landscape.name, "sha256": hashlib.sha256(content).hexdigest()}
    record(session, number(), LOADED, "hub", detail, at)
    session.upsert(
        "ledger_bundle",
        ("id", "name", "loaded_at", "content"),
        [(landscape.bundle_id, landscape.name, at, pack(content, open_to_all=True))],
        ("id",),
        (),
    )
