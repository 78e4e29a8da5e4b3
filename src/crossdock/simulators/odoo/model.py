"""The base of the simulated models: create, write, unlink, search and read as Odoo's ORM does them.

A model declares `own` fields and overrides the hooks `prepare`, `after_create`, `after_write`, `before_unlink`
and `check`. Methods marked with `api.public` are callable from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo import errors
from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.domain import Compiled
from crossdock.simulators.odoo.errors import AccessError, MissingError, ProgrammingError, ValidationError
from crossdock.simulators.odoo.schema import NUMBERS, TO_MANY, Field, Row, char, integer, moment, named, one
from crossdock.simulators.odoo.values import to_store

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


class Model:
    """One model. `own` are its fields; `delegates` maps a many2one to the model whose fields it inherits."""

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

    # Create, write, unlink -------------------------------------------------------------------------

    def prepare(self, env: Env, vals: dict[str, Any]) -> dict[str, Any]:
        """Hook: fill in values that depend on others, before a row is made."""
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        """Hook: what the server computes once the rows exist."""

    def after_write(self, env: Env, ids: list[int], names: set[str]) -> None:
        """Hook: what follows from a change of these fields."""

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        """Hook: refuse or cascade."""

    def check(self, env: Env, ids: list[int]) -> None:
        """Hook: constraints of the rows just created or written."""

    def insert(self, env: Env, vals_list: Sequence[Mapping[str, Any]]) -> list[int]:
        """Create rows without asking for access rights."""
        return [self._insert_one(env, dict(vals)) for vals in vals_list]

    def _insert_one(self, env: Env, vals: dict[str, Any]) -> int:
        for name in vals:
            if name not in self.fields:
                raise ProgrammingError(f"Invalid field {name!r} in {self.name!r}")
        vals = self.prepare(env, self._canonical(vals))
        for link, parent in self.delegates.items():
            if not vals.get(link):
                inherited = {n: vals.pop(n) for n in list(vals) if self.fields[n].delegate == link}
                vals[link] = env[parent].insert_inherited(env, inherited)
        self.check_company(env, vals)
        table = env.store.table(self.name)
        row = dict(self._blank)
        for key, default in self._defaults.items():
            row[key] = default(env) if callable(default) else default
        later: list[tuple[str, Field, Any]] = []
        for name, value in vals.items():
            f = self.fields[name]
            if name in AUTOMATIC and not env.superuser:
                continue
            if f.type in TO_MANY or f.delegate:
                later.append((name, f, value))
            elif not f.compute:
                row[f.key] = to_store(env, self, name, f, value, True)
        self._check_required(row)
        id_ = row["id"] = vals["id"] if "id" in vals and env.superuser else table.next_id()
        row["create_uid"] = row["write_uid"] = env.uid
        row["create_date"] = row["write_date"] = env.now
        table.insert(row, env.undo)
        for name, f, value in later:
            self._relate(env, row, name, f, value)
        self.after_create(env, [id_])
        self.check(env, [id_])
        self.registry.automations.changed(env, self, row, "on_create")
        return id_

    def _canonical(self, vals: Mapping[str, Any]) -> dict[str, Any]:
        # Older versions call some fields otherwise; the models know the names of 19 only.
        return {self.fields[name].key if name not in self.own else name: value for name, value in vals.items()}

    def insert_inherited(self, env: Env, vals: dict[str, Any]) -> int:
        """Create the parent record of a record that inherits from this model."""
        return self.insert(env, [vals])[0]

    def _check_required(self, row: Row) -> None:
        for name in self._required:
            if row.get(self.fields[name].key) in (False, None, ""):
                raise errors.required(self.label, self.name, self.fields[name].string, name)

    def check_company(self, env: Env, row: Row) -> None:
        """Refuse a company that is not among the caller's."""
        company = row.get("company_id")
        if company and not env.superuser and company not in env.companies:
            raise AccessError("Access to unauthorized or invalid companies.")

    def update(self, env: Env, rows: Sequence[Row], vals: Mapping[str, Any]) -> None:
        """Write wire values without asking for access rights; always moves write_date, as the server does."""
        for name in vals:
            if name not in self.fields:
                raise ProgrammingError(name, "KeyError")
        vals = self._canonical(vals)
        names = set(vals)
        table = env.store.table(self.name)
        for row in rows:
            before = self.registry.automations.before(self, row)
            for name, value in vals.items():
                f = self.fields[name]
                if f.type in TO_MANY or f.delegate:
                    self._relate(env, row, name, f, value)
                    continue
                if name in AUTOMATIC or f.compute:
                    continue
                new = to_store(env, self, name, f, value, False)
                if new != row.get(f.key):
                    table.change(row, f.key, new, env.undo)
            self._stamp(env, row)
            if not names.isdisjoint(self._required):
                self._check_required(row)
            self.registry.automations.changed(env, self, row, "on_write", before)
        ids = [row["id"] for row in rows]
        self.after_write(env, ids, names)
        self.check(env, ids)

    def put(self, env: Env, row: Row, **values: Any) -> bool:
        """Set stored values; moves write_date only if something changed. Returns whether it did."""
        changes = {k: v for k, v in values.items() if row.get(k, False) != v}
        if not changes:
            return False
        table = env.store.table(self.name)
        before = self.registry.automations.before(self, row)
        for key, value in changes.items():
            table.change(row, key, value, env.undo)
        self._stamp(env, row)
        self.registry.automations.changed(env, self, row, "on_write", before)
        return True

    def _stamp(self, env: Env, row: Row) -> None:
        table = env.store.table(self.name)
        if row["write_date"] != env.now:
            table.change(row, "write_date", env.now, env.undo)
        if row["write_uid"] != env.uid:
            table.change(row, "write_uid", env.uid, env.undo)

    def erase(self, env: Env, rows: Sequence[Row]) -> None:
        """Delete rows without asking for access rights; refuses while others refer to them."""
        self.before_unlink(env, list(rows))
        table = env.store.table(self.name)
        for row in rows:
            if row["id"] not in table.rows:
                continue
            self.registry.referrers.release(env, self.name, row["id"])
            self.registry.automations.changed(env, self, row, "on_unlink")
            env.store.drop_xids(self.name, row["id"], env.undo)
            table.delete(row["id"], env.undo)

    def _relate(self, env: Env, row: Row, name: str, f: Field, value: Any) -> None:
        if f.delegate:
            parent = env[self.delegates[f.delegate]]
            parent.update(env, [env.row(parent.name, row[f.delegate])], {name: value})
            return
        commands = value if isinstance(value, list | tuple) else []
        if commands and all(isinstance(c, int) for c in commands):
            commands = [[6, 0, list(commands)]]
        comodel = env[f.comodel]
        table = env.store.table(self.name)
        for command in commands:
            code, id_ = command[0], command[1] if len(command) > 1 else 0
            if f.type == "many2many":
                self._link(env, table.rows[row["id"]], f, list(command), comodel)
            elif code == 0:
                comodel.insert(env, [{**command[2], f.inverse: row["id"]}])
            elif code == 1:
                comodel.update(env, comodel.browse(env, [id_]), command[2])
            elif code == 2:
                comodel.erase(env, comodel.browse(env, [id_]))
            elif code == 4:
                comodel.update(env, comodel.browse(env, [id_]), {f.inverse: row["id"]})
            else:
                self._replace(env, row, name, f, comodel, command)

    def _replace(self, env: Env, row: Row, name: str, f: Field, comodel: Model, command: Sequence[Any]) -> None:
        keep = set(command[2]) if command[0] == 6 else set()
        old = set(self.getter(name)(env, row)) if command[0] != 3 else {command[1]}
        gone = [comodel.rows(env)[i] for i in old - keep]
        if comodel.fields[f.inverse].required or comodel.fields[f.inverse].cascade:
            comodel.erase(env, gone)
        else:
            comodel.update(env, gone, {f.inverse: False})
        for id_ in keep - old:
            comodel.update(env, comodel.browse(env, [id_]), {f.inverse: row["id"]})

    def _link(self, env: Env, row: Row, f: Field, command: list[Any], comodel: Model) -> None:
        now: list[int] = list(row.get(f.key) or [])
        code = command[0]
        if code == 0:
            now += comodel.insert(env, [command[2]])
        elif code == 6:
            now = list(command[2])
        elif code == 5:
            now = []
        elif code == 4 and command[1] not in now:
            now.append(command[1])
        elif code in (2, 3):
            now = [i for i in now if i != command[1]]
        elif code == 1:
            comodel.update(env, comodel.browse(env, [command[1]]), command[2])
        for id_ in now:
            if id_ not in comodel.rows(env):
                raise ValidationError("The operation cannot be completed: another model requires the record being deleted.")
        env.store.table(self.name).change(row, f.key, now, env.undo)

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

    # What every model answers to from outside --------------------------------------------------------

    @public_model
    def search(
        self, env: Env, domain: list[Any], offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        self.check_access(env, "read")
        return self.find(env, domain, offset, limit, order)

    @public_model
    def search_count(self, env: Env, domain: list[Any], limit: int | None = None) -> int:
        self.check_access(env, "read")
        return len(self.find(env, domain, 0, limit, "id"))

    @public_model
    def search_read(
        self,
        env: Env,
        domain: list[Any] | None = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str | None = "_classic_read",
    ) -> list[Row]:
        self.check_access(env, "read")
        rows = self.rows(env)
        return self.shape(env, [rows[i] for i in self.find(env, domain or [], offset, limit, order)], fields, load)

    @public
    def read(self, env: Env, ids: list[int], fields: list[str] | None = None, load: str | None = "_classic_read") -> list[Row]:
        self.check_access(env, "read")
        rows = self.rows(env)
        found = [rows[i] for i in ids if i in rows]
        for row in found:
            if not self.visible(env, row):
                raise self._foreign(env, row)
        return self.shape(env, found, fields, load)

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

    @public_model
    def create(self, env: Env, vals_list: list[Row] | Row) -> list[int]:
        self.check_access(env, "create")
        return self.insert(env, [vals_list] if isinstance(vals_list, Mapping) else vals_list)

    @public
    def write(self, env: Env, ids: list[int], vals: Row) -> bool:
        self.check_access(env, "write")
        self.update(env, self.browse(env, ids), vals)
        return True

    @public
    def unlink(self, env: Env, ids: list[int]) -> bool:
        self.check_access(env, "unlink")
        self.erase(env, self.browse(env, ids))
        return True


def _delegated(f: Field, link: str) -> Field:
    return Field(
        f.type, f.string, f.comodel, f.inverse, False, f.selection, f.digits, None, None, link, False, False, False, f.key
    )
