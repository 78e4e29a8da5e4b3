"""Just enough X12 to be a partner: reads segments, writes interchanges with right counts. Written apart from the hub's library on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

GROUPS = {
    "850": "PO", "860": "PC", "855": "PR", "856": "SH", "810": "IN", "940": "OW", "943": "AR", "944": "RE", "945": "SW", "997": "FA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Got:
    """One document that came: type, group and document control numbers, functional code, segments between ST and SE."""

    type: str
    code: str
    group: str
    control: str
    interchange: str
    segments: list[list[str]]

    def first(self, tag: str) -> list[str]:
        """The first segment with a tag, padded; empty elements where there is none."""
        for segment in self.segments:
            if segment[0] == tag:
                return [*segment, *[""] * 20]
        return [""] * 20


def read(body: bytes) -> list[Got]:
    """The documents in an interchange. Raises ValueError for what is none."""
    text = body.decode("latin-1")
    if not text.startswith("ISA") or len(text) < 106:
        raise ValueError("no ISA")
    element, segment = text[3], text[105]
    found: list[Got] = []
    code = group = interchange = ""
    current: list[list[str]] | None = None
    head: list[str] = []
    for raw in text.split(segment):
        parts = raw.strip().split(element)
        if parts[0] == "ISA":
            interchange = parts[13]
        elif parts[0] == "GS":
            code, group = parts[1], parts[6]
        elif parts[0] == "ST":
            head, current = parts, []
        elif parts[0] == "SE" and current is not None:
            found.append(Got(head[1], code, group, head[2], interchange, current))
            current = None
        elif current is not None:
            current.append(parts)
    return found


def write(
    kind: str,
    rows: Sequence[Sequence[str]],
    *,
    sender: tuple[str, str],
    receiver: tuple[str, str],
    number: int,
    at: datetime,
    test: bool = False,
    version: str = "004010",
) -> bytes:
    """One document in an interchange of its own."""
    day, hour = at.strftime("%Y%m%d"), at.strftime("%H%M")
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*{sender[0]:2}*{sender[1]:15}*{receiver[0]:2}*{receiver[1]:15}*{day[2:]}*{hour}*U*{version[:5]}*{number:09d}"
        f"*0*{'T' if test else 'P'}*>"
    )
    body = ["*".join(row).rstrip("*") for row in rows]
    segments = [
        isa,
        f"GS*{GROUPS[kind]}*{sender[1]}*{receiver[1]}*{day}*{hour}*{number}*X*{version}",
        f"ST*{kind}*0001",
        *body,
        f"SE*{len(body) + 2}*0001",
        f"GE*1*{number}",
        f"IEA*1*{number:09d}",
    ]
    return ("~\n".join(segments) + "~\n").encode("latin-1")
