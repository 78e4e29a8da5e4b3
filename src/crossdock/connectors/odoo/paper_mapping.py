"""Captured invoices and credit notes of Odoo as canonical events: pure functions, the same document gives the same events.

A draft is told as `customer_invoice.created`, a posted paper as `customer_invoice.posted` (again whenever what is open of it changed), a
settled one as `customer_invoice.paid` beside it, a cancelled one as `customer_invoice.cancelled`; always whole. A paper that was posted and is a
draft again is told as created once more: its number may be given to another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, cast

from crossdock.canonical.customer_invoice import CustomerInvoice, CustomerInvoiceLine
from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.values import Money
from crossdock.connectors.odoo.capture import AS_OF
from crossdock.connectors.odoo.document_values import Json, amount, counted, money, net_price, party, record_id, version_time
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import SourceDeleted

_PAYMENT: Final = ("not_paid", "in_payment", "partial", "paid", "reversed")
_SETTLED: Final = ("paid", "in_payment")


class PaperMapping:
    """Maps the customers' papers of one system."""

    def __init__(self, system: str, value_maps: ValueMaps) -> None:
        self._system = system
        self._maps = value_maps

    def events(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        """The events of an `invoice` document."""
        id_, state = record_id(document["id"]), str(document["state"])
        stem, version = f"{self._system}/account.move/{id_}", str(document["version"])
        paper = self._paper(document)
        references = [Reference(f"{self._system}:invoice_id", id_)]
        references += [Reference(f"{self._system}:order_id", record_id(order["id"])) for order in document["orders"]]
        if paper.number and state == "posted":
            references.append(Reference("invoice", paper.number))
        told = {"draft": ["created"], "cancel": ["cancelled"]}.get(state, ["posted"])
        if state == "posted" and paper.payment_state in _SETTLED:
            told.append("paid")
        as_of = int(message.headers.get(AS_OF, "0"))
        return [
            Event(
                f"{stem}/{what}/{document['content']}/{version}",
                f"customer_invoice.{what}",
                self._system,
                "",
                paper,
                paper.at,
                tuple(references),
                Position(f"{stem}/{what}", as_of),
            )
            for what in told
        ]

    def deleted(self, document: Json) -> SourceDeleted:
        """Why a posted paper that vanished needs a person: the customer has it, and its number will be given to another one."""
        id_ = str(document["id"])
        return SourceDeleted(f"the customer's paper with the id {id_} was posted and is now deleted in Odoo", erp_id=id_)

    def _paper(self, document: Json) -> CustomerInvoice:
        currency, name = str(document["currency"]), str(document["name"])
        orders = [self._order_number(order) for order in document["orders"]]
        state = cast('Literal["draft", "posted", "cancelled"]', {"cancel": "cancelled"}.get(document["state"], document["state"]))
        paid = str(document["payment_state"])
        return CustomerInvoice(
            number="" if name == "/" else name,
            erp_id=record_id(document["id"]),
            wish=document["wish"],
            kind="credit_note" if document["kind"] == "out_refund" else "invoice",
            order_number=orders[0] if orders else "",
            order_numbers=tuple(orders),
            state=state,
            payment_state=cast(
                'Literal["not_paid", "in_payment", "partial", "paid", "reversed"]', paid if paid in _PAYMENT else "not_paid"
            ),
            customer=party(document["customer"], self._system) if document["customer"] else None,
            issue_date=_day(document["date"]),
            due_date=_day(document["due"]),
            currency=currency,
            lines=tuple(self._line(line, currency) for line in document["lines"]),
            tax_exclusive=money(document["untaxed"], currency),
            tax_total=money(document["tax"], currency),
            amount=money(document["total"], currency),
            residual=money(document["residual"], currency),
            reference=document["reference"],
            reversed_number=document["reverses"],
            at=version_time(str(document["version"])),
        )

    def _line(self, line: Json, currency: str) -> CustomerInvoiceLine:
        return CustomerInvoiceLine(
            number=str(line["id"]),
            order_line=line["order_line"],
            sku=line["sku"],
            name=line["name"],
            kind=line["kind"],
            quantity=counted(line, self._maps),
            unit_price=Money(amount=net_price(line, currency), currency=currency),
            net_amount=money(line["subtotal"], currency),
            tax=Money(amount=amount(line["gross"]) - amount(line["subtotal"]), currency=currency),
        )

    def _order_number(self, order: Json) -> str:
        return str(order["key"]).split("/", 2)[2] if order["key"] else str(order["name"])


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
