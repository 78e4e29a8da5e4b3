"""The advice as a PDF for a board: one page that answers, the arithmetic behind it, and a page of flows; decides nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from crossdock.advisor.advice import Advice
from crossdock.advisor.flows import summary
from crossdock.advisor.models import SHORT, TITLES, Model
from crossdock.advisor.moving import ASSUMPTIONS


def paper(advice: Advice) -> bytes:
    """The PDF (A4). The same advice gives the same bytes."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
    from reportlab.platypus.flowables import PageBreak, Spacer

    styles = getSampleStyleSheet()

    def text(words: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(_latin(words)), styles[style])

    def grid(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
        cells = [[text(cell) for cell in row] for row in (head, *rows)]
        lines = [("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]
        return Table(
            cells, [width * mm for width in widths], repeatRows=1, style=TableStyle([*lines, ("VALIGN", (0, 0), (-1, -1), "TOP")])
        )

    whole = advice.overall
    story: list[Any] = [
        text(f"How {advice.company} integrates", "Title"),
        text(f"Landscape {advice.landscape}, bundle {advice.bundle[:12]}, {advice.day.isoformat()}"),
        Spacer(1, 6 * mm),
        text(f"Recommended: {SHORT[whole.model]}", "Heading1"),
        text(TITLES[whole.model]),
        Spacer(1, 3 * mm),
        grid(
            ("Model", "Points", "Share"),
            [(TITLES[m], str(whole.totals[m]), f"{whole.percent[m]} %") for m in Model],
            (130, 20, 20),
        ),
        Spacer(1, 3 * mm),
        text(f"The lead is {whole.margin} points. " + _turning(advice)),
    ]
    if whole.unanswered:
        story.append(
            text(f"{len(whole.unanswered)} questions were not answered and count nothing; answering them may change this page.")
        )
    moved = [flow for flow in advice.flows if flow.move_days]
    story.append(text(f"Moving the {len(moved)} flows whose pattern does not fit costs about {advice.move_days} days of work."))
    against = [(flow.title, each) for flow in advice.flows for each in flow.contradictions]
    if against:
        story += [text("What contradicts itself", "Heading2"), grid(("Flow", "Finding"), against, (50, 120))]
    story += [PageBreak(), text("Flows", "Heading1")]
    rows = [(f.title, summary(f), f"{f.timing}: {f.timing_reason}", f.owner, f.review_by.isoformat()) for f in advice.flows]
    story.append(grid(("Flow", "Pattern", "Timing", "Owner", "Review"), rows, (45, 40, 45, 20, 20)))
    story += [PageBreak(), text("The arithmetic", "Heading1")]
    lines = [
        (
            factor.dimension,
            factor.words,
            str(factor.value),
            str(factor.weight),
            *map(str, factor.points),
        )
        for factor in whole.factors
    ]
    story.append(
        grid(
            ("Dimension", "What was seen or said", "0-4", "Weight", "Direct", "Middleware", "Events"),
            lines,
            (22, 76, 11, 14, 14, 20, 14),
        )
    )
    story += [text("What moving costs, and on which assumptions", "Heading2"), *(text(f"- {each}") for each in ASSUMPTIONS)]
    stream = io.BytesIO()
    SimpleDocTemplate(
        stream,
        pagesize=A4,
        invariant=1,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        title=_latin(f"How {advice.company} integrates"),
        author="Crossdock",
    ).build(story)
    return stream.getvalue()


def _turning(advice: Advice) -> str:
    if not advice.overall.turns:
        return "No single change of a factor would turn it."
    turn = advice.overall.turns[0]
    now = "not answered" if turn.from_value is None else str(turn.from_value)
    return f"The nearest change that would turn it to {SHORT[turn.to]}: {turn.words} ({now} now, {turn.to_value} then)."


def _latin(words: str) -> str:
    return words.encode("cp1252", "replace").decode("cp1252")
