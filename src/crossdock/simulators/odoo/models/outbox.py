"""The outbox of the optional add-on: what committed transactions did, numbered in the order of their commits."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from crossdock.simulators.odoo.api import public_model
from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.errors import AccessError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Undo, char, integer
from crossdock.simulators.odoo.store import Store, Table

GROUP: Final = "crossdock_outbox.group_hub"
CAPTURED: Final = frozenset(
    {
        "sale.order", "sale.order.line", "stock.picking", "stock.move", "stock.quant", "purchase.order", "purchase.order.line", "account.move",
    }
)  # fmt: skip
OPERATIONS: Final = {"_remove": "create", "_put": "write", "_restore": "unlink"}
"""What a step that would take something back says was done."""


class Outbox(Model):
    name = "crossdock.outbox"
    label = "Changes for the Crossdock hub"
    order = "id"
    rec_name = "model"
    own: ClassVar[Fields] = {"model": char("Model"), "res_id": integer("Record"), "op": char("Change")}

    @public_model
    def changes_after(
        self, env: Env, reader: str, after: int | None = None, limit: int = 500, models: list[str] | None = None
    ) -> dict[str, Any]:
        """Changes after a number. To ask for them acknowledges what was before; `prune` takes away what every reader has."""
        if not env.in_groups(GROUP):
            raise AccessError("Only users in the group of the Crossdock hub may read its outbox.")
        table, readers = env.store.table(self.name), env.store.sequences
        mark, last, pruned = f"outbox/{reader}", table.last_id, readers["outbox"]
        known = mark in readers
        if after is None or not known or not pruned <= after <= last:
            readers[mark] = last
            return {"rows": [], "last": last, "more": False, "gap": after is not None}
        readers[mark] = after
        wanted = [row for row in table.rows.values() if row["id"] > after and (models is None or row["model"] in models)]
        rows = [[row["id"], row["model"], row["res_id"], row["op"]] for row in wanted[:limit]]
        full = len(rows) == limit
        return {"rows": rows, "last": rows[-1][0] if full else last, "more": full, "gap": False}


def keep(store: Store, done: Undo) -> None:
    """What a transaction that commits now did, each record and kind of change once."""
    told: set[tuple[str, int, str]] = set()
    outbox = store.table(Outbox.name)
    for step, args in done.steps:
        table = getattr(step, "__self__", None)
        op = OPERATIONS.get(getattr(step, "__name__", ""))
        if not isinstance(table, Table) or table.name not in CAPTURED or op is None:
            continue
        id_ = args[0] if isinstance(args[0], int) else args[0]["id"]
        if (table.name, id_, op) not in told:
            told.add((table.name, id_, op))
            outbox.insert({"id": outbox.next_id(), "model": table.name, "res_id": id_, "op": op}, Undo())


def prune(store: Store) -> None:
    """Take away what every reader has acknowledged."""
    readers = [number for name, number in store.sequences.items() if name.startswith("outbox/")]
    low = min(readers, default=0)
    table = store.table(Outbox.name)
    for id_ in [each for each in table.rows if each <= low]:
        table.delete(id_, Undo())
    store.sequences["outbox"] = max(store.sequences["outbox"], low)
