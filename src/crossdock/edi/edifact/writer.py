"""Builds EDIFACT interchanges: counts and references right by construction. No clock, no ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..delimiters import Delimiters
from ..writer import OutDocument, SegmentWriter
from .charsets import declared
from .envelope import DEFAULT_DELIMITERS


@dataclass(frozen=True, slots=True)
class UnbHeader:
    """What UNB says; `reference` is the interchange control reference (0020)."""

    sender: str
    receiver: str
    reference: str
    moment: datetime
    sender_qualifier: str = "14"
    receiver_qualifier: str = "14"
    syntax: str = "UNOC"
    syntax_version: str = "3"
    application: str = ""
    acknowledgement_requested: bool = False
    agreement: str = ""
    test: bool = False


def write(
    header: UnbHeader,
    documents: Sequence[OutDocument],
    *,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
    line_ending: bytes = b"",
    advice: bool = True,
) -> bytes:
    """A whole interchange as bytes, with UNA when `advice` is set or the delimiters are not the default ones.

    Each document's `qualifiers` are the rest of UNH02: version, release, agency, association (`D`, `96A`, `UN`).
    Raises `UnwritableValue` when a value holds a character the declared charset does not have.
    """
    writer = SegmentWriter(delimiters, declared(header.syntax), line_ending)
    out: list[bytes] = []
    if advice or delimiters != DEFAULT_DELIMITERS:
        out.append(_una(delimiters) + line_ending)
    date = header.moment.strftime("%Y%m%d" if header.syntax_version >= "4" else "%y%m%d")
    out.append(
        writer.row(
            (
                "UNB",
                (header.syntax, header.syntax_version),
                (header.sender, header.sender_qualifier),
                (header.receiver, header.receiver_qualifier),
                (date, header.moment.strftime("%H%M")),
                header.reference,
                "",
                header.application,
                "",
                "1" if header.acknowledgement_requested else "",
                header.agreement,
                "1" if header.test else "",
            )
        )
    )
    for document in documents:
        out.append(writer.row(("UNH", document.reference, (document.type, *document.qualifiers))))
        out += [writer.row(row) for row in document.rows]
        out.append(writer.row(("UNT", str(len(document.rows) + 2), document.reference)))
    out.append(writer.row(("UNZ", str(len(documents)), header.reference)))
    return b"".join(out)


def _una(delimiters: Delimiters) -> bytes:
    return (
        b"UNA"
        + delimiters.component
        + delimiters.element
        + delimiters.decimal
        + (delimiters.release or b" ")
        + (delimiters.repetition or b" ")
        + delimiters.segment
    )
