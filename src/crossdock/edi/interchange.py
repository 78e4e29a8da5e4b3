"""The shape both standards share: interchange, group, document, and the runs of segments in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .delimiters import BLANKS, Delimiters
from .findings import Finding
from .segments import Segment, decode

INTERCHANGE, GROUP, DOCUMENT = 0, 1, 2


@dataclass(slots=True)
class Run:
    """Whole segments of one document in one piece: raw bytes, place in the file, position of the first.

    `single` marks one segment without its terminator, whose data may contain delimiters (X12 BIN and BDS).
    """

    data: bytes
    offset: int
    position: int
    single: bool = False


@dataclass(slots=True)
class Opened:
    """An interchange, group or document begins; `segment` is None where its header is missing.

    `advice` is EDIFACT's UNA as it stood there, `line_ending` what the sender puts after each terminator.
    """

    level: int
    segment: Segment | None
    delimiters: Delimiters
    charset: str = "utf-8"
    advice: bytes = b""
    line_ending: bytes = b""


@dataclass(slots=True)
class Closed:
    """An interchange, group or document ends; `segment` is None where its trailer is missing.

    `count` is what was found where the trailer counts: groups, documents or segments.
    """

    level: int
    segment: Segment | None
    count: int


@dataclass(slots=True)
class Loose:
    """A segment outside any document, such as TA1."""

    segment: Segment


Event = Opened | Closed | Run | Loose | Finding


@dataclass(slots=True)
class Document:
    """One transaction set or message: header, trailer, the segments between them, and what was found wrong."""

    header: Segment | None
    delimiters: Delimiters
    charset: str = "utf-8"
    trailer: Segment | None = None
    count: int = 0
    runs: list[Run] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    group: Group | None = None

    @property
    def type(self) -> str:
        """The document type as the header names it: ST01 (`850`) or the first part of UNH02 (`ORDERS`)."""
        if self.header is None:
            return ""
        return self.header.value(1) if self.header.tag == "ST" else self.header.value(2)

    @property
    def reference(self) -> str:
        """The document's control number or reference: ST02 or UNH01."""
        if self.header is None:
            return ""
        return self.header.value(2) if self.header.tag == "ST" else self.header.value(1)

    def rows(self) -> Iterator[list[str]]:
        """The body's segments as lists of elements, tag first, protected text. The fast way through a document."""
        for run in self.runs:
            yield from rows(run, self.delimiters, self.charset)

    def segments(self) -> Iterator[Segment]:
        """Header, body and trailer as `Segment`s that know their place in the file."""
        if self.header is not None:
            yield self.header
        for run in self.runs:
            yield from segments(run, self.delimiters, self.charset)
        if self.trailer is not None:
            yield self.trailer


@dataclass(slots=True)
class Group:
    """A functional group; the header is None for EDIFACT messages that came without one."""

    header: Segment | None
    trailer: Segment | None = None
    count: int = 0
    documents: list[Document] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    interchange: Interchange | None = None


@dataclass(slots=True)
class Interchange:
    """One interchange; the header is None for a fragment that came without ISA or UNB."""

    header: Segment | None
    delimiters: Delimiters
    charset: str = "utf-8"
    trailer: Segment | None = None
    count: int = 0
    groups: list[Group] = field(default_factory=list)
    loose: list[Segment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    advice: bytes = b""
    line_ending: bytes = b""

    def documents(self) -> Iterator[Document]:
        """All documents in all groups."""
        for group in self.groups:
            yield from group.documents

    def all_findings(self) -> list[Finding]:
        """Findings of the interchange, its groups and its documents."""
        found = list(self.findings)
        for group in self.groups:
            found += group.findings
            for document in group.documents:
                found += document.findings
        return found


def rows(run: Run, delimiters: Delimiters, charset: str = "utf-8") -> list[list[str]]:
    """A run's segments as lists of elements; one decoding and one split for the whole run."""
    if run.single:
        return [Segment(run.data, delimiters, charset=charset).elements]
    text = delimiters.protect(decode(run.data, charset)).strip(_BLANKS)
    element = delimiters.element.decode("latin-1")
    terminator = decode(delimiters.segment, charset)
    text = text.removesuffix(terminator)
    if not text:
        return []
    # Partners end segments in one way throughout a file: find it, and one split does for all of them.
    marks = text.count(terminator)
    for ending in (terminator + "\n", terminator + "\r\n"):
        if text.count(ending) == marks and not any(ending + blank in text for blank in (" ", "\t", "\n", "\r")):
            return [piece.split(element) for piece in text.split(ending)]
    if not any(terminator + blank in text for blank in (" ", "\n", "\r", "\t", terminator)):
        return [piece.split(element) for piece in text.split(terminator)]
    return [piece.split(element) for raw in text.split(terminator) if (piece := raw.strip(_BLANKS))]


def segments(run: Run, delimiters: Delimiters, charset: str = "utf-8") -> Iterator[Segment]:
    """A run's segments with their places."""
    if run.single:
        yield Segment(run.data, delimiters, run.position, run.offset, charset)
        return
    at, position, width = run.offset, run.position, len(delimiters.segment)
    for raw in delimiters.cut(run.data):
        if raw.strip(BLANKS):
            yield Segment(raw, delimiters, position, at, charset)
            position += 1
        at += len(raw) + width


def assemble(events: Iterable[Event]) -> Iterator[Interchange]:
    """Interchanges in full, each yielded when it ends. For streams of large interchanges use `documents`."""
    interchange: Interchange | None = None
    for thing in _grow(events):
        if isinstance(thing, Interchange):
            if interchange is not None and interchange is not thing:
                yield interchange
            interchange = thing
        elif isinstance(thing, Group):
            if interchange is not None:
                interchange.groups.append(thing)
        elif thing.group is not None:
            thing.group.documents.append(thing)
    if interchange is not None:
        yield interchange


def documents(events: Iterable[Event]) -> Iterator[Document]:
    """Documents one at a time, with their group and interchange headers, in the memory of the largest."""
    open_document: Document | None = None
    for thing in _grow(events):
        if isinstance(thing, Document):
            if open_document is not None:
                yield open_document
            open_document = thing
    if open_document is not None:
        yield open_document


def _grow(events: Iterable[Event]) -> Iterator[Interchange | Group | Document]:
    """Turn events into objects, each given out when it opens and completed while the next are read."""
    interchange: Interchange | None = None
    group: Group | None = None
    document: Document | None = None
    early: list[Finding] = []
    for event in events:
        if isinstance(event, Run):
            if document is not None:
                document.runs.append(event)
        elif isinstance(event, Opened):
            if event.level == INTERCHANGE:
                group = document = None
                interchange = Interchange(
                    event.segment,
                    event.delimiters,
                    event.charset,
                    findings=early,
                    advice=event.advice,
                    line_ending=event.line_ending,
                )
                early = []
                yield interchange
            elif event.level == GROUP:
                document = None
                group = Group(event.segment, interchange=interchange)
                yield group
            else:
                document = Document(event.segment, event.delimiters, event.charset, group=group)
                yield document
        elif isinstance(event, Closed):
            if event.level == DOCUMENT and document is not None:
                document.trailer, document.count = event.segment, event.count
                document = None
            elif event.level == GROUP and group is not None:
                group.trailer, group.count = event.segment, event.count
                group = None
            elif event.level == INTERCHANGE and interchange is not None:
                interchange.trailer, interchange.count = event.segment, event.count
        elif isinstance(event, Loose):
            if interchange is not None:
                interchange.loose.append(event.segment)
        else:
            holder = document or group or interchange
            (early if holder is None else holder.findings).append(event)
    if early:
        yield Interchange(None, Delimiters(), findings=early)


_BLANKS = BLANKS.decode("latin-1")
