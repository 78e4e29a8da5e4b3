"""Fields of the portal's forms: what was typed becomes what `given` describes, and goes back into the form with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.utils.translation import gettext as _
from pydantic import ValidationError

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.workbench.portal.given import Answer, Given, InvoiceGiven, Notice

G = TypeVar("G", bound=Given)
MOST_ROWS: Final = 500


@dataclass(slots=True)
class Form:
    """A form as it is shown: what is typed in its head and rows, and what is wrong, by field."""

    head: dict[str, str]
    rows: list[dict[str, Any]]
    packages: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    def blame(self, faults: Mapping[str, str]) -> None:
        """Put what is wrong beside its fields; what belongs to no field is told above the form."""
        for name, message in faults.items():
            part, _dot, rest = name.partition(".")
            place, _dot, column = rest.partition(".")
            rows = {"lines": self.rows, "packages": self.packages}.get(part)
            if rows is not None and place.isdigit():
                given = [row for row in rows if row.get("given", True)]
                if int(place) < len(given):
                    given[int(place)].setdefault("faults", {})[column or "line"] = message
                    continue
            self.faults[name] = message


def typed(post: Mapping[str, str], prefix: str, names: tuple[str, ...], count: int) -> list[dict[str, Any]]:
    """Rows of a form: `quantity-0`, `quantity-1`, ..."""
    return [{name: str(post.get(f"{prefix}{name}-{at}", "")).strip() for name in names} for at in range(min(count, MOST_ROWS))]


def count_of(post: Mapping[str, str], name: str, least: int) -> int:
    """How many rows a form has."""
    text = str(post.get(name, ""))
    return max(least, min(int(text), MOST_ROWS)) if text.isascii() and text.isdigit() and len(text) < 6 else least


def number(text: str, mark: str) -> str:
    """A number as it was typed, in the notation programs read; what is not in the stated notation stays as it is, and is refused."""
    other = "," if mark == "." else "."
    return text if other in text else text.replace(mark, ".")


def check(kind: type[G], draft: dict[str, Any], form: Form) -> G | None:
    """What was given; None when something is wrong, which the form then says."""
    try:
        return kind.model_validate(draft)
    except ValidationError as error:
        form.blame({".".join(str(part) for part in each["loc"]): _words(each) for each in error.errors(include_url=False)})
        return None


def _words(problem: Any) -> str:
    kind = str(problem["type"])
    if kind in ("missing", "string_too_short", "date_from_datetime_parsing", "date_parsing") and not problem.get("input"):
        return _("must not be empty")
    if kind.startswith("decimal"):
        return _("is not a number of this kind")
    if kind.startswith("date"):
        return _("is not a date")
    if kind in ("greater_than", "greater_than_equal"):
        return _("is too small")
    return str(problem["msg"])


def filled(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields of a row that hold something."""
    return {name: row[name] for name in names if row.get(name) not in ("", None)}


ANSWER_HEAD: Final = ("number", "supplier_order_number", "note")
ANSWER_ROW: Final = ("answer", "quantity", "unit_price", "delivery_date", "reason")


def answer_form(order: PurchaseOrder, post: Mapping[str, str] | None) -> Form:
    """The form of an answer: a row for every line that is open."""
    lines = [line for line in order.lines if line.status == "open"]
    rows = typed(post or {}, "", ANSWER_ROW, len(lines))
    for line, row in zip(lines, rows, strict=False):
        row["line"], row["of"] = line.number, line
        row["answer"] = row["answer"] or "accepted"
    return Form({name: str((post or {}).get(name, "")) for name in ANSWER_HEAD}, rows)


def answer_given(form: Form, system: str, order: PurchaseOrder, mark: str) -> Answer | None:
    """What the supplier answers."""
    lines = []
    for row in form.rows:
        one = {"line": row["line"], "answer": row["answer"], **filled(row, "delivery_date", "reason")}
        for name in ("quantity", "unit_price"):
            if row[name]:
                one[name] = number(row[name], mark)
        lines.append(one)
    return check(Answer, {"system": system, "order_number": order.number, "lines": lines, **form.head}, form)


NOTICE_HEAD: Final = ("number", "shipped_on", "expected_on", "carrier", "tracking_number", "waybill", "note")
NOTICE_ROW: Final = ("line", "quantity", "lot", "expiry", "best_before", "serials", "package")
PACKAGE_ROW: Final = ("package", "kind", "weight_kg", "inside", "sscc")


def notice_form(order: PurchaseOrder, post: Mapping[str, str] | None) -> Form:
    """The form of a ship notice: at first a row for every open line, all in one package."""
    if post is None:
        lines = [line for line in order.lines if line.status == "open"]
        rows: list[dict[str, Any]] = [
            {**dict.fromkeys(NOTICE_ROW, ""), "line": line.number, "quantity": format(line.quantity.value, "f"), "package": "1"}
            for line in lines
        ]
        packages = [{**dict.fromkeys(PACKAGE_ROW, ""), "package": "1", "kind": "CT"}]
        return Form(dict.fromkeys(NOTICE_HEAD, ""), rows, packages)
    rows = typed(post, "", NOTICE_ROW, count_of(post, "rows", 1))
    packages = typed(post, "p_", PACKAGE_ROW, count_of(post, "packages", 0))
    wanted = post.get("do", "")
    if wanted == "row" and len(rows) < MOST_ROWS:
        rows.append(dict.fromkeys(NOTICE_ROW, ""))
    if wanted == "package" and len(packages) < MOST_ROWS:
        packages.append({**dict.fromkeys(PACKAGE_ROW, ""), "package": str(len(packages) + 1), "kind": "CT"})
    form = Form({name: str(post.get(name, "")) for name in NOTICE_HEAD}, rows, packages)
    for row in form.rows:
        row["given"] = bool(row["quantity"])
    for package in form.packages:
        package["given"] = bool(package["package"])
    return form


def notice_given(form: Form, system: str, order: PurchaseOrder, mark: str) -> Notice | None:
    """What the supplier ships; rows without a quantity and packages without a name are left out."""
    lines = [
        {
            **filled(row, "line", "lot", "expiry", "best_before", "package"),
            "quantity": number(row["quantity"], mark),
            "serials": row["serials"].replace(",", " ").replace(";", " ").split(),
        }
        for row in form.rows
        if row["quantity"]
    ]
    packages = []
    for row in form.packages:
        if row["package"]:
            one = filled(row, "package", "kind", "inside", "sscc")
            packages.append({**one, **({"weight_kg": number(row["weight_kg"], mark)} if row["weight_kg"] else {})})
    head = {name: value for name, value in form.head.items() if value}
    return check(Notice, {"system": system, "order_number": order.number, "lines": lines, "packages": packages, **head}, form)


INVOICE_HEAD: Final = ("kind", "number", "issue_date", "due_date", "despatch_number", "preceding_number", "iban", "total", "note")
INVOICE_ROW: Final = ("quantity", "unit_price", "tax_percent")


def invoice_form(order: PurchaseOrder, post: Mapping[str, str] | None, mark: str) -> Form:
    """The form of an invoice: at first every open line as ordered."""
    lines = [line for line in order.lines if line.status != "cancelled"]
    rows = typed(post or {}, "", INVOICE_ROW, len(lines))
    for line, row in zip(lines, rows, strict=False):
        row["line"], row["of"] = line.number, line
        if post is None:
            row["quantity"] = _shown(line.quantity.value, mark)
            row["unit_price"] = _shown(line.unit_price.amount, mark)
            row["tax_percent"] = "" if line.tax_percent is None else _shown(line.tax_percent, mark)
        row["given"] = bool(row["quantity"])
    return Form({name: str((post or {}).get(name, "")) for name in INVOICE_HEAD}, rows)


def invoice_given(form: Form, system: str, order: PurchaseOrder, mark: str) -> InvoiceGiven | None:
    """What the supplier invoices; lines without a quantity are left out."""
    lines = []
    for row in form.rows:
        if row["quantity"]:
            one = {"line": row["line"], "quantity": number(row["quantity"], mark), "unit_price": number(row["unit_price"], mark)}
            lines.append({**one, **({"tax_percent": number(row["tax_percent"], mark)} if row["tax_percent"] else {})})
    head = {name: value for name, value in form.head.items() if value}
    if "total" in head:
        head["total"] = number(head["total"], mark)
    return check(InvoiceGiven, {"system": system, "order_number": order.number, "lines": lines, **head}, form)


def _shown(value: Any, mark: str) -> str:
    return format(value, "f").replace(".", mark)
