"""The data a fresh Odoo 19 holds after installing the sales, stock, purchase and accounting applications.

Database ids and external ids are those of a real one, so that a test may use either.
"""

from __future__ import annotations

import re
from typing import Any, cast

from crossdock.simulators.odoo.env import SUPERUSER, Env
from crossdock.simulators.odoo.models.users import ApiKey
from crossdock.simulators.odoo.places import COUNTRIES, US_STATES
from crossdock.simulators.odoo.registry import Registry
from crossdock.simulators.odoo.schema import Undo
from crossdock.simulators.odoo.store import ExternalId, Store, utc_text

GROUPS = {
    1: ("base.group_user", "Role / User"),
    2: ("base.group_erp_manager", "Access Rights"),
    4: ("base.group_system", "Role / Administrator"),
    5: ("base.group_multi_company", "Multi Companies"),
    9: ("base.group_partner_manager", "Contact / Creation"),
    14: ("api_doc.group_allow_doc", "Technical Documentation"),
    21: ("product.group_product_manager", "Products / Create"),
    22: ("sales_team.group_sale_salesman", "Sales / User: Own Documents Only"),
    23: ("sales_team.group_sale_salesman_all_leads", "Sales / User: All Documents"),
    24: ("sales_team.group_sale_manager", "Sales / Administrator"),
    26: ("account.group_account_readonly", "Show Accounting Features - Readonly"),
    27: ("account.group_account_invoice", "Accounting / Invoicing"),
    30: ("account.group_account_manager", "Accounting / Administrator"),
    36: ("stock.group_stock_user", "Inventory / User"),
    37: ("stock.group_stock_manager", "Inventory / Administrator"),
    40: ("stock.group_production_lot", "Manage Lots / Serial Numbers"),
    43: ("stock.group_tracking_lot", "Manage Packages"),
    49: ("purchase.group_purchase_user", "Purchase / User"),
    50: ("purchase.group_purchase_manager", "Purchase / Administrator"),
}
HUB = (1, 9, 21, 22, 23, 27, 36, 40, 43, 49)

Rows = list[tuple[int, str, dict[str, Any]]]  # database id, external id, values

CURRENCIES: Rows = [
    (1, "base.USD", {"name": "USD", "symbol": "$"}),
    (126, "base.EUR", {"name": "EUR", "symbol": "\u20ac", "active": False}),
    (144, "base.GBP", {"name": "GBP", "symbol": "\u00a3", "active": False}),
]
UOMS: Rows = [
    (1, "uom.product_uom_unit", {"name": "Units"}),
    (2, "uom.product_uom_pack_6", {"name": "Pack of 6", "factor": 6.0, "relative_factor": 6.0, "relative_uom_id": 1}),
    (3, "uom.product_uom_dozen", {"name": "Dozens", "factor": 12.0, "relative_factor": 12.0, "relative_uom_id": 1}),
    (4, "uom.product_uom_hour", {"name": "Hours"}),
    (12, "uom.product_uom_milliliter", {"name": "ml"}),
    (13, "uom.product_uom_litre", {"name": "L", "factor": 1000.0, "relative_factor": 1000.0, "relative_uom_id": 12}),
    (15, "uom.product_uom_gram", {"name": "g"}),
    (16, "uom.product_uom_kgm", {"name": "kg", "factor": 1000.0, "relative_factor": 1000.0, "relative_uom_id": 15}),
]
CATEGORIES: Rows = [
    (1, "product.product_category_goods", {"name": "Goods"}),
    (2, "product.product_category_expenses", {"name": "Expenses"}),
    (3, "product.product_category_services", {"name": "Services"}),
    (4, "delivery.product_category_deliveries", {"name": "Deliveries"}),
]
TAXES: Rows = [
    (1, "account.1_sale_tax_template", {"name": "15%", "amount": 15.0, "type_tax_use": "sale"}),
    (2, "account.1_purchase_tax_template", {"name": "15%", "amount": 15.0, "type_tax_use": "purchase"}),
    (3, "account.1_sale_export_tax_template", {"name": "0% Exports", "amount": 0.0, "type_tax_use": "sale"}),
    (4, "account.1_purchase_import_tax_template", {"name": "0% Imports", "amount": 0.0, "type_tax_use": "purchase"}),
]
POSITIONS: Rows = [
    (
        1,
        "account.1_template_generic_domestic_fiscal_position",
        {"name": "Domestic", "auto_apply": True, "country_id": 233, "tax_ids": [[6, 0, [1, 2]]]},
    ),
    (
        2,
        "account.1_template_generic_export_fiscal_position",
        {"name": "Foreign Trade", "auto_apply": True, "tax_ids": [[6, 0, [3, 4]]]},
    ),
]
TERMS: Rows = [
    (1, "account.account_payment_term_immediate", {"name": "Immediate Payment"}),
    (2, "account.account_payment_term_15days", {"name": "15 Days"}),
    (4, "account.account_payment_term_30days", {"name": "30 Days"}),
]
INCOTERMS: Rows = [
    (1, "account.incoterm_EXW", {"name": "EX WORKS", "code": "EXW"}),
    (2, "account.incoterm_FCA", {"name": "FREE CARRIER", "code": "FCA"}),
]
JOURNALS: Rows = [
    (1, "account.1_sale", {"name": "Sales", "code": "INV", "type": "sale"}),
    (2, "account.1_purchase", {"name": "Purchases", "code": "BILL", "type": "purchase"}),
    (3, "account.1_general", {"name": "Miscellaneous Operations", "code": "MISC", "type": "general"}),
    (6, "account.1_bank", {"name": "Bank", "code": "BNK1", "type": "bank"}),
]
ACCOUNTS: Rows = [
    (5, "account.1_receivable", {"code": "121000", "name": "Account Receivable", "account_type": "asset_receivable"}),
    (15, "account.1_payable", {"code": "211000", "name": "Account Payable", "account_type": "liability_payable"}),
    (9, "account.1_tax_paid", {"code": "131000", "name": "Tax Paid", "account_type": "asset_current"}),
    (21, "account.1_tax_received", {"code": "251000", "name": "Tax Received", "account_type": "liability_current"}),
    (26, "account.1_income", {"code": "400000", "name": "Product Sales", "account_type": "income"}),
    (32, "account.1_expense", {"code": "600000", "name": "Expenses", "account_type": "expense"}),
    (45, "account.1_bank_account", {"code": "101401", "name": "Bank", "account_type": "asset_cash"}),
    (48, "account.1_receipts", {"code": "101403", "name": "Outstanding Receipts", "account_type": "asset_current"}),
    (49, "account.1_payments", {"code": "101404", "name": "Outstanding Payments", "account_type": "asset_current"}),
]
LOCATIONS: Rows = [
    (1, "stock.stock_location_suppliers", {"name": "Vendors", "usage": "supplier", "company_id": False}),
    (2, "stock.stock_location_customers", {"name": "Customers", "usage": "customer", "company_id": False}),
    (4, "stock.stock_location_wh", {"name": "WH", "usage": "view"}),
    (5, "stock.stock_location_stock", {"name": "Stock", "usage": "internal", "location_id": 4}),
    (11, "stock.stock_location_loss", {"name": "Inventory adjustment", "usage": "inventory"}),
    (12, "stock.stock_location_production", {"name": "Production", "usage": "production"}),
]
TYPES: Rows = [
    (
        1,
        "stock.picking_type_in",
        {
            "name": "Receipts",
            "code": "incoming",
            "sequence_code": "IN",
            "default_location_src_id": 1,
            "default_location_dest_id": 5,
        },
    ),
    (
        2,
        "stock.picking_type_out",
        {
            "name": "Delivery Orders",
            "code": "outgoing",
            "sequence_code": "OUT",
            "default_location_src_id": 5,
            "default_location_dest_id": 2,
        },
    ),
]
SUBTYPES: Rows = [
    (1, "mail.mt_comment", {"name": "Discussions"}),
    (2, "mail.mt_note", {"name": "Note", "internal": True}),
]
PRECISIONS: Rows = [
    (1, "product.decimal_product_uom", {"name": "Product Unit", "digits": 2}),
    (3, "product.decimal_price", {"name": "Product Price", "digits": 2}),
    (4, "product.decimal_discount", {"name": "Discount", "digits": 2}),
]


def fill(store: Store, registry: Registry) -> dict[str, str]:
    """Put the data in; returns the API keys by login."""
    store.table("res.users").rows[SUPERUSER] = {"id": SUPERUSER, "company_ids": [1], "company_id": 1, "name": "OdooBot"}
    env = Env(store, registry, SUPERUSER, utc_text(), 0)

    def put(model: str, rows: Rows) -> None:
        for id_, xid, vals in rows:
            registry[model].insert(env, [{"id": id_, **vals}])
            module, _, name = xid.partition(".")
            store.set_xid((module, name), ExternalId(model, id_, True, 0), env.undo)
        table = store.table(model)
        table.last_id = max(table.last_id, max((r[0] for r in rows), default=0))

    put("res.lang", [(1, "base.lang_en", {"name": "English (US)", "code": "en_US"})])
    put("res.currency", CURRENCIES)
    put(
        "res.country", [(i, f"base.{'uk' if c == 'GB' else c.lower()}", {"code": c, "name": n}) for i, c, n in _listed(COUNTRIES)]
    )
    states = [(i, f"base.state_us_{i}", {"code": c, "name": n, "country_id": 233}) for i, c, n in _listed(US_STATES)]
    put("res.country.state", states)
    put("res.partner", [(1, "base.main_partner", {"name": "My Company", "is_company": True, "country_id": 233})])
    put("res.company", [(1, "base.main_company", {"name": "My Company", "partner_id": 1})])
    put("res.groups", [(i, x, {"name": n.split(" / ")[-1], "full_name": n, "xmlid": x}) for i, (x, n) in GROUPS.items()])
    keys = _users(env, registry)
    put("account.tax", TAXES)
    put("account.fiscal.position", POSITIONS)
    put("account.payment.term", TERMS)
    put("account.incoterms", INCOTERMS)
    put("account.journal", JOURNALS)
    put("account.account", ACCOUNTS)
    put("uom.uom", UOMS)
    put("product.category", CATEGORIES)
    put("decimal.precision", PRECISIONS)
    put("stock.location", LOCATIONS)
    house = {"name": "My Company", "code": "WH", "view_location_id": 4, "lot_stock_id": 5}
    put("stock.warehouse", [(1, "stock.warehouse0", house)])
    put("stock.picking.type", [(i, x, {**v, "warehouse_id": 1}) for i, x, v in TYPES])
    types = registry["stock.picking.type"]
    for one_way, back in ((1, 2), (2, 1)):
        types.update(env, [store.table("stock.picking.type").rows[one_way]], {"return_picking_type_id": back})
    registry["stock.warehouse"].update(env, [store.table("stock.warehouse").rows[1]], {"in_type_id": 1, "out_type_id": 2})
    freight = {"name": "Standard delivery", "default_code": "Delivery_007", "type": "service", "list_price": 0.0}
    product = registry["product.product"].insert(env, [freight])[0]
    put("delivery.carrier", [(1, "delivery.free_delivery_carrier", {"name": "Standard delivery", "product_id": product})])
    put("mail.message.subtype", SUBTYPES)
    _metadata(env, registry)
    env.happened.clear()
    return keys


def outbox_group(store: Store) -> None:
    """The group of the add-on's outbox, with the hub's users in it."""
    store.table("res.groups").insert(
        {"id": 60, "name": "Crossdock hub", "full_name": "Crossdock hub", "xmlid": "crossdock_outbox.group_hub"}, Undo()
    )
    for row in store.table("res.users").rows.values():
        if row["login"].startswith("hub"):
            row["group_ids"] = [*row["group_ids"], 60]


def _users(env: Env, registry: Registry) -> dict[str, str]:
    users = registry["res.users"]
    keys = cast("ApiKey", registry["res.users.apikeys"])
    everything = sorted(GROUPS)
    store = env.store
    answer = {}
    for id_, login, name, tz, groups in (
        (1, "__system__", "OdooBot", "UTC", everything),
        (2, "admin", "Administrator", "UTC", everything),
        (5, "hub", "Hub", "UTC", list(HUB)),
        (6, "hub-berlin", "Hub Berlin", "Europe/Berlin", [g for g in HUB if g != 49]),
    ):
        partner = registry["res.partner"].insert(env, [{"name": name}])[0]
        env.__dict__.pop("user", None)
        users.insert(
            env,
            [
                {
                    "id": id_,
                    "login": login,
                    "name": name,
                    "tz": tz,
                    "partner_id": partner,
                    "password": f"{login}-password",
                    "group_ids": [[6, 0, groups]],
                    "company_ids": [[6, 0, [1]]],
                }
            ],
        )
        if id_ != SUPERUSER:
            answer[login] = keys.generate_key(env, id_, login, False if login == "admin" else "2099-01-01 00:00:00")
    store.table("res.users").last_id = 6
    return answer


def _metadata(env: Env, registry: Registry) -> None:
    models, fields = registry["ir.model"], registry["ir.model.fields"]
    for name in registry.names():
        model = registry[name]
        id_ = models.insert(env, [{"name": model.label, "model": name}])[0]
        fields.insert(
            env,
            [{"name": n, "model": name, "model_id": id_, "ttype": f.type} for n, f in model.fields.items()],
        )


def _listed(text: str) -> list[tuple[int, str, str]]:
    found = re.findall(r"(\d+) (\w+) ([^;\n]+)", text.replace(";\n", "; ").strip())
    return [(int(i), code, name.strip()) for i, code, name in found]
