"""Partners, companies, countries, currencies, languages: the `base` part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.periods import lock_fields
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    flag,
    integer,
    many,
    one,
    text,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.users import ADMIN


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
        **lock_fields(),
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


MODELS = [Partner, Country, State, Currency, Company, Language, Precision]
