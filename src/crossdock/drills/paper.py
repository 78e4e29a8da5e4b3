"""The report of one drill as a PDF: what was proved, what it cost, and the drill before; measures nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from crossdock.drills.scenarios import DRILLS

ROWS: Final = (
    ("orders", "orders placed"),
    ("delivered", "delivered"),
    ("lost", "lost"),
    ("doubled", "done twice"),
    ("order_violations", "out of order"),
    ("uncertain_open", "uncertain"),
    ("under_way", "still under way"),
    ("with_people", "with people"),
    ("differing", "would be decided otherwise today"),
    ("repeated", "messages sent once more"),
    ("rto_seconds", "seconds until the hub had its next effect (RTO)"),
    ("rpo_seconds", "seconds of acknowledged business gone (RPO)"),
    ("forgotten_seconds", "seconds the restored ledger knew nothing of"),
    ("drain_seconds", "seconds until everything had arrived"),
    ("noticed_seconds", "seconds until a person was asked to act"),
    ("alerted_seconds", "seconds until a team was told"),
    ("faults", "faults met"),
    ("seconds", "seconds in all"),
)
"""What a drill measured, with the words for it."""


def rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures in words; what a drill did not measure is a dash."""
    return [(words, "-" if figures.get(key) is None else str(figures[key])) for key, words in ROWS]


def paper(figures: Mapping[str, Any], last: Mapping[str, Any], where: str) -> bytes:
    """The PDF (A4). The same figures give the same bytes."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
    from reportlab.platypus.flowables import Spacer

    styles = getSampleStyleSheet()

    def text(words: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(words.encode("cp1252", "replace").decode("cp1252")), styles[style])

    def grid(lines: Sequence[tuple[str, str]]) -> Any:
        style = TableStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
        return Table([[text(cell) for cell in line] for line in lines], [120 * mm, 50 * mm], style=style)

    drill = DRILLS.get(str(figures["drill"]))
    title = f"Drill {figures['drill']}: {'passed' if figures['passed'] else 'FAILED'}"
    story: list[Any] = [text(title, "Title"), text(f"{where}, {figures['began']}, ledger on {figures.get('ledger') or '-'}")]
    if drill is not None:
        story += [text(drill.title, "Heading2"), text(f"It proves: {drill.proves}.")]
    story += [Spacer(1, 4 * mm), grid(rows(figures))]
    if last:
        slower = [(name, f"{by:+.2f} s") for name, by in last["slower_by"].items()]
        verdict = "passed" if last["passed"] else "failed"
        story += [text(f"Against the drill of {last['began']} ({verdict})", "Heading2"), *([grid(slower)] if slower else [])]
    for kind, found in (figures.get("details") or {}).items():
        story += [text(str(kind), "Heading2"), text(", ".join(map(str, found[:50])))]
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=A4, invariant=1, leftMargin=20 * mm, rightMargin=20 * mm, title=title, author="Crossdock").build(story)  # fmt: skip
    return stream.getvalue()
