"""Fetches what webhooks missed, and payouts with all their movements; knows no canonical object.

Windows overlap, and Stripe's lists are newest first: a window is read to its end before the next one begins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.stripe.api import Api
from crossdock.connectors.stripe.mapping import HANDLED
from crossdock.connectors.stripe.options import StripeOptions
from crossdock.connectors.stripe.payouts import TOPIC
from crossdock.core.errors import ContractBroken

SOURCE: Final = ("id", "object", "payment_intent", "charge", "amount", "currency", "metadata")
"""What is kept of a movement's source: enough to find the order; nothing of the customer or the card."""
TYPES: Final = {f"types[{place}]": kind for place, kind in enumerate(HANDLED)}


async def missed_events(api: Api, options: StripeOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """The events since `since` that did not reach every webhook endpoint (or all), one page a call.

    An event counts as undelivered until it is acknowledged, so none falls between a webhook on its way and a poll.
    Cursor: `since`, and on the way through a window `after` and `top`.
    """
    since = _since(cursor, options, now)
    after = {"starting_after": str(cursor["after"])} if cursor.get("after") else {}
    wanted = {"delivery_success": "false"} if options.poll_events == "undelivered" else {}
    data, more = await api.page("/v1/events", {"created[gte]": str(since), **TYPES, **wanted, **after})
    messages = [event_message(dumped(one)) for one in data]
    top = max([int(cursor.get("top") or since), *(created(one) for one in data)])
    if more:
        return PollResult(messages, {"since": since, "after": data[-1]["id"], "top": top}, more=True)
    return PollResult(messages, {"since": max(since, top - options.poll_overlap_seconds)})


def event_message(body: bytes, kind: str = "", id_: str = "") -> Inbound:
    """An event as a message; its identity is the event's id and its content."""
    if not kind:
        value = json.loads(body)
        kind, id_ = str(value.get("type")), str(value.get("id"))
    return Inbound(kind, f"event/{id_}/{hashlib.sha256(body).hexdigest()[:16]}", body)


async def paid_payouts(api: Api, options: StripeOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """The next payout since `since` that is paid and whose movements are final, oldest first.

    Cursor: `since` and `done`, the ids of payouts told within the window. A payout Stripe is still reconciling is waited for.
    """
    since = _since(cursor, options, now)
    done = [str(one) for one in cursor.get("done", ())]
    found = [one async for one in api.all("/v1/payouts", {"created[gte]": str(since), "status": "paid"})]
    found.sort(key=lambda one: (created(one), one["id"]))
    ready = [one for one in found if one.get("reconciliation_status") != "in_progress"]
    fresh = [one for one in ready if one["id"] not in done]
    if fresh:
        message = await payout_message(api, fresh[0])
        return PollResult([message], {"since": since, "done": [*done, fresh[0]["id"]]}, more=len(fresh) > 1)
    waiting = [created(one) for one in found if one.get("reconciliation_status") == "in_progress"]
    top = max([since, *(created(one) - options.poll_overlap_seconds for one in ready)])
    next_since = min([top, *waiting])
    return PollResult((), {"since": next_since, "done": [one["id"] for one in ready if created(one) >= next_since]})


async def payout_message(api: Api, payout: Mapping[str, Any]) -> Inbound:
    """A payout with its movements. Stripe cannot say what went into a manual payout: that one has none."""
    movements: list[dict[str, Any]] = []
    if payout.get("automatic") is True:
        query = {"payout": str(payout["id"]), "expand[]": "data.source"}
        async for one in api.all("/v1/balance_transactions", query):
            source = one.get("source")
            kept = {name: source[name] for name in SOURCE if name in source} if isinstance(source, dict) else None
            movements.append({**one, "source": kept})
    movements.reverse()
    body = dumped({"payout": dict(payout), "transactions": movements})
    return Inbound(TOPIC, f"payout/{payout['id']}/{hashlib.sha256(body).hexdigest()[:16]}", body)


def created(one: Mapping[str, Any]) -> int:
    """When an object was made, seconds since 1970. Raises `ContractBroken`."""
    value = one.get("created")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractBroken(f"{one.get('object')} {one.get('id')} without a time of creation")
    return value


def dumped(value: Any) -> bytes:
    """An object as bytes; rates keep their digits as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_digits).encode("utf-8", "backslashreplace")


def _digits(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def _since(cursor: Mapping[str, Any], options: StripeOptions, now: datetime) -> int:
    return int(cursor.get("since") or (now - timedelta(hours=options.poll_first_hours)).timestamp())
