"""Closed periods: which lock dates a paper's date violates, what people are warned of, and on which day Odoo books it all the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.simulators.odoo.schema import Fields, Row, day

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

_SALE, _BUY = ("out_invoice", "out_refund"), ("in_invoice", "in_refund")
_LABELS: Final = {
    "fiscalyear_lock_date": "Global Lock Date",
    "tax_lock_date": "Tax Return Lock Date",
    "sale_lock_date": "Sales Lock Date",
    "purchase_lock_date": "Purchase Lock date",
    "hard_lock_date": "Hard Lock Date",
}
_NEVER = "1-01-01"
"""The earliest date there is, as Odoo writes it."""


def lock_fields() -> Fields:
    """The lock dates of a company, and the two that are read with the exceptions people grant (none here)."""
    return {
        **{name: day(label) for name, label in _LABELS.items()},
        "user_fiscalyear_lock_date": day(
            "User Global Lock Date", compute=lambda _env, row: row["fiscalyear_lock_date"] or _NEVER
        ),
        "user_hard_lock_date": day("User Hard Lock Date", compute=lambda _env, row: row["hard_lock_date"] or _NEVER),
    }


def violated(env: Env, row: Row, on: Any) -> list[tuple[str, str]]:
    """(date, label) of the lock dates a paper of this day violates, earliest first."""
    company = env.row("res.company", row["company_id"])
    kinds = ["fiscalyear_lock_date", "hard_lock_date"]
    kinds += ["tax_lock_date"] if row["amount_tax"] else []
    kinds += ["sale_lock_date"] if row["move_type"] in _SALE else []
    kinds += ["purchase_lock_date"] if row["move_type"] in _BUY else []
    return sorted((company[kind], _LABELS[kind]) for kind in kinds if on and company[kind] and on <= company[kind])


def booked_on(env: Env, row: Row, on: str) -> str:
    """The day a paper of this date is booked: its own, or in a closed period one after it."""
    found = violated(env, row, on)
    if not found:
        return on
    opened = date.fromisoformat(found[-1][0]) + timedelta(days=1)
    today = date.fromisoformat(env.now[:10])
    if row["move_type"] in _SALE:
        return min(today, date(opened.year, 12, 31)).isoformat()
    return max(today, opened).isoformat()


def warning(env: Env, row: Row) -> Any:
    """What people read above a draft whose date is in a closed period."""
    on = row["invoice_date"] or row["date"]
    found = violated(env, row, on) if row["state"] != "posted" else []
    if not found:
        return False
    told = ", ".join(f"{label} ({_american(until)})" for until, label in found)
    return (
        f"The date is being set prior to: {told}. "
        f"The Journal Entry will be accounted on {_american(booked_on(env, row, on))} upon posting."
    )


def _american(on: str) -> str:
    return date.fromisoformat(on).strftime("%m/%d/%Y")
