"""FedEx Advanced Integrated Visibility: the Track API's answer pushed, signed in `fdx-signature` (HMAC-SHA256 of the body, base64)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender
from crossdock.connectors.carrier_webhooks.proofs import check, digest, from_base64, from_hex, needed
from crossdock.connectors.carrier_webhooks.told import (
    Json,
    Proof,
    Push,
    Scan,
    moment,
    needed_text,
    part,
    parts,
    picture,
    place,
    text,
)
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import DocumentUnknown

SIGNATURE = "fdx-signature"


class FedEx(Sender):
    """The secret is the webhook project's security token. The documentation shows the digest in base64 and speaks of hexadecimal: both are
    taken. The scheme has no timestamp."""

    name: ClassVar[str] = "fedex"
    table: ClassVar[Mapping[str, MilestoneCode]] = {
        "OC": "booked",
        "IN": "booked",
        "PU": "picked_up",
        "PX": "picked_up",
        "IT": "in_transit",
        "AR": "in_transit",
        "DP": "in_transit",
        "AF": "in_transit",
        "FD": "in_transit",
        "PM": "in_transit",
        "TR": "in_transit",
        "OX": "in_transit",
        "CP": "in_transit",
        "CD": "customs_held",
        "CC": "customs_cleared",
        "OD": "out_for_delivery",
        "DL": "delivered",
        "DE": "exception",
        "DE/07": "attempted",
        "DE/08": "attempted",
        "DE/14": "attempted",
        "SE": "exception",
        "DY": "exception",
        "CA": "cancelled",
        "RS": "returning",
    }

    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        given = needed(request.headers.get(SIGNATURE, ""), SIGNATURE)
        check([*from_base64(given), *from_hex(given)], keys, lambda key: digest(key, request.body), SIGNATURE)

    def read(self, document: Json) -> Push:
        output = part(document.get("output"), "output") or document
        if "completeTrackResults" not in output:
            raise DocumentUnknown("a push without `completeTrackResults` is no tracking")
        scans: list[Scan] = []
        proofs: list[Proof] = []
        for at, complete in enumerate(parts(output["completeTrackResults"], "completeTrackResults")):
            for n, result in enumerate(parts(complete.get("trackResults"), f"completeTrackResults.{at}.trackResults")):
                self._result(complete, result, f"completeTrackResults.{at}.trackResults.{n}", scans, proofs)
        return Push(tuple(scans), tuple(proofs), text(document, "transactionId"))

    def _result(self, complete: Json, result: Json, path: str, scans: list[Scan], proofs: list[Proof]) -> None:
        info = part(result.get("trackingNumberInfo"), f"{path}.trackingNumberInfo")
        number = text(info, "trackingNumber") or needed_text(complete, "trackingNumber", path)
        found = [
            self._scan(number, event, f"{path}.scanEvents.{n}")
            for n, event in enumerate(parts(result.get("scanEvents"), f"{path}.scanEvents"))
        ]
        scans += found
        details = part(result.get("deliveryDetails"), f"{path}.deliveryDetails")
        delivered = [scan for scan in found if scan.kind == "DL"]
        signed = text(details, "signedByName") or text(details, "receivedByName")
        photo = text(details, "deliveryPhoto")
        if delivered and (signed or photo):
            last = delivered[0]
            image = picture(photo, f"{path}.deliveryDetails.deliveryPhoto") if photo else b""
            proofs.append(Proof(number, self.name, last.at, signed, last.location, image))

    def _scan(self, number: str, event: Json, path: str) -> Scan:
        return Scan(
            number,
            self.name,
            needed_text(event, "eventType", path),
            text(event, "exceptionCode"),
            moment(needed_text(event, "date", path), self.options.zone, f"{path}.date"),
            place(part(event.get("scanLocation"), f"{path}.scanLocation"), "city", "stateOrProvinceCode", "countryCode"),
            text(event, "eventDescription"),
        )
