"""UPS as its REST clients see it (OAuth, Shipping v2409, Void, Label Recovery, Track, Rating): the shapes of its answers and errors."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.carrier.consignments import Carrier
from crossdock.simulators.carrier.labels import label
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response

SCANS = {
    "booked": ("M", "MP", "Shipper created a label, UPS has not received the package yet."),
    "picked_up": ("P", "PU", "Pickup Scan"),
    "departed": ("I", "DP", "Departed from Facility"),
    "arrived": ("I", "AR", "Arrived at Facility"),
    "out_for_delivery": ("I", "OT", "Out For Delivery Today"),
    "delivered": ("D", "FS", "DELIVERED"),
    "attempted": ("X", "48", "The customer was not available on the 1st attempt. A 2nd attempt will be made"),
    "exception": ("X", "EX", "A mechanical failure has delayed delivery"),
    "customs_held": ("X", "CH", "Your package is being held by customs"),
    "customs_cleared": ("I", "CL", "Your package has cleared customs"),
    "returned": ("RS", "RS", "Returned to Shipper"),
}
RATES = {"11": "8.45", "03": "8.45", "65": "24.90", "07": "31.15", "08": "19.99"}
LIMIT_KGS = 70


class Ups(Carrier):
    """UPS. Every client id with every secret is known unless `client_secret` is given."""

    name = "ups"
    currency: ClassVar[str] = "EUR"

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        step_seconds: float | None = None,
        client_id: str = "",
        client_secret: str = "",
        account: str = "A1B2C3",
    ) -> None:
        self.client_id, self.client_secret, self.account = client_id, client_secret, account
        super().__init__(faults, step_seconds=step_seconds)

    def reset(self) -> None:
        super().reset()
        self.tokens: set[str] = set()
        self.tokens_given = 0

    def routes(self, app: web.Application) -> None:
        super().routes(app)
        app.router.add_post("/security/v1/oauth/token", self.token)
        app.router.add_post("/api/shipments/v2409/ship", self.ship)
        app.router.add_delete("/api/shipments/v2409/void/cancel/{waybill}", self.void)
        app.router.add_post("/api/labels/v1/recovery", self.recover)
        app.router.add_get("/api/track/v1/details/{waybill}", self.track)
        app.router.add_post("/api/rating/v2409/Shop", self.rate)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault is Fault.THROTTLE:
            return _refuse(429, "10429", "Too Many Requests", {"Retry-After": str(max(1, round(self.faults.retry_after)))})
        if fault is Fault.OUTAGE_503:
            return _refuse(503, "20002", "The service is currently unavailable")
        if fault is Fault.EXPIRED:
            self.tokens.clear()
            return _refuse(401, "250002", "Invalid Authentication Information.")
        return _refuse(500, "20001", "General process failure")

    async def token(self, request: web.Request) -> web.Response:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if kind != "Basic" or (self.client_secret and pair != known):
            return _refuse(401, "10401", "ClientId is Invalid")
        made = secrets.token_urlsafe(24)
        self.tokens.add(made)
        self.tokens_given += 1
        given = {"token_type": "Bearer", "issued_at": str(int(time.time() * 1000)), "access_token": made, "expires_in": "14399"}
        return json_response({**given, "status": "approved"})

    async def ship(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        wanted = orjson.loads(await request.read())["ShipmentRequest"]
        shipment, label_format = wanted["Shipment"], wanted["LabelSpecification"]["LabelImageFormat"]["Code"]
        if refusal := self._unfit(shipment):
            return refusal
        packages = shipment["Package"]
        pieces = [_waybill(self.account) for _ in packages]
        references = [r["Value"] for r in _many(shipment.get("ReferenceNumber"))]
        references += [r["Value"] for p in packages for r in _many(p.get("ReferenceNumber")) if r["Value"] not in references]
        cost = RATES.get(shipment["Service"]["Code"], "12.30")
        one = self.book(pieces[0], references, label_format, cost, pieces)
        results = {
            "ShipmentCharges": {
                "TransportationCharges": _money(cost, self.currency),
                "ServiceOptionsCharges": _money("0.00", self.currency),
                "TotalCharges": _money(cost, self.currency),
            },
            "NegotiatedRateCharges": {"TotalCharge": _money(cost, self.currency)},
            "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS", "Description": "Kilograms"}, "Weight": "1.5"},
            "ShipmentIdentificationNumber": one.waybill,
            "PackageResults": [
                {
                    "TrackingNumber": piece,
                    "ServiceOptionsCharges": _money("0.00", self.currency),
                    "ShippingLabel": {
                        "ImageFormat": {"Code": label_format, "Description": label_format},
                        "GraphicImage": label("ZPL" if label_format == "ZPL" else "GIF", piece),
                    },
                }
                for piece in pieces
            ],
        }
        return json_response({"ShipmentResponse": {"Response": _SUCCESS, "ShipmentResults": results}})

    async def void(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        one = self.consignments.get(request.match_info["waybill"])
        if one is None:
            return _refuse(400, "190102", "No shipment found within the allowed void period")
        if one.void:
            return _refuse(400, "190117", "The shipment has already been voided.")
        self.scanned(one)
        if one.handed_over:
            return _refuse(400, "190109", "The shipment has been picked up and cannot be voided.")
        self.cancel(one)
        summary = {"Status": {"Code": "1", "Description": "Voided"}}
        return json_response({"VoidShipmentResponse": {"Response": _SUCCESS, "SummaryResult": summary}})

    async def recover(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        wanted = orjson.loads(await request.read())["LabelRecoveryRequest"]
        values = wanted.get("ReferenceValues") or {}
        reference = values.get("ReferenceNumber", {}).get("Value", "")
        found = [self.consignments[waybill] for waybill in self.by_reference.get(reference, [])]
        found = [one for one in found if not one.void]
        if not found or values.get("ShipperNumber") != self.account:
            return _refuse(404, "9300028", "No shipment found for the given reference number.")
        one = found[-1]
        results = [
            {
                "TrackingNumber": piece,
                "LabelImage": {
                    "LabelImageFormat": {"Code": one.label_format},
                    "GraphicImage": label("ZPL" if one.label_format == "ZPL" else "GIF", piece),
                },
            }
            for piece in one.pieces
        ]
        answer = {"Response": _SUCCESS, "ShipmentIdentificationNumber": one.waybill}
        return json_response({"LabelRecoveryResponse": {**answer, "LabelResults": results if len(results) > 1 else results[0]}})

    async def track(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        waybill = request.match_info["waybill"]
        one = self.consignments.get(waybill)
        if one is None:
            warning = {"code": "TW0001", "message": "Tracking Information Not Found"}
            return json_response({"trackResponse": {"shipment": [{"inquiryNumber": waybill, "warnings": [warning]}]}})
        package = {
            "trackingNumber": waybill,
            "deliveryDate": [{"type": "DEL", "date": time.strftime("%Y%m%d", time.gmtime(one.booked_at + 172_800))}],
            "activity": [self._activity(step, at) for step, at in reversed(self.scanned(one))],
            "packageAddress": [],
            "weight": {"unitOfMeasurement": "KGS", "weight": "1.5"},
            "service": {"code": "011", "levelCode": "011", "description": "UPS Standard"},
            "referenceNumber": [{"type": "SHIPMENT", "number": reference} for reference in one.references],
            "deliveryInformation": {"receivedBy": "SMITH", "location": "Front Door"},
        }
        return json_response({"trackResponse": {"shipment": [{"inquiryNumber": waybill, "package": [package]}]}})

    async def rate(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        rated = [
            {
                "Service": {"Code": code, "Description": ""},
                "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS", "Description": "Kilograms"}, "Weight": "1.5"},
                "TransportationCharges": _money(price, self.currency),
                "BaseServiceCharge": _money(price, self.currency),
                "ServiceOptionsCharges": _money("0.00", self.currency),
                "ItemizedCharges": [],
                "TotalCharges": _money(price, self.currency),
                "NegotiatedRateCharges": {
                    "BaseServiceCharge": [_money(price, self.currency)],
                    "ItemizedCharges": [],
                    "TotalCharge": _money(price, self.currency),
                },
                "RatedPackage": [],
                "TimeInTransit": {"ServiceSummary": {"EstimatedArrival": {"BusinessDaysInTransit": days}}},
            }
            for (code, price), days in zip(RATES.items(), ("2", "2", "1", "1", "3"), strict=True)
        ]
        return json_response({"RateResponse": {"Response": _SUCCESS, "RatedShipment": rated}})

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return None if token in self.tokens else _refuse(401, "250002", "Invalid Authentication Information.")

    def _unfit(self, shipment: dict[str, Any]) -> web.Response | None:
        if shipment["Shipper"].get("ShipperNumber") != self.account:
            return _refuse(400, "120100", "Missing or invalid shipper number")
        address = shipment["ShipTo"]["Address"]
        if not address.get("PostalCode") or address["PostalCode"] == "00000":
            return _refuse(400, "120802", "Address Validation Error on ShipTo address")
        for package in shipment["Package"]:
            if "None" in (package.get("Dimensions") or {}).values():
                return _refuse(400, "120541", "Invalid package dimensions")
            if float(package["PackageWeight"]["Weight"]) > LIMIT_KGS:
                return _refuse(400, "120124", f"The maximum per package weight for the selected service is {LIMIT_KGS}.00 kg.")
        return None

    def _activity(self, step: str, at: float) -> dict[str, Any]:
        kind, code, text = SCANS[step]
        local = time.gmtime(at + 3600)
        return {
            "location": {"address": {"city": "Koeln", "countryCode": "DE", "country": "DE"}, "slic": "5000"},
            "status": {"type": kind, "description": text, "code": code, "statusCode": "000"},
            "date": time.strftime("%Y%m%d", local),
            "time": time.strftime("%H%M%S", local),
            "gmtDate": time.strftime("%Y%m%d", time.gmtime(at)),
            "gmtTime": time.strftime("%H:%M:%S", time.gmtime(at)),
            "gmtOffset": "+01:00",
        }


_SUCCESS = {"ResponseStatus": {"Code": "1", "Description": "Success"}}


def _refuse(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return json_response({"response": {"errors": [{"code": code, "message": message}]}}, status, headers)


def _money(amount: str, currency: str) -> dict[str, str]:
    return {"CurrencyCode": currency, "MonetaryValue": amount}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _waybill(account: str) -> str:
    return f"1Z{account}04{secrets.randbelow(10**8):08d}"
