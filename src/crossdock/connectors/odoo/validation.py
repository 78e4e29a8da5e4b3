"""What it takes to validate a transfer, in or out: the cells of a move line, and the button believed only after a second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock.connectors.odoo.buttons import Pressed
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.values import text

MOVE_LINE: Final = (
    "id",
    "picking_id/.id",
    "move_id/.id",
    "product_id/.id",
    "product_uom_id/.id",
    "location_id/.id",
    "location_dest_id/.id",
    "quantity",
    "picked",
)
"""The columns every move line of the hub has."""

_QUIET: Final = {"skip_backorder": True, "skip_sms": True, "skip_immediate": True}


async def press(
    client: OdooClient,
    pickings: Mapping[int, Row],
    fields: Sequence[str],
    *,
    close: bool,
    quiet: Mapping[str, bool] | None = None,
) -> dict[int, Row]:
    """Validate, and believe only what is read afterwards: Odoo answers 200 with a question when it wants one answered.

    `close` leaves no back-order, `quiet` are questions not to ask beside the usual ones. Returns the transfers as they are now.
    Raises `TargetRefused` naming those that are not done.
    """
    ids = list(pickings)
    context: dict[str, Any] = {**_QUIET, **(quiet or {})}
    if close:
        context["picking_ids_not_to_backorder"] = ids
    answer = await client.call("stock.picking", "button_validate", ids=ids, context=context)
    after = await client.read("stock.picking", ids, fields)
    still = [text(row["name"]) for id_, row in pickings.items() if id_ not in after or after[id_]["state"] != "done"]
    if still:
        states = sorted({str(row["state"]) for row in after.values()})
        raise Pressed(answer).failure(f"Odoo did not validate {', '.join(still)}", transfers=still, states=states)
    return after
