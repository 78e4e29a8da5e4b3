"""Partners, companies, countries, users and their API keys, external ids: the `base` part."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo import errors
from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.errors import AccessError, ProgrammingError, UserError, ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    flag,
    integer,
    links,
    many,
    moment,
    one,
    text,
)
from crossdock.simulators.odoo.store import ExternalId, utc_text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

ADMIN = ("base.group_system",)


def _commercial(env: Env, row: Row) -> int:
    rows = env.store.table("res.partner").rows
    while not row.get("is_company") and row.get("parent_id") in rows:
        row = rows[row["parent_id"]]
    return int(row["id"])


class Partner(Model):
    name = "res.partner"
    label = "Contact"
    order = "complete_name ASC, id DESC"
    parent_field = "parent_id"
    write_groups = ("base.group_partner_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "name": char("Name"),
        "complete_name": char("Complete Name", compute=lambda env, row: env["res.partner"].display(env, row)),
        "ref": char("Reference", index=True),
        "is_company": flag("Is a Company"),
        "active": flag("Active", default=True),
        "parent_id": one("res.partner", "Related Company", touched=True),
        "child_ids": many("res.partner", "parent_id", "Contact"),
        "type": choice("Address Type", "contact", "invoice", "delivery", "other", default="contact"),
        "street": char("Street"),
        "street2": char("Street2"),
        "city": char("City"),
        "zip": char("Zip"),
        "state_id": one("res.country.state", "State"),
        "country_id": one("res.country", "Country"),
        "country_code": char("Country Code", compute=lambda env, row: _country_code(env, row)),
        "email": char("Email"),
        "phone": char("Phone"),
        "website": char("Website Link"),
        "vat": char("Tax ID", index=True),
        "barcode": char("Barcode"),
        "lang": choice("Language", ("en_US", "English (US)"), default="en_US"),
        "tz": char("Timezone"),
        "comment": text("Notes"),
        "company_id": one("res.company", "Company"),
        "user_id": one("res.users", "Salesperson"),
        "commercial_partner_id": one("res.partner", "Commercial Entity", compute=_commercial),
        "company_name": char("Company Name"),
        "customer_rank": integer("Customer Rank"),
        "supplier_rank": integer("Supplier Rank"),
        "property_payment_term_id": one("account.payment.term", "Customer Payment Terms"),
        "property_account_position_id": one("account.fiscal.position", "Fiscal Position"),
        "property_delivery_carrier_id": one("delivery.carrier", "Delivery Method"),
    }

    def display(self, env: Env, row: Row) -> str:
        label = str(row["name"] or "")
        parent = self.rows(env).get(row["parent_id"]) if row["parent_id"] else None
        if parent is not None and not row["is_company"]:
            if not label:
                label = dict(self.fields["type"].selection).get(row["type"], "")
            label = f"{parent['name']}, {label}"
        return label

    def check(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            if row["type"] == "contact" and not row["name"]:
                raise ValidationError("The operation cannot be completed: Contacts require a name")

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            env.effect("partner_created", row["ref"] or row["name"] or str(row["id"]), {"id": row["id"]})

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        users = env.store.table("res.users").rows.values()
        linked = [u for u in users if u["active"] and any(u["partner_id"] == r["id"] for r in rows)]
        if linked:
            names = "\n".join(str(u["name"]) for u in linked)
            raise ValidationError(
                "You cannot delete contacts linked to an active user.\nAsk an administrator to archive their "
                f"associated user first.\n\nLinked active users :\n{names}"
            )

    @public
    def address_get(self, env: Env, ids: list[int], adr_pref: list[str] | None = None) -> dict[str, int]:
        """The address of each kind: the record itself, else the first child of that type, else the parent."""
        row = self.browse(env, ids[:1])[0]
        return {kind: self.address_of(env, row, kind) for kind in [*(adr_pref or []), "contact"]}

    def address_of(self, env: Env, row: Row, kind: str) -> int:
        """The partner id used for deliveries or invoices of this partner."""
        if row["type"] == kind:
            return int(row["id"])
        children = self.getter("child_ids")(env, row)
        for child in (self.rows(env)[i] for i in sorted(children)):
            if child["type"] == kind and child["active"]:
                return int(child["id"])
        return int(row["id"])


def _country_code(env: Env, row: Row) -> Any:
    country = env.store.table("res.country").rows.get(row["country_id"])
    return country["code"] if country else False


class Country(Model):
    name = "res.country"
    label = "Country"
    order = "name, id"
    write_groups = ADMIN
    own: ClassVar[Fields] = {"name": char("Country Name", required=True), "code": char("Country Code", index=True)}


class State(Model):
    name = "res.country.state"
    label = "Country state"
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("State Name", required=True),
        "code": char("State Code", index=True),
        "country_id": one("res.country", "Country", required=True),
    }

    def display(self, env: Env, row: Row) -> str:
        return f"{row['name']} ({env.row('res.country', row['country_id'])['code']})"


class Currency(Model):
    name = "res.currency"
    label = "Currency"
    write_groups = ADMIN
    own: ClassVar[Fields] = {
        "name": char("Currency", required=True),
        "symbol": char("Symbol"),
        "rounding": decimal("Rounding Factor", default=0.01),
        "decimal_places": integer("Decimal Places", default=2),
        "active": flag("Active", default=True),
    }


class Company(Model):
    name = "res.company"
    label = "Companies"
    write_groups = ("base.group_erp_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "name": char("Company Name", required=True),
        "partner_id": one("res.partner", "Partner"),
        "currency_id": one("res.currency", "Currency", default=1),
        "country_id": one("res.country", "Country", default=233),
        "active": flag("Active", default=True),
        "tax_calculation_rounding_method": choice(
            "Tax Calculation Rounding Method", "round_per_line", "round_globally", default="round_globally"
        ),
    }

    def after_create(self, env: Env, ids: list[int]) -> None:
        # A company created over the API joins its creator's companies and has no warehouse.
        for row in self.browse(env.sudo(), ids):
            if not row["partner_id"]:
                partner = env["res.partner"].insert(env.sudo(), [{"name": row["name"], "is_company": True}])[0]
                self.put(env, row, partner_id=partner)
            user = env.user
            if env.superuser:
                continue
            env["res.users"].put(env, user, company_ids=[*(user["company_ids"] or []), row["id"]])
            env.__dict__.pop("companies", None)


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


class Language(Model):
    name = "res.lang"
    label = "Languages"
    write_groups = ADMIN
    own: ClassVar[Fields] = {"name": char("Name"), "code": char("Locale Code"), "active": flag("Active", default=True)}


class Precision(Model):
    name = "decimal.precision"
    label = "Decimal Precision"
    write_groups = ADMIN
    own: ClassVar[Fields] = {"name": char("Usage"), "digits": integer("Digits")}


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


def expired(row: Row) -> bool:
    """Whether an API key's time is over."""
    until = row["expiration_date"]
    return bool(until) and until < utc_text(time.time())[:19]


MODELS = [
    Partner,
    Country,
    State,
    Currency,
    Company,
    Group,
    User,
    Language,
    Precision,
    ApiKey,
    ApiKeyDescription,
    IdentityCheck,
    ApiKeyShow,
    ModelData,
]
