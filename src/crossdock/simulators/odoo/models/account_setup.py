"""Taxes, fiscal positions, journals, accounts and payment terms: what an accounting set-up consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, decimal, flag, integer, links, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

MANAGER = ("account.group_account_manager", "base.group_system")


class Tax(Model):
    name = "account.tax"
    label = "Tax"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Tax Name", required=True),
        "amount": decimal("Amount"),
        "amount_type": char("Tax Computation", default="percent"),
        "type_tax_use": choice("Tax Type", ("sale", "Sales"), ("purchase", "Purchases"), ("none", "None"), default="sale"),
        "price_include": flag("Included in Price"),
        "active": flag("Active", default=True),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
    }


class FiscalPosition(Model):
    name = "account.fiscal.position"
    label = "Fiscal Position"
    order = "sequence, id"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Fiscal Position", required=True),
        "sequence": integer("Sequence"),
        "auto_apply": flag("Detect Automatically"),
        "country_id": one("res.country", "Country"),
        "tax_ids": links("account.tax", "Taxes"),
        "active": flag("Active", default=True),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
    }


class PaymentTerm(Model):
    name = "account.payment.term"
    label = "Payment Terms"
    write_groups = MANAGER
    own: ClassVar[Fields] = {"name": char("Payment Terms", required=True), "active": flag("Active", default=True)}


class Incoterm(Model):
    name = "account.incoterms"
    label = "Incoterms"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Name", required=True),
        "code": char("Code", required=True),
        "active": flag("Active", default=True),
    }


class Journal(Model):
    name = "account.journal"
    label = "Journal"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Journal Name", required=True),
        "code": char("Short Code", required=True),
        "type": choice("Type", "sale", "purchase", "cash", "bank", "credit", "general"),
        "active": flag("Active", default=True),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
    }


class Account(Model):
    name = "account.account"
    label = "Account"
    order = "code, id"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Account Name", required=True),
        "code": char("Code"),
        "account_type": choice(
            "Type",
            ("asset_receivable", "Receivable"),
            ("asset_cash", "Bank and Cash"),
            ("asset_current", "Current Assets"),
            ("liability_payable", "Payable"),
            ("liability_current", "Current Liabilities"),
            ("income", "Income"),
            ("expense", "Expenses"),
            default="asset_current",
        ),
    }

    def display(self, env: Env, row: Row) -> str:
        return f"{row['code']} {row['name']}"


MODELS = [Tax, FiscalPosition, PaymentTerm, Incoterm, Journal, Account]
