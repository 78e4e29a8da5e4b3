"""UPS Track Alert (UPSTrackAlert.yaml, webhook TrackingEvent): one activity a push, times in GMT, proved by the header `credential`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender, customs
from crossdock.connectors.carrier_webhooks.proofs import check_token
from crossdock.connectors.carrier_webhooks.told import Json, Proof, Push, Scan, needed_text, part, picture, place, text, wrong
from crossdock.connectors.protocol import InboundRequest


class Ups(Sender):
    """The credential is the text given in the subscription's `destination.credential`; the scheme has no timestamp and no signature."""

    name: ClassVar[str] = "ups"
    table: ClassVar[Mapping[str, MilestoneCode]] = {
        "M": "booked",
        "MV": "cancelled",
        "M/MV": "cancelled",
        "P": "picked_up",
        "I": "in_transit",
        "I/OR": "picked_up",
        "I/PU": "picked_up",
        "I/OT": "out_for_delivery",
        "I/OF": "out_for_delivery",
        "I/OD": "out_for_delivery",
        "O": "out_for_delivery",
        "DO": "in_transit",
        "DD": "in_transit",
        "W": "in_transit",
        "D": "delivered",
        "X": "exception",
        "X/48": "attempted",
        "X/49": "attempted",
        "X/50": "attempted",
        "RS": "returned",
    }

    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        check_token(request.headers.get("credential", ""), keys, "credential")

    def read(self, document: Json) -> Push:
        number = needed_text(document, "trackingNumber", "")
        status = part(document.get("activityStatus"), "activityStatus")
        address = part(document.get("activityLocation"), "activityLocation")
        at = _gmt(document)
        scan = Scan(
            number,
            self.name,
            needed_text(status, "type", "activityStatus"),
            text(status, "code"),
            at,
            place(address, "city", "stateProvince", "country"),
            text(status, "description"),
        )
        photo = text(document, "deliveryPhoto")
        if scan.kind != "D" or not photo:
            return Push((scan,))
        return Push((scan,), (Proof(number, self.name, at, location=scan.location, picture=picture(photo, "deliveryPhoto")),))

    def refined(self, scan: Scan) -> MilestoneCode | None:
        return customs(scan.description)


def _gmt(document: Json) -> datetime:
    day, hour = needed_text(document, "gmtActivityDate", ""), text(document, "gmtActivityTime") or "000000"
    try:
        return datetime.strptime(f"{day}{hour.zfill(6)}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise wrong("gmtActivityDate", f"{day[:20]!r} {hour[:20]!r} is no time") from None
