"""`load`: the import with external ids, the one creation that can be repeated without creating twice.

Reproduced on purpose: all rows or none; a lost race answers 200 with `ids: false`; a plain replay rewrites
and doubles lines without external id; a line's external id given under another order moves the line there;
date-times are read in the user's zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.api import public_model
from crossdock.simulators.odoo.errors import SERIALIZATION, OdooError, ProgrammingError, UserError
from crossdock.simulators.odoo.matrix import Extracted, Loading, Xid, split
from crossdock.simulators.odoo.schema import Row
from crossdock.simulators.odoo.store import ExternalId

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

PREFIX = "The operation cannot be completed: "


def save(job: Loading, record: Extracted, vals: Row) -> int:
    """Create or update one record by its external or database id."""
    model, env = job.model, job.env
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
            ids.append(save(job, record, vals))
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
