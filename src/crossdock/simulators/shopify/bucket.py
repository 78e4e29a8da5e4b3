"""Query cost and the leaky bucket that throttles by it, as the GraphQL Admin API does; knows no field by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

MUTATION_COST = 10


class Bucket:
    """Holds `maximum` points and regains `restore_rate` per second; Shopify's figures are 2,000 and 100 (20,000 and 1,000 on Plus)."""

    def __init__(self, maximum: float = 2000.0, restore_rate: float = 100.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._clock = clock
        self._available = maximum
        self._at = clock()

    @property
    def available(self) -> float:
        """Points there now."""
        now = self._clock()
        self._available = min(self.maximum, self._available + (now - self._at) * self.restore_rate)
        self._at = now
        return self._available

    def take(self, points: float) -> bool:
        """Take points if they are there."""
        if self.available < points:
            return False
        self._available -= points
        return True

    def give(self, points: float) -> None:
        """Give back what a query did not use."""
        self._available = min(self.maximum, self._available + points)

    def status(self) -> dict[str, float]:
        """`throttleStatus` as it stands in every answer."""
        return {"maximumAvailable": self.maximum, "currentlyAvailable": int(self.available), "restoreRate": self.restore_rate}


def requested_cost(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """The cost before execution: 1 an object, 0 a scalar, `first` (or the number of `ids`) times its nodes a connection, 10 a mutation."""
    if operation.operation is OperationType.MUTATION:
        return MUTATION_COST * len(operation.selection_set.selections)
    root = schema.query_type
    assert root is not None  # the schema file has a Query type
    return _selection(schema, root, operation.selection_set, variables)


def _selection(schema: GraphQLSchema, owner: GraphQLNamedType, selections: SelectionSetNode, variables: Mapping[str, Any]) -> int:
    total = 0
    for node in selections.selections:
        if isinstance(node, InlineFragmentNode) and node.type_condition is not None:
            total += _selection(schema, schema.type_map[node.type_condition.name.value], node.selection_set, variables)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            assert isinstance(owner, GraphQLObjectType | GraphQLInterfaceType)
            field = owner.fields[node.name.value]
            kind = get_named_type(field.type)
            if kind.name == "PageInfo":
                continue
            inner = _selection(schema, kind, node.selection_set, variables)
            size = _size(node, variables)
            if kind.name.endswith("Connection"):
                total += 2 + (size or 10) * inner
            else:
                bare = field.type.of_type if is_non_null_type(field.type) else field.type
                total += (size if size and is_list_type(bare) else 1) * (1 + inner)
    return total


def _size(node: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in node.arguments or ():
        if argument.name.value == "first":
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return int(variables.get(argument.value.name.value) or 0)
        elif argument.name.value == "ids" and isinstance(argument.value, VariableNode):
            return len(variables.get(argument.value.name.value) or ())
    return 0


def actual_cost(data: Any) -> int:
    """The cost after execution: the objects that came back."""
    if isinstance(data, dict):
        return 1 + sum(actual_cost(value) for key, value in data.items() if key != "pageInfo")
    if isinstance(data, list):
        return sum(actual_cost(value) for value in data)
    return 0
