"""The read methods beyond `read`: nested reads, groups, metadata, external ids; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.errors import ProgrammingError
from crossdock.simulators.odoo.schema import NUMBERS, TO_MANY, Row

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

Spec = Mapping[str, Mapping[str, Any]]


def nested(model: Model, env: Env, rows: list[Row], specification: Spec) -> list[Row]:
    """Rows shaped by a `specification`: references become records of their own when fields are asked."""
    answer = []
    for name in specification:
        if name not in model.fields:
            raise ProgrammingError(f"Invalid field {name!r} on {model.name!r}")
    for row in rows:
        shaped: Row = {"id": row["id"]}
        for name, inner in specification.items():
            f = model.fields[name]
            if f.type == "many2one":
                shaped[name] = _one(env, env[f.comodel], model.getter(name)(env, row), inner)
            elif f.type in TO_MANY:
                shaped[name] = _many(env, env[f.comodel], model.reader(name)(env, row), inner)
            else:
                shaped[name] = model.reader(name)(env, row)
        answer.append(shaped)
    return answer


def _one(env: Env, comodel: Model, id_: Any, inner: Mapping[str, Any]) -> Any:
    if not id_ or id_ not in comodel.rows(env):
        return False
    if "fields" not in inner:
        return id_
    return nested(comodel, env, [comodel.rows(env)[id_]], inner["fields"])[0]


def _many(env: Env, comodel: Model, ids: list[int], inner: Mapping[str, Any]) -> Any:
    limit = inner.get("limit")
    if "fields" not in inner:
        return ids
    if inner.get("order"):
        ids = comodel.sort(env, ids, inner["order"])
    rows = comodel.rows(env)
    return nested(comodel, env, [rows[i] for i in ids[:limit]], inner["fields"])


@public
def web_read(model: Model, env: Env, ids: list[int], specification: Spec) -> list[Row]:
    model.check_access(env, "read")
    found = [i for i in ids if i in model.rows(env)]
    if found and any("fields" in inner for inner in specification.values()):
        found = ids  # going into references, the server stumbles over a missing record beside others
    return nested(model, env, model.browse(env, found), specification)


@public_model
def web_search_read(
    model: Model,
    env: Env,
    domain: list[Any],
    specification: Spec,
    offset: int = 0,
    limit: int | None = None,
    order: str | None = None,
    count_limit: int | None = None,
) -> Row:
    model.check_access(env, "read")
    rows = model.rows(env)
    ids = model.find(env, domain, 0, None, order)
    page = ids[offset : offset + limit if limit else None]
    length = len(ids) if count_limit is None else min(len(ids), count_limit)
    return {"length": length, "records": nested(model, env, [rows[i] for i in page], specification)}


@public_model
def formatted_read_group(
    model: Model,
    env: Env,
    domain: list[Any],
    groupby: list[str] | tuple[str, ...] = (),
    aggregates: list[str] | tuple[str, ...] = (),
    having: list[Any] | tuple[Any, ...] = (),
    offset: int = 0,
    limit: int | None = None,
    order: str | None = None,
) -> list[Row]:
    model.check_access(env, "read")
    rows = model.rows(env)
    keys = [_grouper(model, part) for part in groupby]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for id_ in model.find(env, domain, order="id"):
        row = rows[id_]
        groups.setdefault(tuple(get(env, row) for get in keys), []).append(row)
    if not groupby and not groups:
        groups[()] = []
    answer = []
    for key, members in groups.items():
        shaped: Row = {}
        extra: list[Any] = []
        for part, value in zip(groupby, key, strict=True):
            name = part.partition(":")[0]
            if model.fields[name].type == "many2one" and value:
                comodel = env[model.fields[name].comodel]
                shaped[part] = [value, comodel.display(env, comodel.rows(env)[value])]
            else:
                shaped[part] = value
            extra.append([name, "=", value])
        shaped["__extra_domain"] = ["&"] * (len(extra) - 1) + extra
        for aggregate in aggregates:
            shaped[aggregate] = _aggregate(model, env, aggregate, members)
        answer.append(shaped)
    answer.sort(key=lambda group: [str(group[part]) for part in groupby])
    return answer[offset : offset + limit if limit else None]


@public_model
def read_group(
    model: Model,
    env: Env,
    domain: list[Any],
    fields: list[str] | tuple[str, ...],
    groupby: list[str] | tuple[str, ...],
    offset: int = 0,
    limit: int | None = None,
    orderby: str | None = None,
    lazy: bool = True,
) -> list[Row]:
    """The way before 19, still answered there: sums under the field's own name, `__count`, and all groups only with `lazy=False`."""
    parts = list(groupby)[:1] if lazy else list(groupby)
    groups = formatted_read_group(model, env, domain, parts, [*fields, "__count"], (), offset, limit)
    answer = []
    for group in groups:
        inner = group.pop("__extra_domain")
        answer.append(
            {part.partition(":")[0] if part in fields else part: value for part, value in group.items()}
            | {"__domain": [*domain, *inner]}
        )
    return answer


def _grouper(model: Model, part: str) -> Any:
    name, _, granularity = part.partition(":")
    if name not in model.fields:
        raise ProgrammingError(f"Invalid field {name!r} on model {model.name!r}")
    get = model.getter(name)
    width = {"day": 10, "month": 7, "year": 4, "hour": 13}.get(granularity)
    if width is None:
        return get
    return lambda env, row: v[:width] if (v := get(env, row)) else False


def _aggregate(model: Model, env: Env, aggregate: str, rows: list[Row]) -> Any:
    if aggregate == "__count":
        return len(rows)
    name, _, function = aggregate.partition(":")
    if name not in model.fields:
        raise ProgrammingError(f"Invalid field {name!r} on model {model.name!r}")
    get, f = model.getter(name), model.fields[name]
    values = [get(env, row) for row in rows]
    if function == "sum":
        return sum(values)
    if function == "count":
        return sum(value is not False for value in values)
    if function == "count_distinct":
        return len({value for value in values if value is not False})
    if function == "array_agg":
        return values
    if not values:
        return False
    if function in ("min", "max"):
        known = values if f.type in NUMBERS else [value for value in values if value is not False]
        chosen: Any = (min if function == "min" else max)(known, default=False)
        return chosen[:19] if f.type == "datetime" and chosen else chosen
    if function == "avg":
        return sum(values) / len(values)
    raise ProgrammingError(f"Invalid aggregate method {function!r} for {aggregate!r}.")


@public
def get_external_id(model: Model, env: Env, ids: list[int]) -> dict[str, str]:
    found = {}
    for id_ in ids:
        xids = env.store.xids_of.get((model.name, id_))
        found[str(id_)] = ".".join(next(iter(xids))) if xids else ""
    return found


@public
def get_metadata(model: Model, env: Env, ids: list[int]) -> list[Row]:
    answer = []
    for row in model.browse(env, ids):
        xids = [
            {"xmlid": ".".join(xid), "noupdate": env.store.xids[xid].noupdate}
            for xid in env.store.xids_of.get((model.name, row["id"]), ())
        ]
        shaped = {"id": row["id"]}
        for name in ("create_uid", "create_date", "write_uid", "write_date"):
            shaped[name] = model.reader(name)(env, row)
        first = xids[0] if xids else {"xmlid": False, "noupdate": False}
        answer.append({**shaped, **first, "xmlids": xids})
    return answer


@public_model
def fields_get(model: Model, env: Env, allfields: list[str] | None = None, attributes: list[str] | None = None) -> dict[str, Row]:
    answer = {}
    for name, f in model.fields.items():
        if allfields and name not in allfields:
            continue
        described: Row = {
            "type": f.type,
            "string": f.string,
            "required": f.required,
            "readonly": bool(f.compute),
            "store": not f.compute,
            "name": name,
        }
        if f.comodel:
            described["relation"] = f.comodel
        if f.inverse:
            described["relation_field"] = f.inverse
        if f.selection:
            described["selection"] = [list(pair) for pair in f.selection]
        answer[name] = {k: v for k, v in described.items() if not attributes or k in attributes}
    return answer


@public_model
def name_search(
    model: Model,
    env: Env,
    name: str = "",
    domain: list[Any] | None = None,
    operator: str = "ilike",
    limit: int | None = 100,
) -> list[list[Any]]:
    model.check_access(env, "read")
    rows = model.rows(env)
    wanted = name.lower()
    found = []
    for id_ in model.find(env, domain or []):
        label = model.display(env, rows[id_])
        if (label == name) if operator == "=" else (wanted in label.lower()):
            found.append([id_, label])
    return found[:limit]


METHODS = {
    method.__name__: method
    for method in (
        web_read,
        web_search_read,
        formatted_read_group,
        read_group,
        get_external_id,
        get_metadata,
        fields_get,
        name_search,
    )
}
