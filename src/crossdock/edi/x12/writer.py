"""Builds X12 interchanges: ISA padding, counts and control numbers right by construction. No clock, no ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..delimiters import Delimiters
from ..writer import OutDocument, Row, SegmentWriter, UnwritableValue
from .isa import ISA_WIDTHS

DEFAULT_DELIMITERS = Delimiters(element=b"*", component=b">", segment=b"~", repetition=b"^")


@dataclass(frozen=True, slots=True)
class IsaHeader:
    """What ISA says. `control_number` is the number itself (1..999999999); `version` like `00401` or `00501`."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control_number: int
    moment: datetime
    version: str = "00401"
    test: bool = False
    acknowledgement_requested: bool = False
    authorisation: tuple[str, str] = ("00", "")
    security: tuple[str, str] = ("00", "")


@dataclass(frozen=True, slots=True)
class OutGroup:
    """A functional group to be written: GS01 (`PO`), GS02/GS03 application codes, GS06, GS08 (`004010`)."""

    functional_id: str
    sender: str
    receiver: str
    control_number: int
    documents: Sequence[OutDocument]
    version: str = "004010"
    agency: str = "X"


def write(
    header: IsaHeader,
    groups: Sequence[OutGroup],
    *,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
    line_ending: bytes = b"",
    charset: str = "utf-8",
    before_groups: Sequence[Row] = (),
) -> bytes:
    """A whole interchange as bytes. `before_groups` are segments such as TA1.

    Raises `UnwritableValue` when a value does not fit its ISA field or holds a delimiter.
    """
    writer = SegmentWriter(delimiters, charset, line_ending)
    out = [_isa(header, delimiters) + delimiters.segment + line_ending]
    out += [writer.row(row) for row in before_groups]
    for group in groups:
        out.append(
            writer.row(
                (
                    "GS",
                    group.functional_id,
                    group.sender,
                    group.receiver,
                    header.moment.strftime("%Y%m%d"),
                    header.moment.strftime("%H%M"),
                    str(group.control_number),
                    group.agency,
                    group.version,
                )
            )
        )
        for document in group.documents:
            out.append(writer.row(("ST", document.type, document.reference, *document.qualifiers)))
            out += [writer.row(row) for row in document.rows]
            out.append(writer.row(("SE", str(len(document.rows) + 2), document.reference)))
        out.append(writer.row(("GE", str(len(group.documents)), str(group.control_number))))
    out.append(writer.row(("IEA", str(len(groups)), f"{header.control_number:09d}")))
    return b"".join(out)


def _isa(header: IsaHeader, delimiters: Delimiters) -> bytes:
    repeats = header.version >= "00402" and delimiters.repetition
    values = (
        *header.authorisation,
        *header.security,
        header.sender_qualifier,
        header.sender,
        header.receiver_qualifier,
        header.receiver,
        header.moment.strftime("%y%m%d"),
        header.moment.strftime("%H%M"),
        delimiters.repetition.decode("latin-1") if repeats else "U",
        header.version,
        f"{header.control_number:09d}",
        "1" if header.acknowledgement_requested else "0",
        "T" if header.test else "P",
        delimiters.component.decode("latin-1"),
    )
    separator = delimiters.element.decode("latin-1")
    parts = ["ISA"]
    for number, (value, width) in enumerate(zip(values, ISA_WIDTHS, strict=True), start=1):
        if len(value) > width or (separator in value and number < 16):
            raise UnwritableValue(f"ISA{number:02d} cannot hold {value!r}: it takes {width} characters")
        parts.append(value.ljust(width))
    return separator.join(parts).encode("ascii", "strict")
