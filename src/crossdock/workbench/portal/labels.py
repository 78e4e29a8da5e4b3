"""SSCC labels as PDF: one A6 page a package with a GS1-128 bar code (GS1 Logistic Label Guideline); knows no request and no table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossdock.canonical.purchase_order import PurchaseOrder

FNC1: Final = "\xf1"
MODULE_MM: Final = 0.495
"""The narrowest bar, in millimetres: the least the General Specifications allow for logistic labels (5.4.2.7.5)."""
HEIGHT_MM: Final = 32.0
_CHARACTERS: Final = {ord(sign): "?" for sign in "\x00"}


@dataclass(frozen=True, slots=True)
class Package:
    """A package to label."""

    sscc: str
    kind: str = ""
    weight: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who ships."""

    name: str
    street: str = ""
    city: str = ""


def labels(packages: Sequence[Package], order: PurchaseOrder, sender: Sender, notice: str) -> bytes:
    """A PDF with one label a package. The same arguments give the same bytes."""
    from reportlab.lib.pagesizes import A6
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A6, invariant=1, pageCompression=1)
    canvas.setTitle(f"SSCC labels of {notice}")
    width, height = A6
    for at, package in enumerate(packages, 1):
        _text(canvas, 6 * mm, height - 9 * mm, "FROM", [sender.name, sender.street, sender.city])
        address = order.ship_to.address
        town = "" if address is None else " ".join(filter(None, (address.postal_code, address.city, address.country)))
        _text(
            canvas, 6 * mm, height - 32 * mm, "TO", [order.ship_to.name, "" if address is None else address.street, town], size=11
        )
        canvas.line(4 * mm, height - 27 * mm, width - 4 * mm, height - 27 * mm)
        canvas.line(4 * mm, height - 54 * mm, width - 4 * mm, height - 54 * mm)
        _text(canvas, 6 * mm, height - 59 * mm, "ORDER", [order.number])
        _text(canvas, 52 * mm, height - 59 * mm, "DELIVERY NOTE", [notice])
        facts = f"{at} / {len(packages)}"
        _text(canvas, 6 * mm, height - 73 * mm, "PACKAGE", [facts])
        _text(canvas, 52 * mm, height - 73 * mm, "WEIGHT", [f"{package.weight} kg" if package.weight else "-"])
        canvas.line(4 * mm, height - 86 * mm, width - 4 * mm, height - 86 * mm)
        canvas.setFont("Helvetica", 7)
        canvas.drawString(6 * mm, height - 90 * mm, "SSCC")
        canvas.setFont("Helvetica-Bold", 13)
        canvas.drawString(6 * mm, height - 96 * mm, f"(00) {package.sscc}")
        _bars(canvas, package.sscc, width, 9 * mm)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _text(canvas: Any, x: float, y: float, title: str, lines: Sequence[str], size: int = 9) -> None:
    canvas.setFont("Helvetica", 6.5)
    canvas.drawString(x, y, title)
    canvas.setFont("Helvetica", size)
    at = y
    for line in lines:
        if line:
            at -= size + 2.5
            canvas.drawString(x, at, _latin(line)[:44])


def _latin(text: str) -> str:
    """Text in the characters every PDF reader has without a font of its own; others become question marks."""
    return text.encode("cp1252", "replace").decode("cp1252").translate(_CHARACTERS)


def _bars(canvas: Any, sscc: str, width: float, bottom: float) -> None:
    from reportlab.graphics.barcode.code128 import Code128
    from reportlab.lib.units import mm

    code = Code128(f"{FNC1}00{sscc}", barWidth=MODULE_MM * mm, barHeight=HEIGHT_MM * mm, quiet=0, humanReadable=0)
    code.drawOn(canvas, (width - code.width) / 2, bottom)
