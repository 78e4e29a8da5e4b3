"""Writes segments and interchanges; knows delimiters and escaping, not what the elements mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .delimiters import Delimiters
from .interchange import Document, Interchange
from .segments import Segment

# A value, or the components of a composite. None and "" leave the element empty.
Value = str | None | Sequence[str | None]
# One segment: its tag and its elements.
Row = Sequence[Value]


class UnwritableValue(ValueError):
    """A value holds a service character that the syntax cannot escape, or does not fit a fixed-width field."""


@dataclass(frozen=True, slots=True)
class OutDocument:
    """A document to be written: its type, the segments between header and trailer, and its control reference.

    `qualifiers` go into the header after the type: ST03, or the version parts of UNH02.
    """

    type: str
    rows: Sequence[Row]
    reference: str
    qualifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentWriter:
    """Turns rows into bytes with one set of delimiters."""

    delimiters: Delimiters
    charset: str = "utf-8"
    line_ending: bytes = b""
    _forbidden: tuple[str, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        if not self.delimiters.release:
            marks = (self.delimiters.element, self.delimiters.segment, self.delimiters.repetition)
            object.__setattr__(self, "_forbidden", tuple(m.decode("latin-1") for m in marks if m))

    def row(self, row: Row) -> bytes:
        """One segment with its terminator; empty elements at the end are left out.

        Raises `UnwritableValue` when a value holds a delimiter and the syntax has no release character, or a
        character the charset does not have.
        """
        element = self.delimiters.element.decode("latin-1")
        parts = [self._value(value, str(row[0]), number) for number, value in enumerate(row)]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        try:
            return element.join(parts).encode(self.charset) + self.delimiters.segment + self.line_ending
        except UnicodeEncodeError as error:
            raise UnwritableValue(
                f"{row[0]}: {error.object[error.start]!r} is not in the character set {self.charset}"
            ) from error

    def _value(self, value: Value, tag: str, number: int) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return self._text(value, tag, number, composite=False)
        component = self.delimiters.component.decode("latin-1")
        parts = [self._text(part or "", tag, number, composite=True) for part in value]
        while parts and not parts[-1]:
            parts.pop()
        return component.join(parts)

    def _text(self, text: str, tag: str, number: int, *, composite: bool) -> str:
        if self.delimiters.release:
            return self.delimiters.escape(text)
        for mark in self._forbidden:
            if mark in text:
                raise UnwritableValue(f"{tag}{number:02d} holds {mark!r}, which is a delimiter of this interchange")
        if composite and self.delimiters.component.decode("latin-1") in text:
            raise UnwritableValue(f"{tag}{number:02d} holds the component separator")
        return text


def rewrite(interchange: Interchange) -> bytes:
    """An interchange as it was read, from its elements: same delimiters, same escapes, same line ends."""
    out = [interchange.advice + interchange.line_ending] if interchange.advice else []
    for segment in _all_segments(interchange):
        element = segment.delimiters.element.decode("latin-1")
        text = element.join(segment.delimiters.restore(part) for part in segment.elements)
        out.append(text.encode(segment.encoding) + interchange.delimiters.segment + interchange.line_ending)
    return b"".join(out)


def _all_segments(interchange: Interchange) -> Iterator[Segment]:
    """Every segment in the order of the file; segments outside documents fall into their place by position."""
    placed = [segment for segment in (interchange.header, interchange.trailer) if segment is not None]
    placed += interchange.loose
    for group in interchange.groups:
        placed += [segment for segment in (group.header, group.trailer) if segment is not None]
    placed.sort(key=lambda segment: segment.byte_position)
    documents: list[Document] = list(interchange.documents())
    at = 0
    for document in documents:
        first = document.header.byte_position if document.header is not None else document.runs[0].offset
        while at < len(placed) and placed[at].byte_position < first:
            yield placed[at]
            at += 1
        yield from document.segments()
    yield from placed[at:]
