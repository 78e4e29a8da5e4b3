"""DHL Shipment Tracking - Unified - Push: the tracking answer pushed, proved by a header agreed in the subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender, customs
from crossdock.connectors.carrier_webhooks.proofs import check_token
from crossdock.connectors.carrier_webhooks.told import Json, Proof, Push, Scan, moment, needed_text, part, parts, place, text
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import DocumentUnknown


class Dhl(Sender):
    """The subscription names a header and a token (`hook.authentication`, ApiKeyAuthentication); the scheme has no timestamp.

    DHL's own status has five words only; pick-up, customs, attempts and the last mile are in its texts.
    """

    name: ClassVar[str] = "dhl"
    table: ClassVar[Mapping[str, MilestoneCode]] = {
        "pre-transit": "booked",
        "transit": "in_transit",
        "delivered": "delivered",
        "failure": "exception",
        "returned": "returned",
    }
    silent: ClassVar[frozenset[str]] = frozenset({"unknown"})

    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        header = self.options.header.lower()
        check_token(request.headers.get(header, ""), keys, header)

    def read(self, document: Json) -> Push:
        scope = text(document, "scope")
        if scope == "subscription.validate":
            raise DocumentUnknown(
                "DHL asks to activate the subscription: confirm it with the secret in this message", scope=scope
            )
        if "shipments" not in document:
            raise DocumentUnknown("a push without `shipments` is no tracking", scope=scope)
        scans: list[Scan] = []
        proofs: list[Proof] = []
        for n, shipment in enumerate(parts(document["shipments"], "shipments")):
            self._shipment(shipment, f"shipments.{n}", scans, proofs)
        return Push(tuple(scans), tuple(proofs))

    def _shipment(self, shipment: Json, path: str, scans: list[Scan], proofs: list[Proof]) -> None:
        number = needed_text(shipment, "id", path)
        status = part(shipment.get("status"), f"{path}.status")
        told = [(each, f"{path}.events.{n}") for n, each in enumerate(parts(shipment.get("events"), f"{path}.events"))]
        told += [(status, f"{path}.status")] if status else []
        found: dict[str, Scan] = {}
        for event, where in told:
            scan = self._scan(number, event, where)
            found.setdefault(scan.print, scan)
        scans += found.values()
        details = part(shipment.get("details"), f"{path}.details")
        proof = part(details.get("proofOfDelivery"), f"{path}.details.proofOfDelivery")
        stamp = text(proof, "timestamp")
        if stamp:
            signer = part(proof.get("signed"), f"{path}.details.proofOfDelivery.signed")
            signed = text(signer, "name") or place(signer, "givenName", "familyName").replace(",", "")
            at = moment(stamp, self.options.zone, f"{path}.details.proofOfDelivery.timestamp")
            proofs.append(Proof(number, self.name, at, signed))

    def _scan(self, number: str, event: Json, path: str) -> Scan:
        location = part(event.get("location"), f"{path}.location")
        return Scan(
            number,
            self.name,
            needed_text(event, "statusCode", path).lower(),
            "",
            moment(needed_text(event, "timestamp", path), self.options.zone, f"{path}.timestamp"),
            place(part(location.get("address"), f"{path}.location.address"), "addressLocality", "countryCode"),
            text(event, "description") or text(event, "status"),
        )

    def refined(self, scan: Scan) -> MilestoneCode | None:
        told = scan.description.casefold()
        if scan.kind == "transit" and ("picked up" in told or "pick-up" in told):
            return "picked_up"
        if scan.kind == "transit" and ("out for delivery" in told or "with delivery courier" in told):
            return "out_for_delivery"
        if scan.kind == "failure" and ("attempt" in told or "not home" in told or "not at home" in told):
            return "attempted"
        if scan.kind in {"transit", "failure"} and "return" in told and "sender" in told:
            return "returning"
        return customs(told) if scan.kind in {"transit", "failure"} else None
