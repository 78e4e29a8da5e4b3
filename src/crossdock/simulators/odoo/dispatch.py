"""Finds the method behind a call, binds its arguments as the server does, and runs it as one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.simulators.odoo import load, reads
from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.errors import AccessError, HttpError, MissingError, UserError, invalid_text
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.registry import Registry

GENERIC: dict[str, Callable[..., Any]] = {**reads.METHODS, **load.METHODS}
PRIVATE = frozenset(
    ["exists", "browse", "sudo", "with_context", "with_user", "with_company", "ensure_one", "mapped", "filtered", "sorted"]
)
READING = frozenset(
    [
        "search",
        "search_count",
        "search_read",
        "read",
        "web_read",
        "web_search_read",
        "formatted_read_group",
        "get_external_id",
        "get_metadata",
        "fields_get",
        "name_search",
        "check_object_reference",
        "context_get",
        "has_group",
    ]
)


@dataclass(frozen=True, slots=True)
class Target:
    """A callable method of a model."""

    model: Model
    method: Callable[..., Any]
    generic: bool

    @property
    def on_records(self) -> bool:
        """Whether it takes ids."""
        return not self.method.__dict__["_model"]

    def run(self, env: Env, ids: list[int], arguments: Mapping[str, Any]) -> Any:
        """Call it."""
        given = (env, ids) if self.on_records else (env,)
        if self.generic:
            return self.method(self.model, *given, **arguments)
        return self.method(*given, **arguments)


def find(registry: Registry, model_name: str, name: str, legacy: bool = False) -> Target:
    """The method to call. Raises the server's 404 and 403."""
    model = registry.get(model_name)
    if model is None:
        if legacy:
            raise UserError(f"Object {model_name} doesn't exist")
        raise HttpError(404, f"the model {model_name!r} does not exist")
    if name.startswith("_") or name in PRIVATE:
        raise AccessError(f"Private methods (such as '{model_name}.{name}') cannot be called remotely.")
    method = getattr(model, name, None)
    if method is not None and "_public" in getattr(method, "__dict__", {}):
        return Target(model, method, False)
    if name in GENERIC:
        return Target(model, GENERIC[name], True)
    raise HttpError(404, f"The method '{model_name}.{name}' does not exist")


def bind(target: Target, arguments: Mapping[str, Any], positional: Sequence[Any] = ()) -> dict[str, Any]:
    """Arguments by name; 422 with Python's own words when they do not fit."""
    try:
        bound = target.method.__dict__["_public"].bind(*positional, **arguments)
    except TypeError as problem:
        raise HttpError(422, str(problem)) from problem
    return dict(bound.arguments)


def record_ids(target: Target, given: Any) -> list[int]:
    """`ids` of a JSON-2 call. Text answers as no records at all, text inside a list is a database error."""
    if not given:
        return []
    if not target.on_records:
        raise HttpError(422, f"cannot call {target.model.name}.{target.method.__name__} with ids")
    if isinstance(given, int):
        return [given]
    if isinstance(given, str):
        return []
    for item in given:
        if not isinstance(item, int):
            raise invalid_text(item)
    return list(given)


def run(env: Env, target: Target, ids: list[int], arguments: Mapping[str, Any]) -> Any:
    """Run one call; whatever goes wrong, everything it did is taken back."""
    env.check_context()
    try:
        if target.on_records and target.method.__name__ not in READING:
            rows = target.model.rows(env)
            for id_ in ids:
                if id_ not in rows:
                    raise MissingError.of(target.model.name, id_, env.uid)
        return target.run(env, ids, arguments)
    except Exception:
        env.undo.rollback()
        raise
