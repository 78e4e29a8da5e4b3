"""Checks of what a canonical object says that are too costly for every construction; reports everything at once, knows no system.

The validate step calls `problems`. Which fields of a class need checking is found once per class, so that an order with nothing
unusual in it costs a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossdock.canonical.bank import BankStatement
from crossdock.canonical.base import Canonical
from crossdock.canonical.codes import COUNTRIES, CURRENCIES
from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.despatch import DespatchLine, HandlingUnit
from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.fulfilment import FulfilmentOrder, PackageContent
from crossdock.canonical.gs1 import fault
from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.order_response import OrderResponse, OrderResponseLine
from crossdock.canonical.party import Address, Customer, TradingParty
from crossdock.canonical.payout import Payout
from crossdock.canonical.phones import normalise_phone
from crossdock.canonical.postal import postal_rules
from crossdock.canonical.product import Product
from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.canonical.receipt import ExpectedLine, ReceiptLine
from crossdock.canonical.shipment import CustomsLine, Shipment
from crossdock.canonical.structure import nested
from crossdock.canonical.units import units
from crossdock.canonical.values import Money, Quantity, total


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a payload: where, a stable code, and words."""

    path: str
    code: str
    message: str


def problems(payload: Canonical) -> list[Problem]:
    """Everything wrong with a payload that its schema cannot see; empty when nothing is.

    Codes: `country.unknown`, `currency.unknown`, `unit.unknown`, `phone.impossible`, `email.impossible`, `address.incomplete`,
    `address.postal_code`, `sscc.invalid`, `gtin.invalid`, `item.unnamed`, `hs_code.invalid`,
    `currency.foreign`, `statement.unbalanced`, `payout.unbalanced`.
    """
    found: list[Problem] = []
    if not _sound(payload, found):
        found.clear()
        _walk(payload, "", found)
    return found


def _sound(node: Canonical, found: list[Problem]) -> bool:
    """Whether nothing is wrong in the whole payload: `_walk` without writing down where it is, because mostly nothing is wrong."""
    check, parts = _plan(type(node))
    if check is not None:
        check(node, "", found)
        if found:
            return False
    for name, many in parts:
        value = getattr(node, name)
        if many:
            for item in value:
                if not _sound(item, found):
                    return False
        elif value is not None and not _sound(value, found):
            return False
    return True


def address_problems(address: Address, path: str = "", deliverable: bool = False) -> list[Problem]:
    """What is wrong with an address. `deliverable`: goods go there, so everything its country asks for must be said."""
    found: list[Problem] = []
    _address(address, path, found)
    if deliverable:
        _deliverable(address, path, found)
    return found


def _walk(node: Canonical, path: str, found: list[Problem]) -> None:
    check = _CHECKS.get(type(node))
    if check is not None:
        check(node, path, found)
    prefix = f"{path}." if path else ""
    for name, many in _nested(type(node)):
        value = getattr(node, name)
        if many:
            for index, item in enumerate(value):
                _walk(item, f"{prefix}{name}[{index}]", found)
        elif value is not None:
            _walk(value, f"{prefix}{name}", found)


@cache
def _plan(kind: type[Canonical]) -> tuple[Callable[[Any, str, list[Problem]], None] | None, tuple[tuple[str, bool], ...]]:
    return _CHECKS.get(kind), _nested(kind)


@cache
def _nested(kind: type[Canonical]) -> tuple[tuple[str, bool], ...]:
    """The fields of a class that hold canonical objects worth a visit, and whether they hold several."""
    return tuple((name, many) for name, (inner, many) in nested(kind).items() if _worth(inner))


@cache
def _worth(kind: type[Canonical]) -> bool:
    return kind in _CHECKS or any(_worth(inner) for inner, _ in nested(kind).values())


def _place(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _money(money: Any, path: str, found: list[Problem]) -> None:
    if money.currency not in CURRENCIES:
        found.append(Problem(_place(path, "currency"), "currency.unknown", f"{money.currency} is no ISO 4217 currency"))


def _quantity(quantity: Any, path: str, found: list[Problem]) -> None:
    unit = quantity.unit
    if unit != "C62" and unit not in units():
        message = f"{unit} is not among the UN/ECE Rec 20 units this hub knows; translate it with a value map"
        found.append(Problem(_place(path, "unit"), "unit.unknown", message))


def _country(code: str | None, path: str, found: list[Problem]) -> None:
    if code is not None and code not in COUNTRIES:
        found.append(Problem(path, "country.unknown", f"{code} is no ISO 3166-1 country"))


def _contact(party: Any, path: str, country: str, found: list[Problem]) -> None:
    if party.phone and normalise_phone(party.phone, country) is None:
        found.append(Problem(_place(path, "phone"), "phone.impossible", f"{party.phone!r} cannot be a telephone number"))
    if party.email:
        local, at, domain = party.email.rpartition("@")
        if not at or not local or "." not in domain or " " in party.email:
            found.append(Problem(_place(path, "email"), "email.impossible", f"{party.email!r} cannot be an e-mail address"))


def _address(address: Any, path: str, found: list[Problem]) -> None:
    _country(address.country, _place(path, "country"), found)
    _contact(address, path, address.country, found)
    if address.postal_code:
        rules = postal_rules(address.country)
        if rules is not None and not rules.accepts(address.postal_code):
            example = f"; they look like {rules.example}" if rules.example else ""
            message = f"{address.postal_code!r} is no postal code of {address.country}{example}"
            found.append(Problem(_place(path, "postal_code"), "address.postal_code", message))


def _deliverable(address: Address, path: str, found: list[Problem]) -> None:
    rules = postal_rules(address.country)
    if rules is None:
        return
    for name in ("street", "city", "postal_code", "region"):
        if name in rules.required and not getattr(address, name):
            message = f"an address in {address.country} cannot do without {name.replace('_', ' ')}"
            found.append(Problem(_place(path, name), "address.incomplete", message))


def _customer(customer: Any, path: str, found: list[Problem]) -> None:
    _contact(customer, path, customer.address.country if customer.address is not None else "", found)


def _package(package: Any, path: str, found: list[Problem]) -> None:
    if package.sscc and fault("sscc", package.sscc):
        message = f"{package.sscc!r} is not an SSCC: {fault('sscc', package.sscc)}"
        found.append(Problem(_place(path, "sscc"), "sscc.invalid", message))


def _item(line: Any, path: str, found: list[Problem]) -> None:
    if line.gtin and fault("gtin", line.gtin):
        message = f"{line.gtin!r} is not a GTIN: {fault('gtin', line.gtin)}"
        found.append(Problem(_place(path, "gtin"), "gtin.invalid", message))


def _named_item(line: Any, path: str, found: list[Problem]) -> None:
    _item(line, path, found)
    if not (line.sku or line.supplier_sku or line.gtin or line.identifiers or getattr(line, "order_line", "")):
        message = f"line {line.number} names neither an item nor the line of the order it belongs to"
        found.append(Problem(_place(path, "sku"), "item.unnamed", message))


def _despatched(line: Any, path: str, found: list[Problem]) -> None:
    _named_item(line, path, found)
    _country(line.origin_country, _place(path, "origin_country"), found)


def _tariff(item: Any, path: str, found: list[Problem]) -> None:
    _country(item.origin_country, _place(path, "origin_country"), found)
    digits = item.hs_code.replace(".", "").replace(" ", "")
    if digits and not (digits.isdecimal() and 6 <= len(digits) <= 12):
        message = f"{item.hs_code!r} is no commodity code: six digits of the Harmonized System and up to six more"
        found.append(Problem(_place(path, "hs_code"), "hs_code.invalid", message))


def _goods_go_there(document: Any, path: str, found: list[Problem]) -> None:
    _deliverable(document.ship_to, _place(path, "ship_to"), found)


def _in_currency(document: Any, path: str, found: list[Problem]) -> None:
    if document.currency is not None and document.currency not in CURRENCIES:
        found.append(Problem(_place(path, "currency"), "currency.unknown", f"{document.currency} is no ISO 4217 currency"))


def _order(order: Any, path: str, found: list[Problem]) -> None:
    _in_currency(order, path, found)
    _goods_go_there(order, path, found)


def _statement(statement: Any, path: str, found: list[Problem]) -> None:
    _in_currency(statement, path, found)
    if statement.opening is None or statement.closing is None:
        return
    moved = total((each.signed for each in statement.entries if each.status == "booked"), statement.currency)
    if (ends := statement.opening + moved) != statement.closing:
        message = f"opens with {statement.opening.amount}, moves {moved.amount}, so it ends with {ends.amount}, not {statement.closing.amount}"
        found.append(Problem(_place(path, "closing"), "statement.unbalanced", message))


def _payout(payout: Any, path: str, found: list[Problem]) -> None:
    _in_currency(payout, path, found)
    lines = total((line.amount for line in payout.lines), payout.currency)
    if payout.lines and lines != payout.total:
        message = f"its lines come to {lines.amount}, not to {payout.total.amount}"
        found.append(Problem(_place(path, "total"), "payout.unbalanced", message))


_CHECKS: dict[type[Canonical], Callable[[Any, str, list[Problem]], None]] = {
    Money: _money,
    Quantity: _quantity,
    Address: _address,
    Customer: _customer,
    PackageContent: _package,
    Product: _tariff,
    CustomsLine: _tariff,
    SalesOrder: _order,
    FulfilmentOrder: _goods_go_there,
    Shipment: _goods_go_there,
    TradingParty: _customer,
    HandlingUnit: _package,
    PurchaseOrder: _in_currency,
    PurchaseOrderLine: _named_item,
    OrderResponse: _in_currency,
    OrderResponseLine: _named_item,
    DespatchLine: _despatched,
    ExpectedLine: _item,
    ReceiptLine: _named_item,
    Invoice: _in_currency,
    InvoiceLine: _item,
    CustomerInvoice: _in_currency,
    FreightInvoice: _in_currency,
    BankStatement: _statement,
    Payout: _payout,
}
