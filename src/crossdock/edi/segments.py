"""One segment of a message, split only when it is looked at; knows delimiters, not what the elements mean."""

from __future__ import annotations

from .delimiters import BLANKS, Delimiters


def decode(data: bytes, charset: str) -> str:
    """Text in the given charset; bytes that are not in it are read as Latin-1 so that none is lost."""
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Segment:
    """A segment as it stood in the file: raw bytes, its place, and its parts on request.

    `position` counts segments from 1 at the header of the enclosing document (or interchange);
    `byte_position` is where the tag starts in the file.
    """

    __slots__ = ("_elements", "byte_position", "charset", "delimiters", "position", "raw")

    def __init__(
        self, raw: bytes, delimiters: Delimiters, position: int = 0, byte_position: int = 0, charset: str = "utf-8"
    ) -> None:
        stripped = raw.lstrip(BLANKS)
        self.raw = stripped
        self.delimiters = delimiters
        self.position = position
        self.byte_position = byte_position + len(raw) - len(stripped)
        self.charset = charset
        self._elements: list[str] | None = None

    @property
    def elements(self) -> list[str]:
        """The elements as protected text, the tag being number 0; take values with `value`."""
        if self._elements is None:
            self._elements = row(decode(self.raw, self.charset), self.delimiters)
        return self._elements

    @property
    def encoding(self) -> str:
        """The encoding the raw bytes were read in: the charset, or Latin-1 where they are not in it."""
        try:
            self.raw.decode(self.charset)
        except UnicodeDecodeError:
            return "latin-1"
        return self.charset

    @property
    def tag(self) -> str:
        """The segment's tag, without EDIFACT's explicit nesting indicators."""
        return self.elements[0].split(self.delimiters.component.decode("latin-1"), 1)[0]

    def element(self, number: int) -> str:
        """Element `number` whole (components and repetitions unsplit, still protected), or an empty string."""
        elements = self.elements
        return elements[number] if 0 <= number < len(elements) else ""

    def value(self, number: int, component: int = 1, repetition: int = 1) -> str:
        """The value at element, component and repetition (all from 1), or an empty string where there is none."""
        element = self.element(number)
        if not element:
            return ""
        delimiters = self.delimiters
        if delimiters.repetition:
            repetitions = element.split(delimiters.repetition.decode("latin-1"))
            if repetition > len(repetitions):
                return ""
            element = repetitions[repetition - 1]
        elif repetition > 1:
            return ""
        components = element.split(delimiters.component.decode("latin-1"))
        return delimiters.reveal(components[component - 1]) if component <= len(components) else ""

    def locate(self, element: int, component: int = 0) -> int:
        """The byte position in the file of an element or component; of the segment's end when it is absent."""
        if element <= 0:
            return self.byte_position
        at = _skip(self.delimiters.mask(self.raw), self.delimiters.element, element)
        if at < 0:
            return self.byte_position + len(self.raw)
        if component > 1:
            rest = self.delimiters.mask(self.raw)[at:].split(self.delimiters.element, 1)[0]
            inner = _skip(rest, self.delimiters.component, component - 1)
            at += inner if inner >= 0 else len(rest)
        return self.byte_position + at

    def __repr__(self) -> str:
        return f"Segment({self.tag!r}, position={self.position}, byte_position={self.byte_position})"


def row(text: str, delimiters: Delimiters) -> list[str]:
    """One segment's text as its elements, released characters protected."""
    return delimiters.protect(text).rstrip("\r\n").split(delimiters.element.decode("latin-1"))


def _skip(data: bytes, delimiter: bytes, times: int) -> int:
    at = 0
    for _ in range(times):
        at = data.find(delimiter, at)
        if at < 0:
            return -1
        at += 1
    return at
