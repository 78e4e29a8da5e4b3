"""The GraphQL documents this connector sends (Admin API 2026-04); page sizes keep each below the cost limit of one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Document:
    """One GraphQL operation. `field` is its root field; `writes` tells whether it can have an effect."""

    field: str
    text: str
    writes: bool = False


_MONEY: Final = "{ shopMoney { amount } }"
_ADDRESS: Final = "{ name company address1 address2 city zip provinceCode countryCodeV2 phone }"

SHOP: Final = Document("shop", "query { shop { name myshopifyDomain currencyCode } }")

SUBSCRIPTIONS: Final = Document("webhookSubscriptions", "query { webhookSubscriptions(first: 50) { nodes { topic } } }")

FIND_ORDER: Final = Document("orders", "query($q: String!) { orders(first: 2, query: $q) { nodes { id name } } }")

_LINE_ITEM: Final = f"""id sku name quantity currentQuantity variant {{ id }} originalUnitPriceSet {_MONEY}
      discountAllocations {{ allocatedAmountSet {_MONEY} }} taxLines {{ priceSet {_MONEY} }}"""

UPDATED: Final = Document(
    "orders",
    """query($q: String!, $after: String) {
  orders(first: 100, after: $after, query: $q, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { id updatedAt }
  }
}""",
)

ORDERS: Final = Document(
    "nodes",
    f"""query($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Order {{
      id name createdAt updatedAt cancelledAt cancelReason test email phone note taxesIncluded currencyCode
      displayFinancialStatus displayFulfillmentStatus customerLocale poNumber
      currentTotalPriceSet {_MONEY} currentTotalTaxSet {_MONEY} totalShippingPriceSet {_MONEY}
      shippingLines(first: 2) {{ nodes {{ code title taxLines {{ priceSet {_MONEY} }} }} }}
      customer {{ id firstName lastName defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }} }}
      billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
      lineItems(first: 10) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_LINE_ITEM} }} }}
    }}
  }}
}}""",
)

ORDER_LINES: Final = Document(
    "order",
    f"""query($id: ID!, $after: String) {{
  order(id: $id) {{
    updatedAt
    lineItems(first: 50, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_LINE_ITEM} }} }}
  }}
}}""",
)

RETURNS: Final = Document(
    "order",
    """query($id: ID!) {
  order(id: $id) {
    id name
    returns(first: 5, query: "status:REQUESTED", reverse: true) {
      nodes {
        id name status createdAt
        returnLineItems(first: 20) {
          pageInfo { hasNextPage endCursor }
          nodes { ... on ReturnLineItem { id quantity returnReason customerNote fulfillmentLineItem { lineItem { id sku } } } }
        }
      }
    }
  }
}""",
)

FULFILMENTS: Final = Document(
    "order",
    """query($id: ID!) {
  order(id: $id) { id name cancelledAt fulfillments(first: 100) { id status trackingInfo { number } } }
}""",
)

FULFILMENT_LINES: Final = Document(
    "fulfillment",
    """query($id: ID!, $after: String) {
  fulfillment(id: $id) {
    fulfillmentLineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { quantity lineItem { id } } }
  }
}""",
)

FULFILMENT_ORDERS: Final = Document(
    "order",
    """query($id: ID!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: 5, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id status assignedLocation { location { id } } supportedActions { action }
        lineItems(first: 40) { pageInfo { hasNextPage endCursor } nodes { id remainingQuantity lineItem { id sku } } }
      }
    }
  }
}""",
)

FULFILMENT_ORDER_LINES: Final = Document(
    "fulfillmentOrder",
    """query($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id remainingQuantity lineItem { id sku } } }
  }
}""",
)

FULFILMENT_EVENTS: Final = Document(
    "fulfillment",
    """query($id: ID!, $after: String) {
  fulfillment(id: $id) {
    events(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id status happenedAt message } }
  }
}""",
)

VARIANTS: Final = Document(
    "productVariants",
    """query($q: String!, $after: String) {
  productVariants(first: 100, after: $after, query: $q) {
    pageInfo { hasNextPage endCursor }
    nodes { sku inventoryItem { id } }
  }
}""",
)

FULFIL: Final = Document(
    "fulfillmentCreate",
    """mutation($fulfillment: FulfillmentInput!, $message: String) {
  fulfillmentCreate(fulfillment: $fulfillment, message: $message) { fulfillment { id status } userErrors { field message } }
}""",
    writes=True,
)

FULFILMENT_EVENT: Final = Document(
    "fulfillmentEventCreate",
    """mutation($event: FulfillmentEventInput!) {
  fulfillmentEventCreate(fulfillmentEvent: $event) { fulfillmentEvent { id status } userErrors { field message } }
}""",
    writes=True,
)

SET_STOCK: Final = Document(
    "inventorySetQuantities",
    """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}""",
    writes=True,
)

CANCEL: Final = Document(
    "orderCancel",
    """mutation($id: ID!, $reason: OrderCancelReason!, $refund: OrderCancelRefundMethodInput!, $restock: Boolean!, $notify: Boolean,
    $note: String) {
  orderCancel(orderId: $id, reason: $reason, refundMethod: $refund, restock: $restock, notifyCustomer: $notify, staffNote: $note) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}""",
    writes=True,
)
