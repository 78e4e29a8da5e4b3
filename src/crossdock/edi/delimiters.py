"""The service characters of one interchange and the cutting of bytes and text by them; knows no envelope."""

from __future__ import annotations

from dataclasses import dataclass

# Unicode noncharacters stand for released (escaped) service characters while text is being cut:
# they cannot occur in interchanged text, and one replacement keeps cutting at the speed of str.split.
_RELEASED = {
    "release": "\ufdd0",
    "segment": "\ufdd1",
    "element": "\ufdd2",
    "component": "\ufdd3",
    "repetition": "\ufdd4",
}


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The service characters as bytes. X12: ISA positions 4, 83, 105 and 106. EDIFACT: UNA (ISO 9735, 7.1).

    `segment` may be longer than one byte: partners do send a UTF-8 character as terminator.
    `repetition` and `release` are empty where the syntax in use has none.
    """

    element: bytes = b"*"
    component: bytes = b":"
    segment: bytes = b"~"
    repetition: bytes = b""
    release: bytes = b""
    decimal: bytes = b"."

    def clash(self) -> bool:
        """Whether two service characters are the same, which makes the interchange ambiguous."""
        used = [d for d in (self.element, self.component, self.segment, self.repetition, self.release) if d]
        return len(set(used)) != len(used)

    def mask(self, data: bytes) -> bytes:
        """The same bytes, same length, with released pairs blanked, so that only true delimiters remain."""
        release = self.release
        if not release or release not in data:
            return data
        blank = b"\x00\x00"
        data = data.replace(release * 2, blank)
        for char in (self.segment, self.element, self.component, self.repetition):
            if char:
                data = data.replace(release + char, blank if len(char) == 1 else b"\x00" * (1 + len(char)))
        return data

    def protect(self, text: str) -> str:
        """Text with released pairs replaced by one noncharacter each, ready for plain splitting."""
        release = self.release.decode("latin-1")
        if not release or release not in text:
            return text
        text = text.replace(release * 2, _RELEASED["release"])
        for name in ("segment", "element", "component", "repetition"):
            char: str = getattr(self, name).decode("latin-1")
            if char:
                text = text.replace(release + char, _RELEASED[name])
        # ISO 9735 5.2: a release character before any other character is dropped.
        return text.replace(release, "")

    def reveal(self, text: str) -> str:
        """The value behind protected text: the released characters themselves."""
        if not self.release or text.isascii():
            return text
        for name, stand_in in _RELEASED.items():
            if stand_in in text:
                text = text.replace(stand_in, getattr(self, name).decode("latin-1"))
        return text

    def restore(self, text: str) -> str:
        """Protected text as it stood in the file: the released pairs."""
        if not self.release or text.isascii():
            return text
        release = self.release.decode("latin-1")
        for name, stand_in in _RELEASED.items():
            if stand_in in text:
                text = text.replace(stand_in, release + getattr(self, name).decode("latin-1"))
        return text

    def escape(self, value: str) -> str:
        """The value as it must be written: released where the syntax can, unchanged where it cannot (X12)."""
        release = self.release.decode("latin-1")
        if not release:
            return value
        value = value.replace(release, release * 2)
        for char in (self.segment, self.element, self.component, self.repetition):
            if char:
                text = char.decode("latin-1")
                value = value.replace(text, release + text)
        return value

    def cut(self, data: bytes) -> list[bytes]:
        """The segments in a run of whole segments, raw, with the blanks partners put between them."""
        if self.release and self.release in data:
            pieces: list[bytes] = []
            masked, at, width = self.mask(data), 0, len(self.segment)
            while (end := masked.find(self.segment, at)) >= 0:
                pieces.append(data[at:end])
                at = end + width
            pieces.append(data[at:])
        else:
            pieces = data.split(self.segment)
        if not pieces[-1].strip(BLANKS):
            pieces.pop()
        return pieces


BLANKS = b" \t\r\n\x00\x1a\x0b\x0c"
