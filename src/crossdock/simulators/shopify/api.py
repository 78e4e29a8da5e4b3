"""Answers GraphQL requests against a simulated shop: validation by schema, cost and throttling, queries and mutations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from crossdock.simulators.shopify.bucket import Bucket, actual_cost, requested_cost
from crossdock.simulators.shopify.store import Refused, Store
from crossdock.simulators.shopify.views import Views, gid, number_of

MAX_COST = 1000
DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"
Changed = Callable[[str, Mapping[str, Any], Any], None]
"""(webhook topic, order or empty, fulfilment or None): something changed through the API."""


@cache
def schema() -> GraphQLSchema:
    """The schema of every simulated shop, read once."""
    return build_schema(files(__package__).joinpath("schema.graphql").read_text())


@lru_cache(maxsize=200)
def checked(text: str) -> DocumentNode | list[GraphQLError]:
    """A document parsed and validated against the schema, or what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return [error]
    return validate(schema(), document) or document


class Api:
    """The GraphQL endpoint of one shop. `later` runs a function after some time (cancelling is a job at Shopify)."""

    def __init__(
        self, store: Store, bucket: Bucket, changed: Changed, later: Callable[[Callable[[], None]], None], shop: Mapping[str, Any]
    ) -> None:
        self.store = store
        self.bucket = bucket
        self._views = Views(store)
        self._changed = changed
        self._later = later
        self._shop = shop
        self._schema = schema()
        self._idempotent: dict[str, tuple[str, Any]] = {}
        self._topics: Callable[[], list[str]] = list

    def subscribed(self, topics: Callable[[], list[str]]) -> None:
        """Where to learn which topics have a webhook subscription."""
        self._topics = topics

    def answer(self, body: bytes) -> dict[str, Any]:
        """The JSON answer to one request body."""
        request = json.loads(body)
        text, variables = str(request.get("query", "")), request.get("variables") or {}
        document = checked(text)
        if isinstance(document, list):
            return {"errors": [error.formatted for error in document]}
        operation = get_operation_ast(document)
        if operation is None:
            return {"errors": [{"message": "No operation named"}]}
        cost = requested_cost(self._schema, operation, variables)
        if cost > MAX_COST:
            error = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_COST, "documentation": DOCUMENTATION}
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_COST})."
            return {"errors": [{"message": message, "extensions": error}]}
        if not self.bucket.take(cost):
            return self.throttled(cost)
        result = execute_sync(self._schema, document, root_value=self._roots(operation), variable_values=variables)
        return self._written(result, cost)

    def throttled(self, cost: int) -> dict[str, Any]:
        """The answer when the bucket is empty: HTTP 200, no data."""
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": DOCUMENTATION}}
        status = {"requestedQueryCost": cost, "actualQueryCost": None, "throttleStatus": self.bucket.status()}
        return {"errors": [error], "extensions": {"cost": status}}

    def _written(self, result: ExecutionResult, cost: int) -> dict[str, Any]:
        used = min(cost, max(1, actual_cost(result.data) - 1))
        self.bucket.give(cost - used)
        answer: dict[str, Any] = {}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        answer["data"] = result.data
        answer["extensions"] = {
            "cost": {"requestedQueryCost": cost, "actualQueryCost": used, "throttleStatus": self.bucket.status()}
        }
        return answer

    def _roots(self, operation: OperationDefinitionNode) -> dict[str, Any]:
        if operation.operation is OperationType.MUTATION:
            return {
                "fulfillmentCreate": self._fulfil,
                "fulfillmentEventCreate": self._event,
                "inventorySetQuantities": self._set_stock,
                "orderCancel": self._cancel,
            }
        store, views = self.store, self._views

        def one(kind: str, held: Mapping[int, Any], view: Callable[[Any], Any]) -> Callable[..., Any]:
            def resolve(_info: Any, id: str) -> Any:
                found = held.get(number_of(kind, id))
                return None if found is None else view(found)

            return resolve

        topics = [{"id": gid("WebhookSubscription", n), "topic": topic} for n, topic in enumerate(self._topics(), 1)]
        return {
            "shop": dict(self._shop),
            "webhookSubscriptions": {"nodes": topics},
            "order": one("Order", store.orders, views.order),
            "orders": views.orders,
            "nodes": views.nodes,
            "fulfillment": one("Fulfillment", store.fulfilments, views.fulfilment),
            "fulfillmentOrder": one("FulfillmentOrder", store.fulfilment_orders, views.plan),
            "productVariants": views.variants,
        }

    def _fulfil(self, _info: Any, fulfillment: Mapping[str, Any], message: str | None = None) -> Any:
        wanted: dict[int, Any] = {}
        for part in fulfillment["lineItemsByFulfillmentOrder"]:
            lines = part.get("fulfillmentOrderLineItems")
            chosen = {number_of("FulfillmentOrderLineItem", line["id"]): line["quantity"] for line in lines} if lines else None
            wanted[number_of("FulfillmentOrder", part["fulfillmentOrderId"])] = chosen
        try:
            made = self.store.fulfil(wanted, fulfillment.get("trackingInfo") or {}, fulfillment.get("notifyCustomer", False))
        except Refused as refused:
            return {"fulfillment": None, "userErrors": [refused.error]}
        order = self.store.orders[made["order_id"]]
        self._changed("fulfillments/create", order, made)
        self._changed("orders/updated", order, None)
        return {"fulfillment": self._views.fulfilment(made), "userErrors": []}

    def _event(self, _info: Any, fulfillmentEvent: Mapping[str, Any]) -> Any:
        event = fulfillmentEvent
        try:
            number = number_of("Fulfillment", event["fulfillmentId"])
            happened = event.get("happenedAt") or self.store.stamp()
            _, made = self.store.add_event(number, event["status"], happened, event.get("message"))
        except Refused as refused:
            return {"fulfillmentEvent": None, "userErrors": [refused.error]}
        return {"fulfillmentEvent": {**made, "id": gid("FulfillmentEvent", made["id"])}, "userErrors": []}

    def _set_stock(self, info: Any, input: Mapping[str, Any]) -> Any:
        key = idempotency_key(info)
        if not key:
            message = "The @idempotent directive is required for this mutation but was not provided."
            raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
        said = json.dumps(input, sort_keys=True, default=str)
        if key in self._idempotent:
            earlier, payload = self._idempotent[key]
            if earlier == said:
                return payload
            error = Refused(
                ["input"], "The same idempotency key was used with different parameters.", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            )
            return {"inventoryAdjustmentGroup": None, "userErrors": [error.error]}
        payload = self._stock_set(input, key)
        if not payload["userErrors"]:
            self._idempotent[key] = (said, payload)
        return payload

    def _stock_set(self, given: Mapping[str, Any], key: str) -> dict[str, Any]:
        try:
            if len(given["quantities"]) > 250:
                raise Refused(
                    ["input", "quantities"], "The input array size exceeds the maximum of 250.", "MAX_INPUT_SIZE_EXCEEDED"
                )
            quantities = []
            for index, one in enumerate(given["quantities"]):
                if "changeFromQuantity" not in one:
                    raise Refused(
                        ["input", "quantities", str(index)], "changeFromQuantity is required; null opts out of the check."
                    )
                quantities.append(
                    {
                        "variant": number_of("InventoryItem", one["inventoryItemId"]),
                        "location": number_of("Location", one["locationId"]),
                        "quantity": one["quantity"],
                        "expected": one["changeFromQuantity"],
                    }
                )
            self.store.set_stock(quantities, key)
        except Refused as refused:
            return {"inventoryAdjustmentGroup": None, "userErrors": [refused.error]}
        group = {
            "id": gid("InventoryAdjustmentGroup", self.store.new_id()),
            "createdAt": self.store.stamp(),
            "reason": given["reason"],
        }
        return {"inventoryAdjustmentGroup": group, "userErrors": []}

    def _cancel(self, _info: Any, orderId: str, reason: str, **_more: Any) -> Any:
        number = number_of("Order", orderId)
        order = self.store.orders.get(number)
        refusal = None if order else Refused(["orderId"], "Order does not exist", "NOT_FOUND")
        if order and order["cancelled_at"]:
            refusal = Refused(["orderId"], "Order has already been cancelled")
        elif order and order["fulfillment_status"] == "fulfilled":
            refusal = Refused(["orderId"], "Cannot cancel an order that has been fulfilled")
        if refusal:
            return {"job": None, "orderCancelUserErrors": [refusal.error], "userErrors": []}

        def finish() -> None:
            try:
                self._changed("orders/cancelled", self.store.cancel(number, reason), None)
            except Refused:
                return  # somebody else was quicker

        self._later(finish)
        return {"job": {"id": gid("Job", self.store.new_id()), "done": False}, "orderCancelUserErrors": [], "userErrors": []}


def idempotency_key(info: Any) -> str:
    """The key of the @idempotent directive on the field being resolved."""
    for directive in info.field_nodes[0].directives:
        if directive.name.value == "idempotent":
            for argument in directive.arguments:
                value = argument.value
                variables = getattr(info.variable_values, "coerced", info.variable_values)  # a plain dict before graphql-core 3.3
                return str(variables.get(value.name.value, "")) if hasattr(value, "name") else str(value.value)
    return ""
