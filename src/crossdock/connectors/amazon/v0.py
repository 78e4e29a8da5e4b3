"""Orders by the API's version 0, in the shape of its successor: for accounts that have not moved yet; ends on 27 March 2027.

Buyers' data needs a restricted data token here, one for the search and one for each order's lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon.api import SellingPartnerApi, listed
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.core.errors import ContractBroken

ORDERS: Final = "/orders/v0/orders"
STATES: Final = {
    "Pending": "PENDING",
    "PendingAvailability": "PENDING_AVAILABILITY",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "InvoiceUnconfirmed": "SHIPPED",
    "Canceled": "CANCELLED",
    "Unfulfillable": "UNFULFILLABLE",
}
ADDRESS: Final = {
    "name": "Name",
    "companyName": "CompanyName",
    "addressLine1": "AddressLine1",
    "addressLine2": "AddressLine2",
    "addressLine3": "AddressLine3",
    "city": "City",
    "districtOrCounty": "District",
    "municipality": "Municipality",
    "stateOrRegion": "StateOrRegion",
    "postalCode": "PostalCode",
    "countryCode": "CountryCode",
    "phone": "Phone",
}
RESTRICTED: Final = ("buyerInfo", "shippingAddress")


async def changed_orders_v0(
    api: SellingPartnerApi, options: AmazonOptions, since: str, until: str, token: str
) -> tuple[list[dict[str, Any]], str]:
    """One page of the orders updated in the window, with their lines, and the token of the next."""
    params = {
        "LastUpdatedAfter": since,
        "LastUpdatedBefore": until,
        "MarketplaceIds": ",".join(options.marketplaces),
        "MaxResultsPerPage": str(options.poll_page),
    }
    if token:
        params["NextToken"] = token
    allowed = await api.restricted("GET", ORDERS, RESTRICTED)
    payload = _payload(await api.get("getOrders", ORDERS, params, allowed))
    orders = []
    for order in listed(payload.get("Orders")):
        lines = await _lines(api, str(order.get("AmazonOrderId")))
        orders.append(shaped(order, lines))
    return orders, str(payload.get("NextToken") or "")


async def _lines(api: SellingPartnerApi, number: str) -> list[dict[str, Any]]:
    path, lines, token = f"{ORDERS}/{quote(number, safe='')}/orderItems", [], ""
    while True:
        payload = _payload(await api.get("getOrderItems", path, {"NextToken": token} if token else None))
        lines += listed(payload.get("OrderItems"))
        token = str(payload.get("NextToken") or "")
        if not token:
            return lines


def _payload(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = answer.get("payload")
    if not isinstance(found, dict):
        raise ContractBroken("the answer has no payload")
    return found


def shaped(order: Mapping[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields the mapping reads, named as in version 2026-01-01. Never raises: what is missing stays missing."""
    buyer, address = _object(order.get("BuyerInfo")), order.get("ShippingAddress")
    shown: dict[str, Any] = {
        "orderId": order.get("AmazonOrderId"),
        "orderAliases": _alias(order),
        "createdTime": order.get("PurchaseDate"),
        "lastUpdatedTime": order.get("LastUpdateDate"),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": order.get("MarketplaceId")},
        "buyer": {
            "buyerName": buyer.get("BuyerName"),
            "buyerEmail": buyer.get("BuyerEmail"),
            "buyerPurchaseOrderNumber": buyer.get("PurchaseOrderNumber"),
        },
        "fulfillment": {
            "fulfillmentStatus": STATES.get(str(order.get("OrderStatus")), order.get("OrderStatus")),
            "fulfilledBy": "AMAZON" if order.get("FulfillmentChannel") == "AFN" else "MERCHANT",
            "fulfillmentServiceLevel": str(order.get("ShipmentServiceLevelCategory") or "").upper(),
            "shipByWindow": {"latestDateTime": order.get("LatestShipDate")},
        },
        "orderItems": [_line(line) for line in lines],
    }
    if isinstance(address, dict):
        shown["recipient"] = {"deliveryAddress": {new: address.get(old) for new, old in ADDRESS.items()}}
    total = _money(order.get("OrderTotal"))
    return shown | ({"proceeds": {"grandTotal": total}} if total else {})


def _alias(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    own = order.get("SellerOrderId")
    return [{"aliasId": own, "aliasType": "SELLER_ORDER_ID"}] if own and own != order.get("AmazonOrderId") else []


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for kind, name in (("ITEM", "ItemPrice"), ("SHIPPING", "ShippingPrice"), ("COD_FEE", "CODFee")):
        if amount := _money(line.get(name)):
            parts.append({"type": kind, "subtotal": amount})
    for kind, item, freight in (("TAX", "ItemTax", "ShippingTax"), ("DISCOUNT", "PromotionDiscount", "ShippingDiscount")):
        for subtype, name in (("ITEM", item), ("SHIPPING", freight)):
            if amount := _money(line.get(name)):
                detail = {"subtype": subtype, "value": amount}
                parts.append({"type": kind, "subtotal": amount, "detailedBreakdowns": [detail]})
    collected = _object(line.get("TaxCollection")).get("Model")
    shipped, ordered = line.get("QuantityShipped"), line.get("QuantityOrdered")
    return {
        "orderItemId": line.get("OrderItemId"),
        "quantityOrdered": ordered,
        "product": {"asin": line.get("ASIN"), "title": line.get("Title"), "sellerSku": line.get("SellerSKU")},
        "proceeds": {"breakdowns": parts},
        "fulfillment": {"quantityFulfilled": shipped, "quantityUnfulfilled": _rest(ordered, shipped)},
        **({"tax": {"taxCollections": [{"model": _model(str(collected))}]}} if collected else {}),
    }


def _model(name: str) -> str:
    return "MARKETPLACE_FACILITATOR" if name == "MarketplaceFacilitator" else name


def _rest(ordered: Any, shipped: Any) -> Any:
    return ordered - shipped if isinstance(ordered, int) and isinstance(shipped, int) else None


def _money(value: Any) -> dict[str, Any] | None:
    found = _object(value)
    return {"amount": found.get("Amount"), "currencyCode": found.get("CurrencyCode")} if found else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
