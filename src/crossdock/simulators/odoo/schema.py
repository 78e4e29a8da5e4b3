"""Declares the fields of the simulated models: type, relation, rounding, default; knows no records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

Row = dict[str, Any]
Compute = Callable[["Env", Row], Any]

NUMBERS = frozenset({"integer", "float", "monetary"})
TO_MANY = frozenset({"one2many", "many2many"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Values are kept as they go over the wire: unset is False, times are UTC text.

    `key` is the name in the store; it differs from the wire name where an older version names it otherwise.
    `compute` makes it unstored. `delegate` names the many2one whose record holds it (`_inherits`).
    `touched` says that the server reads through the reference at once, so that a dangling id is a
    MissingError and not a foreign key error. `digits` rounds on write.
    """

    type: str
    string: str = ""
    comodel: str = ""
    inverse: str = ""
    required: bool = False
    selection: tuple[tuple[str, str], ...] = ()
    digits: int | None = None
    default: Any = None
    compute: Compute | None = None
    delegate: str = ""
    index: bool = False
    touched: bool = False
    cascade: bool = False
    key: str = ""

    @property
    def empty(self) -> Any:
        """The value of the field when nobody gave one."""
        if self.type in NUMBERS:
            return 0 if self.type == "integer" else 0.0
        return [] if self.type in TO_MANY else False


Fields = dict[str, Field]


def char(string: str = "", **more: Any) -> Field:
    return Field("char", string, **more)


def text(string: str = "", **more: Any) -> Field:
    return Field("text", string, **more)


def integer(string: str = "", **more: Any) -> Field:
    return Field("integer", string, **more)


def decimal(string: str = "", digits: int | None = None, **more: Any) -> Field:
    return Field("float", string, digits=digits, **more)


def quantity(string: str = "", **more: Any) -> Field:
    """A quantity: precision "Product Unit" is 2 digits in a fresh database, and rounding is silent."""
    return Field("float", string, digits=2, **more)


def money(string: str = "", **more: Any) -> Field:
    return Field("monetary", string, **more)


def flag(string: str = "", default: bool = False, **more: Any) -> Field:
    return Field("boolean", string, default=default, **more)


def moment(string: str = "", **more: Any) -> Field:
    return Field("datetime", string, **more)


def day(string: str = "", **more: Any) -> Field:
    return Field("date", string, **more)


def choice(string: str, *options: str | tuple[str, str], **more: Any) -> Field:
    """A selection; an option given as one word has itself, capitalised, as label."""
    pairs = tuple(o if isinstance(o, tuple) else (o, o.replace("_", " ").capitalize()) for o in options)
    return Field("selection", string, selection=pairs, **more)


def one(comodel: str, string: str = "", **more: Any) -> Field:
    """Many2one."""
    return Field("many2one", string, comodel=comodel, **more)


def many(comodel: str, inverse: str, string: str = "") -> Field:
    """One2many."""
    return Field("one2many", string, comodel=comodel, inverse=inverse)


def links(comodel: str, string: str = "", **more: Any) -> Field:
    """Many2many."""
    return Field("many2many", string, comodel=comodel, **more)


def named(fields: dict[str, Field]) -> dict[str, Field]:
    """Fill in key and label from the wire name."""
    return {
        name: replace(f, key=f.key or name, string=f.string or name.removesuffix("_id").replace("_", " ").title())
        for name, f in fields.items()
    }


@dataclass(slots=True)
class Undo:
    """How to take back what a transaction did, last first."""

    steps: list[tuple[Callable[..., object], tuple[Any, ...]]] = field(default_factory=list)

    def add(self, step: Callable[..., object], *args: Any) -> None:
        """Remember one step."""
        self.steps.append((step, args))

    def rollback(self, to: int = 0) -> None:
        """Take back everything after the mark `to` (a length of `steps`)."""
        while len(self.steps) > to:
            step, args = self.steps.pop()
            step(*args)
