"""Writes orders as the Orders API does, in its version 2026-01-01 and in version 0; knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from crossdock.simulators.shoppers import Article, Shopper

CENT: Final = Decimal("0.01")
OLD_STATES: Final = {
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
}


def amount(value: Decimal, currency: str) -> dict[str, str]:
    """An amount as the API states it."""
    return {"amount": str(value.quantize(CENT, ROUND_HALF_UP)), "currencyCode": currency}


def item(
    identity: str, article: Article, quantity: int, discount: Decimal, rate: Decimal, currency: str, included: bool
) -> dict[str, Any]:
    """One line with its breakdowns; `included`: the price is shown with its tax."""
    net = article.price * quantity
    gross = net * (1 + rate) if included else net
    off = discount * (1 + rate) if included else discount
    tax = ((net - discount) * rate).quantize(CENT, ROUND_HALF_UP)
    parts: list[dict[str, Any]] = [{"type": "ITEM", "subtotal": amount(gross, currency)}]
    if off:
        parts.append({"type": "DISCOUNT", "subtotal": amount(-off, currency),
                      "detailedBreakdowns": [{"subtype": "ITEM", "value": amount(-off, currency)}]})  # fmt: skip
    parts.append(
        {
            "type": "TAX",
            "subtotal": amount(tax, currency),
            "detailedBreakdowns": [{"subtype": "ITEM", "value": amount(tax, currency)}],
        }
    )
    return {
        "orderItemId": identity,
        "quantityOrdered": quantity,
        "product": {
            "asin": f"B0{identity[-8:]}",
            "title": article.name,
            "sellerSku": article.sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
            "price": {"unitPrice": amount(gross / quantity, currency)},
        },
        "proceeds": {"proceedsTotal": amount(gross - off + (0 if included else tax), currency), "breakdowns": parts},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity},
    }


def freight(lines: Sequence[dict[str, Any]], price: Decimal, rate: Decimal, currency: str, included: bool) -> None:
    """Put the shipping of the order on its first line."""
    parts = lines[0]["proceeds"]["breakdowns"]
    tax = (price * rate).quantize(CENT, ROUND_HALF_UP)
    parts.append({"type": "SHIPPING", "subtotal": amount(price * (1 + rate) if included else price, currency)})
    for part in parts:
        if part["type"] == "TAX":
            part["subtotal"] = amount(Decimal(part["subtotal"]["amount"]) + tax, currency)
            part["detailedBreakdowns"].append({"subtype": "SHIPPING", "value": amount(tax, currency)})


def total(lines: Sequence[Mapping[str, Any]], included: bool) -> Decimal:
    """What the lines add up to."""
    parts = [part for line in lines for part in line["proceeds"]["breakdowns"] if not (included and part["type"] == "TAX")]
    return sum((Decimal(part["subtotal"]["amount"]) for part in parts), Decimal(0))


def new_order(
    number: str,
    buyer: Shopper,
    lines: list[dict[str, Any]],
    *,
    at: str,
    currency: str,
    included: bool,
    marketplace: str,
    service: str,
) -> dict[str, Any]:
    """A fresh order that Amazon has released to the seller."""
    return {
        "orderId": number,
        "createdTime": at,
        "lastUpdatedTime": at,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": marketplace},
        "buyer": {
            "buyerName": f"{buyer.first_name} {buyer.last_name}",
            "buyerEmail": f"{number[-7:]}@marketplace.amazon.example",
        },
        "recipient": {
            "deliveryAddress": {
                "name": f"{buyer.first_name} {buyer.last_name}",
                "companyName": buyer.company,
                "addressLine1": buyer.street,
                "addressLine2": buyer.street2,
                "city": buyer.city,
                "stateOrRegion": buyer.region,
                "postalCode": buyer.postal_code,
                "countryCode": buyer.country,
                "phone": buyer.phone,
                "addressType": "RESIDENTIAL",
            }
        },
        "proceeds": {"grandTotal": amount(total(lines, included), currency)},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "fulfillmentServiceLevel": service,
            "shipByWindow": {"earliestDateTime": at, "latestDateTime": at},
        },
        "orderItems": lines,
        "packages": [],
    }


def shown(order: Mapping[str, Any], data: set[str]) -> dict[str, Any]:
    """The order with the datasets asked for; the rest of it always comes."""
    parts = {
        "buyer": "BUYER",
        "recipient": "RECIPIENT",
        "proceeds": "PROCEEDS",
        "fulfillment": "FULFILLMENT",
        "packages": "PACKAGES",
    }
    kept = {name: value for name, value in order.items() if name not in parts or parts[name] in data}
    inner = {"proceeds": "PROCEEDS", "fulfillment": "FULFILLMENT", "cancellation": "CANCELLATION", "tax": "TAX"}
    kept["orderItems"] = [
        {name: value for name, value in line.items() if name not in inner or inner[name] in data} for line in order["orderItems"]
    ]
    return kept


def old_order(order: Mapping[str, Any], restricted: bool) -> dict[str, Any]:
    """The order as version 0 shows it; buyer and address only to whoever holds a restricted data token."""
    grand, state = order["proceeds"]["grandTotal"], order["fulfillment"]
    found = {
        "AmazonOrderId": order["orderId"],
        "PurchaseDate": order["createdTime"],
        "LastUpdateDate": order["lastUpdatedTime"],
        "OrderStatus": OLD_STATES[state["fulfillmentStatus"]],
        "FulfillmentChannel": "MFN" if state["fulfilledBy"] == "MERCHANT" else "AFN",
        "ShipmentServiceLevelCategory": state["fulfillmentServiceLevel"].title(),
        "LatestShipDate": state["shipByWindow"]["latestDateTime"],
        "MarketplaceId": order["salesChannel"]["marketplaceId"],
        "OrderTotal": {"Amount": grand["amount"], "CurrencyCode": grand["currencyCode"]},
    }
    if restricted:
        place = order["recipient"]["deliveryAddress"]
        found["BuyerInfo"] = {"BuyerName": order["buyer"]["buyerName"], "BuyerEmail": order["buyer"]["buyerEmail"]}
        found["ShippingAddress"] = {
            new: place[old]
            for new, old in (("Name", "name"), ("CompanyName", "companyName"), ("AddressLine1", "addressLine1"), ("AddressLine2", "addressLine2"),
                             ("City", "city"), ("StateOrRegion", "stateOrRegion"), ("PostalCode", "postalCode"), ("CountryCode", "countryCode"),
                             ("Phone", "phone"))
        }  # fmt: skip
    return found


def old_item(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as version 0 shows it."""
    found: dict[str, Any] = {
        "ASIN": line["product"]["asin"],
        "SellerSKU": line["product"]["sellerSku"],
        "OrderItemId": line["orderItemId"],
        "Title": line["product"]["title"],
        "QuantityOrdered": line["quantityOrdered"],
        "QuantityShipped": line["fulfillment"]["quantityFulfilled"],
    }
    names = {("ITEM", ""): "ItemPrice", ("SHIPPING", ""): "ShippingPrice", ("TAX", "ITEM"): "ItemTax", ("TAX", "SHIPPING"): "ShippingTax",
             ("DISCOUNT", "ITEM"): "PromotionDiscount"}  # fmt: skip
    for part in line["proceeds"]["breakdowns"]:
        details = part.get("detailedBreakdowns") or [{"subtype": "", "value": part["subtotal"]}]
        for detail in details:
            value = detail["value"]
            found[names[part["type"], detail["subtype"]]] = {
                "Amount": value["amount"].removeprefix("-"), "CurrencyCode": value["currencyCode"]
            }  # fmt: skip
    return found
