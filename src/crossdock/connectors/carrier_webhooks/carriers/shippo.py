"""Shippo `track_updated`: the latest status and the history in each push, signed with a timestamp, or known by a token in the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender
from crossdock.connectors.carrier_webhooks.proofs import check, check_time, check_token, digest, from_hex, needed
from crossdock.connectors.carrier_webhooks.told import Json, Push, Scan, moment, needed_text, part, parts, place, text
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import DocumentUnknown, SignatureInvalid

SIGNATURE = "shippo-auth-signature"


class Shippo(Sender):
    """`Shippo-Auth-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 of `<t>.<body>`; Shippo switches it on for an account on request."""

    name: ClassVar[str] = "shippo"
    table: ClassVar[Mapping[str, MilestoneCode]] = {
        "PRE_TRANSIT": "booked",
        "TRANSIT": "in_transit",
        "TRANSIT/package_accepted": "picked_up",
        "TRANSIT/out_for_delivery": "out_for_delivery",
        "TRANSIT/delivery_attempted": "attempted",
        "TRANSIT/notice_left": "attempted",
        "TRANSIT/package_held": "in_transit",
        "TRANSIT/return_to_sender": "returning",
        "DELIVERED": "delivered",
        "RETURNED": "returned",
        "FAILURE": "exception",
        "FAILURE/delivery_attempted": "attempted",
    }
    silent: ClassVar[frozenset[str]] = frozenset({"UNKNOWN"})

    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        if self.options.token:
            check_token(request.query.get("token", ""), keys, "token")
            return
        said = needed(request.headers.get(SIGNATURE, ""), SIGNATURE)
        fields = dict(each.strip().partition("=")[::2] for each in said.split(","))
        stamp, given = fields.get("t", ""), fields.get("v1", "")
        if not (stamp and given):
            raise SignatureInvalid(f"{SIGNATURE} needs `t` and `v1`", header=SIGNATURE)
        check(from_hex(given), keys, lambda key: digest(key, stamp.encode("utf-8", "replace") + b"." + request.body), SIGNATURE)
        check_time(stamp, request.received_at, self.options.tolerance, SIGNATURE)

    def read(self, document: Json) -> Push:
        event = text(document, "event")
        if event and event != "track_updated":
            raise DocumentUnknown(f"an event {event!r} is no tracking", topic=event)
        data = part(document.get("data"), "data") or document
        number, carrier = needed_text(data, "tracking_number", ""), text(data, "carrier").lower() or self.name
        told = [(each, f"tracking_history.{n}") for n, each in enumerate(parts(data.get("tracking_history"), "tracking_history"))]
        latest = part(data.get("tracking_status"), "tracking_status")
        told += [(latest, "tracking_status")] if latest else []
        found: dict[str, Scan] = {}
        for each, path in told:
            scan = self._scan(number, carrier, each, path)
            found.setdefault(scan.print, scan)
        return Push(tuple(found.values()))

    def _scan(self, number: str, carrier: str, status: Json, path: str) -> Scan:
        return Scan(
            number,
            carrier,
            needed_text(status, "status", path).upper(),
            text(part(status.get("substatus"), f"{path}.substatus"), "code"),
            moment(needed_text(status, "status_date", path), self.options.zone, f"{path}.status_date"),
            place(part(status.get("location"), f"{path}.location"), "city", "state", "country"),
            text(status, "status_details"),
        )
