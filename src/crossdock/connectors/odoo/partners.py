"""Customers and addresses in Odoo: made once under the hub's external ids, never overwritten, because Odoo is their master."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crossdock.canonical.order import SalesOrder
from crossdock.canonical.party import Address, Customer
from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.external_ids import ExternalIds, digest, order_parts
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.core.errors import TargetRefused

_COLUMNS: Final = (
    "id",
    "name",
    "ref",
    "is_company",
    "type",
    "parent_id/.id",
    "street",
    "street2",
    "city",
    "zip",
    "country_id/.id",
    "state_id/.id",
    "email",
    "phone",
    "vat",
)

Cells = dict[str, Any]


def customer_identity(key: str, customer: Customer) -> tuple[str, str]:
    """What makes a customer the same customer: the system the order came from, and its number there (a guest: name and e-mail)."""
    system, _ = order_parts(key)
    if customer.id:
        return system, customer.id
    return system, f"guest-{digest(customer.email.casefold(), customer.name.casefold(), customer.phone)}"


def address_identity(address: Address) -> str:
    """What makes an address the same address: every word of it."""
    return digest(*(str(getattr(address, name)) for name in sorted(Address.model_fields)))


def address_cells(address: Address, countries: Mapping[str, int], state: int | None) -> Cells:
    """An address as cells of `res.partner/load`. A region Odoo does not know stays readable in the second street line."""
    street2 = address.street2 if state or not address.region else ", ".join(filter(None, (address.street2, address.region)))
    return {
        "street": address.street,
        "street2": street2,
        "city": address.city,
        "zip": address.postal_code,
        "country_id/.id": str(countries[address.country]),
        "state_id/.id": str(state or ""),
        "email": address.email,
        "phone": address.phone,
    }


class Partners:
    """Makes the partners of orders."""

    def __init__(self, client: OdooClient, loader: Loader, data: MasterData) -> None:
        self._client = client
        self._loader = loader
        self._data = data
        self._known: Cache[str, int] = Cache(client.context.clock, client.options.cache_minutes)

    def forget(self) -> None:
        """Drop what is cached, after Odoo said that a partner is gone."""
        self._known.clear()

    async def ensure(self, ids: ExternalIds, orders: Iterable[tuple[str, SalesOrder]]) -> dict[str, dict[str, int]]:
        """Make the customers and addresses of orders (key, order) where they do not exist.

        Returns per order key the partner ids `customer`, `ship_to` and, where the order has one, `bill_to`.
        """
        wanted = list(orders)
        customers: dict[str, Cells] = {}
        owner: dict[str, str] = {}
        for key, order in wanted:
            owner[key] = ids.name("customer", *customer_identity(key, order.customer))
            if owner[key] not in customers:
                customers[owner[key]] = await self._customer(order)
        parents = await self._load(customers)
        addresses: dict[str, Cells] = {}
        places: dict[str, dict[str, str]] = {}
        for key, order in wanted:
            places[key] = {}
            for role, kind, address in (("ship_to", "delivery", order.ship_to), ("bill_to", "invoice", order.bill_to)):
                if address is None:
                    continue
                xid = ids.name(kind, *customer_identity(key, order.customer), address_identity(address))
                places[key][role] = xid
                if xid not in addresses:
                    addresses[xid] = {
                        **await self._cells(address),
                        "type": kind,
                        "parent_id/.id": str(parents[owner[key]]),
                        "name": ", ".join(filter(None, (address.company, address.name))) or order.customer.name,
                    }
        known = await self._load(addresses)
        return {
            key: {"customer": parents[owner[key]], **{role: known[xid] for role, xid in places[key].items()}} for key, _ in wanted
        }

    async def _customer(self, order: SalesOrder) -> Cells:
        customer = order.customer
        address = customer.address or order.bill_to or order.ship_to
        own = await self._cells(address)
        return {
            **own,
            "name": customer.name or address.company or address.name,
            "ref": customer.id,
            "is_company": "1" if customer.is_company else "0",
            "type": "contact",
            "email": customer.email or own["email"],
            "phone": customer.phone or own["phone"],
            "vat": customer.vat,
        }

    async def _cells(self, address: Address) -> Cells:
        countries = await self._data.countries([address.country])
        if address.country not in countries:
            raise TargetRefused(f"Odoo does not know the country {address.country}", country=address.country)
        state = await self._data.state(address.country, address.region) if address.region else None
        return address_cells(address, countries, state)

    async def _load(self, partners: Mapping[str, Cells]) -> dict[str, int]:
        known = {xid: id_ for xid in partners if (id_ := self._known.get(xid)) is not None}
        missing = [xid for xid in partners if xid not in known]
        rows = [[xid, *(partners[xid].get(column, "") for column in _COLUMNS[1:])] for xid in missing]
        for xid, id_ in zip(missing, await self._loader.load("res.partner", _COLUMNS, rows), strict=True):
            known[xid] = id_
            self._known.put(xid, id_)
        return known
