"""Automation rules and server actions: how an Odoo is told to send or to take webhooks."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import MissingError, UserError, ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, flag, integer, links, many, one, text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

ADMIN = ("base.group_system",)


class IrModel(Model):
    name = "ir.model"
    label = "Models"
    order = "model"
    read_groups = ADMIN
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Model Description"),
        "model": char("Model", index=True),
        "field_id": many("ir.model.fields", "model_id", "Fields"),
    }


class IrModelFields(Model):
    name = "ir.model.fields"
    label = "Fields"
    read_groups = ADMIN
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Field Name", index=True),
        "model": char("Model Name", index=True),
        "model_id": one("ir.model", "Model", index=True),
        "ttype": char("Field Type"),
    }


class ServerAction(Model):
    name = "ir.actions.server"
    label = "Server Actions"
    read_groups = ADMIN
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Action Name", required=True),
        "model_id": one("ir.model", "Model", required=True),
        "state": choice("Type", "object_write", "object_create", "code", "webhook", "multi", required=True),
        "code": text("Python Code"),
        "update_path": char("Field to Update Path"),
        "value": text("Value"),
        "webhook_url": char("Webhook URL"),
        "webhook_field_ids": links("ir.model.fields", "Webhook Fields"),
        "base_automation_id": one("base.automation", "Automation Rule", index=True),
        "sequence": integer("Sequence", default=5),
        "usage": char("Usage", default="ir_actions_server"),
    }


class Automation(Model):
    name = "base.automation"
    label = "Automation Rule"
    read_groups = ADMIN
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Automation Rule Name", required=True),
        "active": flag("Active", default=True),
        "model_id": one("ir.model", "Model", required=True),
        "trigger": choice("Trigger", "on_create", "on_write", "on_create_or_write", "on_unlink", "on_webhook", required=True),
        "trigger_field_ids": links("ir.model.fields", "Trigger Fields"),
        "filter_domain": char("Apply on"),
        "filter_pre_domain": char("Before Update Domain"),
        "action_server_ids": links("ir.actions.server", "Actions"),
        "record_getter": char("Record Getter", default="model.env[payload.get('_model')].browse(int(payload.get('_id')))"),
        "webhook_uuid": char("Webhook UUID", default=lambda env: str(uuid.uuid4())),
        "url": char("Url", compute=lambda env, row: f"/web/hook/{row['webhook_uuid']}"),
    }

    def check(self, env: Env, ids: list[int]) -> None:
        env.registry.automations.refresh(env)

    def erase(self, env: Env, rows: Any) -> None:
        super().erase(env, rows)
        env.registry.automations.refresh(env)

    @public
    def action_rotate_webhook_uuid(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, webhook_uuid=str(uuid.uuid4()))

    def run_hook(self, env: Env, rule: Row, payload: Row) -> None:
        """Run the actions of an `on_webhook` rule in turn; the first that fails stops the rest."""
        model = env[str(payload.get("_model") or env.row("ir.model", rule["model_id"])["model"])]
        record = int(payload.get("_id") or 0)
        if record not in model.rows(env):
            raise MissingError.of(model.name, record, env.uid)
        for id_ in rule["action_server_ids"] or []:
            action = env.row("ir.actions.server", id_)
            if action["state"] == "object_write":
                model.update(env, [model.rows(env)[record]], {action["update_path"]: action["value"]})
            elif action["state"] == "code" and "raise" in (action["code"] or ""):
                said = re.search(r"""["'](.*)["']""", action["code"])
                raise UserError(said.group(1) if said else "Error")
            elif action["state"] == "code":
                raise ValidationError("The simulator runs no Python code of server actions except `raise`.")


MODELS = [IrModel, IrModelFields, ServerAction, Automation]
