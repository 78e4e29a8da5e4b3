"""Messages the EDI tests are made of: small, clean, and easy to break in one place."""

from __future__ import annotations

import os
from pathlib import Path

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *230525*2048*U*00401*{number:09d}*0*{mode}*>"


def x12(
    *bodies: list[str],
    kind: str = "850",
    group: str = "PO",
    version: str = "004010",
    number: int = 1,
    mode: str = "P",
    end: str = "~",
    break_lines: str = "\n",
) -> bytes:
    """One X12 interchange with one group; each body is a list of segments between ST and SE."""
    segments = [
        ISA.format(number=number, mode=mode),
        f"GS*{group}*SENDER*RECEIVER*20230525*2048*{number}*X*{version}",
    ]
    for count, body in enumerate(bodies, start=1):
        segments += [f"ST*{kind}*{count:04d}", *body, f"SE*{len(body) + 2}*{count:04d}"]
    segments += [f"GE*{len(bodies)}*{number}", f"IEA*1*{number:09d}"]
    return "".join(segment + end + break_lines for segment in segments).encode()


ORDER = [
    "BEG*00*SA*PO-4711**20230525",
    "REF*DP*038",
    "N1*ST*ACME STORES*92*0123",
    "N3*1 MAIN STREET",
    "N4*SPRINGFIELD*IL*62701*US",
    "PO1*1*10*EA*9.25*TE*CB*065322-117",
    "PID*F****SMALL WIDGET",
    "PO1*2*4*EA*12.5*TE*CB*065322-118",
    "CTT*2",
]


def edifact(
    *bodies: list[str],
    kind: str = "ORDERS:D:96A:UN:EAN008",
    reference: str = "REF1",
    syntax: str = "UNOC:3",
    advice: str = "",
    break_lines: str = "",
) -> bytes:
    """One EDIFACT interchange; each body is a list of segments between UNH and UNT."""
    segments = [f"UNB+{syntax}+4012345000009:14+5412345000013:14+230525:2048+{reference}"]
    for count, body in enumerate(bodies, start=1):
        segments += [f"UNH+{count}+{kind}", *body, f"UNT+{len(body) + 2}+{count}"]
    segments.append(f"UNZ+{len(bodies)}+{reference}")
    return (advice + "".join(segment + "'" + break_lines for segment in segments)).encode("latin-1")


ORDERS = [
    "BGM+220+PO-4711+9",
    "DTM+137:20230525:102",
    "NAD+BY+5412345000013::9",
    "NAD+SU+4012345000009::9",
    "LIN+1++4000862141404:EN",
    "QTY+21:10",
    "PRI+AAA:9.25",
    "UNS+S",
    "CNT+2:1",
]


def corpus_folder() -> Path | None:
    """Where the third-party samples are, or None when this machine has none."""
    named = os.environ.get("CROSSDOCK_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "corpus"
    return folder if (folder / "manifest.json").is_file() else None
