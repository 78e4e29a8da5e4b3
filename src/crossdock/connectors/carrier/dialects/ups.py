"""UPS REST (Shipping v2409, Void, Label Recovery v1, Track v1, Rating v2409): references, exact amounts, search by reference."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from crossdock.connectors.carrier.dialects.base import Dialect, Json, Label, Scan, amount_text, joined, many, read_exact, utc_text

LEVELS = {"standard": "ups_standard", "economy": "ups_standard", "express": "ups_worldwide_saver", "overnight": "ups_express"}
DOMESTIC_US = ("US", "PR")
NOT_FOUND = re.compile(r"\bno (shipments?|labels?|packages?)\b.*\bfound\b|\bnot found\b", re.IGNORECASE)
ALREADY_VOID = "190117"


class Ups(Dialect):
    """UPS. The shipper reference is the identity of a booking; Label Recovery finds it, with its label."""

    carrier = "ups"
    title = "UPS"
    tokens = True
    tracking_url = "https://www.ups.com/track?tracknum={}"
    finds = True
    milestones: ClassVar[Mapping[str, str]] = {
        "M/*": "booked",
        "M/MV": "cancelled",
        "P/*": "picked_up",
        "OR": "picked_up",
        "PU": "picked_up",
        "OT": "out_for_delivery",
        "OF": "out_for_delivery",
        "OD": "out_for_delivery",
        "I/*": "in_transit",
        "DO/*": "in_transit",
        "DD/*": "in_transit",
        "W/*": "in_transit",
        "D/*": "delivered",
        "X/*": "exception",
        "X/48": "attempted",
        "X/49": "attempted",
        "X/50": "attempted",
        "RS/*": "returned",
        "MV/*": "cancelled",
    }

    def service(self, level: str, domestic: bool) -> str:
        return LEVELS.get(level, "")

    def amended(self, method: str, url: str, body: bytes, exact: Json) -> bytes:
        if not url.endswith("/ship"):
            return body
        request = json.loads(body)
        shipment = request["ShipmentRequest"]["Shipment"]
        for part, lines in (exact.get("address_lines") or {}).items():
            if part in shipment:
                shipment[part]["Address"]["AddressLine"] = lines
        for package in shipment["Package"]:  # karrio writes the text "None" for a size it was not given
            if "None" in (package.get("Dimensions") or {}).values():
                del package["Dimensions"]
        self._refer(shipment, exact["references"])
        self._declare(shipment, exact.get("declared"))
        return json.dumps(request).encode()

    def _refer(self, shipment: Json, references: list[str]) -> None:
        """Shipment references are refused inside the US and Puerto Rico, package references everywhere else (UPS Shipping API)."""
        made = [{"Value": reference} for reference in references[:2]]
        shipment.pop("ReferenceNumber", None)
        inside = all(shipment[part]["Address"]["CountryCode"] in DOMESTIC_US for part in ("ShipFrom", "ShipTo"))
        for package in shipment["Package"]:
            package.pop("ReferenceNumber", None)
            if inside:
                package["ReferenceNumber"] = made
        if not inside:
            shipment["ReferenceNumber"] = made

    def _declare(self, shipment: Json, declared: Json | None) -> None:
        """Amounts digit by digit; without a declaration karrio's invented total of 1.0 goes."""
        shipment.pop("InvoiceLineTotal", None)
        if not declared:
            return
        shipment["InvoiceLineTotal"] = {"CurrencyCode": declared["currency"], "MonetaryValue": declared["total"]}
        forms = (shipment.get("ShipmentServiceOptions") or {}).get("InternationalForms")
        if forms:
            forms["CurrencyCode"] = declared["currency"]
            for product, line in zip(forms.get("Product") or [], declared["lines"], strict=True):
                product["Unit"] = {**product["Unit"], "Number": line["quantity"], "Value": line["unit_price"]}

    def authorization(self, gateway: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {gateway.proxy.get_token()}"}

    def search(self, reference: str, account: str, today: str) -> list[Json]:
        values = {"ReferenceNumber": {"Value": reference}, "ShipperNumber": account}
        return [
            {"method": "POST", "path": "/api/labels/v1/recovery", "body": {"LabelRecoveryRequest": {"ReferenceValues": values}}}
        ]

    def found(self, answers: list[tuple[int, str]]) -> Label | None:
        status, text = answers[0]
        body = read_exact(text)
        if status >= 400:
            told = " ".join(str(each.get("message", "")) for each in many(body.get("response", {}).get("errors")))
            if status in (400, 404) and NOT_FOUND.search(told):
                return None
            raise ValueError(f"HTTP {status}: {told}")
        answer = body["LabelRecoveryResponse"]
        first = many(answer["LabelResults"])[0]
        image = first.get("LabelImage") or {}
        waybill = answer.get("ShipmentIdentificationNumber") or first["TrackingNumber"]
        return Label(str(waybill), image.get("GraphicImage", ""), (image.get("LabelImageFormat") or {}).get("Code", ""))

    def cost(self, answered: str) -> tuple[str, str] | None:
        results = read_exact(answered).get("ShipmentResponse", {}).get("ShipmentResults", {})
        charge = (results.get("NegotiatedRateCharges") or {}).get("TotalCharge") or (results.get("ShipmentCharges") or {}).get(
            "TotalCharges"
        )
        return (amount_text(charge["MonetaryValue"]), str(charge["CurrencyCode"])) if charge else None

    def voided(self, answered: str) -> str:
        body = read_exact(answered)
        status = body.get("VoidShipmentResponse", {}).get("SummaryResult", {}).get("Status", {})
        if (
            str(status.get("Code", "")).replace("&#xD;", "").strip() == "1"
        ):  # the void service answers with stray entities at times
            return "done"
        errors = many(body.get("response", {}).get("errors"))
        return "before" if any(str(each.get("code")) == ALREADY_VOID for each in errors) else ""

    def scans(self, answered: str) -> list[Scan] | None:
        found = []
        for shipment in many(read_exact(answered).get("trackResponse", {}).get("shipment")):
            for package in many(shipment.get("package")):
                found += [self._scan(str(package["trackingNumber"]), each) for each in many(package.get("activity"))]
        return found

    def _scan(self, tracking_number: str, activity: Json) -> Scan:
        status, place = activity.get("status") or {}, (activity.get("location") or {}).get("address") or {}
        if activity.get("gmtDate"):
            at = utc_text(str(activity["gmtDate"]), str(activity.get("gmtTime", "")))
        else:
            at = utc_text(str(activity["date"]), str(activity.get("time", "")), str(activity.get("gmtOffset", "")))
        return Scan(
            tracking_number,
            str(status.get("type", "")).strip(),
            str(status.get("code", "")).strip(),
            at,
            joined([place.get("city"), place.get("stateProvince"), place.get("countryCode") or place.get("country")]),
            str(status.get("description", "")).strip(),
        )

    def milestone(self, scan: Mapping[str, str]) -> str:
        told = scan.get("description", "").lower()
        if "customs" in told and ("cleared" in told or "released" in told):
            return "customs_cleared"
        if "customs" in told and scan.get("kind") == "X":
            return "customs_held"
        return super().milestone(scan)

    def rates(self, answered: str) -> list[Json] | None:
        made = []
        for rated in many(read_exact(answered).get("RateResponse", {}).get("RatedShipment")):
            charge = (rated.get("NegotiatedRateCharges") or {}).get("TotalCharge") or rated["TotalCharges"]
            summary = (rated.get("TimeInTransit") or {}).get("ServiceSummary") or {}
            days = (summary.get("EstimatedArrival") or {}).get("BusinessDaysInTransit")
            made.append(
                {
                    "service_code": str(rated["Service"]["Code"]),
                    "amount": amount_text(charge["MonetaryValue"]),
                    "currency": str(charge["CurrencyCode"]),
                    "transit_days": int(days) if days else None,
                }
            )
        return made

    def probe(self, settings: Mapping[str, str]) -> Json | None:
        pair = base64.b64encode(f"{settings.get('client_id', '')}:{settings.get('client_secret', '')}".encode()).decode()
        return {
            "method": "POST",
            "path": "/security/v1/oauth/token",
            "headers": {"authorization": f"Basic {pair}", "content-type": "application/x-www-form-urlencoded"},
            "body": "grant_type=client_credentials",
        }
