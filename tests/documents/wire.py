"""Carries what a writer gives over a real interchange, checks it against our guide and reads it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from crossdock.canonical.base import Canonical
from crossdock.documents.mapping import Mapped, Parties, Party, ReadContext, WriteContext, find_reader, find_writer
from crossdock.documents.options import MappingOptions
from crossdock.edi.edifact.envelope import read_documents as read_edifact
from crossdock.edi.edifact.writer import UnbHeader
from crossdock.edi.edifact.writer import write as write_edifact
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.guides.conformance import Loop
from crossdock.edi.interchange import Document
from crossdock.edi.writer import OutDocument, Row
from crossdock.edi.x12.envelope import read_documents as read_x12
from crossdock.edi.x12.writer import IsaHeader, OutGroup
from crossdock.edi.x12.writer import write as write_x12
from crossdock.testing.contexts import DictValueMaps

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
PARTIES = Parties(ours=Party("ZZ", "OURS", name="Our company"), theirs=Party("ZZ", "THEIRS", name="Their company"))
CODES = DictValueMaps()


def rows_of(
    standard: str, type: str, release: str, made: Canonical, options: MappingOptions | None = None, **extra: Any
) -> Sequence[Row]:
    """The segments a writer makes of an object."""
    context = WriteContext(PARTIES, release, NOW, options=options or MappingOptions(), **extra)
    return find_writer(standard, type, release)(made, context, CODES)


def interchange(standard: str, type: str, release: str, rows: Sequence[Row], group: str = "PO") -> bytes:
    """One document in an interchange."""
    if standard == "x12":
        header = IsaHeader("ZZ", "SENDER", "ZZ", "RECEIVER", 1, NOW, version="00401" if release < "005" else "00501")
        return write_x12(
            header, [OutGroup(group, "SENDER", "RECEIVER", 1, [OutDocument(type, rows, "0001")], release)], line_ending=b"\n"
        )
    version, _, part = release.partition(".")
    return write_edifact(
        UnbHeader("4000001000005", "4000002000004", "1", NOW, syntax="UNOY", syntax_version="4"),
        [OutDocument(type, rows, "1", (version, part, "UN", "EAN008" if part == "96A" else "EAN010"))],
        line_ending=b"\n",
    )


def document_of(standard: str, data: bytes) -> Document:
    """The one document in an interchange; its envelope is without findings."""
    (document,) = (read_x12 if standard == "x12" else read_edifact)([data])
    assert not document.findings
    return document


def tree_of(standard: str, release: str, document: Document) -> Loop:
    """The document as our guide sees it, without findings: what we write keeps to our own guides."""
    guide = find_guide(standard, document.type, release)
    assert guide is not None
    tree, findings = parse_document(document, guide)
    assert not findings, "\n".join(f"{f.place} {f.message} ({f.value})" for f in findings)
    return tree


def over_the_wire(
    standard: str, type: str, release: str, made: Canonical, options: MappingOptions | None = None, **extra: Any
) -> Loop:
    """The tree of an object that was written, sent and received."""
    data = interchange(standard, type, release, rows_of(standard, type, release, made, options, **extra))
    return tree_of(standard, release, document_of(standard, data))


def read(standard: str, type: str, release: str, tree: Loop, options: MappingOptions | None = None) -> Sequence[Mapped]:
    """What the reader makes of a tree."""
    context = ReadContext(PARTIES, type, release, NOW, control="1/1/0001", options=options or MappingOptions())
    return find_reader(standard, type, release)(tree, context, CODES)
