"""External ids as a model of their own, and the look-up that needs no rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.api import public_model
from crossdock.simulators.odoo.errors import AccessError, ProgrammingError, ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    flag,
    integer,
)
from crossdock.simulators.odoo.store import ExternalId, utc_text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


class ModelData(Model):
    """External ids. The rows are made from the store's own index; only an Access Rights admin may search them."""

    name = "ir.model.data"
    label = "Model Data"
    rec_name = "name"
    read_groups = ("base.group_erp_manager", "base.group_system")
    write_groups = ("base.group_erp_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "module": char("Module"),
        "name": char("External Identifier", required=True),
        "model": char("Model Name", required=True),
        "res_id": integer("Record ID"),
        "noupdate": flag("Non Updatable"),
        "complete_name": char("Complete ID", compute=lambda env, row: f"{row['module']}.{row['name']}"),
    }

    def find(self, env: Env, domain: Any, offset: int = 0, limit: Any = None, order: Any = None) -> list[int]:
        self._fill(env)
        return super().find(env, domain, offset, limit, order)

    def _fill(self, env: Env) -> None:
        rows = env.store.table(self.name).rows
        rows.clear()
        env.store.table(self.name).last_id = len(env.store.xids)
        for number, ((module, name), target) in enumerate(env.store.xids.items(), 1):
            rows[number] = {
                **self._blank,
                "id": number,
                "module": module,
                "name": name,
                "model": target.model,
                "res_id": target.record,
                "noupdate": target.noupdate,
                "create_date": utc_text(0),
                "write_date": utc_text(0),
            }

    def _insert_one(self, env: Env, vals: Row) -> int:
        xid = (vals.get("module") or "", vals["name"])
        if xid in env.store.xids or env.store.overlapped(("xid", xid), env.began):
            raise ValidationError("The operation cannot be completed: A record with the same External Identifier already exists.")
        target = ExternalId(vals["model"], vals.get("res_id", 0), bool(vals.get("noupdate")), env.store.commits)
        env.store.set_xid(xid, target, env.undo)
        env.touched.add(("xid", xid))
        return len(env.store.xids)

    @public_model
    def check_object_reference(self, env: Env, module: str, xml_id: str, raise_on_access_error: bool = False) -> list[Any]:
        found = env.store.xids.get((module, xml_id))
        if found is None or found.record not in env.store.table(found.model).rows:
            raise ProgrammingError(f"External ID not found in the system: {module}.{xml_id}")
        row = env.row(found.model, found.record)
        if env[found.model].visible(env, row):
            return [found.model, found.record]
        if raise_on_access_error:
            raise AccessError(f'Not enough access rights on the external ID "{module}.{xml_id}"')
        return [found.model, False]


MODELS = [ModelData]
