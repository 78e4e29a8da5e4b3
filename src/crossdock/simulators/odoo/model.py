"""The base of the simulated models: create, write, unlink, search and read as Odoo's ORM does them.

A model declares `own` fields and overrides the hooks `prepare`, `after_create`, `after_write`, `before_unlink`
and `check`. Methods marked with `api.public` are callable from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo import errors
from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.errors import AccessError, ProgrammingError, ValidationError
from crossdock.simulators.odoo.records import AUTOMATIC, Records
from crossdock.simulators.odoo.schema import TO_MANY, Field, Row
from crossdock.simulators.odoo.values import to_store

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


class Model(Records):
    """One model. See Records for what a subclass declares."""

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
