"""The ISA segment: its widths, who it names, and where it ends in files that get it wrong. Knows no other segment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..segments import Segment

# X12.5: the fixed widths of ISA01..ISA16.
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class IsaIdentity:
    """Who sent an interchange to whom, under which number: the envelope as the control-number ledger keys it."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control_number: str
    version: str
    date: str
    time: str
    acknowledgement_requested: bool
    test: bool


def identity(header: Segment | None) -> IsaIdentity | None:
    """The identity in an ISA segment, or None for a fragment without one."""
    if header is None:
        return None
    take = [header.element(n).strip() for n in range(17)]
    return IsaIdentity(
        sender_qualifier=take[5],
        sender=take[6],
        receiver_qualifier=take[7],
        receiver=take[8],
        control_number=take[13],
        version=take[12],
        date=take[9],
        time=take[10],
        acknowledgement_requested=take[14] == "1",
        test=take[15] != "P",
    )


def ends_early(data: bytes, at: int, separator: bytes) -> bool:
    """Whether the byte at index `at`, where ISA16 should be, already terminates the ISA segment."""
    follows = re.compile(rb"([\r\n]*)(?:GS|TA1|ISB|IEA|ST)" + re.escape(separator)).match(data, at + 1)
    if follows is None:
        return False
    if not follows.group(1):
        return True
    # A line end follows: it is itself the terminator unless the next line, too, ends with this byte.
    line = data.find(b"\n", follows.end())
    return line > 0 and data[follows.end() : line].rstrip(b"\r").endswith(data[at : at + 1])


def terminator_at(data: bytes, at: int, separator: bytes) -> bytes:
    """The segment terminator at index `at`: one byte, or one UTF-8 character of several."""
    first = data[at : at + 1]
    if not first or first == separator or first.isalnum() or first == b" ":
        return b""
    if first == b"\r" and data[at + 1 : at + 2] == b"\n" and b"\r\n" not in data[at + 2 : at + 4]:
        return b"\r"
    if first[0] >= 0xC2:
        for width in (2, 3, 4):
            try:
                if len(data[at : at + width].decode("utf-8")) == 1:
                    return data[at : at + width]
            except UnicodeDecodeError:
                continue
    return first
