"""Outgoing webhooks of automation rules: what is captured, when, and how often; does not send.

The server captures the payload inside the transaction at every single write that matches, so one user
action yields several webhooks with intermediate values. They leave after the commit, one after the other,
while the caller still waits for its answer; a failed one is never repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from crossdock.simulators.odoo.domain import Compiled
from crossdock.simulators.odoo.schema import TO_MANY, Row

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

FIRES = {
    "on_create": frozenset({"on_create", "on_create_or_write"}),
    "on_write": frozenset({"on_write", "on_create_or_write"}),
    "on_unlink": frozenset({"on_unlink"}),
}


class Automations:
    """Finds the rules of a model. `hooked` is empty most of the time, which keeps writes cheap."""

    def __init__(self) -> None:
        self.hooked: set[str] = set()

    def refresh(self, env: Env) -> None:
        """Call after automation rules changed."""
        rows = env.store.table("base.automation").rows.values()
        self.hooked = {model_name(env, r["model_id"]) for r in rows if r.get("active") and r["trigger"] != "on_webhook"}

    def before(self, model: Model, row: Row) -> Row | None:
        """The row before a change, if a rule may want to compare."""
        return dict(row) if model.name in self.hooked else None

    def changed(self, env: Env, model: Model, row: Row, trigger: str, before: Row | None = None) -> None:
        """Capture the payloads of all rules this change fires."""
        if model.name not in self.hooked:
            return
        for rule in env.store.table("base.automation").rows.values():
            if not rule.get("active") or model_name(env, rule["model_id"]) != model.name:
                continue
            if rule["trigger"] in FIRES[trigger] and self._wanted(env, model, rule, row, trigger, before):
                for action in rule.get("action_server_ids") or []:
                    self._capture(env, model, row, env.row("ir.actions.server", action))

    def _wanted(self, env: Env, model: Model, rule: Row, row: Row, trigger: str, before: Row | None) -> bool:
        watched = [env.row("ir.model.fields", i)["name"] for i in rule.get("trigger_field_ids") or []]
        if trigger == "on_write" and before is not None:
            if watched and all(before.get(name) == row.get(name) for name in watched):
                return False
            pre = domain_of(rule.get("filter_pre_domain"))
            if pre and not Compiled(env, model, pre).matches(before):
                return False
        post = domain_of(rule.get("filter_domain"))
        return not post or Compiled(env, model, post).matches(row)

    def _capture(self, env: Env, model: Model, row: Row, action: Row) -> None:
        if action["state"] != "webhook" or not action.get("webhook_url"):
            return
        payload: dict[str, Any] = {
            "_action": f"{action['name']}(#{action['id']})",
            "_id": row["id"],
            "_model": model.name,
            "id": row["id"],
        }
        for id_ in action.get("webhook_field_ids") or []:
            name = env.row("ir.model.fields", id_)["name"]
            value = model.getter(name)(env, row)
            payload[name] = list(value) if model.fields[name].type in TO_MANY else value
        env.hooks.append((action["webhook_url"], orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)))


def model_name(env: Env, id_: int) -> str:
    """The technical name of an ir.model record."""
    return str(env.row("ir.model", id_)["model"])


def domain_of(text: Any) -> list[Any]:
    """A domain as rules keep it: Python literal text."""
    if not text or text == "[]":
        return []
    import ast

    found = ast.literal_eval(text)
    return list(found)
