"""Turns an order as the GraphQL Admin API writes it into the shape of the webhook, so that both say the same version in the same way."""

from __future__ import annotations

from typing import Any


def webhook_shape(node: Any) -> dict[str, Any]:
    """The fields the mapping reads, named as in the REST payload of the `orders/*` webhooks. Never raises: what is missing stays missing."""
    return {
        "id": number_of(dig(node, "id")),
        "name": dig(node, "name"),
        "created_at": dig(node, "createdAt"),
        "updated_at": dig(node, "updatedAt"),
        "cancelled_at": dig(node, "cancelledAt"),
        "cancel_reason": lower(dig(node, "cancelReason")),
        "test": dig(node, "test"),
        "email": dig(node, "email"),
        "phone": dig(node, "phone"),
        "note": dig(node, "note"),
        "taxes_included": dig(node, "taxesIncluded"),
        "currency": dig(node, "currencyCode"),
        "financial_status": lower(dig(node, "displayFinancialStatus")),
        "fulfillment_status": FULFILLMENT.get(str(dig(node, "displayFulfillmentStatus"))),
        "customer_locale": dig(node, "customerLocale"),
        "po_number": dig(node, "poNumber"),
        "current_total_price": shop_amount(dig(node, "currentTotalPriceSet")),
        "current_total_tax": shop_amount(dig(node, "currentTotalTaxSet")),
        "total_shipping_price_set": {"shop_money": {"amount": shop_amount(dig(node, "totalShippingPriceSet"))}},
        "shipping_lines": [
            {"code": dig(line, "code"), "title": dig(line, "title"), "tax_lines": tax_lines(line)}
            for line in nodes(dig(node, "shippingLines"))
        ],
        "customer": customer(dig(node, "customer")),
        "billing_address": address(dig(node, "billingAddress")),
        "shipping_address": address(dig(node, "shippingAddress")),
        "line_items": [line_item(line) for line in nodes(dig(node, "lineItems"))],
    }


FULFILLMENT = {"PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled", "RESTOCKED": "restocked"}


def dig(value: Any, *keys: str) -> Any:
    """The value under nested keys, None where something on the way is no object."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def nodes(connection: Any) -> list[Any]:
    """The nodes of a connection."""
    found = dig(connection, "nodes")
    return found if isinstance(found, list) else []


def number_of(gid: Any) -> Any:
    """`gid://shopify/Order/1` -> 1 (the id the webhooks carry); anything else unchanged."""
    tail = gid.rpartition("/")[2] if isinstance(gid, str) else ""
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 20 else gid


def lower(value: Any) -> Any:
    """Enumerations are upper case here and lower case in webhooks."""
    return value.lower() if isinstance(value, str) else value


def shop_amount(bag: Any) -> Any:
    """The amount in the shop's currency."""
    return dig(bag, "shopMoney", "amount")


def tax_lines(owner: Any) -> list[dict[str, Any]]:
    """Tax lines as the webhook writes them."""
    lines = dig(owner, "taxLines")
    return [{"price": shop_amount(dig(line, "priceSet"))} for line in lines] if isinstance(lines, list) else []


def customer(node: Any) -> dict[str, Any] | None:
    """The buyer."""
    if not isinstance(node, dict):
        return None
    return {
        "id": number_of(node.get("id")),
        "first_name": node.get("firstName"),
        "last_name": node.get("lastName"),
        "email": dig(node, "defaultEmailAddress", "emailAddress"),
        "phone": dig(node, "defaultPhoneNumber", "phoneNumber"),
    }


def address(node: Any) -> dict[str, Any] | None:
    """A postal address."""
    if not isinstance(node, dict):
        return None
    same = ("name", "company", "address1", "address2", "city", "zip", "phone")
    return {
        **{key: node.get(key) for key in same},
        "province_code": node.get("provinceCode"),
        "country_code": node.get("countryCodeV2"),
    }


def line_item(node: Any) -> dict[str, Any]:
    """One ordered item."""
    discounts = dig(node, "discountAllocations")
    return {
        "id": number_of(dig(node, "id")),
        "sku": dig(node, "sku"),
        "name": dig(node, "name"),
        "quantity": dig(node, "quantity"),
        "current_quantity": dig(node, "currentQuantity"),
        "price": shop_amount(dig(node, "originalUnitPriceSet")),
        "discount_allocations": [{"amount": shop_amount(dig(one, "allocatedAmountSet"))} for one in discounts]
        if isinstance(discounts, list)
        else [],
        "tax_lines": tax_lines(node),
        "variant_id": number_of(dig(node, "variant", "id")),
    }
