"""Marks which methods of the simulated models may be called from outside, and with which arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def public(method: F) -> F:
    """A record method: `(self, env, ids, ...)`; the arguments after `ids` are the wire's."""
    _describe(method, 3, model=False)
    return method


def public_model(method: F) -> F:
    """A method without records (`@api.model`): `(self, env, ...)`."""
    _describe(method, 2, model=True)
    return method


def _describe(method: Callable[..., Any], skip: int, model: bool) -> None:
    parameters = list(inspect.signature(method).parameters.values())[skip:]
    method.__dict__["_public"] = inspect.Signature(parameters)
    method.__dict__["_model"] = model
