"""Pure functions between canonical shipments and what carriers are asked and tell; no network, no clock, no karrio."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import ValidationError

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.shipment import Milestone
from crossdock.connectors.carrier.dialects import Dialect, Scan
from crossdock.connectors.protocol import Inbound
from crossdock.connectors.wrong_fields import wrong_fields
from crossdock.core.commands import Command
from crossdock.core.errors import PayloadMalformed, SchemaInvalid

Json = dict[str, Any]
TOPIC = "tracking.scan"
LABEL_FORMS = {b"%PDF": "PDF", b"^XA": "ZPL", b"GIF8": "GIF", b"\x89PNG": "PNG"}
FINAL = frozenset({"delivered", "returned", "cancelled"})


def follow(cursor: Mapping[str, Any], command: Command) -> dict[str, Any]:
    """The cursor of the poll channel `tracking` with the consignment of an accepted `shipment.track` added; added twice is added once.

    The connector keeps no state: whoever keeps the cursor calls this in the transaction that records the acceptance.
    """
    number = str(command.data.get("tracking_number") or "")
    opened = dict(cursor.get("open") or {})
    if number and number not in opened:
        opened[number] = {"code": "", "seen": []}
    return {**cursor, "open": opened}


def unfollow(cursor: Mapping[str, Any], tracking_number: str) -> dict[str, Any]:
    """The cursor without a consignment, for a booking that was cancelled."""
    return {**cursor, "open": {n: state for n, state in (cursor.get("open") or {}).items() if n != tracking_number}}


def print_of(scan: Scan) -> str:
    """The identity of a scan among those of its consignment."""
    told = "|".join((scan.kind, scan.code, scan.at, scan.location, scan.description))
    return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


def scan_message(scan: Scan) -> Inbound:
    """A scan as a message."""
    body = {
        "tracking_number": scan.tracking_number,
        "kind": scan.kind,
        "code": scan.code,
        "at": scan.at,
        "location": scan.location,
        "description": scan.description,
    }
    return Inbound(TOPIC, f"{scan.tracking_number}:{print_of(scan)}", orjson.dumps(body))


def karrio_scans(details: Iterable[Mapping[str, Any]]) -> list[Scan]:
    """Scans from karrio's reading, for carriers without a dialect. Its times carry no zone: they are taken as UTC."""
    found = []
    for each in details:
        for event in each.get("events") or []:
            stamp = str(event.get("timestamp") or f"{event.get('date')}T{event.get('time') or '00:00'}")
            at = stamp if stamp.endswith("Z") or "+" in stamp else f"{stamp}Z"
            found.append(
                Scan(
                    str(each["tracking_number"]),
                    str(event.get("status") or ""),
                    str(event.get("code") or ""),
                    at,
                    str(event.get("location") or ""),
                    str(event.get("description") or ""),
                )
            )
    return found


def milestone_event(system: str, carrier: str, dialect: Dialect, overrides: Mapping[str, str], body: bytes) -> Event:
    """`shipment.milestone`, or `shipment.delivered`, from a scan. Raises `PayloadMalformed`, `SchemaInvalid`."""
    scan = _object(body)
    if not all(isinstance(value, str) for value in scan.values()):
        raise PayloadMalformed("every field of a scan is a text")
    code = overrides.get(scan.get("code", "")) or dialect.milestone(scan)
    try:
        milestone = Milestone.model_validate(
            {
                "tracking_number": scan.get("tracking_number") or None,
                "code": code,
                "at": scan.get("at") or None,
                "location": scan.get("location", ""),
                "description": scan.get("description", ""),
                "carrier_code": scan.get("code", ""),
                "carrier": carrier,
            }
        )
    except ValidationError as error:
        problems = wrong_fields(error)
        raise SchemaInvalid(f"wrong in this scan: {', '.join(each['path'] for each in problems)}", problems=problems) from None
    number = milestone.tracking_number
    identity = print_of(
        Scan(
            number,
            scan.get("kind", ""),
            milestone.carrier_code,
            milestone.at.isoformat(),
            milestone.location,
            milestone.description,
        )
    )
    return Event(
        id=f"{system}:{number}:{identity}",
        type="shipment.delivered" if code == "delivered" else "shipment.milestone",
        source=system,
        key="",
        data=milestone,
        occurred_at=milestone.at,
        references=(Reference("tracking", number),),
    )


def _object(body: bytes) -> Json:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PayloadMalformed(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise PayloadMalformed("a JSON object was expected")
    return value


def label_form(content: str) -> str:
    """What a label (base64) really is, whatever it is called; empty when it is none of the usual."""
    try:
        head = base64.b64decode(content[:16], validate=True)
    except ValueError:
        return ""
    return next((form for magic, form in LABEL_FORMS.items() if head.startswith(magic)), "")


def karrio_rates(result: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Rates from karrio's reading, for carriers without a dialect: the shortest text of its float, which gives back up to 15 digits."""
    return [
        {
            "service_code": str(each.get("service") or ""),
            "amount": format(Decimal(repr(each["total_charge"])), "f"),
            "currency": str(each.get("currency") or ""),
            "transit_days": each.get("transit_days"),
        }
        for each in result
        if each.get("total_charge") is not None
    ]


def karrio_cost(result: Mapping[str, Any]) -> tuple[str, str] | None:
    """The cost of a booking from karrio's reading; exactness as in `karrio_rates`."""
    rate = result.get("selected_rate") or {}
    if rate.get("total_charge") is None or not rate.get("currency"):
        return None
    return format(Decimal(repr(rate["total_charge"])), "f"), str(rate["currency"])


_KINDS = (
    ("base", ("base", "transportation", "freight charge", "linehaul")),
    ("fuel", ("fuel",)),
    ("residential", ("residential",)),
    ("remote", ("remote", "extended area", "delivery area")),
    ("oversize", ("oversize", "large package")),
    ("handling", ("handling",)),
    ("insurance", ("insurance", "declared value")),
    ("return", ("return",)),
    ("duty", ("duty", "duties")),
    ("discount", ("discount",)),
    ("tax", ("tax", "vat", "gst", "hst")),
)


def karrio_charges(result: Mapping[str, Any], cost: tuple[str, str]) -> list[dict[str, Any]]:
    """What a booking's price is made of, by kind of charge; nothing unless the parts add up to the price in its currency."""
    found: list[dict[str, Any]] = []
    for each in (result.get("selected_rate") or {}).get("extra_charges") or ():
        if each.get("amount") is None or str(each.get("currency") or cost[1]) != cost[1]:
            return []
        name = str(each.get("name") or "")
        kind = next((kind for kind, words in _KINDS if any(word in name.casefold() for word in words)), "other")
        amount = format(Decimal(repr(each["amount"])), "f")
        found.append(
            {
                "kind": kind,
                "code": str(each.get("code") or ""),
                "description": name,
                "amount": {"amount": amount, "currency": cost[1]},
            }
        )
    total = sum((Decimal(each["amount"]["amount"]) for each in found), Decimal(0))
    return found if found and total == Decimal(cost[0]) and any(each["kind"] == "base" for each in found) else []
