"""DHL Express as clients of its MyDHL API see it (shipments, get-image, tracking, rates): the shapes of its answers and errors."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.carrier.consignments import Carrier, Consignment
from crossdock.simulators.carrier.labels import label
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response

SCANS = {
    "booked": ("SA", "Shipment information received"),
    "picked_up": ("PU", "Shipment picked up"),
    "departed": ("DF", "Departed from facility"),
    "arrived": ("AF", "Arrived at facility"),
    "out_for_delivery": ("WC", "Shipment is out with courier for delivery"),
    "delivered": ("OK", "Delivered"),
    "attempted": ("NH", "Delivery attempted; recipient not home"),
    "exception": ("OH", "Shipment is on hold"),
    "customs_held": ("CD", "Clearance delay"),
    "customs_cleared": ("CR", "Clearance processing complete"),
    "returned": ("RT", "Returned to shipper"),
}
PRODUCTS = {"N": ("EXPRESS DOMESTIC", "9.10", 1), "P": ("EXPRESS WORLDWIDE", "42.35", 2), "W": ("ECONOMY SELECT", "17.8", 4)}


class DhlExpress(Carrier):
    """DHL Express. Every user with every password is known unless `password` is given."""

    name = "dhl_express"
    currency: ClassVar[str] = "EUR"

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        step_seconds: float | None = None,
        username: str = "",
        password: str = "",
        account: str = "123456789",
    ) -> None:
        self.username, self.password, self.account = username, password, account
        super().__init__(faults, step_seconds=step_seconds)

    def routes(self, app: web.Application) -> None:
        super().routes(app)
        app.router.add_post("/shipments", self.ship)
        app.router.add_get("/shipments/{waybill}/get-image", self.image)
        app.router.add_get("/shipments/{waybill}/proof-of-delivery", self.proof)
        app.router.add_get("/tracking", self.track)
        app.router.add_post("/rates", self.rate)
        app.router.add_get("/reference-data", self.reference_data)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault is Fault.THROTTLE:
            wait = {"Retry-After": str(max(1, round(self.faults.retry_after)))}
            return _refuse(429, "Too many requests", "Too many requests within defined time period", wait)
        if fault is Fault.OUTAGE_503:
            return _refuse(503, "Service Unavailable", "The service is temporarily not available")
        if fault is Fault.EXPIRED:
            return _refuse(401, "Unauthorized", "Invalid Credentials")
        return _refuse(500, "Internal Server Error", "Process failure occurred. Process ID associated with this error: 999")

    async def ship(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        wanted = orjson.loads(await request.read())
        if refusal := self._unfit(wanted):
            return refusal
        waybill = f"{secrets.randbelow(9 * 10**9) + 10**9}"
        form = wanted["outputImageProperties"]["encodingFormat"].upper()
        packages = wanted["content"]["packages"]
        pieces = [f"JD01{secrets.randbelow(10**16):016d}" for _ in packages]
        references = [each["value"] for each in wanted.get("customerReferences", [])]
        _, price, _ = PRODUCTS.get(wanted["productCode"], ("", "50.00", 2))
        one = self.book(waybill, references, form, price, pieces)
        answer = {
            "url": f"{self.url}/shipments",
            "shipmentTrackingNumber": waybill,
            "trackingUrl": f"{self.url}/tracking?shipmentTrackingNumber={waybill}",
            "packages": [
                {"referenceNumber": number, "trackingNumber": piece, "trackingUrl": ""} for number, piece in enumerate(pieces, 1)
            ],
            "documents": [{"imageFormat": form, "content": label(form, waybill), "typeCode": "label"}],
            "shipmentCharges": [{"currencyType": "BILLC", "priceCurrency": self.currency, "price": float(one.cost[0])}],
        }
        return json_response(answer, 201)

    async def image(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        one = self.consignments.get(request.match_info["waybill"])
        if one is None or request.query.get("shipperAccountNumber") != self.account:
            return _refuse(404, "No data found", "No image found")
        content = label("PDF", one.waybill)
        return json_response({"documents": [{"encodingFormat": "PDF", "content": content, "typeCode": "waybill"}]})

    async def proof(self, request: web.Request) -> web.Response:
        return _refuse(404, "No data found", "No proof of delivery found")

    async def track(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        reference = request.query.get("shipmentReference")
        if reference is not None:
            if request.query.get("shipperAccountNumber") != self.account:
                return _refuse(404, "No data found", "No shipments found")
            waybills = self.by_reference.get(reference, [])
        else:
            waybills = request.query.getall("shipmentTrackingNumber", [])
        found = [self.consignments[waybill] for waybill in waybills if waybill in self.consignments]
        if not found:
            return _refuse(404, "No data found", "No shipments found")
        return json_response({"shipments": [self._shipment(one) for one in found]})

    async def rate(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        products = [
            {
                "productName": name,
                "productCode": code,
                "localProductCode": code,
                "totalPrice": [{"currencyType": "BILLC", "priceCurrency": self.currency, "price": float(price)}],
                "deliveryCapabilities": {"totalTransitDays": days},
            }
            for code, (name, price, days) in PRODUCTS.items()
        ]
        return json_response({"products": products})

    async def reference_data(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        return json_response({"referenceData": [{"datasetName": "productCode", "data": [list(PRODUCTS)]}]})

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if kind == "Basic" and (not self.password or pair == known):
            return None
        return _refuse(401, "Unauthorized", "Invalid Credentials")

    def _unfit(self, wanted: dict[str, Any]) -> web.Response | None:
        if wanted["accounts"][0].get("number") != self.account:
            return _refuse(400, "Bad request", "1001: The requested account is not valid")
        address = wanted["customerDetails"]["receiverDetails"]["postalAddress"]
        if not address.get("postalCode") or address["postalCode"] == "00000":
            return _refuse(
                400, "Bad request", "420504: The destination location is invalid. Please check the data and try again."
            )
        if any(package["weight"] > 70 for package in wanted["content"]["packages"]):
            return _refuse(422, "Unprocessable", "8004: The piece weight exceeds the limit of 70 KG")
        return None

    def _shipment(self, one: Consignment) -> dict[str, Any]:
        events = [
            {
                "date": time.strftime("%Y-%m-%d", time.gmtime(at + 3600)),
                "time": time.strftime("%H:%M:%S", time.gmtime(at + 3600)),
                "GMTOffset": "+01:00",
                "typeCode": SCANS[step][0],
                "description": SCANS[step][1],
                "serviceArea": [{"code": "CGN", "description": "Koeln-DE"}],
            }
            for step, at in reversed(self.scanned(one))
        ]
        return {
            "shipmentTrackingNumber": one.waybill,
            "status": "Success",
            "shipmentTimestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(one.booked_at)),
            "productCode": "P",
            "description": "Goods",
            "events": events,
            "numberOfPieces": len(one.pieces),
        }


def _refuse(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"instance": "/expressapi", "detail": detail, "title": title, "message": title, "status": str(status)}
    return json_response(body, status, headers)
