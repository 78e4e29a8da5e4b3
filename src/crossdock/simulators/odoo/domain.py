"""Evaluates Odoo search domains against rows; knows fields and relations, not business rules.

A domain is compiled once per call into one predicate. The first indexed condition that every match must
fulfil narrows the rows, so that searches by reference do not scan the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.errors import ProgrammingError
from crossdock.simulators.odoo.schema import NUMBERS, TO_MANY, Field, Row

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.records import Records

Predicate = Callable[[Row], bool]

OPERATORS = frozenset(
    [
        "=",
        "!=",
        "<>",
        "=?",
        "in",
        "not in",
        "<",
        ">",
        "<=",
        ">=",
        "like",
        "ilike",
        "not like",
        "not ilike",
        "=like",
        "=ilike",
        "not =like",
        "not =ilike",
        "child_of",
        "parent_of",
        "any",
        "not any",
    ]
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def always(row: Row) -> bool:
    """The empty domain."""
    return True


class Compiled:
    """A domain ready to run: `matches(row)` and, if known, the only ids that can match, or above which they lie."""

    def __init__(self, env: Env, model: Records, domain: Sequence[Any]) -> None:
        self._env = env
        self._model = model
        self._items = list(domain or ())
        self._at = 0
        self.candidates: Iterable[int] | None = None
        self.above = 0
        self.fields: set[str] = set()
        terms: list[Predicate] = []
        while self._at < len(self._items):
            terms.append(self._term(top=True))
        self.matches = _all(terms)

    def _term(self, top: bool = False) -> Predicate:
        if self._at >= len(self._items):
            raise ProgrammingError(f"Domain {self._items!r} is not normalized")
        item = self._items[self._at]
        self._at += 1
        if item == "&":
            return _all([self._term(top), self._term(top)])
        if item == "|":
            left, right = self._term(), self._term()
            return lambda row: left(row) or right(row)
        if item == "!":
            inner = self._term()
            return lambda row: not inner(row)
        if not isinstance(item, list | tuple) or len(item) != 3:
            raise ProgrammingError(f"Invalid item in domain: {item!r}")
        return self._leaf(str(item[0]) if item[0] in (0, 1) else item[0], item[1], item[2], top)

    def _leaf(self, path: str, operator: str, value: Any, top: bool) -> Predicate:
        if path in ("1", "0") and operator == "=":
            return (lambda row: True) if (path == "1") == bool(value) else (lambda row: False)
        shown = (path, operator, value)
        if operator not in OPERATORS:
            raise ProgrammingError(f"Invalid operator in condition {shown}")
        name, _, rest = path.partition(".")
        found = self._model.fields.get(name)
        if found is None:
            raise ProgrammingError(f"Invalid field {self._model.name}.{name} in condition {shown}")
        self.fields.add(name)
        if rest and found.comodel:
            return self._through(name, found, [[rest, operator, value]], False)
        if rest:
            raise ProgrammingError(f"Invalid field {self._model.name}.{path} in condition {shown}")
        if operator in ("any", "not any"):
            return self._through(name, found, value, operator == "not any")
        if operator == "=?":
            if value is None or value is False:
                return always
            operator = "="
        if top:
            self._narrow(name, found, operator, value)
        return self._condition(name, found, operator, value)

    def _narrow(self, name: str, found: Field, operator: str, value: Any) -> None:
        if name == "id" and operator == ">" and isinstance(value, int):
            self.above = max(self.above, value)
        if self.candidates is not None or operator not in ("=", "in"):
            return
        values = value if operator == "in" and isinstance(value, list | tuple) else [value]
        if not all(isinstance(v, int | str) and v is not False for v in values):
            return
        table = self._env.store.table(self._model.name)
        if name == "id":
            self.candidates = [v for v in dict.fromkeys(values) if v in table.rows]
        elif found.key in table.indexes and not found.delegate:
            if found.type == "many2one" and any(isinstance(v, str) for v in values):
                return
            index = table.indexes[found.key]
            self.candidates = [id_ for v in dict.fromkeys(values) for id_ in index.get(v, ())]

    def _through(self, name: str, found: Field, domain: Sequence[Any], negate: bool) -> Predicate:
        comodel = self._env[found.comodel]
        inner = Compiled(self._env, comodel, domain)
        rows = self._env.store.table(found.comodel).rows
        get = self._model.getter(name)
        env = self._env
        if inner.candidates is not None:
            wanted = {id_ for id_ in inner.candidates if inner.matches(rows[id_])}
            if found.type in TO_MANY:
                return lambda row: any(id_ in wanted for id_ in get(env, row)) != negate
            return lambda row: (get(env, row) in wanted) != negate
        if found.type in TO_MANY:
            return lambda row: any(inner.matches(rows[i]) for i in get(env, row) if i in rows) != negate

        def single(row: Row) -> bool:
            other = rows.get(get(env, row))
            return (other is not None and inner.matches(other)) != negate

        return single

    def _condition(self, name: str, found: Field, operator: str, value: Any) -> Predicate:
        get, env = self._model.getter(name), self._env
        if operator in ("child_of", "parent_of"):
            ids = self._hierarchy(found, name, operator, value)
            if found.type in TO_MANY:
                return lambda row: any(id_ in ids for id_ in get(env, row))
            return lambda row: get(env, row) in ids
        if operator.endswith("like"):
            return self._like(name, found, operator, value)
        if operator in COMPARE:
            limit = self._comparable(found, value, operator)
            compare = COMPARE[operator]
            if found.type == "datetime":
                return lambda row: bool(v := get(env, row)) and compare(v[:19], limit)
            if found.type in NUMBERS or name == "id":
                return lambda row: compare(get(env, row) or 0, limit)
            return lambda row: (v := get(env, row)) is not False and compare(v, limit)
        negate = operator in ("!=", "<>", "not in")
        if isinstance(value, list | tuple):
            values = list(value)
        else:
            values = [value]
        return self._equal(name, found, values, negate)

    def _equal(self, name: str, found: Field, values: list[Any], negate: bool) -> Predicate:
        get, env = self._model.getter(name), self._env
        unset = any(v is False or v is None for v in values)
        if found.comodel and any(isinstance(v, str) for v in values):
            values = [i for v in values for i in (self._named(found, v) if isinstance(v, str) else [v])]
        if found.type in TO_MANY:
            wanted = set(values)
            return lambda row: ((unset and not get(env, row)) or any(i in wanted for i in get(env, row))) != negate
        if found.type == "boolean":
            flags = {bool(v) for v in values}
            return lambda row: (bool(get(env, row)) in flags) != negate
        if found.type == "datetime":
            moments = {self._comparable(found, v, "=") for v in values if v}
            return lambda row: ((v[:19] in moments) if (v := get(env, row)) else unset) != negate
        if found.type in NUMBERS and name != "id":
            numbers = {float(v or 0) for v in values}
            return lambda row: (float(get(env, row) or 0) in numbers) != negate
        plain = {v for v in values if v is not False and v is not None}
        if found.type == "char" and "" in plain:
            unset = True
        return lambda row: ((v in plain) if (v := get(env, row)) not in (False, "") else unset) != negate

    def _named(self, found: Field, text: str) -> list[int]:
        comodel = self._env[found.comodel]
        rows = self._env.store.table(found.comodel).rows
        return [i for i, row in rows.items() if comodel.display(self._env, row) == text]

    def _like(self, name: str, found: Field, operator: str, value: Any) -> Predicate:
        get, env = self._model.getter(name), self._env
        text = str(value) if value not in (False, None) else ""
        negate = operator.startswith("not ")
        exact = "=" in operator
        pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in text)
        flags = re.DOTALL | (re.IGNORECASE if operator.endswith("ilike") else 0)
        regex = re.compile(pattern, flags)
        match = regex.fullmatch if exact else regex.search
        if found.comodel:
            comodel, rows = self._env[found.comodel], self._env.store.table(found.comodel).rows

            def related(row: Row) -> bool:
                value = get(env, row)
                ids = value if found.type in TO_MANY else [value]
                return any(i in rows and match(comodel.display(env, rows[i])) is not None for i in ids) != negate

            return related
        return lambda row: (match(str(v)) is not None if (v := get(env, row)) is not False else False) != negate

    def _hierarchy(self, found: Field, name: str, operator: str, value: Any) -> set[int]:
        model = self._model if name == "id" else self._env[found.comodel]
        rows = self._env.store.table(model.name).rows
        values = value if isinstance(value, list | tuple) else [value]
        ids = {v for v in values if v in rows}
        parent = model.parent_field
        if operator == "parent_of":
            todo = list(ids)
            while todo:
                up = rows[todo.pop()].get(parent)
                if up and up not in ids:
                    ids.add(up)
                    todo.append(up)
            return ids
        grown = True
        while grown and parent:
            more = {i for i, row in rows.items() if row.get(parent) in ids and i not in ids}
            ids |= more
            grown = bool(more)
        return ids

    def _comparable(self, found: Field, value: Any, operator: str) -> Any:
        if found.type != "datetime" or not isinstance(value, str):
            return value if value is not None else False
        if value.endswith("Z") or re.search(r"[+-]\d\d:?\d\d$", value[10:]):
            raise ProgrammingError(f"expecting only datetimes with no timezone: {value!r}")
        if len(value) == 10:
            return f"{value} 23:59:59" if operator in ("<=", ">") else f"{value} 00:00:00"
        return value.replace("T", " ")[:19]


def _all(terms: list[Predicate]) -> Predicate:
    if not terms:
        return always
    if len(terms) == 1:
        return terms[0]
    if len(terms) == 2:
        first, second = terms
        return lambda row: first(row) and second(row)
    return lambda row: all(term(row) for term in terms)
