"""Parties and their addresses (UBL Party, PostalAddress); knows no order and no system."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.values import CountryCode

Text = Annotated[str, Field(max_length=512)]


class Address(Canonical):
    """A postal address (UBL cac:PostalAddress)."""

    schema_name = "address"

    name: Text = ""
    company: Text = ""
    street: Text = ""
    street2: Text = ""
    city: Text = ""
    postal_code: Text = ""
    region: Text = ""
    country: CountryCode
    phone: Text = ""
    email: Text = ""


class Customer(Canonical):
    """A buyer (UBL cac:BuyerCustomerParty). `id` is the customer's number in the system that owns customers."""

    schema_name = "customer"

    id: Text
    name: Text
    email: Text = ""
    phone: Text = ""
    vat: Text = ""
    is_company: bool = False
    language: Text = ""
    identifiers: tuple[Identifier, ...] = ()
    address: Address | None = None


class TradingParty(Canonical):
    """One side of a business document: buyer, supplier, place of delivery, payee (UBL cac:Party; EN 16931 BG-4, BG-7, BG-10, BG-13).

    `identifiers` are scheme-qualified: `gln`, `duns`, `vat`, `x12:92`, `edifact:nad`, a system's own (`odoo:partner_id`). `vat` is
    BT-31 or BT-48, `registration` BT-30 or BT-47, `endpoint` the electronic address BT-34 or BT-49 with its scheme.
    """

    schema_name = "trading_party"

    name: Text = ""
    identifiers: tuple[Identifier, ...] = ()
    address: Address | None = None
    vat: Text = ""
    registration: Text = ""
    endpoint: Identifier | None = None
    contact: Text = ""
    phone: Text = ""
    email: Text = ""

    def named(self, scheme: str) -> str:
        """The identifier in a scheme; empty when there is none."""
        return next((each.value for each in self.identifiers if each.scheme == scheme), "")
