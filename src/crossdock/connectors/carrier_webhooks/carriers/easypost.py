"""EasyPost (Events and Trackers): every scan of a tracker in each push, signed with HMAC-SHA256, with or without a timestamp."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender
from crossdock.connectors.carrier_webhooks.proofs import check, check_time, digest, from_hex, needed
from crossdock.connectors.carrier_webhooks.told import Json, Proof, Push, Scan, moment, needed_text, part, parts, place, text
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import DocumentUnknown, SignatureExpired

FIRST, SECOND = "x-hmac-signature", "x-hmac-signature-v2"
PREFIX = "hmac-sha256-hex="


class EasyPost(Sender):
    """Two signatures, both `hmac-sha256-hex=` and hexadecimal: of the raw body (`X-Hmac-Signature`), and of `X-Timestamp`, method,
    `X-Path` and body (`X-Hmac-Signature-V2`), which counts when it is there. The key is the secret in Unicode's form NFKD, as in
    EasyPost's own libraries. Weights in a body are floats such as `136.0`: only the bytes as they came give the right digest.
    """

    name: ClassVar[str] = "easypost"
    table: ClassVar[Mapping[str, MilestoneCode]] = {
        "pre_transit": "booked",
        "in_transit": "in_transit",
        "in_transit/received_at_origin_facility": "picked_up",
        "out_for_delivery": "out_for_delivery",
        "delivered": "delivered",
        "available_for_pickup": "in_transit",
        "return_to_sender": "returning",
        "failure": "exception",
        "failure/delivery_exception": "attempted",
        "cancelled": "cancelled",
        "error": "exception",
    }
    silent: ClassVar[frozenset[str]] = frozenset({"unknown"})

    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        usable = [unicodedata.normalize("NFKD", key) for key in keys]
        second = request.headers.get(SECOND, "")
        if second:
            stamp = needed(request.headers.get("x-timestamp", ""), "x-timestamp")
            path = request.headers.get("x-path", "")
            signed = f"{stamp}POST{path}".encode() + request.body
            check(from_hex(second.strip().removeprefix(PREFIX)), usable, lambda key: digest(key, signed), SECOND)
            check_time(stamp, request.received_at, self.options.tolerance, "x-timestamp")
            return
        first = needed(request.headers.get(FIRST, ""), FIRST)
        check(from_hex(first.removeprefix(PREFIX)), usable, lambda key: digest(key, request.body), FIRST)
        if self.options.timestamped:
            raise SignatureExpired(f"{FIRST} says no time, and this system asks for one")

    def read(self, document: Json) -> Push:
        if text(document, "object") == "Event":
            tracker = part(document.get("result"), "result")
            topic = text(document, "description")
            if text(tracker, "object") != "Tracker":
                raise DocumentUnknown(f"an event {topic!r} is no tracking", topic=topic)
            return self._tracker(tracker, "result", text(document, "id"))
        if text(document, "object") == "Tracker":
            return self._tracker(document, "", "")
        raise DocumentUnknown(f"{text(document, 'object') or 'a list'!r} is neither an event nor a tracker")

    def _tracker(self, tracker: Json, path: str, identity: str) -> Push:
        prefix = f"{path}." if path else ""
        number = needed_text(tracker, "tracking_code", path)
        carrier = text(tracker, "carrier").lower() or self.name
        scans = [
            self._scan(number, carrier, each, f"{prefix}tracking_details.{n}")
            for n, each in enumerate(parts(tracker.get("tracking_details"), f"{prefix}tracking_details"))
        ]
        signed, delivered = text(tracker, "signed_by"), [scan for scan in scans if scan.kind == "delivered"]
        proofs = (Proof(number, carrier, delivered[-1].at, signed, delivered[-1].location),) if signed and delivered else ()
        return Push(tuple(scans), proofs, identity)

    def _scan(self, number: str, carrier: str, detail: Json, path: str) -> Scan:
        return Scan(
            number,
            carrier,
            needed_text(detail, "status", path),
            text(detail, "status_detail"),
            moment(needed_text(detail, "datetime", path), self.options.zone, f"{path}.datetime"),
            place(part(detail.get("tracking_location"), f"{path}.tracking_location"), "city", "state", "country"),
            text(detail, "message"),
        )
