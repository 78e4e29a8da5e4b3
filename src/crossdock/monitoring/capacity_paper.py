"""The capacity review as a PDF: the answer, what is scarce, what would help, and what ten, a hundred and a thousand times need."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from crossdock.monitoring.capacity import Hub, Review
from crossdock.monitoring.capacity_words import Say, multiples, phrase, plain, rests, verdict


def paper(found: Review, company: str, day: date, hub: Hub | None, demand: float, factor: float = 1.0, say: Say = plain) -> bytes:
    """The PDF (A4). The same review gives the same bytes."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
    from reportlab.platypus.flowables import Spacer

    styles = getSampleStyleSheet()

    def text(words: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(words.encode("latin-1", "replace").decode("latin-1")), styles[style])

    def grid(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
        cells = [[text(cell) for cell in row] for row in (head, *rows)]
        lines = [("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]
        return Table(cells, [width * mm for width in widths], repeatRows=1, style=TableStyle(lines))

    title = say("Capacity of {company}").format(company=company)
    story: list[Any] = [
        text(title, "Title"),
        text(say("Reviewed {day}").format(day=day.isoformat())),
        Spacer(1, 4 * mm),
        text(verdict(found, factor, say)),
        text(rests(found, say)),
        text(say("What is scarce"), "Heading2"),
        grid(
            [say(each) for each in ("What", "Name", "Takes", "Busiest hour", "Room", "Bound by")],
            [
                (
                    say(each.kind), phrase(each.name, say), _rate(each.capacity, say), _rate(each.demand, say), _room(each.headroom),
                    phrase(each.limit, say),
                )
                for each in found.resources
            ],
            (18, 38, 25, 25, 18, 46),
        ),
    ]  # fmt: skip
    if found.steps:
        story += [
            text(say("What would help"), "Heading2"),
            grid(
                [say(each) for each in ("Add", "Carries", "Then scarce")],
                [(phrase(each.what, say), _rate(each.carries, say), phrase(each.next_bottleneck, say)) for each in found.steps],
                (80, 40, 50),
            ),
        ]
    rows = multiples(hub, demand, say)
    if rows:
        heads = [say(each) for each in ("Load", "Workers", "Engine")]
        story += [text(say("Ten, a hundred, a thousand times"), "Heading2"), grid(heads, rows, (60, 60, 50))]
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, title=title, invariant=1).build(story)
    return out.getvalue()


def _rate(value: float, say: Say) -> str:
    return say("not limited") if math.isinf(value) else f"{value:,.2f}/s"


def _room(value: float) -> str:
    return "-" if math.isinf(value) else f"{value:.1f} x"
