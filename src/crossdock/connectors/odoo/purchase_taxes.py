"""Finds the purchase taxes of Odoo for the rates on a supplier's paper; never guesses between two."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from crossdock.canonical.invoice import Invoice
from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.values import text
from crossdock.core.errors import TargetRefused

_FIELDS = ("name", "amount", "amount_type", "price_include", "type_tax_use", "company_id")


class PurchaseTaxes:
    """Taxes by rate. A rate is looked for in the option `purchase_taxes`, among the taxes of the ordered line, then in all of the company."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client
        self._known: Cache[int, list[Row]] = Cache(client.context.clock, client.options.cache_minutes)

    async def find(self, percent: Decimal | None, category: str, ordered: Iterable[int], invoice: Invoice) -> tuple[int, ...]:
        """The tax ids for a line with this rate and category (UNTDID 5305); `ordered` are the taxes of the purchase order's line.

        A paper without rates takes its only one, or none when it states no tax, or else what was ordered with. Raises `TargetRefused` for a
        rate that no tax, or more than one, stands for.
        """
        rate, kind = self._rate(percent, category, invoice)
        if rate is None:
            return tuple(ordered) if invoice.tax_total is None or invoice.tax_total.amount else ()
        chosen = self._chosen(rate, kind)
        if chosen is not None:
            return (chosen,)
        taxes = [row for row in await self._taxes() if exact(row["amount"]) == rate]
        bought = [row["id"] for row in taxes if row["id"] in set(ordered)]
        if bought:
            return (bought[0],)
        if not rate:
            return ()
        if len(taxes) != 1:
            what = (
                "no purchase tax"
                if not taxes
                else "several purchase taxes (" + ", ".join(text(row["name"]) for row in taxes) + ")"
            )
            raise TargetRefused(
                f"Odoo has {what} of {rate:f} %; name the one to use in the option `purchase_taxes`",
                rate=f"{rate:f}",
                category=kind,
                taxes=[row["id"] for row in taxes],
            )
        return (int(taxes[0]["id"]),)

    def _rate(self, percent: Decimal | None, category: str, invoice: Invoice) -> tuple[Decimal | None, str]:
        if percent is not None:
            return percent.normalize(), category
        if len(invoice.taxes) == 1 and invoice.taxes[0].percent is not None:
            return invoice.taxes[0].percent.normalize(), invoice.taxes[0].category
        return None, category

    def _chosen(self, rate: Decimal, category: str) -> int | None:
        named = self._client.options.purchase_taxes
        for name in (f"{category}/{rate:f}", f"{rate:f}"):
            if name in named:
                return named[name]
        return None

    async def _taxes(self) -> list[Row]:
        """The company's taxes on purchases that are a share of the price and not in it."""
        found = self._known.get(0)
        if found is None:
            domain = [
                ["type_tax_use", "=", "purchase"],
                ["amount_type", "=", "percent"],
                ["company_id", "=", await self._client.company()],
            ]
            rows = await self._client.search_read("account.tax", domain, _FIELDS)
            found = [row for row in rows if not row["price_include"]]
            self._known.put(0, found)
        return found
