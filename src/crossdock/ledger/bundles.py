"""Which landscape bundles ran on this ledger, with their files; knows nothing of what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import orjson

from crossdock.ledger.payloads import pack
from crossdock.ledger.session import Session


class BundleLike(Protocol):
    """What is remembered of a landscape."""

    @property
    def bundle_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def files(self) -> Mapping[tuple[str, str], str]: ...


def remember_bundle(session: Session, landscape: BundleLike, at: int) -> None:
    """Keep the bundle's files under its id; the same bundle again changes nothing."""
    content = orjson.dumps(sorted([*key, text] for key, text in landscape.files.items()))
    session.upsert(
        "ledger_bundle",
        ("id", "name", "loaded_at", "content"),
        [(landscape.bundle_id, landscape.name, at, pack(content))],
        ("id",),
        (),
    )
