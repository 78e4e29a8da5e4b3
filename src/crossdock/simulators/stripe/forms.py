"""Form bodies with brackets, as Stripe's API v1 takes them (`metadata[order]=1`, `types[]=a`); knows no endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossdock.simulators.stripe.errors import Refused


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b]=c` becomes {"a": {"b": "c"}}; `a[]=1` and `a[0]=1` become lists."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        inner = rest.removesuffix("]")
        if not bracket:
            found[head] = value
        elif inner == "" or inner.isdigit():
            found.setdefault(head, []).append(value)
        else:
            found.setdefault(head, {})[inner] = value
    return found


def whole(params: dict[str, Any], name: str) -> int | None:
    """A positive integer parameter, None when absent. Raises `Refused`."""
    given = params.get(name)
    if given is None:
        return None
    if not isinstance(given, str) or not given.isascii() or not given.isdigit():
        raise Refused(400, f"Invalid integer: {given}", "parameter_invalid_integer", param=name)
    if int(given) < 1:
        raise Refused(400, "This value must be greater than or equal to 1.", "parameter_invalid_integer", param=name)
    return int(given)
