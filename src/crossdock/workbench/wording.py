"""Roles and permissions in the words of the pages, translatable; what they grant is in `security.roles`."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import Permission, Role

ROLES: Final[dict[Role, Any]] = {
    Role.VIEWER: _("Viewer"),
    Role.OPERATOR: _("Operator"),
    Role.PARTNER_MANAGER: _("Partner manager"),
    Role.APPROVER: _("Approver"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.AUDITOR: _("Auditor"),
    Role.SUPPLIER: _("Supplier"),
    Role.CUSTOMER: _("Customer"),
}

WORDS: Final[dict[str, Any]] = {
    "received": _("received"),
    "canonical": _("canonical"),
    "mapped": _("mapped"),
    "sent": _("sent"),
    "answered": _("answered"),
    "failed": _("failed"),
    "normalized": _("normalized"),
    "applied": _("applied"),
    "accepted": _("accepted"),
    "open": _("open"),
    "resolved": _("resolved"),
    "retrying": _("retrying"),
    "waiting": _("waiting"),
    "held": _("held"),
    "pending": _("pending"),
    "duplicate": _("duplicate"),
    "ignored": _("ignored"),
    "stale": _("stale"),
    "rejected": _("rejected"),
    "deferred": _("deferred"),
    "uncertain": _("uncertain"),
    "misconfigured": _("misconfigured"),
    "cancelled": _("cancelled"),
    "parked": _("parked"),
    "ready": _("ready"),
    "sending": _("sending"),
    "unrouted": _("unrouted"),
    "fulfilled": _("fulfilled"),
    "breached": _("breached"),
    "withdrawn": _("withdrawn"),
    "receive": _("receive"),
    "normalize": _("normalize"),
    "validate": _("validate"),
    "authorize": _("authorize"),
    "sequence": _("sequence"),
    "decide": _("decide"),
    "deliver": _("deliver"),
    "reconcile": _("reconcile"),
    "expect": _("expect"),
    "poll": _("poll"),
}
"""Steps, states and outcomes, which the ledger and the API name in English."""

PERMISSIONS: Final[dict[Permission, Any]] = {
    Permission.EXCEPTIONS_SEE: _("See the inbox of exceptions and what each is about"),
    Permission.EXCEPTIONS_ACT: _("Retry, resolve, reconcile, cancel, assign, hand over and snooze exceptions"),
    Permission.EXCEPTIONS_EDIT: _("Edit a message and replay it"),
    Permission.EXCEPTIONS_BULK: _("Plan and run bulk jobs over many exceptions"),
    Permission.EXCEPTIONS_FIX: _("Fix in place: add value-map entries, renew credentials, put a parked system back to work"),
    Permission.EXCEPTIONS_APPROVE: _("Approve what somebody else wants to do, where policy asks for two"),
    Permission.PAYLOAD_SEE: _("See payloads, with restricted fields masked"),
    Permission.PAYLOAD_UNMASK: _("Unmask restricted fields of a payload; each time is recorded"),
    Permission.TRANSACTIONS_SEE: _("See orders, shipments, invoices and returns with their stages"),
    Permission.BOARD_SEE: _("See the expectation board"),
    Permission.BOARD_ACT: _("Acknowledge and take over expectations and alerts"),
    Permission.DASHBOARDS_SEE: _("See the dashboards of flows and partners"),
    Permission.ALERTS_MANAGE: _("Silence and test alert routes"),
    Permission.ACCOUNTS_MANAGE: _("Invite and disable people, give and take roles, end sessions"),
    Permission.KEYS_MANAGE: _("Make, rotate and revoke API keys"),
    Permission.AUDIT_SEE: _("Search the audit trail and verify it"),
    Permission.SETTINGS_SEE: _("See how this hub is set up, what was promoted to it and what operating model is advised"),
    Permission.CHANGES_SEE: _("See change requests with their evidence, and the decision log"),
    Permission.CHANGES_OPEN: _("Ask for a change of the landscape, and take one's own request back"),
    Permission.CHANGES_REVIEW: _("Approve, reject and let through changes of others, and waive standards, for one's team"),
    Permission.CHANGES_PROMOTE: _("Let an approved change run, and go back to what ran before"),
    Permission.PARTNERS_MANAGE: _("Bring partners to live, test them, suspend them and let them go on"),
    Permission.FINANCE_SEE: _("See the proof that money agrees and the settlements of carriers"),
    Permission.PORTAL_SEE: _("See a supplier's purchase orders on the portal, and what the supplier sent"),
    Permission.PORTAL_ACT: _("Answer purchase orders, send ship notices and invoices, print labels, as the supplier"),
    Permission.CUSTOMER_SEE: _("See where a customer's orders, shipments, invoices and returns stand, as its portal"),
    Permission.CUSTOMER_ACT: _("Open and take back returns, as a customer's portal"),
    Permission.OWN_ACCOUNT: _("Keep one's own password, second factor, sessions, language and zone"),
}
