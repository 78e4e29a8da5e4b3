"""Cuts an interchange into one message per document, each a small interchange of its own that can be read, corrected and replayed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.connectors.edi.head import digest
from crossdock.connectors.edi.identity import document_identity
from crossdock.connectors.edi.reading import Judged, JudgedDocument
from crossdock.connectors.edi.words import printable
from crossdock.connectors.protocol import Inbound
from crossdock.edi.interchange import Group, Interchange
from crossdock.edi.segments import Segment

DOCUMENT = "document"
"""Topic of a document's message."""
CARRIED = "carried"
"""Header: findings of the whole interchange that weigh on this document, by code."""
_OF_THE_WHOLE = frozenset({"duplicate-document"})


def parts(judged: Judged, uid: str, source: bytes) -> Iterator[Inbound]:
    """A message for every document that may take effect or has to be looked at by itself; none of a refused group or interchange."""
    interchange = judged.interchange
    for group in judged.groups:
        opening, closing = _frame(interchange, group.group)
        for place, each in enumerate(group.documents, start=1):
            if not each.spared:
                continue
            body = opening + _bytes(each, source) + closing
            identity = document_identity(judged, each, place)
            header = each.document.header
            headers = {
                "part-of": uid,
                "standard": judged.standard,
                "identity": identity,
                "type": printable(each.document.type),
                "shift": str((header.byte_position if header is not None else 0) - len(opening)),
            }
            carried = [finding.code for finding in each.findings if finding.code in _OF_THE_WHOLE]
            if carried:
                headers[CARRIED] = ",".join(carried)
            content = "application/EDI-X12" if judged.standard == "x12" else "application/EDIFACT"
            # the digest lets a corrected interchange carry a changed document under the same numbers
            yield Inbound(DOCUMENT, f"{identity}#{digest(body)}", body, content, headers)


def _frame(interchange: Interchange, group: Group) -> tuple[bytes, bytes]:
    """What stands before and after a document in an interchange of its own."""
    ending = interchange.line_ending
    advice = interchange.advice + ending if interchange.advice else b""
    mark, term = interchange.delimiters.element, interchange.delimiters.segment + ending
    header = interchange.header
    assert header is not None
    opening, closing = [advice, header.raw, term], []
    edifact = header.tag == "UNB"
    if group.header is not None:
        opening += [group.header.raw, term]
        reference = group.header.element(5 if edifact else 6)
        closing += [mark.join((b"UNE" if edifact else b"GE", b"1", _text(reference, group.header))), term]
    reference = header.element(5 if edifact else 13)
    count = b"1"
    closing += [mark.join((b"UNZ" if edifact else b"IEA", count, _text(reference, header))), term]
    return b"".join(opening), b"".join(closing)


def _text(protected: str, segment: Segment) -> bytes:
    return segment.delimiters.restore(protected).encode(segment.encoding, "replace")


def _bytes(each: JudgedDocument, source: bytes) -> bytes:
    """The document as it stood in `source`; put together from its segments where positions are not those of the file (UTF-16)."""
    document = each.document
    term = document.delimiters.segment
    header, trailer = document.header, document.trailer
    if header is not None and trailer is not None:
        start, end = header.byte_position, trailer.byte_position + len(trailer.raw) + len(term)
        if source.startswith(header.raw, start) and source.startswith(trailer.raw, trailer.byte_position):
            return source[start:end]
    out = [header.raw, term] if header is not None else []
    for run in document.runs:
        out += [run.data, term] if run.single else [run.data]
    if trailer is not None:
        out += [trailer.raw, term]
    return b"".join(out)
