"""What Odoo 16, 17 and 18 call otherwise; a name of 19 must not pass there unnoticed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.errors import ProgrammingError

if TYPE_CHECKING:
    from crossdock.simulators.odoo.registry import Registry

# model -> {name in 19: name before}
RENAMED = {
    "sale.order.line": {"tax_ids": "tax_id", "product_uom_id": "product_uom"},
    "stock.move": {"inventory_name": "name"},
    "res.users": {"group_ids": "groups_id"},
}
MODELS = {"stock.quant.package": "stock.package"}
NESTED = {"sale.order": "sale.order.line"}


class Legacy:
    """Names of one major version. For 19 and later it does nothing."""

    def __init__(self, major: int) -> None:
        self.major = major

    def prepare(self, registry: Registry) -> None:
        """Make the old names known beside the new ones (the server's own code keeps using those)."""
        if self.major >= 19:
            return
        for model, names in RENAMED.items():
            for new, old in names.items():
                registry[model].fields[old] = registry[model].fields[new]

    def model(self, name: str) -> str:
        """The simulator's name of a model."""
        return MODELS.get(name, name) if self.major < 19 else name

    def check(self, model: str, positional: Any, named: Any) -> None:
        """Refuse what only 19 knows."""
        if self.major >= 19:
            return
        if model in MODELS.values():
            raise ProgrammingError(f"Object {model} doesn't exist")
        banned = {new: kind for kind in (model, NESTED.get(model, model)) for new in RENAMED.get(kind, {})}
        for word in _words([positional, named]) if banned else ():
            if word in banned:
                raise ProgrammingError(f"Invalid field {word!r} on model {banned[word]!r}")


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from value.split("/")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _words(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)
