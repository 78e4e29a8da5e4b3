"""DHL Express (MyDHL API): references, exact customs amounts, search by reference with get-image, its own reading of scans."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from crossdock.connectors.carrier.dialects.base import (
    Dialect,
    Json,
    Label,
    Scan,
    amount_text,
    joined,
    many,
    number,
    read_exact,
    utc_text,
)

LEVELS = {
    True: {
        "standard": "mydhl_express_domestic",
        "express": "mydhl_express_domestic_12_00",
        "overnight": "mydhl_express_domestic_9_00",
    },
    False: {"standard": "mydhl_express_worldwide", "economy": "mydhl_economy_select", "express": "mydhl_express_12_00"},
}


class DhlExpress(Dialect):
    """DHL Express. The customer reference is the identity of a booking; tracking finds it, get-image has its label.

    There is no cancellation in this API: what is never handed over is never charged. A cancellation therefore asks whether DHL
    has the goods yet.
    """

    carrier = "mydhl"
    title = "DHL Express"
    track_batch = 10
    tracking_url = "https://www.dhl.com/en/express/tracking.html?AWB={}"
    line_length = 45
    finds = True
    voids = False
    milestones: ClassVar[Mapping[str, str]] = {
        "SA": "booked",
        "SD": "booked",
        "PU": "picked_up",
        "PL": "in_transit",
        "DF": "in_transit",
        "AF": "in_transit",
        "AR": "in_transit",
        "RR": "customs_cleared",
        "CR": "customs_cleared",
        "CD": "customs_held",
        "CI": "customs_held",
        "UD": "customs_held",
        "WC": "out_for_delivery",
        "OK": "delivered",
        "DD": "delivered",
        "DL": "delivered",
        "NH": "attempted",
        "CA": "attempted",
        "RD": "exception",
        "BA": "exception",
        "OH": "exception",
        "MS": "exception",
        "SS": "exception",
        "TD": "exception",
        "RT": "returned",
    }

    def service(self, level: str, domestic: bool) -> str:
        return LEVELS[domestic].get(level, "")

    def amended(self, method: str, url: str, body: bytes, exact: Json) -> bytes:
        if not url.endswith("/shipments"):
            return body
        request = json.loads(body)
        request["customerReferences"] = [{"value": reference, "typeCode": "CU"} for reference in exact["references"]]
        for part, lines in (exact.get("address_lines") or {}).items():
            details = request["customerDetails"].get(f"{part}Details")
            if details:
                for name in [name for name in details["postalAddress"] if name.startswith("addressLine")]:
                    del details["postalAddress"][name]
                details["postalAddress"].update({f"addressLine{place}": line for place, line in enumerate(lines, 1)})
        if declared := exact.get("declared"):
            self._declare(request["content"], declared)
        return json.dumps(request).encode()

    def _declare(self, content: Json, declared: Json) -> None:
        """karrio cuts the price of a line to whole units of the currency; the declaration gets what was asked for."""
        content["declaredValue"] = number(declared["total"])
        content["declaredValueCurrency"] = declared["currency"]
        export = content.get("exportDeclaration")
        if export:
            export["invoice"]["number"] = declared["invoice"]
            for item, line in zip(export["lineItems"], declared["lines"], strict=True):
                item["price"] = number(line["unit_price"])
                item["priceCurrency"] = declared["currency"]
                item["quantity"]["value"] = number(line["quantity"])

    def authorization(self, gateway: Any) -> dict[str, str]:
        return {"authorization": f"Basic {gateway.settings.authorization}"}

    def search(self, reference: str, account: str, today: str) -> list[Json]:
        wanted = {"shipmentReference": reference, "shipmentReferenceType": "CU", "shipperAccountNumber": account}
        image = {"shipperAccountNumber": account, "typeCode": "waybill", "pickupYearAndMonth": today[:7]}
        return [
            {"method": "GET", "path": f"/tracking?{urlencode(wanted)}"},
            {"method": "GET", "path": f"/shipments/{{waybill}}/get-image?{urlencode(image)}"},
        ]

    def found(self, answers: list[tuple[int, str]]) -> Label | None:
        status, text = answers[0]
        if status == 404:
            return None
        if status >= 400:
            raise ValueError(f"HTTP {status}")
        shipments = many(read_exact(text).get("shipments"))
        if not shipments:
            return None
        waybill = str(shipments[-1]["shipmentTrackingNumber"])
        if len(answers) > 1 and answers[1][0] == 200:
            document = many(read_exact(answers[1][1]).get("documents"))[0]
            return Label(waybill, document.get("content", ""), str(document.get("encodingFormat", "PDF")).upper())
        return Label(waybill)

    def cost(self, answered: str) -> tuple[str, str] | None:
        charges = many(read_exact(answered).get("shipmentCharges"))
        billed = next((each for each in charges if each.get("currencyType") == "BILLC"), charges[0] if charges else None)
        return (amount_text(billed["price"]), str(billed["priceCurrency"])) if billed and "price" in billed else None

    def scans(self, answered: str) -> list[Scan] | None:
        found = []
        for shipment in many(read_exact(answered).get("shipments")):
            number_ = str(shipment["shipmentTrackingNumber"])
            found += [self._scan(number_, each) for each in many(shipment.get("events"))]
        return found

    def _scan(self, tracking_number: str, event: Json) -> Scan:
        places = [area.get("description") for area in many(event.get("serviceArea"))]
        at = utc_text(str(event["date"]), str(event.get("time", "")), str(event.get("GMTOffset") or ""))
        return Scan(tracking_number, "", str(event.get("typeCode", "")), at, joined(places), str(event.get("description", "")))

    def rates(self, answered: str) -> list[Json] | None:
        made = []
        for product in many(read_exact(answered).get("products")):
            prices = [each for each in many(product.get("totalPrice")) if "price" in each]
            if prices:
                days = (product.get("deliveryCapabilities") or {}).get("totalTransitDays")
                made.append(
                    {
                        "service_code": str(product["productCode"]),
                        "amount": amount_text(prices[0]["price"]),
                        "currency": str(prices[0]["priceCurrency"]),
                        "transit_days": int(days) if days is not None else None,
                    }
                )
        return made

    def probe(self, settings: Mapping[str, str]) -> Json | None:
        pair = base64.b64encode(f"{settings.get('username', '')}:{settings.get('password', '')}".encode()).decode()
        return {
            "method": "GET",
            "path": "/reference-data?datasetName=productCode",
            "headers": {"authorization": f"Basic {pair}"},
            "body": "",
        }
