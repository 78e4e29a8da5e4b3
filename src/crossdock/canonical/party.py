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
