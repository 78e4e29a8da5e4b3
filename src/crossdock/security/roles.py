"""The permissions there are and the roles that grant them; knows no person and no page."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What somebody may do. The value is what API keys and audit records name."""

    EXCEPTIONS_SEE = "exceptions:see"
    EXCEPTIONS_ACT = "exceptions:act"
    EXCEPTIONS_EDIT = "exceptions:edit"
    EXCEPTIONS_BULK = "exceptions:bulk"
    EXCEPTIONS_FIX = "exceptions:fix"
    EXCEPTIONS_APPROVE = "exceptions:approve"
    PAYLOAD_SEE = "payload:see"
    PAYLOAD_UNMASK = "payload:unmask"
    TRANSACTIONS_SEE = "transactions:see"
    BOARD_SEE = "board:see"
    BOARD_ACT = "board:act"
    DASHBOARDS_SEE = "dashboards:see"
    ALERTS_MANAGE = "alerts:manage"
    PARTNERS_MANAGE = "partners:manage"
    ACCOUNTS_MANAGE = "accounts:manage"
    KEYS_MANAGE = "keys:manage"
    AUDIT_SEE = "audit:see"
    SETTINGS_SEE = "settings:see"
    CHANGES_SEE = "changes:see"
    CHANGES_OPEN = "changes:open"
    CHANGES_REVIEW = "changes:review"
    CHANGES_PROMOTE = "changes:promote"
    FINANCE_SEE = "finance:see"
    PORTAL_SEE = "portal:see"
    PORTAL_ACT = "portal:act"
    CUSTOMER_SEE = "customer:see"
    CUSTOMER_ACT = "customer:act"
    OWN_ACCOUNT = "own:account"

    @property
    def says(self) -> str:
        """What it allows, in words."""
        return _SAYS[self]


class Role(StrEnum):
    """What somebody is to the hub."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PARTNER_MANAGER = "partner_manager"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"

    @property
    def shown(self) -> str:
        """The role's name for people."""
        return self.value.replace("_", " ").capitalize()


_SAYS: Final = {
    Permission.EXCEPTIONS_SEE: "See the inbox of exceptions and what each is about",
    Permission.EXCEPTIONS_ACT: "Retry, resolve, reconcile, cancel, assign, hand over and snooze exceptions",
    Permission.EXCEPTIONS_EDIT: "Edit a message and replay it",
    Permission.EXCEPTIONS_BULK: "Plan and run bulk jobs over many exceptions",
    Permission.EXCEPTIONS_FIX: "Fix in place: add value-map entries, renew credentials, put a parked system back to work",
    Permission.EXCEPTIONS_APPROVE: "Approve what somebody else wants to do, where policy asks for two",
    Permission.PAYLOAD_SEE: "See payloads, with restricted fields masked",
    Permission.PAYLOAD_UNMASK: "Unmask restricted fields of a payload; each time is recorded",
    Permission.TRANSACTIONS_SEE: "See orders, shipments, invoices and returns with their stages",
    Permission.BOARD_SEE: "See the expectation board",
    Permission.BOARD_ACT: "Acknowledge and take over expectations and alerts",
    Permission.DASHBOARDS_SEE: "See the dashboards of flows and partners",
    Permission.ALERTS_MANAGE: "Silence and test alert routes",
    Permission.PARTNERS_MANAGE: "Bring partners to live, test them, suspend them and let them go on",
    Permission.ACCOUNTS_MANAGE: "Invite and disable people, give and take roles, end sessions",
    Permission.KEYS_MANAGE: "Make, rotate and revoke API keys",
    Permission.AUDIT_SEE: "Search the audit trail and verify it",
    Permission.SETTINGS_SEE: "See how this hub is set up, what was promoted to it and what operating model is advised",
    Permission.CHANGES_SEE: "See change requests with their evidence, and the decision log",
    Permission.CHANGES_OPEN: "Ask for a change of the landscape, and take one's own request back",
    Permission.CHANGES_REVIEW: "Approve, reject and let through changes of others, and waive standards, for one's team",
    Permission.CHANGES_PROMOTE: "Let an approved change run, and go back to what ran before",
    Permission.FINANCE_SEE: "See the proof that money agrees and the settlements of carriers",
    Permission.PORTAL_SEE: "See a supplier's purchase orders on the portal, and what the supplier sent",
    Permission.PORTAL_ACT: "Answer purchase orders, send ship notices and invoices, print labels, as the supplier",
    Permission.CUSTOMER_SEE: "See where a customer's orders, shipments, invoices and returns stand, as its portal",
    Permission.CUSTOMER_ACT: "Open and take back returns, as a customer's portal",
    Permission.OWN_ACCOUNT: "Keep one's own password, second factor, sessions, language and zone",
}

_SEE: Final = frozenset(
    {
        Permission.EXCEPTIONS_SEE,
        Permission.PAYLOAD_SEE,
        Permission.TRANSACTIONS_SEE,
        Permission.BOARD_SEE,
        Permission.DASHBOARDS_SEE,
    }
)
_ACT: Final = frozenset({Permission.EXCEPTIONS_ACT, Permission.BOARD_ACT})

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: _SEE,
    Role.OPERATOR: _SEE | _ACT | {Permission.EXCEPTIONS_EDIT, Permission.EXCEPTIONS_BULK},
    Role.PARTNER_MANAGER: _SEE
    | _ACT
    | {Permission.EXCEPTIONS_FIX, Permission.PAYLOAD_UNMASK, Permission.ALERTS_MANAGE, Permission.FINANCE_SEE}
    | {Permission.PARTNERS_MANAGE, Permission.CHANGES_SEE, Permission.CHANGES_OPEN},
    Role.APPROVER: _SEE
    | {Permission.EXCEPTIONS_APPROVE, Permission.PAYLOAD_UNMASK, Permission.FINANCE_SEE}
    | {Permission.CHANGES_SEE, Permission.CHANGES_REVIEW},
    Role.ADMINISTRATOR: frozenset(Permission)
    - {
        Permission.PAYLOAD_UNMASK,
        Permission.EXCEPTIONS_APPROVE,
        Permission.CHANGES_REVIEW,
        Permission.PORTAL_ACT,
        Permission.CUSTOMER_ACT,
        Permission.OWN_ACCOUNT,
    },
    Role.AUDITOR: _SEE | {Permission.CHANGES_SEE, Permission.AUDIT_SEE, Permission.SETTINGS_SEE, Permission.FINANCE_SEE},
    Role.SUPPLIER: frozenset({Permission.PORTAL_SEE, Permission.PORTAL_ACT}),
    Role.CUSTOMER: frozenset({Permission.CUSTOMER_SEE, Permission.CUSTOMER_ACT}),
}
"""Which role grants what; one's own account needs none. Nobody unmasks, approves or speaks as a supplier or customer by
administering: those are given by a role of their own, so that it shows."""

WHOLE_HUB: Final = frozenset(
    {
        Permission.PARTNERS_MANAGE,
        Permission.ACCOUNTS_MANAGE,
        Permission.KEYS_MANAGE,
        Permission.AUDIT_SEE,
        Permission.SETTINGS_SEE,
        Permission.CHANGES_SEE,
        Permission.CHANGES_OPEN,
        Permission.CHANGES_REVIEW,
        Permission.CHANGES_PROMOTE,
        Permission.FINANCE_SEE,
        Permission.ALERTS_MANAGE,
    }
)
"""Permissions that cannot be had for a part of the hub: a role narrowed to one flow or partner does not grant them."""

NARROW: Final = frozenset({Role.SUPPLIER, Role.CUSTOMER})
"""Roles that grant nothing unless they are narrowed to systems: somebody from outside never has them for the whole hub."""
