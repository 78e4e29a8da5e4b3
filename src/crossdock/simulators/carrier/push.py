"""Carriers that push tracking: UPS, FedEx, DHL, EasyPost and Shippo in the shapes of their documentation, signed as each of them signs."""

from __future__ import annotations

import base64
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import Simulator, json_response

SECRET = "carrier-demo-push-secret"  # noqa: S105 - of the demo
HEADER = "x-dhl-push-token"
Step = dict[str, str]

STEPS: dict[str, Step] = {
    "booked": {"ups": "M/MP", "fedex": "OC", "dhl": "pre-transit", "easypost": "pre_transit", "shippo": "PRE_TRANSIT"},
    "picked_up": {
        "ups": "I/OR",
        "fedex": "PU",
        "dhl": "transit",
        "easypost": "in_transit/received_at_origin_facility",
        "shippo": "TRANSIT/package_accepted",
    },
    "in_transit": {
        "ups": "I/DP",
        "fedex": "DP",
        "dhl": "transit",
        "easypost": "in_transit/departed_facility",
        "shippo": "TRANSIT/package_departed",
    },
    "out_for_delivery": {
        "ups": "I/OT",
        "fedex": "OD",
        "dhl": "transit",
        "easypost": "out_for_delivery",
        "shippo": "TRANSIT/out_for_delivery",
    },
    "attempted": {
        "ups": "X/48",
        "fedex": "DE/08",
        "dhl": "failure",
        "easypost": "failure/delivery_exception",
        "shippo": "FAILURE/delivery_attempted",
    },
    "delivered": {"ups": "D/FS", "fedex": "DL", "dhl": "delivered", "easypost": "delivered", "shippo": "DELIVERED"},
}
WORDS = {
    "booked": "Label created",
    "picked_up": "Picked up",
    "in_transit": "Departed from facility",
    "out_for_delivery": "Out for delivery",
    "attempted": "Delivery attempted, nobody at home",
    "delivered": "Delivered",
}


class CarrierPush(Simulator):
    """Tells steps of parcels to its subscribers; `skew` is how far its clock is off when it signs, where it signs the time."""

    name = "carrier-push"

    def __init__(self, carrier: str = "easypost", faults: FaultPlan | None = None) -> None:
        super().__init__(faults)
        self.carrier, self.secret, self.skew = carrier, SECRET, timedelta(0)
        self.history: dict[str, list[tuple[str, datetime]]] = {}

    def reset(self) -> None:
        self.history.clear()

    def state(self) -> Mapping[str, Any]:
        return {"carrier": self.carrier, "parcels": len(self.history)}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/_sim/tell", self._tell)

    def tell(self, tracking_number: str, step: str, at: datetime, signed_by: str = "", picture: bytes = b"") -> bytes:
        """Push a step of a parcel; returns the body. Raises KeyError for a step that does not exist."""
        self.history.setdefault(tracking_number, []).append((step, at))
        body = orjson.dumps(BODIES[self.carrier](tracking_number, self.history[tracking_number], signed_by, picture))
        self.record("told", f"{tracking_number}/{step}", {"at": at.isoformat()})
        self.webhooks.send(step, body)
        return body

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        return {"content-type": "application/json", **signature(self.carrier, body, self.secret, datetime.now(UTC) + self.skew)}

    async def _tell(self, request: web.Request) -> web.Response:
        """`{"tracking_number", "step", "at"?, "signed_by"?}`."""
        data = orjson.loads(await request.read())
        at = datetime.fromisoformat(data["at"]) if "at" in data else datetime.now(UTC)
        self.tell(data["tracking_number"], data["step"], at, data.get("signed_by", ""))
        return json_response({"ok": True})


def signature(carrier: str, body: bytes, secret: str, at: datetime, path: str = "/in/carrier/push") -> dict[str, str]:
    """The headers by which a carrier proves itself; EasyPost both ways."""
    if carrier == "ups":
        return {"credential": secret, "user-agent": "UPSPubSubTrackingService"}
    if carrier == "dhl":
        return {HEADER: secret}
    if carrier == "fedex":
        return {"fdx-signature": base64.b64encode(_hmac(secret, body)).decode()}
    stamp = str(int(at.timestamp()))
    if carrier == "shippo":
        return {"shippo-auth-signature": f"t={stamp},v1={_hmac(secret, f'{stamp}.'.encode() + body).hex()}"}
    key, stamp = unicodedata.normalize("NFKD", secret), at.isoformat()
    return {
        "x-hmac-signature": f"hmac-sha256-hex={_hmac(key, body).hex()}",
        "x-timestamp": stamp,
        "x-path": path,
        "x-hmac-signature-v2": f"hmac-sha256-hex={_hmac(key, f'{stamp}POST{path}'.encode() + body).hex()}",
    }


def _hmac(key: str, signed: bytes) -> bytes:
    return hmac.digest(key.encode(), signed, "sha256")


def _codes(carrier: str, step: str) -> tuple[str, str]:
    kind, _, code = STEPS[step][carrier].partition("/")
    return kind, code


History = list[tuple[str, datetime]]


def _ups(number: str, history: History, signed_by: str, picture: bytes) -> dict[str, Any]:
    step, at = history[-1]
    kind, code = _codes("ups", step)
    gmt = at.astimezone(UTC)
    return {
        "trackingNumber": number,
        "gmtActivityDate": f"{gmt:%Y%m%d}",
        "gmtActivityTime": f"{gmt:%H%M%S}",
        "activityLocation": {"city": "Charlotte", "stateProvince": "NC", "postalCode": "", "country": "US"},
        "activityStatus": {"type": kind, "code": code, "description": WORDS[step]},
        "deliveryPhoto": base64.b64encode(picture).decode() if step == "delivered" else "",
    }


def _fedex(number: str, history: History, signed_by: str, picture: bytes) -> dict[str, Any]:
    events = []
    for step, at in reversed(history):
        kind, code = _codes("fedex", step)
        place = {"city": "MEMPHIS", "stateOrProvinceCode": "TN", "countryCode": "US"}
        events.append(
            {
                "date": at.isoformat(),
                "eventType": kind,
                "exceptionCode": code,
                "eventDescription": WORDS[step],
                "scanLocation": place,
            }
        )
    result: dict[str, Any] = {"trackingNumberInfo": {"trackingNumber": number}, "scanEvents": events}
    if history[-1][0] == "delivered" and signed_by:
        result["deliveryDetails"] = {"receivedByName": signed_by}
    return {"output": {"completeTrackResults": [{"trackingNumber": number, "trackResults": [result]}]}}


def _dhl(number: str, history: History, signed_by: str, picture: bytes) -> dict[str, Any]:
    def told(step: str, at: datetime) -> dict[str, Any]:
        address = {"address": {"countryCode": "DE", "addressLocality": "Leipzig"}}
        code = STEPS[step]["dhl"]
        return {"timestamp": at.isoformat(), "statusCode": code, "status": code, "description": WORDS[step], "location": address}

    shipment: dict[str, Any] = {"id": number, "service": "express", "status": told(*history[-1])}
    shipment["events"] = [told(*each) for each in reversed(history)]
    if history[-1][0] == "delivered" and signed_by:
        shipment["details"] = {"proofOfDelivery": {"timestamp": history[-1][1].isoformat(), "signed": {"name": signed_by}}}
    return {"scope": "subscription.push", "shipments": [shipment]}


def _easypost(number: str, history: History, signed_by: str, picture: bytes) -> dict[str, Any]:
    details = []
    for step, at in history:
        kind, code = _codes("easypost", step)
        place = {"city": "HOUSTON", "state": "TX", "country": None, "zip": "77063"}
        details.append(
            {
                "object": "TrackingDetail",
                "status": kind,
                "status_detail": code or "status_update",
                "message": WORDS[step],
                "datetime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "tracking_location": place,
            }
        )
    tracker = {"object": "Tracker", "tracking_code": number, "carrier": "USPS", "status": details[-1]["status"], "weight": 136.0}
    tracker |= {"signed_by": signed_by or None, "tracking_details": details}
    identity = f"evt_{number}_{len(history)}"
    return {"object": "Event", "id": identity, "description": "tracker.updated", "mode": "test", "result": tracker}


def _shippo(number: str, history: History, signed_by: str, picture: bytes) -> dict[str, Any]:
    def told(step: str, at: datetime) -> dict[str, Any]:
        kind, code = _codes("shippo", step)
        place = {"city": "San Francisco", "state": "CA", "zip": "94103", "country": "US"}
        status: dict[str, Any] = {"status": kind, "status_details": WORDS[step], "status_date": at.isoformat(), "location": place}
        return {**status, "substatus": {"code": code, "text": WORDS[step]} if code else None}

    data = {"carrier": "usps", "tracking_number": number, "tracking_status": told(*history[-1])}
    return {"event": "track_updated", "test": True, "data": {**data, "tracking_history": [told(*each) for each in history]}}


BODIES: dict[str, Callable[[str, History, str, bytes], dict[str, Any]]] = {
    "ups": _ups,
    "fedex": _fedex,
    "dhl": _dhl,
    "easypost": _easypost,
    "shippo": _shippo,
}
