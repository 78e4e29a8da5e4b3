"""A customer's paper (invoice, credit note, charge) as rows of `account.move/load`, and what Odoo made of it compared with the wish; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.customer_invoice import InvoiceRequest, InvoiceRequestLine
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.values import number, places, rounded

Row = Mapping[str, Any]

HEAD: Final = (
    "id",
    "move_type",
    "partner_id/.id",
    "partner_shipping_id/.id",
    "invoice_date",
    "ref",
    "currency_id/.id",
    "invoice_origin",
    "fiscal_position_id/.id",
    "invoice_payment_term_id/.id",
    "payment_reference",
    "reversed_entry_id/.id",
)
LINE: Final = ("id", "product_id/.id", "name", "quantity", "product_uom_id/.id", "price_unit")
LINKS: Final = ("discount", "tax_ids/.id", "sale_line_ids/.id")
"""Columns of lines that stand for an order's; of others Odoo itself decides the taxes, by product and fiscal position."""


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One line to write; `sold` are the sales order lines it stands for, `taxes` tax ids."""

    product: int | None
    name: str
    quantity: Decimal
    unit: int | None
    price: Decimal
    discount: Decimal = Decimal(0)
    taxes: tuple[int, ...] = ()
    sold: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything needed to write one paper. Ids are database ids, 0 means none. `linked`: its lines stand for an order's lines."""

    xid: str
    kind: str
    partner: int
    currency: int
    origin: str
    ref: str
    lines: Sequence[PaperLine]
    shipping: int = 0
    fiscal_position: int = 0
    payment_term: int = 0
    reverses: int = 0
    date: str = ""
    reference: str = ""
    linked: bool = True


def paper_name(ids: ExternalIds, request: InvoiceRequest) -> str:
    """The external id of a paper: the hub's number of the request is unique for ever."""
    return ids.name("paper", request.number)


def columns(paper: Paper) -> list[str]:
    """The columns of `rows`."""
    return [*HEAD, *(f"invoice_line_ids/{name}" for name in (*LINE, *(LINKS if paper.linked else ())))]


def rows(paper: Paper) -> list[list[str]]:
    """The rows of a paper: the first carries the head, the rest only lines."""
    head = [
        paper.xid,
        paper.kind,
        str(paper.partner),
        _id(paper.shipping),
        paper.date,
        paper.ref,
        str(paper.currency),
        paper.origin,
        _id(paper.fiscal_position),
        _id(paper.payment_term),
        paper.reference,
        _id(paper.reverses),
    ]
    blank = [""] * len(HEAD)
    return [[*(head if at == 0 else blank), *_cells(paper, at, line)] for at, line in enumerate(paper.lines)]


def _cells(paper: Paper, at: int, line: PaperLine) -> list[str]:
    stem, _, rest = paper.xid.partition("/")
    cells = [
        f"{stem}_line/{rest}/{at}",
        _id(line.product),
        line.name,
        number(line.quantity),
        _id(line.unit),
        number(line.price),
    ]
    if paper.linked:
        cells += [number(line.discount), ",".join(map(str, line.taxes)), ",".join(map(str, line.sold))]
    return cells


def _id(value: int | None) -> str:
    return str(value) if value else ""


def price_of(line: InvoiceRequestLine, row: Row) -> tuple[Decimal, Decimal]:
    """Price per unit and discount of a paper's line: the wished net amount exactly, else as the row of Odoo has them."""
    if line.amount is not None:
        return line.amount.amount / line.quantity.value, Decimal(0)
    return Decimal(str(row["price_unit"])), Decimal(str(row["discount"]))


def differences(request: InvoiceRequest, head: Row, lines: int, unit: Decimal, tolerance: Decimal) -> list[dict[str, str]]:
    """Where the paper's total is not the wished one: `unit` is the currency's rounding, `tolerance` how many units each line may be off."""
    if request.total is None:
        return []
    found, expected = rounded(head["amount_total"], places(unit)), request.total.amount
    if abs(expected - found) <= unit * tolerance * max(1, lines):
        return []
    return [{"field": "total", "expected": number(expected), "found": number(found)}]
