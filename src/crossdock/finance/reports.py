"""Proofs and settlements as CSV and PDF; the same report gives the same bytes. Knows no ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from crossdock.finance.reconciliation.facts import Proof
from crossdock.finance.settlement import Settlement, Standing

STANDINGS: Final[tuple[Standing, ...]] = ("matched", "unmatched", "disputed")
_SIZE: Final = 7.5
_DIFFERENCE: Final = ("code", "kind", "key", "left", "right", "currency", "transaction", "words", "evidence")
_INVOICE: Final = ("carrier", "currency", "invoice", "issued", "billed", "booked", "standing", "words", "evidence")


def proof_csv(proof: Proof) -> bytes:
    """Every difference of a proof, one a row (RFC 4180, UTF-8 with a mark for spreadsheets)."""
    rows = (
        (
            each.code,
            each.kind,
            each.key,
            _text(each.left),
            _text(each.right),
            each.currency,
            each.order,
            each.words,
            " ".join(each.evidence),
        )
        for each in proof.differences
    )
    return _csv(_DIFFERENCE, rows)


def settlement_csv(settlements: Sequence[Settlement]) -> bytes:
    """Every invoice of settlements, one a row."""
    rows = (
        (
            each.carrier,
            each.currency,
            one.number,
            one.issued,
            one.billed,
            _text(one.booked),
            one.standing,
            one.words,
            one.evidence,
        )
        for each in settlements
        for one in each.invoices
    )
    return _csv(_INVOICE, rows)


def proof_pdf(proof: Proof) -> bytes:
    """A proof on pages: the checks, then every difference."""
    story: list[Any] = [
        ("title", f"Money agrees everywhere: {'yes' if proof.agrees else 'no'}"),
        ("text", f"Judged up to {proof.day}"),
    ]
    checks = [(each.name, " / ".join(each.sides), each.compared, each.agreed, each.young, each.note) for each in proof.checks]
    story.append(("table", ("check", "sides", "compared", "agreed", "young", "note"), checks, (110, 110, 60, 60, 60, 320)))
    if proof.differences:
        told = [(each.code, each.words, each.order) for each in proof.differences]
        story.append(("table", ("code", "what", "transaction"), told, (110, 460, 150)))
    return _pdf(f"Proof of money {proof.day}", story)


def settlement_pdf(settlements: Sequence[Settlement], begin: date, end: date) -> bytes:
    """Settlements on pages, a table a carrier."""
    story: list[Any] = [("title", f"Settlement of carriers, {begin} to {end}")]
    for each in settlements:
        sums = ", ".join(f"{name} {each.count(name)} ({each.total(name)})" for name in STANDINGS)
        story.append(("text", f"{each.carrier}, {each.currency}: billed {each.total()}; {sums}"))
        rows = [(one.number, one.issued, one.billed, _text(one.booked), one.standing, one.words) for one in each.invoices]
        story.append(
            ("table", ("invoice", "issued", "billed", "in the books", "standing", "why"), rows, (110, 65, 75, 75, 65, 330))
        )
    if not settlements:
        story.append(("text", "No invoice was issued in this period."))
    return _pdf(f"Settlement of carriers {begin} to {end}", story)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return "\ufeff".encode() + stream.getvalue().encode()


def _cell(value: object) -> str:
    """A text that begins like a formula must not become one when a spreadsheet opens the file; amounts below zero stay amounts."""
    text = str(value)
    return (
        f"'{text}"
        if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") and not text[1:].replace(".", "").isdecimal()
        else text
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _pdf(title: str, story: Sequence[Any]) -> bytes:
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
    from reportlab.platypus.flowables import Spacer

    styles = getSampleStyleSheet()
    small = styles["BodyText"].clone("small", fontSize=_SIZE, leading=_SIZE + 1.5)
    look = TableStyle(
        [
            ("FONTSIZE", (0, 0), (-1, -1), _SIZE),
            ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    parts: list[Any] = []
    for kind, *what in story:
        if kind == "table":
            head, rows, widths = what
            body = [[Paragraph(_plain(cell), small) for cell in row] for row in rows]
            parts += [Table([list(head), *body], colWidths=list(widths), repeatRows=1, style=look), Spacer(1, 10)]
        else:
            parts.append(Paragraph(_plain(what[0]), styles["Heading2" if kind == "title" else "BodyText"]))
    stream = io.BytesIO()
    SimpleDocTemplate(
        stream, pagesize=landscape(A4), title=title, invariant=1, leftMargin=36, rightMargin=36, topMargin=36, bottomMargin=36
    ).build(parts)
    return stream.getvalue()


def _plain(value: object) -> str:
    """Text as reportlab's paragraphs take it: nothing in it is markup."""
    return (
        "".join(char if char.isprintable() else " " for char in str(value))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
