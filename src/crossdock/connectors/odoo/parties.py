"""Reads partners of Odoo with the codes of their countries and regions, for documents that name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import label, related, text

_PARTNER: Final = (
    "name",
    "is_company",
    "parent_id",
    "street",
    "street2",
    "city",
    "zip",
    "state_id",
    "country_id",
    "phone",
    "email",
    "vat",
    "ref",
    "lang",
)


class Parties:
    """Reads customers, suppliers and addresses."""

    def __init__(self, client: OdooClient, data: MasterData) -> None:
        self._client = client
        self._data = data

    async def read(self, ids: Iterable[int | None]) -> dict[int, Row]:
        """Partners by id, in plain words and codes."""
        rows = await self._client.read("res.partner", sorted({id_ for id_ in ids if id_ is not None}), _PARTNER)
        countries = await self._data.country_codes(c for row in rows.values() if (c := related(row["country_id"])) is not None)
        states = await self._data.state_codes(s for row in rows.values() if (s := related(row["state_id"])) is not None)
        return {
            id_: {
                "id": id_,
                **{name: text(row[name]) for name in _PARTNER if not name.endswith("_id") and name != "is_company"},
                "company": label(row["parent_id"]),
                "is_company": bool(row["is_company"]),
                "country": countries.get(related(row["country_id"]) or 0, ""),
                "region": states.get(related(row["state_id"]) or 0, ""),
            }
            for id_, row in rows.items()
        }
