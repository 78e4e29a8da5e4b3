"""`load`: the import with external ids, the one creation that can be repeated without creating twice.

Reproduced on purpose: all rows or none; a lost race answers 200 with `ids: false`; a plain replay rewrites
and doubles lines without external id; a line's external id given under another order moves the line there;
date-times are read in the user's zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crossdock.simulators.odoo.api import public_model
from crossdock.simulators.odoo.errors import SERIALIZATION, OdooError, ProgrammingError, UserError
from crossdock.simulators.odoo.schema import Field, Row
from crossdock.simulators.odoo.store import ExternalId
from crossdock.simulators.odoo.values import STAMP, parsed

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

Xid = tuple[str, str]
PREFIX = "The operation cannot be completed: "


class Rejected(Exception):
    """A cell that cannot be converted: the message and what else the server tells about it."""

    def __init__(self, message: str, moreinfo: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.moreinfo = moreinfo


@dataclass(slots=True)
class Extracted:
    """One record cut out of the matrix: its raw cells and the rows it came from (0-based, inclusive)."""

    cells: Row
    first: int
    last: int


@dataclass(slots=True)
class Loading:
    """One call of `load`."""

    model: Model
    env: Env
    messages: list[Row] = field(default_factory=list)
    xids: set[Xid] = field(default_factory=set)

    # Cut the matrix into records -------------------------------------------------------------------

    def extract(self, model: Model, paths: list[list[str]], data: list[list[Any]]) -> Iterator[Extracted]:
        """Records of the matrix; rows that fill only one2many columns belong to the record above."""
        many = [len(p) > 1 and self._is_many(model, p[0]) for p in paths]
        own = [i for i, m in enumerate(many) if not m]
        lines = [i for i, m in enumerate(many) if m]
        at = 0
        while at < len(data):
            end = at + 1
            while end < len(data) and lines and self._continues(data[end], own, lines):
                end += 1
            row = data[at]
            cells: Row = {}
            for i in own:
                name, value = paths[i][0], (row[i] if i < len(row) else "")
                if len(paths[i]) == 1:
                    cells[name] = value
                else:
                    cells.setdefault(name, {})[paths[i][1]] = value
            for name in dict.fromkeys(paths[i][0] for i in lines):
                columns = [i for i in lines if paths[i][0] == name]
                sub = [[r[i] if i < len(r) else "" for i in columns] for r in data[at:end]]
                sub = [r for r in sub if any(c not in ("", None, False) for c in r)]
                comodel = self.env[model.fields[name].comodel]
                cells[name] = [e.cells for e in self.extract(comodel, [paths[i][1:] for i in columns], sub)]
            yield Extracted(cells, at, end - 1)
            at = end

    def _is_many(self, model: Model, name: str) -> bool:
        return name in model.fields and model.fields[name].type == "one2many"

    def _continues(self, row: list[Any], own: list[int], lines: list[int]) -> bool:
        empty = all(row[i] in ("", None, False) for i in own if i < len(row))
        return empty and any(row[i] not in ("", None, False) for i in lines if i < len(row))

    # Convert cells ---------------------------------------------------------------------------------

    def convert(self, model: Model, cells: Row, log: Any) -> Row:
        """Wire values of one record; what cannot be converted is logged and left out."""
        vals: Row = {}
        for name, value in cells.items():
            if name in ("id", ".id"):
                continue
            f = model.fields[name]
            try:
                vals[name] = self._cell(model, name, f, value, log)
            except Rejected as problem:
                log("error", name, problem.message.replace("%(field)s", f.string), problem.moreinfo, f.string)
        return vals

    def _cell(self, model: Model, name: str, f: Field, value: Any, log: Any) -> Any:
        if isinstance(value, dict):
            form, cell = next(iter(value.items()))
            return self._reference(f, form, cell, log, name) if cell not in ("", None, False) else False
        if value in ("", None) or value is False:
            return False
        if f.type == "one2many":
            return [c for cells in value for c in self._line(f, cells, log)]
        if f.type == "many2one":
            return self._reference(f, "", value, log, name)
        if f.type == "many2many":
            return [[6, 0, [self._reference(f, "", part, log, name) for part in str(value).split(",")]]]
        return self._scalar(f, value)

    def _scalar(self, f: Field, value: Any) -> Any:
        if f.type in ("float", "monetary", "integer"):
            try:
                return int(value) if f.type == "integer" else float(value)
            except (TypeError, ValueError) as problem:
                kind = "an integer" if f.type == "integer" else "a number"
                raise Rejected(f"'{value}' does not seem to be {kind} for field '%(field)s'") from problem
        text = str(value)
        if f.type == "boolean":
            if text.lower() in ("1", "true", "yes"):
                return True
            if text.lower() in ("0", "false", "no"):
                return False
            raise Rejected(f"Unknown value '{text}' for boolean field '%(field)s'", "Use '1' for yes and '0' for no")
        if f.type == "selection":
            for key, label in f.selection:
                if text in (key, label):
                    return key
            raise Rejected(f"Value '{text}' not found in selection field '%(field)s'", [label for _, label in f.selection])
        if f.type == "datetime":
            return self._moment(text)
        if f.type == "date":
            try:
                return parsed(text, "%Y-%m-%d").strftime("%Y-%m-%d")
            except ValueError as problem:
                raise Rejected(
                    f"'{text}' does not seem to be a valid date for field '%(field)s'", "Use the format '2012-12-31'"
                ) from problem
        return text

    def _moment(self, text: str) -> str:
        try:
            local = parsed(text, STAMP)
        except ValueError as problem:
            raise Rejected(
                f"'{text}' does not seem to be a valid datetime for field '%(field)s'",
                "Use the format '2012-12-31 23:59:59'",
            ) from problem
        return local.replace(tzinfo=ZoneInfo(self.env.tz)).astimezone(UTC).strftime(STAMP)

    def _reference(self, f: Field, form: str, cell: Any, log: Any, name: str) -> Any:
        if f.type == "many2many" and form:
            return [[6, 0, [self._target(f, form, part, log, name) for part in str(cell).split(",")]]]
        return self._target(f, form, cell, log, name)

    def _target(self, f: Field, form: str, cell: Any, log: Any, name: str) -> int:
        comodel, text = self.env[f.comodel], str(cell)
        if form == ".id":
            if text.isdigit() and int(text) in comodel.rows(self.env):
                return int(text)
            raise Rejected(f"No matching record found for database id '{text}' in field '%(field)s'", _possible(f, True))
        if form == "id":
            found = self.env.store.xids.get(split(text))
            if found is not None and found.model == f.comodel and found.record in comodel.rows(self.env):
                return found.record
            raise Rejected(f"No matching record found for external id '{text}' in field '%(field)s'", _possible(f, True))
        matches = [i for i, r in comodel.rows(self.env).items() if comodel.display(self.env, r) == text]
        if not matches:
            matches = [i for i, r in comodel.rows(self.env).items() if r.get(comodel.rec_name) == text]
        if not matches:
            raise Rejected(f"No matching record found for name '{text}' in field '%(field)s'", _possible(f))
        if len(matches) > 1:
            log(
                "warning",
                name,
                f'Found multiple matches for value "{text}" in field "{f.string}" ({len(matches)} matches)',
                None,
                f.string,
            )
        return matches[0]

    def _line(self, f: Field, cells: Row, log: Any) -> list[list[Any]]:
        comodel = self.env[f.comodel]
        vals = self.convert(comodel, cells, log)
        if cells.get(".id"):
            return [[4, int(cells[".id"]), 0], [1, int(cells[".id"]), vals]]
        if not cells.get("id"):
            return [[0, 0, vals]]
        xid = split(str(cells["id"]))
        self.xids.add(xid)
        found = self.env.store.xids.get(xid)
        if found is not None and found.record in comodel.rows(self.env):
            return [[4, found.record, 0], [1, found.record, vals]]
        return [[0, 0, {**vals, "_xid": xid}]]

    # Save ------------------------------------------------------------------------------------------

    def save(self, record: Extracted, vals: Row) -> int:
        """Create or update one record by its external or database id."""
        model, env = self.model, self.env
        plain = record.cells.get(".id")
        if plain:
            model.check_access(env, "write")
            model.update(env, model.browse(env, [int(plain)]), vals)
            return int(plain)
        text = record.cells.get("id")
        xid = split(str(text)) if text else None
        found = env.store.xids.get(xid) if xid else None
        noupdate = bool(env.ctx.get("noupdate", False))
        if xid and found is not None:
            if found.model != model.name:
                raise UserError(
                    f"For external id {'.'.join(xid)} when trying to create/update a record of model "
                    f"{model.name} found record of different model {found.model} ({found.record})"
                )
            if found.record in model.rows(env):
                if not (env.ctx.get("mode") == "update" and found.noupdate):
                    model.check_access(env, "write")
                    with_lines(model, env, vals, noupdate, lambda v: _update(model, env, found.record, v))
                return found.record
        model.check_access(env, "create")
        if xid and re.search(r"\s", xid[1]):
            raise UserError(
                'new row for relation "ir_model_data" violates check constraint "ir_model_data_name_nospaces"\n'
                f"DETAIL:  Failing row contains ({xid[1]}, {xid[0]}, {model.name}).\n"
            )
        made: list[int] = []
        first = len(env.happened)
        with_lines(model, env, vals, noupdate, lambda v: made.extend(model.insert(env, [v])))
        for effect in env.happened[first:]:
            effect.idempotency_key = effect.idempotency_key or str(text or "")
        if xid:
            bind(env, xid, model, made[0], noupdate)
        return made[0]


def _update(model: Model, env: Env, record: int, vals: Row) -> None:
    model.update(env, [model.rows(env)[record]], vals)


def with_lines(model: Model, env: Env, vals: Row, noupdate: bool, act: Callable[[Row], object]) -> None:
    """Run `act(vals)` and bind the external ids of the lines it created."""
    pending: list[tuple[Xid, str]] = []
    clean: Row = {}
    for name, value in vals.items():
        if model.fields[name].type != "one2many" or not isinstance(value, list):
            clean[name] = value
            continue
        commands = []
        for command in value:
            if command[0] == 0 and "_xid" in command[2]:
                inner = dict(command[2])
                pending.append((inner.pop("_xid"), name))
                command = [0, 0, inner]
            elif command[0] == 0:
                pending.append((("", ""), name))
            commands.append(command)
        clean[name] = commands
    named = [xid for xid, _ in pending if xid[1]]
    if len(set(named)) < len(named):
        raise UserError(
            "ON CONFLICT DO UPDATE command cannot affect row a second time\nHINT:  Ensure that no rows proposed for "
            "insertion within the same command have duplicate constrained values.\n"
        )
    before = {n: env.store.table(model.fields[n].comodel).last_id for _, n in pending}
    act(clean)
    for name, last in before.items():
        comodel = env[model.fields[name].comodel]
        made = _since(comodel, env, last)
        for (xid, _), id_ in zip([p for p in pending if p[1] == name], made, strict=False):
            if xid[1]:
                bind(env, xid, comodel, id_, noupdate)


def _since(model: Model, env: Env, last: int) -> list[int]:
    rows = model.rows(env)
    return [i for i in range(last + 1, env.store.table(model.name).last_id + 1) if i in rows]


def bind(env: Env, xid: Xid, model: Model, record: int, noupdate: bool) -> None:
    """Give a record (and the parents it inherits from) an external id."""
    store = env.store
    store.set_xid(xid, ExternalId(model.name, record, noupdate, store.commits), env.undo)
    env.touched.add(("xid", xid))
    row = model.rows(env)[record]
    for link, parent in model.delegates.items():
        inherited = (xid[0], f"{xid[1]}_{parent.replace('.', '_')}")
        store.set_xid(inherited, ExternalId(parent, row[link], noupdate, store.commits), env.undo)


def split(text: str) -> Xid:
    """Module and name; without a module it is `__import__`."""
    module, dot, name = text.partition(".")
    return (module, name) if dot else ("__import__", text)


def _possible(f: Field, by_xid: bool = False) -> Row:
    action: Row = {
        "name": "Possible Values",
        "type": "ir.actions.act_window",
        "target": "new",
        "view_mode": "list,form",
        "views": [[False, "list"], [False, "form"]],
        "context": {"create": False},
        "help": "See all possible values",
        "res_model": "ir.model.data" if by_xid else f.comodel,
    }
    return {**action, "domain": [["model", "=", f.comodel]]} if by_xid else action


def _paths(model: Model, env: Env, fields: list[str]) -> list[list[str]]:
    paths = []
    for text in fields:
        path = re.sub(r"([^/])\.id$", r"\1/.id", re.sub(r"([^/]):id$", r"\1/id", text)).split("/")
        current = model
        for part in path:
            if part in ("id", ".id"):
                continue
            if part not in current.fields:
                raise ProgrammingError(f"Invalid field name {part!r}")
            if current.fields[part].comodel:
                current = env[current.fields[part].comodel]
        paths.append(path)
    return paths


@public_model
def load(model: Model, env: Env, fields: list[str], data: list[list[Any]]) -> Row:
    job = Loading(model, env)
    records = list(job.extract(model, _paths(model, env, fields), data))
    ids: list[int] = []
    mark = len(env.undo.steps)
    done = len(env.happened)
    for number, record in enumerate(records):
        where = {"rows": {"from": record.first, "to": record.last}}

        def log(kind: str, name: str, text: str, more: Any, label: str, where: Row = where, number: int = number) -> None:
            message: Row = {**where, "type": kind, "record": number, "field": name, "message": text}
            if more is not None:
                message["moreinfo"] = more
            job.messages.append({**message, "field_name": label})

        plain = record.cells.get(".id")
        if plain and int(plain) not in model.rows(env):
            job.messages.append(
                {**where, "type": "error", "record": number, "field": ".id", "message": f"Unknown database identifier '{plain}'"}
            )
            continue
        vals = job.convert(model, record.cells, log)
        text = record.cells.get("id")
        if text:
            job.xids.add(split(str(text)))
        try:
            ids.append(job.save(record, vals))
        except OdooError as problem:
            env.undo.rollback(mark)
            job.messages.append({**where, "record": number, "type": "error", **_told(problem)})
    lost = [xid for xid in job.xids if env.store.overlapped(("xid", xid), env.began)]
    if lost:
        job.messages = [
            {"rows": {"from": r.first, "to": r.last}, "record": n, "type": "error", "message": SERIALIZATION}
            for n, r in enumerate(records[:1])
        ]
    if any(message["type"] == "error" for message in job.messages):
        env.undo.rollback(mark)
        del env.happened[done:]
        env.touched.clear()
        return {"ids": False, "messages": job.messages, "nextrow": 0}
    return {"ids": ids, "messages": job.messages, "nextrow": 0}


def _told(problem: OdooError) -> Row:
    if isinstance(problem, ProgrammingError):
        kind = problem.name.removeprefix("builtins.")
        return {
            "message": f"Unknown error during import: <class '{kind}'>: {problem.message}",
            "moreinfo": "Resolve other errors first",
        }
    told: Row = {"message": problem.message.removeprefix(PREFIX)}
    named = re.search(r"Missing required value for the field '.*?' \((\w+)\)", problem.message)
    if named:
        told["field"] = named.group(1)
    return told


METHODS = {"load": load}
