"""What the Amazon tests share: an order, a shipment and a settlement as the API writes them."""

from __future__ import annotations

import copy
import json
from typing import Any

SECRETS = {
    "client_id": "amzn1.application-oa2-client.simulated",
    "client_secret": "amzn1.oa2-cs.v1.simulated",
    "refresh_token": "Atzr|simulated-refresh-token",
    "notification_key": "a-key-for-notifications",
}


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "EUR"}


def part(kind: str, amount: str, **details: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "subtotal": eur(amount)}
    if details:
        found["detailedBreakdowns"] = [{"subtype": name.upper(), "value": eur(value)} for name, value in details.items()]
    return found


ORDER: dict[str, Any] = {
    "orderId": "902-1106328-1059050",
    "orderAliases": [{"aliasId": "OWN-7", "aliasType": "SELLER_ORDER_ID"}],
    "createdTime": "2026-03-04T09:00:00Z",
    "lastUpdatedTime": "2026-03-04T09:00:00Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1PA6795UKMFR9"},
    "buyer": {"buyerName": "Ada Byron", "buyerEmail": "x7@marketplace.amazon.example", "buyerPurchaseOrderNumber": "PO-9"},
    "recipient": {
        "deliveryAddress": {
            "name": "Ada Byron",
            "addressLine1": "Analytical Way 1",
            "addressLine2": "2nd floor",
            "city": "Hamburg",
            "postalCode": "20457",
            "countryCode": "DE",
            "phone": "+49 40 300900",
        }
    },
    "proceeds": {"grandTotal": eur("46.48")},
    "fulfillment": {
        "fulfillmentStatus": "UNSHIPPED",
        "fulfilledBy": "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {"earliestDateTime": "2026-03-05T00:00:00Z", "latestDateTime": "2026-03-06T22:59:59Z"},
    },
    "orderItems": [
        {
            "orderItemId": "79039765272157",
            "quantityOrdered": 2,
            "product": {
                "asin": "B08N5WRWNW",
                "title": "Pallet jack",
                "sellerSku": "XD-001",
                "price": {"unitPrice": eur("18.16")},
            },
            "proceeds": {
                "proceedsTotal": eur("46.48"),
                "breakdowns": [
                    part("ITEM", "36.32"),
                    part("SHIPPING", "5.90"),
                    part("DISCOUNT", "-3.16", item="-3.16"),
                    part("TAX", "7.42", item="6.30", shipping="1.12"),
                ],
            },
            "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 2},
        }
    ],
}
SHIPMENT = {
    "number": "SH-1",
    "order_number": "902-1106328-1059050",
    "ship_to": {"country": "DE"},
    "carrier": "DHL",
    "tracking_number": "00340",
    "dispatched_at": "2026-03-05T15:00:00Z",
}
SETTLEMENT = [
    {"transaction-type": "Order", "order-id": "902-1106328-1059050", "amount-type": "ItemPrice", "amount-description": "Principal", "amount": "36.32",
     "posted-date-time": "2026-03-05T16:00:00+00:00", "order-item-code": "79039765272157", "sku": "XD-001"},
    {"transaction-type": "Order", "order-id": "902-1106328-1059050", "amount-type": "ItemPrice", "amount-description": "Tax", "amount": "6.30"},
    {"transaction-type": "Order", "order-id": "902-1106328-1059050", "amount-type": "ItemFees", "amount-description": "Commission", "amount": "-5.45"},
    {"transaction-type": "Refund", "order-id": "902-1106328-0000009", "amount-type": "ItemPrice", "amount-description": "Principal",
     "amount": "-18.16", "adjustment-id": "R-1"},
    {"transaction-type": "ServiceFee", "amount-type": "other-transaction", "amount-description": "Subscription Fee", "amount": "-39.00"},
    {"transaction-type": "other-transaction", "amount-type": "other-transaction", "amount-description": "Current Reserve Amount", "amount": "-10.00"},
]  # fmt: skip


def encoded(**state: Any) -> bytes:
    order = copy.deepcopy(ORDER)
    order["fulfillment"] |= state
    return json.dumps(order).encode()
