"""Users, their groups and API keys, and the calls that mint a key with the password."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo import errors
from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.errors import UserError, ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    flag,
    links,
    moment,
    one,
)
from crossdock.simulators.odoo.store import utc_text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


ADMIN = ("base.group_system",)
PROGRAMMATIC_LIMIT = 10
"""`base.programmatic_api_keys_limit` as Odoo ships it."""


class Group(Model):
    name = "res.groups"
    label = "Access Groups"
    rec_name = "full_name"
    read_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Name"),
        "full_name": char("Group Name"),
        "xmlid": char("External ID"),
        "api_key_duration": decimal("API Keys maximum duration days"),
    }


class User(Model):
    name = "res.users"
    label = "User"
    write_groups = ("base.group_erp_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "name": char("Name", required=True),
        "login": char("Login", required=True, index=True),
        "password": char("Password", compute=lambda env, row: False),
        "new_password": char("Set Password", compute=lambda env, row: False),
        "email": char("Email"),
        "active": flag("Active", default=True),
        "partner_id": one("res.partner", "Related Partner"),
        "lang": char("Language", default="en_US"),
        "tz": char("Timezone"),
        "company_id": one("res.company", "Company", default=1),
        "company_ids": links("res.company", "Companies"),
        "group_ids": links("res.groups", "Groups"),
        "share": flag("Share User"),
    }

    def _insert_one(self, env: Env, vals: Row) -> int:
        password = vals.pop("password", None) or vals.pop("new_password", None)
        if any(r.get("login") == vals.get("login") for r in self.rows(env).values()):
            raise ValidationError("The operation cannot be completed: You can not have two users with the same login!")
        vals.setdefault("name", vals.get("login"))
        if not vals.get("partner_id"):
            about = {"name": vals["name"], "email": vals.get("email") or False}
            vals["partner_id"] = env["res.partner"].insert(env.sudo(), [about])[0]
        vals.setdefault("company_ids", [[6, 0, [vals.get("company_id", env.company)]]])
        vals.setdefault("group_ids", [[6, 0, [1]]])
        id_ = super()._insert_one(env, vals)
        self.rows(env)[id_]["_password"] = password
        return id_

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        password = vals.get("password") or vals.get("new_password")
        if password:
            for row in rows:
                row["_password"] = password  # keys live on, as at the real server
        super().update(env, rows, {k: v for k, v in vals.items() if k not in ("password", "new_password")})

    @public_model
    def context_get(self, env: Env) -> Row:
        return {"lang": env.user["lang"] or "en_US", "tz": env.user["tz"], "uid": env.uid}

    @public
    def has_group(self, env: Env, ids: list[int], group_ext_id: str) -> bool:
        return group_ext_id in env.registry.groups_of(self.browse(env, ids)[0] if ids else env.user)


class ApiKey(Model):
    name = "res.users.apikeys"
    label = "Users API Keys"
    own: ClassVar[Fields] = {
        "name": char("Description", required=True),
        "user_id": one("res.users", "User", required=True, cascade=True),
        "scope": char("Scope"),
        "expiration_date": moment("Expiration Date"),
    }

    def visible(self, env: Env, row: Row) -> bool:
        return row["user_id"] == env.uid or env.in_groups(*ADMIN)

    def generate_key(self, env: Env, user: int, name: str, expires: str | bool, scope: Any = False) -> str:
        """A new key for a user; the text is shown this once and is not readable later."""
        key = secrets.token_hex(20)
        id_ = self.insert(env, [{"name": name, "user_id": user, "scope": scope, "expiration_date": expires}])[0]
        self.rows(env)[id_]["_key"] = key
        env.registry.keys[key] = id_
        return key

    @public_model
    def generate(self, env: Env, key: str, scope: str | None, name: str, expiration_date: str) -> str:
        """Odoo 19's programmatic renewal: only with a present key of the same user, and where it is switched on."""
        self._programmatic(env)
        live = self.rows(env).get(env.registry.keys.get(key, 0))
        if live is None or live["user_id"] != env.uid or expired(live):
            raise UserError("The provided API key is invalid or does not belong to the current user.")
        if sum(row["user_id"] == env.uid for row in self.rows(env).values()) >= PROGRAMMATIC_LIMIT:
            raise UserError(f"Limit of {PROGRAMMATIC_LIMIT} API keys is reached for programmatic creation")
        if not env.in_groups(*ADMIN) and expiration_date > utc_text(time.time() + 90 * 86_400)[:19]:
            raise UserError("You cannot exceed 90.0 days.")
        return self.generate_key(env.sudo(), env.uid, name, expiration_date, scope or False)

    @public_model
    def revoke(self, env: Env, key: str) -> bool:
        """End a key by its text."""
        self._programmatic(env)
        number = env.registry.keys.pop(key, 0)
        if number not in self.rows(env):
            raise errors.AccessDenied("The provided API key is invalid.")
        self.erase(env.sudo(), [self.rows(env)[number]])
        return True

    def _programmatic(self, env: Env) -> None:
        if not (env.in_groups(*ADMIN) or env.registry.programmatic_keys):
            raise UserError("Programmatic API keys are not enabled")

    def check_access(self, env: Env, operation: str) -> None:
        if operation != "read" and not env.superuser:
            raise errors.not_allowed(self.label, self.name, "delete" if operation == "unlink" else operation)

    @public
    def remove(self, env: Env, ids: list[int]) -> Row:
        self.browse(env, ids)
        check = env["res.users.identitycheck"].insert(env, [{"request": f"remove:{ids[0]}"}])[0]
        return _action("res.users.identitycheck", check, "Access Control")


class ApiKeyDescription(Model):
    name = "res.users.apikeys.description"
    label = "API Key Description"
    transient = True
    own: ClassVar[Fields] = {
        "name": char("Description", required=True),
        "duration": choice(
            "Duration",
            *((d, d) for d in ("1", "7", "30", "90", "180", "365", "0", "-1")),
            default="1",
            required=True,
        ),
        "expiration_date": moment("Expiration Date"),
    }

    def check(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            if env.in_groups(*ADMIN):
                continue
            if float(row["duration"]) == 0:
                raise ValidationError("The API key must have an expiration date")
            if float(row["duration"]) > 90:
                raise ValidationError("You cannot exceed 90.0 days.")

    @public
    def make_key(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        check = env["res.users.identitycheck"].insert(env, [{"request": f"make:{row['id']}"}])[0]
        return _action("res.users.identitycheck", check, "Access Control")


class IdentityCheck(Model):
    name = "res.users.identitycheck"
    label = "Password Check Wizard"
    transient = True
    own: ClassVar[Fields] = {"request": char("Request"), "auth_method": char("Auth Method", default="password")}

    @public
    def run_check(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        if not env.user.get("_password") or env.ctx.get("password") != env.user["_password"]:
            raise UserError("Incorrect Password, try again or click on Forgot Password to reset your password.")
        verb, _, target = row["request"].partition(":")
        keys = cast("ApiKey", env["res.users.apikeys"])
        if verb == "remove":
            keys.erase(env, keys.browse(env, [int(target)]))
            return {"type": "ir.actions.act_window_close"}
        wanted = env.row("res.users.apikeys.description", int(target))
        expires: str | bool = False
        if float(wanted["duration"]) > 0:
            midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0) + timedelta(days=float(wanted["duration"]))
            expires = midnight.strftime("%Y-%m-%d %H:%M:%S")
        key = keys.generate_key(env, env.uid, wanted["name"], expires)
        shown = _action("res.users.apikeys.show", 0, "API Key Ready")
        return {**shown, "context": {"default_key": key}}


class ApiKeyShow(Model):
    name = "res.users.apikeys.show"
    label = "Show API Key"
    transient = True
    own: ClassVar[Fields] = {"key": char("Key")}


def _action(model: str, record: int, title: str) -> Row:
    action: Row = {
        "type": "ir.actions.act_window",
        "name": title,
        "res_model": model,
        "target": "new",
        "views": [[False, "form"]],
    }
    return {**action, "res_id": record} if record else action


def expired(row: Row) -> bool:
    """Whether an API key's time is over."""
    until = row["expiration_date"]
    return bool(until) and until < utc_text(time.time())[:19]


MODELS = [Group, User, ApiKey, ApiKeyDescription, IdentityCheck, ApiKeyShow]
