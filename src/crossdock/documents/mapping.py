"""The seam of all document mappings: who the parties are, what a reader and a writer are given and give back, and where they are found.

Knows no document. `find_reader` and `find_writer` load the room of a standard (`documents/x12`, `edifact`, `ubl`, `tables`) when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol, TypeVar

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Reference
from crossdock.core.errors import DocumentUnknown
from crossdock.documents.options import MappingOptions

F = TypeVar("F")
Standard = Literal["x12", "edifact", "ubl", "tables"]
Purpose = Literal["original", "change", "replace", "cancel", "duplicate"]
"""What a document does to an earlier one of the same number: nothing, alters, supersedes, cancels it, or is the same sent again."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the relation as the wire names it: qualifier and identifier of the envelope, GLN, and name for documents.

    `codes` are what a party is called in documents where that differs from the envelope (`vendor`: the number the buyer gave us).
    """

    qualifier: str
    id: str
    gln: str = ""
    name: str = ""
    vat: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parties:
    """Both sides of a relation as the hub's company sees it, and whether it is a test relation. `company` is ours in the ERP."""

    ours: Party
    theirs: Party
    test: bool = False
    company: str = ""


class Codes(Protocol):
    """Code translations; `connectors.protocol.ValueMaps` is one."""

    def translate(self, name: str, value: str, /) -> str:
        """The canonical value of a partner's code. Raises `ValueMapMissing`."""
        ...

    def reverse(self, name: str, value: str, /) -> str:
        """The partner's code for a canonical value. Raises `ValueMapMissing`."""
        ...


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a reader is told besides the document.

    `type` and `release` are the document's (`850` and `004010`, `ORDERS` and `D.96A`), `control` identifies it on the wire
    (interchange/group/document control numbers), `moment` is when the envelope says it was prepared, or when it was received.
    """

    parties: Parties
    type: str
    release: str
    moment: datetime
    control: str = ""
    options: MappingOptions = field(default_factory=MappingOptions)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One canonical event that a document becomes.

    `number` is the document's own number, `purpose` and `version` (the sender's change number, 0 when it has none) say how it stands to
    earlier documents of that number. `occurred_at` is the document's date where it has one. `references` lead to the transaction.
    """

    type: str
    data: Canonical
    references: tuple[Reference, ...] = ()
    number: str = ""
    purpose: Purpose = "original"
    version: int = 0
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What a writer is told besides the object. `number` is the document's number where the object has none of its own (855, 997)."""

    parties: Parties
    release: str
    moment: datetime = field(default_factory=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    number: str = ""
    purpose: Purpose = "original"
    version: int = 0
    options: MappingOptions = field(default_factory=MappingOptions)
    extra: Mapping[str, Any] = field(default_factory=dict)


Reader = Callable[[Any, ReadContext, Codes], Sequence[Mapped]]
"""`(document, context, codes)` -> events. The document is a `Loop` (X12, EDIFACT) or bytes (UBL, tables).

Raises `ValueMapMissing` (all missing entries in its detail) and `SchemaInvalid` (all wrong and missing facts, each with its place).
"""
Writer = Callable[[Any, WriteContext, Codes], Any]
"""`(canonical object, context, codes)` -> the segments between header and trailer (X12, EDIFACT) or the document's bytes (UBL, tables). Raises `ValueMapMissing` and `SchemaInvalid` like a reader."""

Key = tuple[str, str, str]
"""Standard, document type, release prefix (`*` for any): `("x12", "850", "*")`."""
READERS: Final[dict[Key, Reader]] = {}
WRITERS: Final[dict[Key, Writer]] = {}


def reads(standard: Standard, *types: str, release: str = "*") -> Callable[[Reader], Reader]:
    """Register a function as the reader of document types."""

    def register(reader: Reader) -> Reader:
        READERS.update({(standard, each, release): reader for each in types})
        return reader

    return register


def writes(standard: Standard, *types: str, release: str = "*") -> Callable[[Writer], Writer]:
    """Register a function as the writer of document types."""

    def register(writer: Writer) -> Writer:
        WRITERS.update({(standard, each, release): writer for each in types})
        return writer

    return register


def find_reader(standard: str, type: str, release: str = "") -> Reader:
    """The reader of a document type, the one registered for the longest prefix of the release. Raises `DocumentUnknown`."""
    return _find(READERS, standard, type, release, "read")


def find_writer(standard: str, type: str, release: str = "") -> Writer:
    """The writer of a document type, the one registered for the longest prefix of the release. Raises `DocumentUnknown`."""
    return _find(WRITERS, standard, type, release, "written")


def _find(table: Mapping[Key, F], standard: str, type: str, release: str, verb: str) -> F:
    _load(standard)
    for length in range(len(release), 0, -1):
        found = table.get((standard, type, release[:length]))
        if found is not None:
            return found
    found = table.get((standard, type, "*"))
    if found is None:
        known = ", ".join(sorted({each for room, each, _ in table if room == standard})) or "none"
        raise DocumentUnknown(
            f"{standard} document {type or 'without a type'} cannot be {verb}; known are {known}", standard=standard, type=type
        )
    return found


@cache
def _load(standard: str) -> None:
    """Import the room of a standard, whose modules register themselves."""
    room = f"{__package__}.{standard}"
    if standard.isidentifier() and find_spec(room) is not None:
        import_module(room)
