"""The sample corpus by document type, as the envelope reader gives it; a test without corpus is skipped with the reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from crossdock.documents.mapping import Parties, Party, ReadContext
from crossdock.documents.options import MappingOptions
from crossdock.edi.edifact.envelope import read_documents as read_edifact
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.guides.conformance import Loop
from crossdock.edi.interchange import Document
from crossdock.edi.x12.envelope import read_documents as read_x12

ROOT = Path(os.environ.get("CROSSDOCK_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
PARTIES = Parties(ours=Party("ZZ", "OURS", name="Our company"), theirs=Party("ZZ", "THEIRS", name="Their company"))


@cache
def manifest() -> list[dict[str, Any]]:
    """What the corpus says of its files; nothing when it is not there."""
    path = ROOT / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def samples(standard: str, *types: str) -> list[Path]:
    """The files of some document types, also those with a faulty envelope."""
    return [
        ROOT / each["file"]
        for each in manifest()
        if each["cat"] == standard and (not types or each["type"].split("-")[0] in types)
    ]


def documents(path: Path, standard: str) -> Iterator[Document]:
    """All documents of a file."""
    yield from (read_x12 if standard == "x12" else read_edifact)(path)


def release_of(document: Document, standard: str) -> str:
    """GS08 or the version of UNH02."""
    header = document.header
    assert header is not None
    if standard == "edifact":
        return f"{header.value(2, 2)}.{header.value(2, 3)}"
    group = document.group.header if document.group is not None else None
    return (group.value(8) if group is not None else "") or header.value(3)


def tree_of(document: Document, standard: str) -> tuple[Loop, str] | None:
    """The document as its nearest starter guide sees it, and its release."""
    release = release_of(document, standard)
    guide = find_guide(standard, document.type, release, nearest=True)
    return (parse_document(document, guide)[0], release) if guide is not None else None


def context(type: str, release: str, **options: Any) -> ReadContext:
    """What a reader is told in these tests."""
    given = {"currency": "USD", "country": "US", **options}
    return ReadContext(PARTIES, type, release, datetime(2026, 1, 5, 9, tzinfo=UTC), options=MappingOptions(**given))
