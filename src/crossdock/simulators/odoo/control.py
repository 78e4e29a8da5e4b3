"""Control endpoints of the simulated Odoo under /_sim/: what people, other programs and bad luck do to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from crossdock.simulators.odoo import dispatch
from crossdock.simulators.odoo.errors import OdooError
from crossdock.simulators.odoo.store import utc_text
from crossdock.simulators.server import json_response

if TYPE_CHECKING:
    from crossdock.simulators.odoo.server import Odoo

Action = Callable[["Odoo", dict[str, Any]], Awaitable[Any]]


def routes(odoo: Odoo, app: web.Application) -> None:
    """Register the endpoints."""
    for name, action in ACTIONS.items():
        app.router.add_post(f"/_sim/{name}", _endpoint(odoo, action))


def _endpoint(odoo: Odoo, action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def endpoint(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            return json_response({"result": await action(odoo, orjson.loads(body) if body else {})})
        except OdooError as problem:
            return json_response({"error": problem.message, "name": problem.name}, 400)
        except (KeyError, TypeError, ValueError) as problem:
            return json_response({"error": f"{type(problem).__name__}: {problem}"}, 400)

    return endpoint


async def call(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Any method as any user (`login`, default admin): what a person does in the web client."""
    users = odoo.store.table("res.users").rows
    login = data.get("login", "admin")
    uid = next(i for i, row in users.items() if row.get("login") == login)
    target = dispatch.find(odoo.registry, data["model"], data["method"])
    arguments = dispatch.bind(target, data.get("arguments") or {})
    env = odoo.environment(uid, **data.get("context", {}))
    result = dispatch.run(env, target, dispatch.record_ids(target, data.get("ids")), arguments)
    odoo.commit(env)
    return result


async def edit(odoo: Odoo, data: dict[str, Any]) -> Any:
    """A person changes records: `model`, `ids` or `domain`, `vals`."""
    env = odoo.environment(2)
    model = odoo.registry[data["model"]]
    ids = data.get("ids") or model.find(env, data["domain"])
    model.update(env, model.browse(env, ids), data["vals"])
    odoo.commit(env)
    return ids


async def delete(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Records vanish without a trace: `model`, `ids` or `domain`. No business rule is asked."""
    env = odoo.environment()
    model = odoo.registry[data["model"]]
    ids = data.get("ids") or model.find(env, data["domain"])
    for id_ in ids:
        env.store.drop_xids(model.name, id_, env.undo)
        env.store.table(model.name).delete(id_, env.undo)
    odoo.commit(env)
    return ids


async def stock(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Set stock on hand: `sku` (or `product_id`), `quantity`, `location_id` (5), `lot`; `rows` splits it into several
    quants, some of them negative, with the same sum."""
    env = odoo.environment()
    products = odoo.registry["product.product"]
    product = data.get("product_id") or products.find(env, [["default_code", "=", data["sku"]]])[0]
    place = data.get("location_id", 5)
    lot: Any = False
    if data.get("lot"):
        lots = odoo.registry["stock.lot"]
        found = lots.find(env, [["name", "=", data["lot"]], ["product_id", "=", product]])
        lot = found[0] if found else lots.insert(env, [{"name": data["lot"], "product_id": product}])[0]
    quants = odoo.registry["stock.quant"]
    old = quants.find(env, [["product_id", "=", product], ["location_id", "=", place], ["lot_id", "=", lot]])
    reserved = sum(quants.rows(env)[i]["reserved_quantity"] for i in old)
    for id_ in old:
        env.store.table(quants.name).delete(id_, env.undo)
    count = max(1, int(data.get("rows", 1)))
    total = float(data["quantity"])
    parts = [total + 7.0 * (count - 1)] + [-7.0] * (count - 1)
    made = quants.insert(env, [{"product_id": product, "location_id": place, "lot_id": lot, "quantity": part} for part in parts])
    quants.put(env, quants.rows(env)[made[0]], reserved_quantity=reserved)
    odoo.commit(env)
    return made


async def seed(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Many products with stock at once: `products` (number), `prefix` of their SKUs ("SKU-"), `quantity` each,
    `places` (number of shelves below WH/Stock each is stored in, 1: WH/Stock itself). Answers the first product id."""
    env = odoo.environment()
    prefix, count = data.get("prefix", "SKU-"), int(data["products"])
    places = [5]
    if int(data.get("places", 1)) > 1:
        shelves = [{"name": f"Shelf {n + 1}", "location_id": 5, "company_id": 1} for n in range(int(data["places"]))]
        places = odoo.registry["stock.location"].insert(env, shelves)
    first = 0
    for number in range(count):
        sku = f"{prefix}{number + 1:06d}"
        vals = {"name": f"Product {sku}", "default_code": sku, "is_storable": True, "list_price": 10.0}
        (product,) = odoo.registry["product.product"].insert(env, [vals])
        first = first or product
        if data.get("quantity"):
            stocks = [{"product_id": product, "location_id": p, "quantity": data["quantity"]} for p in places]
            odoo.registry["stock.quant"].insert(env, stocks)
        env.undo.steps.clear()
        env.happened.clear()
    odoo.commit(env)
    return first


async def late(odoo: Odoo, data: dict[str, Any]) -> Any:
    """A long transaction commits only now: rows of `model` made from `vals_list` (or `ids` changed by `vals`) appear
    with a write_date `age` seconds in the past."""
    env = odoo.environment(2)
    env.now = utc_text(time.time() - float(data.get("age", 60)))
    model = odoo.registry[data["model"]]
    if "ids" in data:
        model.update(env, model.browse(env, data["ids"]), data["vals"])
        ids = list(data["ids"])
    else:
        ids = model.insert(env, data["vals_list"])
    odoo.commit(env)
    return ids


async def hold(odoo: Odoo, data: dict[str, Any]) -> Any:
    """A long transaction: ids of `vals_list` are taken and the clock is read now, the rows appear after `seconds`."""
    env = odoo.environment(2)
    model = odoo.registry[data["model"]]
    table = odoo.store.table(model.name)
    ids = [table.next_id() for _ in data["vals_list"]]

    async def finish() -> None:
        await asyncio.sleep(float(data.get("seconds", 1)))
        boss = env.with_context(_sudo=True)
        model.insert(boss, [{"id": i, **vals} for i, vals in zip(ids, data["vals_list"], strict=True)])
        odoo.commit(boss)

    task = asyncio.get_running_loop().create_task(finish())
    odoo.holding.add(task)
    task.add_done_callback(odoo.holding.discard)
    return ids


async def error(odoo: Odoo, data: dict[str, Any]) -> Any:
    """The next `count` calls of `method` ("sale.order.load", globs) fail with the error `name` (see script.Scripted)."""
    odoo.script.add(**data)
    return len(odoo.script.waiting)


async def postgresql(odoo: Odoo, data: dict[str, Any]) -> Any:
    """`{"up": false}`: the database server is gone until it is set up again."""
    odoo.database_up = bool(data["up"])
    return odoo.database_up


async def key(odoo: Odoo, data: dict[str, Any]) -> Any:
    """The keys of `login`: `{"expire": true}` or `{"expires": "2027-01-01 00:00:00"}`, `{"active": false}` for the user.
    Answers the key in use."""
    users = odoo.store.table("res.users").rows
    user = next(row for row in users.values() if row.get("login") == data.get("login", "hub"))
    for row in odoo.store.table("res.users.apikeys").rows.values():
        if row["user_id"] == user["id"]:
            if data.get("expire"):
                row["expiration_date"] = "2000-01-01 00:00:00"
            elif "expires" in data:
                row["expiration_date"] = data["expires"]
    if "active" in data:
        user["active"] = bool(data["active"])
    return odoo.keys.get(user["login"])


async def user(odoo: Odoo, data: dict[str, Any]) -> Any:
    """A new user with `login` and `groups` (external ids); answers its API key."""
    env = odoo.environment()
    groups = odoo.registry["res.groups"]
    ids = groups.find(env, [["xmlid", "in", data["groups"]]])
    vals = {"login": data["login"], "name": data["login"], "tz": data.get("tz", "UTC"), "group_ids": [[6, 0, ids]]}
    made = odoo.registry["res.users"].insert(env, [vals])[0]
    text = odoo.registry["res.users.apikeys"].generate_key(env, made, data["login"], False)  # type: ignore[attr-defined]
    odoo.commit(env)
    odoo.keys[data["login"]] = text
    return text


async def latency(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Seconds a call takes: `read`, `write`."""
    odoo.latency.read = float(data.get("read", odoo.latency.read))
    odoo.latency.write = float(data.get("write", odoo.latency.write))
    return {"read": odoo.latency.read, "write": odoo.latency.write}


async def records(odoo: Odoo, data: dict[str, Any]) -> Any:
    """Look without being seen: `model`, `domain`, `fields`; no access rules, archived records too."""
    env = odoo.environment(SUPER, active_test=False)
    model = odoo.registry[data["model"]]
    rows = [model.rows(env)[i] for i in model.find(env, data.get("domain") or [])]
    return model.shape(env, rows, data.get("fields"), "_classic_read")


SUPER = 1

ACTIONS: dict[str, Action] = {
    "call": call,
    "edit": edit,
    "delete": delete,
    "stock": stock,
    "seed": seed,
    "late": late,
    "hold": hold,
    "error": error,
    "postgresql": postgresql,
    "key": key,
    "user": user,
    "latency": latency,
    "records": records,
}
