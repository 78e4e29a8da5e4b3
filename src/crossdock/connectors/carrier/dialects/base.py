"""A carrier as karrio alone knows it: the defaults every dialect builds on."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, ClassVar

Json = dict[str, Any]
MODULES = {
    "ups": "ups:Ups",
    "dhl_express": "dhl_express:DhlExpress",
    "mydhl": "dhl_express:DhlExpress",
    "dhl": "dhl_express:DhlExpress",
}


@dataclass(frozen=True, slots=True)
class Label:
    """What a search by reference found: the waybill, and the label (base64) when the carrier still gives it."""

    waybill: str
    content: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of one consignment as the carrier told it. `kind` and `code` are the carrier's; `at` is UTC, ISO 8601."""

    tracking_number: str
    kind: str
    code: str
    at: str
    location: str = ""
    description: str = ""


class Dialect:
    """How to talk to one carrier. Stateless; `carrier` is karrio's name of it.

    `tokens`: it signs in for a token that may be refused before its time. `track_batch`: consignments in one tracking request.
    `lines` of `line_length` characters are what an address may have. `finds`: bookings can be searched by reference. `voids`: there
    is a cancellation.
    """

    carrier: str
    title: str
    tokens: ClassVar[bool] = False
    track_batch: ClassVar[int] = 1
    line_length: ClassVar[int] = 35
    lines: ClassVar[int] = 3
    finds: ClassVar[bool] = False
    voids: ClassVar[bool] = True
    tracking_url: ClassVar[str] = ""
    milestones: ClassVar[Mapping[str, str]] = {}

    def __init__(self, carrier: str = "", title: str = "") -> None:
        self.carrier = carrier or getattr(self, "carrier", "")
        self.title = title or getattr(self, "title", self.carrier)

    # Requests ----------------------------------------------------------------------------------------

    def service(self, level: str, domestic: bool) -> str:
        """karrio's name of the service for a service level of the company; empty when it must be configured."""
        return ""

    def address_lines(self, street: str, street2: str) -> list[str]:
        """An address as lines of the length the carrier takes. Raises ValueError when it does not fit: nothing is cut off."""
        made = [line for part in (street, street2) if part for line in textwrap.wrap(part, self.line_length)]
        if len(made) > self.lines:
            raise ValueError(f"{self.title} takes {self.lines} address lines of {self.line_length} characters")
        return made

    def amended(self, method: str, url: str, body: bytes, exact: Json) -> bytes:
        """The body karrio built, with references and exact amounts put in. `exact` is what the hub's mapping made for it."""
        return body

    def authorization(self, gateway: Any) -> dict[str, str]:
        """Headers for a request karrio does not know, from the credential its gateway keeps."""
        return {}

    def search(self, reference: str, account: str, today: str) -> list[Json]:
        """Requests (`method`, `path`, `body`) that find a booking by its reference; a `{waybill}` in a later path is filled in."""
        return []

    # Answers -----------------------------------------------------------------------------------------

    def cost(self, answered: str) -> tuple[str, str] | None:
        """Amount and currency of a booking, from the answer's own digits."""
        return None

    def found(self, answers: list[tuple[int, str]]) -> Label | None:
        """The booking in the answers (status, body) of `search`; None when the carrier said that there is none.

        Raises ValueError when the answers say neither.
        """
        raise ValueError("no search")

    def voided(self, answered: str) -> str:
        """`done`, `before` (it was void already) or empty, from the answer to a cancellation; empty: karrio's reading counts."""
        return ""

    def scans(self, answered: str) -> list[Scan] | None:
        """All scans in a tracking answer; None: karrio's reading counts."""
        return None

    def rates(self, answered: str) -> list[Json] | None:
        """`service_code`, `amount`, `currency`, `transit_days` of each rate; None: karrio's reading counts."""
        return None

    def milestone(self, scan: Mapping[str, str]) -> str:
        """The milestone of a scan; unknown scans are progress on the way."""
        for key in (f"{scan.get('kind', '')}/{scan.get('code', '')}", scan.get("code", ""), f"{scan.get('kind', '')}/*"):
            if key in self.milestones:
                return self.milestones[key]
        return KARRIO_STATUS.get(scan.get("kind", ""), "in_transit")

    def probe(self, settings: Mapping[str, str]) -> Json | None:
        """A harmless request (`method`, `path`, `headers`, `body`) that needs the credential; None: this carrier has none."""
        return None


KARRIO_STATUS = {
    "pending": "booked",
    "picked_up": "picked_up",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "ready_for_pickup": "attempted",
    "delivered": "delivered",
    "delivery_failed": "exception",
    "delivery_delayed": "exception",
    "on_hold": "exception",
    "return_to_sender": "returning",
    "cancelled": "cancelled",
}
"""karrio's normalised statuses -> milestones."""


def dialect_of(carrier: str) -> Dialect:
    """The dialect of a carrier by karrio's name (or `dhl_express`); one without a module speaks plain karrio."""
    if carrier not in MODULES:
        return Dialect(carrier, carrier)
    module, _, name = MODULES[carrier].partition(":")
    made: Dialect = getattr(import_module(f"crossdock.connectors.carrier.dialects.{module}"), name)()
    return made


def read_exact(text: str) -> Any:
    """JSON with every number as a Decimal of its own digits. Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def amount_text(value: Any) -> str:
    """An amount as plain digits. Raises ValueError for anything else; a binary float is refused."""
    if isinstance(value, float | bool):
        raise ValueError("an amount must not have been a float")
    try:
        made = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if not made.is_finite():
        raise ValueError(f"{value!r} is no amount")
    return format(made, "f")


def number(text: str) -> float | int:
    """A decimal text as the JSON number that is written with the same digits (up to 15 of them, which a double carries)."""
    exact = Decimal(text)
    if len(exact.as_tuple().digits) > 15:
        raise ValueError(f"{text} has more digits than a JSON number carries")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def utc_text(date: str, time: str, offset: str = "+00:00") -> str:
    """Date (`20260302` or `2026-03-02`), time (`093000`, `09:30`, `09:30:00`) and offset as UTC, ISO 8601. Raises ValueError."""
    clock = time.replace(":", "").ljust(6, "0")
    made = datetime.fromisoformat(f"{date.replace('-', '')}T{clock}{offset or '+00:00'}")
    return made.astimezone(UTC).isoformat().replace("+00:00", "Z")


def many(value: Any) -> list[Any]:
    """A list, whether the carrier sent one, a single object or nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]


def joined(parts: Iterable[Any]) -> str:
    """Non-empty parts with commas between."""
    return ", ".join(str(part) for part in parts if part)
