"""Remembers what was derived from a flow context: contexts are immutable, so the same object always gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from crossdock.core.process import FlowContext

T = TypeVar("T")


class Memo(Generic[T]):
    """A function of a flow context that is computed once per context object.

    Contexts hold plain mappings and cannot be hashed; identity is enough because they are immutable. The entry keeps its context
    alive, so that its identity is not given to another one; at `size` entries all are forgotten (a new landscape brings new contexts).
    """

    def __init__(self, derive: Callable[[FlowContext], T], size: int = 256) -> None:
        self._derive = derive
        self._size = size
        self._known: dict[int, tuple[FlowContext, T]] = {}

    def __call__(self, context: FlowContext) -> T:
        entry = self._known.get(id(context))
        if entry is not None:
            return entry[1]
        value = self._derive(context)
        if len(self._known) >= self._size:
            self._known.clear()
        self._known[id(context)] = (context, value)
        return value
