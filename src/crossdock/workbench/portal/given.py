"""What a supplier gives, typed or by a program: the shapes of the portal's contract; they say what is missing, builders what is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=512)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=6)]
MAX_LINES = 2000


class Given(BaseModel):
    """The base of what is given; unknown fields are refused so that typing errors are found."""

    model_config = ConfigDict(extra="forbid")

    system: Annotated[Number, Field(description="The supplier's system, as the list of orders names it.")]
    order_number: Annotated[Number, Field(description="The purchase order's number.")]
    note: Note = ""


class AnswerLine(BaseModel):
    """What is said of one ordered line. What is left out is as ordered."""

    model_config = ConfigDict(extra="forbid")

    line: Annotated[Number, Field(description="The order's line number.")]
    answer: Literal["accepted", "changed", "refused", "backordered"]
    quantity: Amount | None = None
    unit_price: Amount | None = None
    delivery_date: date | None = None
    reason: Note = ""


class Answer(Given):
    """An answer to a purchase order, line by line; lines left out are accepted as ordered."""

    number: Annotated[Text, Field(max_length=64, description="Your number of this answer; empty: one is made.")] = ""
    supplier_order_number: Annotated[Text, Field(max_length=64)] = ""
    lines: Annotated[list[AnswerLine], Field(max_length=MAX_LINES)] = []


class PackageGiven(BaseModel):
    """A package of a ship notice. `package` is any name of yours; without an SSCC one is given out where the portal may."""

    model_config = ConfigDict(extra="forbid")

    package: Number
    sscc: Annotated[str, StringConstraints(strip_whitespace=True, max_length=24)] = ""
    kind: Annotated[str, StringConstraints(strip_whitespace=True, max_length=8)] = "CT"
    weight_kg: Amount | None = None
    inside: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""


class ShippedLine(BaseModel):
    """What is shipped of one ordered line, of one lot, in one package."""

    model_config = ConfigDict(extra="forbid")

    line: Number
    quantity: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=6)]
    lot: Text = ""
    expiry: date | None = None
    best_before: date | None = None
    serials: Annotated[list[Number], Field(max_length=1000)] = []
    package: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""


class Notice(Given):
    """A ship notice for one purchase order."""

    number: Annotated[Number, Field(description="Your delivery note's number.")]
    shipped_on: date | None = None
    expected_on: date | None = None
    carrier: Text = ""
    tracking_number: Text = ""
    waybill: Text = ""
    packages: Annotated[list[PackageGiven], Field(max_length=MAX_LINES)] = []
    lines: Annotated[list[ShippedLine], Field(min_length=1, max_length=MAX_LINES)]


class InvoicedLine(BaseModel):
    """One invoiced line. `tax_percent` of nothing means that no tax is stated."""

    model_config = ConfigDict(extra="forbid")

    line: Annotated[Number, Field(description="The order's line number.")]
    quantity: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=6)]
    unit_price: Amount
    tax_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] | None = None


class InvoiceGiven(Given):
    """An invoice or a credit note for one purchase order; `total` is compared with what the lines come to."""

    kind: Literal["invoice", "credit_note"] = "invoice"
    number: Number
    issue_date: date
    due_date: date | None = None
    despatch_number: Annotated[Text, Field(max_length=64)] = ""
    preceding_number: Annotated[Text, Field(max_length=64)] = ""
    iban: Annotated[str, StringConstraints(strip_whitespace=True, max_length=42)] = ""
    total: Annotated[Decimal, Field(max_digits=20, decimal_places=6, description="What is to be paid, tax included.")]
    lines: Annotated[list[InvoicedLine], Field(min_length=1, max_length=MAX_LINES)]
