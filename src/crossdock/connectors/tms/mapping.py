"""The TMS contract's JSON to canonical events and back: pure functions, no I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.freight import FreightInvoice, FreightQuote, ProofOfDelivery, Tender, TenderAnswer
from crossdock.canonical.shipment import Milestone
from crossdock.canonical.values import UtcTime
from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.protocol import Inbound, ValueMaps
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import DocumentUnknown, SchemaInvalid

Json = Mapping[str, Any]

PAYLOADS: Final[Mapping[str, type[Canonical]]] = {
    "tender.answered": TenderAnswer,
    "freight.quoted": FreightQuote,
    "shipment.milestone": Milestone,
    "shipment.pod": ProofOfDelivery,
    "freight_invoice.received": FreightInvoice,
}
PICTURE: Final = "pod.document"
TOPICS: Final = frozenset(PAYLOADS) | {PICTURE}
_TIME: TypeAdapter[datetime] = TypeAdapter(UtcTime)


@dataclass(frozen=True, slots=True)
class Terms:
    """The TMS's codes in the hub's terms, by the value maps of its options; without a map they are the contract's words."""

    value_maps: ValueMaps
    milestone_map: str = ""
    carrier_map: str = ""

    def milestone(self, code: str) -> str:
        """Raises `ValueMapMissing`."""
        return self.value_maps.translate(self.milestone_map, code) if self.milestone_map else code

    def carrier(self, name: str) -> str:
        """Raises `ValueMapMissing`."""
        return self.value_maps.translate(self.carrier_map, name) if self.carrier_map and name else name

    def their_carrier(self, name: str) -> str:
        """Raises `ValueMapMissing`."""
        return self.value_maps.reverse(self.carrier_map, name) if self.carrier_map and name else name


def tender_body(tender: Tender, terms: Terms) -> bytes:
    """The contract's Tender; the same tender gives the same bytes."""
    body = tender.model_dump(mode="json", exclude_none=True)
    return orjson.dumps({**body, "carrier": terms.their_carrier(tender.carrier)}, option=orjson.OPT_SORT_KEYS)


def events(body: bytes, system: str, terms: Terms) -> Sequence[Event]:
    """The canonical event in one event of the TMS.

    Raises `PayloadMalformed`, `DocumentUnknown`, `SchemaInvalid`, `ValueMapMissing` and pydantic's ValidationError.
    """
    event = read_object(body)
    kind, data = event.get("type"), event.get("data")
    payload = PAYLOADS.get(kind) if isinstance(kind, str) else None
    if payload is None:
        raise DocumentUnknown(f"the TMS contract knows no event {kind!r}", topic=str(kind))
    if not isinstance(data, dict):
        raise _invalid("data", "an object is expected")
    if not isinstance(event.get("id"), str) or not event["id"]:
        raise _invalid("id", "the event's identity is missing")
    told = payload.model_validate(_filled(str(kind), event, data, terms))
    return [
        Event(
            id=f"{system}/event/{event['id']}",
            type="shipment.delivered" if isinstance(told, Milestone) and told.code == "delivered" else str(kind),
            source=system,
            key=f"freight/{told.carrier.casefold()}/{told.number}" if isinstance(told, FreightInvoice) else "",
            data=told,
            occurred_at=_time(event),
            references=_references(told, event),
            position=_position(system, told, event),
        )
    ]


def documents(body: bytes) -> Sequence[Inbound]:
    """The document of a proof of delivery as a message of its own, so that it is kept once, apart from the event that names it."""
    event = read_object(body)
    data = event.get("data")
    if event.get("type") != "shipment.pod" or not isinstance(data, dict) or not data.get("document"):
        return ()
    content = _document(data["document"])
    kind = str(data.get("document_type") or "application/octet-stream")
    return (Inbound(PICTURE, _name(content), content, kind),)


def _filled(kind: str, event: Json, data: Json, terms: Terms) -> dict[str, Any]:
    """The data with what the envelope says and in the hub's terms."""
    filled = {name: value for name, value in data.items() if value is not None}
    if isinstance(filled.get("carrier"), str):
        filled["carrier"] = terms.carrier(filled["carrier"])
    if kind == "tender.answered":
        filled |= {"tender_number": event.get("tender"), "answered_at": filled.get("answered_at") or event.get("occurred_at")}
    elif kind == "freight.quoted":
        filled["quoted_at"] = filled.get("quoted_at") or event.get("occurred_at")
    elif kind == "shipment.milestone":
        filled.pop("shipment_number", None)
        said = str(filled.get("code") or "")
        filled |= {"code": terms.milestone(said), "carrier_code": filled.get("carrier_code") or said}
    elif kind == "shipment.pod":
        filled.pop("shipment_number", None)
        filled.pop("document_type", None)
        if filled.get("document"):
            filled["document"] = _name(_document(filled["document"]))
    return filled


def _document(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise _invalid("data.document", "is no base64") from None


def _name(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _references(told: Canonical, event: Json) -> tuple[Reference, ...]:
    data = event["data"]
    shipment = str(data.get("shipment_number") or "")
    named: list[tuple[str, str]] = []
    if isinstance(told, FreightInvoice):
        return ()
    if isinstance(told, TenderAnswer):
        named.append(("tender", told.tender_number))
    if isinstance(told, Milestone | ProofOfDelivery):
        named.append(("tracking", told.tracking_number))
    if isinstance(told, FreightQuote) and told.waybill:
        named.append(("tracking", told.waybill))
    named.append(("shipment", shipment))
    found = tuple(Reference(scheme, value) for scheme, value in named if value)
    if not found:
        raise _invalid("data.tracking_number", "is missing, and no shipment is named")
    return found


def _position(system: str, told: Canonical, event: Json) -> Position | None:
    """Answers to one tender are counted; everything else stands for itself and may come in any order."""
    if not isinstance(told, TenderAnswer):
        return None
    sequence = event.get("sequence")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 1:
        raise _invalid("sequence", "a whole number from 1 is expected")
    return Position(f"{system}/tender/{told.tender_number}", sequence)


def _time(event: Json) -> datetime:
    value = event.get("occurred_at")
    if not isinstance(value, str):
        raise _invalid("occurred_at", "a time with an offset is expected")
    return _TIME.validate_python(value)


def _invalid(field: str, problem: str) -> SchemaInvalid:
    return refusal(f"{field}: {problem}", field, problem)
