"""Writes orders as Shopify does (the REST payload of the orders/* webhooks) and keeps their sums right; knows no HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from crossdock.simulators.shoppers import Article, Shopper

CENT: Final = Decimal("0.01")
COUNTRIES: Final = {
    "DE": "Germany", "FR": "France", "NL": "Netherlands", "PL": "Poland", "US": "United States", "GB": "United Kingdom",
}  # fmt: skip


def cents(amount: Decimal) -> Decimal:
    """Rounded as Shopify rounds line amounts."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def money_set(amount: Decimal, currency: str) -> dict[str, Any]:
    """An amount in shop and presentment money."""
    money = {"amount": str(cents(amount)), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def address(buyer: Shopper) -> dict[str, Any]:
    """A postal address."""
    return {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "name": f"{buyer.first_name} {buyer.last_name}",
        "company": buyer.company or None,
        "address1": buyer.street,
        "address2": buyer.street2 or None,
        "city": buyer.city,
        "zip": buyer.postal_code,
        "province": buyer.region or None,
        "province_code": buyer.region or None,
        "country": COUNTRIES.get(buyer.country, buyer.country),
        "country_code": buyer.country,
        "phone": buyer.phone or None,
        "latitude": 53.54,
        "longitude": 9.99,
    }


def line_item(
    line_id: int,
    article: Article,
    quantity: int,
    variant_id: int,
    *,
    rate: Decimal,
    included: bool,
    discount: Decimal,
    currency: str,
) -> dict[str, Any]:
    """One line. `price` holds the tax when the shop's prices include it, as at Shopify; `discount` likewise."""
    price = cents(article.price * (1 + rate)) if included else article.price
    line: dict[str, Any] = {
        "id": line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "variant_id": variant_id,
        "product_id": variant_id - 1,
        "title": article.name,
        "name": article.name,
        "sku": article.sku,
        "vendor": "Simulated",
        "price": str(cents(price)),
        "price_set": money_set(price, currency),
        "quantity": quantity,
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "fulfillment_status": None,
        "fulfillment_service": "manual",
        "grams": article.grams,
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "properties": [],
        "total_discount": "0.00",
        "discount_allocations": [
            {"amount": str(cents(discount)), "amount_set": money_set(discount, currency), "discount_application_index": 0}
        ]
        if discount
        else [],
        "tax_lines": [],
    }
    tax_line(line, rate, included, currency)
    return line


def tax_line(line: dict[str, Any], rate: Decimal, included: bool, currency: str) -> None:
    """Calculate a line's tax from its current quantity."""
    base = Decimal(line["price"]) * line["current_quantity"] - sum(Decimal(one["amount"]) for one in line["discount_allocations"])
    tax = cents(base * rate / (1 + rate) if included else base * rate)
    entry = {"title": "VAT", "price": str(tax), "rate": float(rate), "price_set": money_set(tax, currency)}
    line["tax_lines"] = [entry] if rate and line["current_quantity"] else []


def settle(order: dict[str, Any]) -> None:
    """Make the sums of an order follow from its lines and shipping."""
    currency = order["currency"]
    lines = order["line_items"]
    goods = sum((Decimal(line["price"]) * line["current_quantity"] for line in lines), Decimal(0))
    discount = sum((Decimal(one["amount"]) for line in lines for one in line["discount_allocations"]), Decimal(0))
    taxed = [*lines, *order["shipping_lines"]]
    tax = sum((Decimal(one["price"]) for line in taxed for one in line["tax_lines"]), Decimal(0))
    freight = sum((Decimal(line["price"]) for line in order["shipping_lines"]), Decimal(0))
    total = goods - discount + freight + (Decimal(0) if order["taxes_included"] else tax)
    figures = {"subtotal_price": goods - discount, "total_discounts": discount, "total_tax": tax, "total_price": total}
    for name, amount in figures.items():
        order[f"current_{name}"] = str(cents(amount))
        order[f"current_{name}_set"] = money_set(amount, currency)
        order.setdefault(name, str(cents(amount)))
        order.setdefault(f"{name}_set", money_set(amount, currency))
    order["total_line_items_price"] = str(cents(goods))
    order["total_shipping_price_set"] = money_set(freight, currency)
    order["total_weight"] = sum(line["grams"] * line["current_quantity"] for line in lines)


def new_order(
    order_id: int,
    name: str,
    number: int,
    buyer: Shopper,
    lines: Sequence[dict[str, Any]],
    *,
    at: str,
    currency: str,
    included: bool,
    shipping: Decimal,
    rate: Decimal,
    service: tuple[str, str],
    financial_status: str,
) -> dict[str, Any]:
    """A fresh order with all its sums."""
    freight = cents(shipping * (1 + rate)) if included else shipping
    freight_tax = cents(freight * rate / (1 + rate) if included else freight * rate)
    code, title = service
    order: dict[str, Any] = {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "name": name,
        "number": number,
        "order_number": number,
        "created_at": at,
        "processed_at": at,
        "updated_at": at,
        "closed_at": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "test": False,
        "confirmed": True,
        "email": buyer.email,
        "contact_email": buyer.email,
        "phone": None,
        "note": buyer.note or None,
        "tags": "",
        "taxes_included": included,
        "currency": currency,
        "presentment_currency": currency,
        "financial_status": financial_status,
        "fulfillment_status": None,
        "customer_locale": "en-DE",
        "po_number": None,
        "source_name": "web",
        "customer": {
            "id": order_id - 7,
            "email": buyer.email,
            "first_name": buyer.first_name,
            "last_name": buyer.last_name,
            "phone": buyer.phone or None,
            "verified_email": True,
        },
        "billing_address": address(buyer),
        "shipping_address": address(buyer),
        "line_items": list(lines),
        "shipping_lines": [
            {
                "id": order_id + 3,
                "code": code,
                "title": title,
                "price": str(cents(freight)),
                "discounted_price": str(cents(freight)),
                "price_set": money_set(freight, currency),
                "tax_lines": [
                    {
                        "title": "VAT",
                        "price": str(freight_tax),
                        "rate": float(rate),
                        "price_set": money_set(freight_tax, currency),
                    }
                ]
                if rate
                else [],
            }
        ],
        "fulfillments": [],
        "refunds": [],
        "discount_codes": [],
        "note_attributes": [],
        "order_status_url": f"https://shop.example/orders/{order_id}",
    }
    settle(order)
    return order
