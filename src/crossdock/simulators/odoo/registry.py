"""All simulated models of one database, and what must be known across them; holds no rows itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crossdock.simulators.odoo.automation import Automations
from crossdock.simulators.odoo.errors import ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Row
from crossdock.simulators.odoo.store import Store

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


class Registry:
    """Models by name."""

    def __init__(self, store: Store, models: Iterable[type[Model]]) -> None:
        self.store = store
        self.automations = Automations()
        self.keys: dict[str, int] = {}
        self.programmatic_keys = False
        """`base.enable_programmatic_api_keys`."""
        self._models: dict[str, Model] = {cls.name: cls(self) for cls in models}
        for model in self._models.values():
            if not model.delegates:
                model.finish()
        for model in self._models.values():
            if model.delegates:
                model.finish()
        self.referrers = Referrers(self)
        self._groups: dict[int, frozenset[str]] = {}

    def __getitem__(self, name: str) -> Model:
        return self._models[name]

    def get(self, name: str) -> Model | None:
        """The model, if it is simulated."""
        return self._models.get(name)

    def names(self) -> list[str]:
        """All simulated models."""
        return list(self._models)

    def groups_of(self, user: Row) -> set[str]:
        """External ids of a user's groups."""
        rows = self.store.table("res.groups").rows
        return {rows[i]["xmlid"] for i in user.get("group_ids") or [] if i in rows}

    def group_label(self, xmlid: str) -> str:
        """The name people see for a group."""
        for row in self.store.table("res.groups").rows.values():
            if row["xmlid"] == xmlid:
                return str(row["full_name"])
        return xmlid


class Referrers:
    """Which fields point at a model: deleting a record fails, empties or cascades there."""

    def __init__(self, registry: Registry) -> None:
        self._of: dict[str, list[tuple[Model, str]]] = {}
        for name in registry.names():
            model = registry[name]
            for field_name, f in model.fields.items():
                if f.type == "many2one" and not f.compute and not f.delegate and f.key not in ("create_uid", "write_uid"):
                    self._of.setdefault(f.comodel, []).append((model, field_name))

    def release(self, env: Env, target: str, id_: int) -> None:
        """Prepare the deletion of one record; ValidationError when a required reference would dangle."""
        for model, name in self._of.get(target, ()):
            f = model.fields[name]
            table = env.store.table(model.name)
            index = table.indexes.get(f.key)
            hits = list(index.get(id_, ())) if index is not None else [i for i, r in table.rows.items() if r.get(f.key) == id_]
            for hit in hits:
                row = table.rows.get(hit)
                if row is None:
                    continue
                if f.cascade:
                    model.erase(env, [row])
                elif f.required:
                    raise ValidationError(
                        "The operation cannot be completed: Another model is using the record you are trying to "
                        f"delete.\n\nThe troublemaker is: '{model.label}' ({model.name})\n"
                        f"Thanks to the following constraint: '{f.string}' ({name})\n"
                        "How about archiving the record instead?"
                    )
                else:
                    table.change(row, f.key, False, env.undo)
