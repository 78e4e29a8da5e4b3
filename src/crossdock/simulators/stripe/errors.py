"""What Stripe says when it refuses: HTTP status and the `error` object; knows no endpoint."""

from __future__ import annotations

from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class Refused(Exception):
    """One refusal. `kept` says whether the answer is kept under the idempotency key: only what was executed is, not what was malformed."""

    def __init__(
        self, status: int, message: str, code: str = "", kind: str = "invalid_request_error", param: str = "", kept: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        error: dict[str, Any] = {"message": message, "type": kind}
        if code:
            error |= {"code": code, "doc_url": DOCS + code.replace("_", "-")}
        if param:
            error["param"] = param
        self.body = {"error": error}


def missing(what: str, id_: str, param: str = "id") -> Refused:
    """There is no such object."""
    return Refused(404, f"No such {what}: '{id_}'", "resource_missing", param=param)


def money(amount: int, currency: str) -> str:
    """An amount as Stripe's error messages write it."""
    return f"{amount / 100:.2f} {currency}" if currency != "usd" else f"${amount / 100:,.2f}"
