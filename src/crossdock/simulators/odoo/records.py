"""Records of the simulated models seen from reading: fields, values, access, search. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo import errors
from crossdock.simulators.odoo.domain import Compiled
from crossdock.simulators.odoo.errors import AccessError, MissingError, ProgrammingError
from crossdock.simulators.odoo.schema import NUMBERS, Field, Row, char, integer, moment, named, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.registry import Registry

Reader = Callable[["Env", Row], Any]

COMMON = {
    "id": integer("ID"),
    "display_name": char("Display Name"),
    "create_uid": one("res.users", "Created by"),
    "create_date": moment("Created on"),
    "write_uid": one("res.users", "Last Updated by"),
    "write_date": moment("Last Updated on"),
}
AUTOMATIC = frozenset({"id", "create_uid", "create_date", "write_uid", "write_date"})


class Records:
    """One model, to be read. `own` are its fields; `delegates` maps a many2one to the model whose fields it inherits."""

    name: ClassVar[str]
    label: ClassVar[str] = ""
    order: ClassVar[str] = "id"
    rec_name: ClassVar[str] = "name"
    parent_field: ClassVar[str] = ""
    own: ClassVar[dict[str, Field]] = {}
    delegates: ClassVar[dict[str, str]] = {}
    read_groups: ClassVar[tuple[str, ...]] = ()
    write_groups: ClassVar[tuple[str, ...]] = ()
    create_groups: ClassVar[tuple[str, ...] | None] = None
    unlink_groups: ClassVar[tuple[str, ...] | None] = None
    transient: ClassVar[bool] = False

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.fields: dict[str, Field] = {}
        self._readers: dict[str, Reader] = {}
        self._getters: dict[str, Callable[[Env, Row], Any]] = {}
        self._blank: Row = {}
        self._defaults: dict[str, Any] = {}
        self._required: list[str] = []

    def finish(self) -> None:
        """Complete the field list once all models are known."""
        fields = named({**COMMON, **self.own})
        for link, parent in self.delegates.items():
            for name, f in named(self.registry[parent].own).items():
                if name not in fields:
                    fields[name] = _delegated(f, link)
        self.fields = fields
        table = self.registry.store.table(self.name)
        for name, f in fields.items():
            if f.compute or f.delegate or f.type == "one2many" or name == "display_name":
                continue
            self._blank[f.key] = f.empty
            if f.default is not None:
                self._defaults[f.key] = f.default
            if f.required:
                self._required.append(name)
            if f.index:
                table.index(f.key)
        for f in fields.values():
            if f.type == "one2many" and not f.compute:
                self.registry.store.table(f.comodel).index(f.inverse)

    # Values of rows --------------------------------------------------------------------------------

    def rows(self, env: Env) -> dict[int, Row]:
        """All rows of the model, by id."""
        return env.store.table(self.name).rows

    def display(self, env: Env, row: Row) -> str:
        """The display name of a row."""
        return str(row.get(self.rec_name) or f"{self.name},{row['id']}")

    def getter(self, name: str) -> Callable[[Env, Row], Any]:
        """How to take the stored form of a field from a row."""
        found = self._getters.get(name)
        if found is None:
            found = self._getters[name] = self._make_getter(name)
        return found

    def _make_getter(self, name: str) -> Callable[[Env, Row], Any]:
        f = self.fields[name]
        if name == "display_name":
            return lambda env, row: self.display(env, row)
        if f.compute:
            return f.compute
        if f.delegate:
            parent = self.registry[self.delegates[f.delegate]]
            inner, link = parent.getter(name), f.delegate
            rows = self.registry.store.table(parent.name).rows
            return lambda env, row: inner(env, rows[row[link]])
        if f.type == "one2many":
            index = self.registry.store.table(f.comodel).indexes[f.inverse]
            return lambda env, row: list(index.get(row["id"], ()))
        key, empty = f.key, f.empty
        return lambda env, row: row.get(key, empty)

    def reader(self, name: str) -> Reader:
        """How to take the wire form of a field from a row."""
        found = self._readers.get(name)
        if found is None:
            found = self._readers[name] = self._make_reader(name)
        return found

    def _make_reader(self, name: str) -> Reader:
        f, get = self.fields[name], self.getter(name)
        if f.type == "many2one":
            comodel = self.registry[f.comodel]
            rows = self.registry.store.table(f.comodel).rows

            def reference(env: Env, row: Row) -> Any:
                id_ = get(env, row)
                other = rows.get(id_) if id_ else None
                return [id_, comodel.display(env, other)] if other is not None else False

            return reference
        if f.type == "one2many":
            return lambda env, row: self._ordered(env, f.comodel, get(env, row))
        if f.type == "datetime":
            return lambda env, row: v[:19] if (v := get(env, row)) else False
        return get

    def _ordered(self, env: Env, comodel: str, ids: list[int]) -> list[int]:
        if len(ids) < 2:
            return ids
        model = env[comodel]
        return model.sort(env, ids, model.order)

    # Access ----------------------------------------------------------------------------------------

    def check_access(self, env: Env, operation: str) -> None:
        """Raise AccessError unless the user's groups allow the operation on the model."""
        groups = self.read_groups if operation == "read" else self.write_groups
        if operation == "create" and self.create_groups is not None:
            groups = self.create_groups
        if operation == "unlink" and self.unlink_groups is not None:
            groups = self.unlink_groups
        if groups and not env.in_groups(*groups):
            label = "\n\t- ".join(env.registry.group_label(g) for g in groups)
            verb = {"read": "access", "write": "modify", "unlink": "delete"}.get(operation, operation)
            raise errors.not_allowed(self.label, self.name, verb, label)

    def visible(self, env: Env, row: Row) -> bool:
        """Whether the company rules show this row to the caller."""
        company = row.get("company_id")
        return not company or env.superuser or company in env.companies

    def browse(self, env: Env, ids: Iterable[int]) -> list[Row]:
        """The rows of these ids. Raises MissingError or, for another company's, AccessError."""
        rows, found = self.rows(env), []
        for id_ in ids:
            row = rows.get(id_)
            if row is None:
                raise MissingError.of(self.name, id_, env.uid)
            if not self.visible(env, row):
                raise self._foreign(env, row)
            found.append(row)
        return found

    def _foreign(self, env: Env, row: Row) -> AccessError:
        company = env.row("res.company", row["company_id"])
        context: dict[str, Any] = {}
        if company["id"] in (env.user.get("company_ids") or []):
            context = {"suggested_company": {"id": company["id"], "display_name": company["name"]}}
        return AccessError(
            f"Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, {env.user['login']} "
            f"(id={env.uid}) doesn't have 'read' access to:\n- {self.label} ({self.name}: {row['id']})\n\n"
            "If you really, really need access, perhaps you can win over your friendly administrator.",
            context=context,
        )

    # Search ----------------------------------------------------------------------------------------

    def find(
        self, env: Env, domain: Sequence[Any], offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        """Ids of the visible rows that match, sorted."""
        compiled = Compiled(env, self, domain)
        rows, matches = self.rows(env), compiled.matches
        archived = "active" not in self.fields or "active" in compiled.fields or env.ctx.get("active_test") is False
        source: Iterable[Row]
        if compiled.candidates is not None:
            source = [rows[i] for i in compiled.candidates if i in rows]
        elif limit and (order or self.order) in ("id", "id asc"):
            return self._page(env, compiled, archived, offset, limit)
        else:
            source = rows.values()
        found = [r["id"] for r in source if (archived or self._active(env, r)) and matches(r) and self.visible(env, r)]
        ids = self.sort(env, found, order or self.order)
        return ids[offset : offset + limit if limit else None] if offset or limit else ids

    def _page(self, env: Env, compiled: Compiled, archived: bool, offset: int, limit: int) -> list[int]:
        # Paging by id stops at the page's end, as an index scan does: half a million rows are read page by page.
        rows, found = self.rows(env), []
        for id_ in range(compiled.above + 1, env.store.table(self.name).last_id + 1):
            row = rows.get(id_)
            if row is None or not compiled.matches(row) or not self.visible(env, row):
                continue
            if archived or self._active(env, row):
                found.append(id_)
                if len(found) >= offset + limit:
                    break
        return found[offset:]

    def _active(self, env: Env, row: Row) -> bool:
        return bool(self.getter("active")(env, row))

    def sort(self, env: Env, ids: list[int], order: str) -> list[int]:
        """Sort ids by an order clause, stable, unset values last (first when descending)."""
        rows = self.rows(env)
        for part in reversed([p.strip() for p in order.split(",")]):
            name, _, direction = part.partition(" ")
            f = self.fields.get(name)
            if f is None:
                raise ProgrammingError(f"Invalid field {name!r} on model {self.name!r}")
            down = direction.strip().lower().startswith("desc")
            if name == "id":
                ids = sorted(ids, reverse=down)
                continue
            get = self.getter(name)
            if f.type == "many2one":
                get = self._display_of(f)
            numeric = f.type in NUMBERS or f.type == "boolean"

            def key(id_: int, get: Reader = get, numeric: bool = numeric) -> tuple[bool, Any]:
                value = get(env, rows[id_])
                return (False, value) if numeric else (value is False, value if value is not False else "")

            ids = sorted(ids, key=key, reverse=down)
        return ids

    def _display_of(self, f: Field) -> Reader:
        get, comodel = self.getter(next(n for n, x in self.fields.items() if x is f)), self.registry[f.comodel]
        rows = self.registry.store.table(f.comodel).rows
        return lambda env, row: comodel.display(env, rows[i]) if (i := get(env, row)) in rows else False

    def shape(self, env: Env, rows: Sequence[Row], fields: list[str] | None, load: str | None) -> list[Row]:
        """The rows as `read` answers them."""
        names = fields or list(self.fields)
        readers = []
        for name in names:
            if name == "id":
                continue
            if name not in self.fields:
                raise ProgrammingError(f"Invalid field {name!r} on {self.name!r}")
            bare = not load and self.fields[name].type == "many2one"
            readers.append((name, self.getter(name) if bare else self.reader(name)))
        answer = []
        for row in rows:
            shaped = {"id": row["id"]}
            for name, reader in readers:
                shaped[name] = reader(env, row)
            answer.append(shaped)
        return answer


def _delegated(f: Field, link: str) -> Field:
    return Field(
        f.type, f.string, f.comodel, f.inverse, False, f.selection, f.digits, None, None, link, False, False, False, f.key
    )
