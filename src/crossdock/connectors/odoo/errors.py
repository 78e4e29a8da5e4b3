"""How Odoo's answers become the four outcomes: by content type, HTTP status and exception name, never by its translated text.

Source of the table: the observed wire contract of Odoo 19 (section 1.2). Odoo puts a complete traceback into `debug`;
it is dropped here and goes no further.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NoReturn

from crossdock.connectors.http import HttpAnswer, retry_after
from crossdock.core.errors import (
    AnswerLost,
    Contended,
    ContractBroken,
    CredentialRefused,
    EndpointGone,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

MISSING_RECORD: Final = "odoo.exceptions.MissingError"
LONGEST_MESSAGE: Final = 2000

CONTENDED: Final = frozenset(
    {
        "odoo.exceptions.LockError",
        "psycopg2.errors.SerializationFailure",
        "psycopg2.errors.DeadlockDetected",
        "psycopg2.errors.LockNotAvailable",
    }
)
"""Nothing was committed and the same call may succeed: the only internal errors of Odoo that are repeated."""

CONNECTION_LOST: Final = frozenset(
    {
        "psycopg2.InterfaceError",
        "psycopg2.OperationalError",
        "psycopg2.errors.AdminShutdown",
        "psycopg2.errors.CrashShutdown",
    }
)
"""Odoo lost its database in the middle of the call: whether the commit happened is unknown."""

BUSINESS: Final = frozenset(
    {
        "odoo.exceptions.UserError",
        "odoo.exceptions.ValidationError",
        "odoo.exceptions.RedirectWarning",
        MISSING_RECORD,
    }
)
"""Odoo refuses for a business or configuration reason; RedirectWarning comes with status 500 and is no outage."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What Odoo said went wrong, without its traceback."""

    name: str
    message: str
    context: Mapping[str, Any]
    status: int = 0


def parse(body: bytes) -> Any:
    """JSON with exact decimals. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def fault_of(data: Any, status: int) -> Fault | None:
    """The fault in an error answer's JSON, None when it has another shape."""
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return None
    name = data["name"]
    message = data.get("message")
    arguments = data.get("arguments")
    if name == "odoo.exceptions.RedirectWarning" and isinstance(arguments, list) and arguments:
        message = arguments[0]  # the message mixes the text with an action id and the label of a button
    context = data.get("context")
    return Fault(name, str(message or "")[:LONGEST_MESSAGE], context if isinstance(context, dict) else {}, status)


def raise_fault(fault: Fault, call: str, *, safe: bool) -> NoReturn:
    """Raise the outcome of a fault. `safe`: the call only read, so a lost connection is an outage and not a doubt."""
    detail: dict[str, Any] = {"call": call, "odoo": fault.name, "answer": fault.message}
    if fault.status:
        detail["status"] = fault.status
    name, text = fault.name, fault.message
    if name in CONTENDED:
        raise Contended(f"Odoo lost a race and did nothing: {call}", **detail)
    if name in CONNECTION_LOST:
        if safe:
            raise TargetUnavailable(f"Odoo lost its database during {call}", **detail)
        raise AnswerLost(f"Odoo lost its database during {call}; it may have committed", **detail)
    if name in BUSINESS:
        if name == "odoo.exceptions.UserError" and text.startswith("Object ") and text.endswith(" doesn't exist"):
            raise ContractBroken(f"Odoo does not know the model of {call}", **detail)
        raise TargetRefused(f"Odoo refuses {call}: {text}", **detail)
    if name in ("odoo.exceptions.AccessDenied", "werkzeug.exceptions.Unauthorized"):
        raise CredentialRefused("Odoo refuses the API key", **detail)
    if name == "odoo.exceptions.AccessError":
        if text.startswith("Private method"):
            raise ContractBroken(f"{call} is private in this version of Odoo", **detail)
        if fault.context.get("suggested_company"):
            detail["suggested_company"] = fault.context["suggested_company"]
        raise PermissionRefused(f"the integration user may not {call}: {text}", **detail)
    if name == "werkzeug.exceptions.Forbidden":
        raise PermissionRefused(f"the integration user may not {call}: {text}", **detail)
    raise ContractBroken(f"Odoo failed at {call}: {name}: {text}", **detail)


def raise_for(answer: HttpAnswer, call: str, *, safe: bool, now: datetime) -> NoReturn:
    """Raise the outcome of an answer that is not 200. The content type is looked at before anything is parsed."""
    status = answer.status
    wait = retry_after(answer.headers, now)
    if answer.content_type == "application/json" and status not in (429, 503):
        try:
            fault = fault_of(parse(answer.body), status)
        except ValueError:
            fault = None
        if fault is not None:
            raise_fault(fault, call, safe=safe)
    detail: dict[str, Any] = {"call": call, "status": status, "content_type": answer.content_type}
    if status == 429:
        raise Throttled("a proxy before Odoo asks to send more slowly", retry_after=wait, **detail)
    if status == 503:
        raise TargetUnavailable("Odoo is out of service", retry_after=wait, **detail)
    if status == 404:
        hint = "database unknown or its server down"
        raise TargetUnavailable(f"Odoo answers without a database ({hint})", retry_after=wait, possible_causes=hint, **detail)
    if status in (502, 504):
        if safe:
            raise TargetUnavailable("a proxy lost Odoo", retry_after=wait, **detail)
        raise AnswerLost("a proxy lost Odoo after the call was sent", **detail)
    if status == 401:
        raise CredentialRefused("Odoo refuses the API key", **detail)
    if status == 403:
        raise PermissionRefused(f"something before Odoo forbids {call}", **detail)
    if status == 409:
        raise Contended(f"Odoo could not lock a record: {call}", **detail)
    if status in (301, 302, 303, 307, 308, 410):
        raise EndpointGone(f"Odoo's API is not at this address (HTTP {status})", **detail)
    if status < 500:
        raise ContractBroken(f"Odoo does not understand {call} (HTTP {status})", **detail)
    if safe:
        raise TargetUnavailable(f"Odoo failed without an explanation (HTTP {status})", **detail)
    raise AnswerLost(f"Odoo failed without an explanation (HTTP {status}); it may have committed", **detail)


def value_of(answer: HttpAnswer, call: str, *, safe: bool, now: datetime) -> Any:
    """The parsed JSON of a 200. A page, or JSON that breaks off, says nothing about the effect: uncertain, or an outage for a reading call."""
    if answer.status != 200:
        raise_for(answer, call, safe=safe, now=now)
    if answer.content_type == "application/json":
        try:
            return parse(answer.body)
        except ValueError:
            pass
    detail: dict[str, Any] = {"call": call, "status": 200, "content_type": answer.content_type}
    if safe:
        raise TargetUnavailable(f"the answer to {call} cannot be read", **detail)
    raise AnswerLost(f"the answer to {call} cannot be read; it may have committed", **detail)
