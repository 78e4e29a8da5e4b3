"""Products shipped instead of those ordered: a move of their own, and the ordered one wants as much less; exactly once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.transfer_plan import PlannedLine, Transfer
from crossdock.connectors.odoo.values import number, related, rounded, text

_COLUMNS: Final = (
    "id",
    "picking_id/.id",
    "product_id/.id",
    "product_uom_qty",
    "product_uom/.id",
    "location_id/.id",
    "location_dest_id/.id",
    "origin",
    "inventory_name",
)
_DEMAND: Final = re.compile(r"\(of ([0-9.]+)\)$")


class Substitutes:
    """Makes the moves of substituted products."""

    def __init__(self, client: OdooClient, loader: Loader) -> None:
        self._client = client
        self._loader = loader

    async def make(
        self, name: Callable[..., str], transfer: Transfer, planned: Sequence[PlannedLine], close_short: bool
    ) -> dict[int, int]:
        """Make a move for every substituted product, and take its quantity off the ordered one's demand unless the rest is closed.

        `name` gives external ids of this confirmation. Returns move ids by position in `planned`.

        The demand as it was is kept in the new move's origin, so that a repeat writes the same value again.
        """
        wanted = {at: one for at, one in enumerate(planned) if one.instead_of is not None}
        if not wanted:
            return {}
        rows = []
        for at, one in wanted.items():
            ordered: Mapping[str, Any] = one.instead_of or {}
            origin = f"{one.item.sku} instead of {one.line.substituted_for} (of {number(rounded(ordered['product_uom_qty'], 6).normalize())})"
            rows.append(
                [
                    name("substitute", str(at)),
                    str(transfer.picking["id"]),
                    str(one.item.id),
                    number(one.quantity),
                    str(one.unit),
                    str(related(ordered["location_id"])),
                    str(related(ordered["location_dest_id"])),
                    origin,
                    one.item.name,
                ]
            )
        made = dict(zip(wanted, await self._loader.load("stock.move", _COLUMNS, rows), strict=True))
        if not close_short:
            kept = await self._client.read("stock.move", list(made.values()), ["origin"])
            await self._reduce({at: text(kept[id_]["origin"]) for at, id_ in made.items() if id_ in kept}, wanted)
        return made

    async def _reduce(self, origins: Mapping[int, str], wanted: Mapping[int, PlannedLine]) -> None:
        demand: dict[int, Decimal] = {}
        replaced: dict[int, Decimal] = {}
        for at, one in wanted.items():
            found = _DEMAND.search(origins.get(at, ""))
            if one.instead_of is None or found is None:
                continue
            move = int(one.instead_of["id"])
            demand[move] = Decimal(found[1])
            replaced[move] = replaced.get(move, Decimal(0)) + one.quantity
        for move, before in demand.items():
            left = max(Decimal(0), before - replaced[move])
            await self._client.call("stock.move", "write", ids=[move], vals={"product_uom_qty": left})
