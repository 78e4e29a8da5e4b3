"""The HTTP face of the simulated Odoo: JSON-2, legacy JSON-RPC, version, health, and the traps beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from aiohttp import web

from crossdock.simulators.odoo import dispatch, errors
from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.errors import AccessDenied, HttpError, OdooError, UserError
from crossdock.simulators.odoo.models.users import expired
from crossdock.simulators.odoo.store import utc_text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.server import Odoo

logger = logging.getLogger(__name__)
JSON = "application/json; charset=utf-8"
ONLY_OVER_HTTP = frozenset({"make_key", "run_check"})  # they look at the request, which the older RPC does not show
NO_DATABASE = """<!DOCTYPE html>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>
<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>

<!-- Alternatively, use the X-Odoo-Database header. -->
"""
UNSUPPORTED = """<!doctype html>
<html lang=en>
<title>415 Unsupported Media Type</title>
<h1>Unsupported Media Type</h1>
<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;/json/2/&lt;__model__&gt;/&lt;__method__&gt;&#39; \
is type=&#39;json2&#39;.<br><br>Please verify the Content-Type request header and try again.</p>
"""
NOT_FOUND = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
LOGIN_PAGE = """<!DOCTYPE html>
<html style="height: 100%;">
    <head><meta charset="utf-8"/><title>Odoo</title></head>
    <body class="bg-100"><form class="oe_login_form" role="form" method="post" action="/web/login"></form></body>
</html>
"""


def html(text: str, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer in HTML, where a client that trusts the status code would parse JSON."""
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer without an envelope."""
    return web.Response(
        body=orjson.dumps(value, default=_odd, option=orjson.OPT_NON_STR_KEYS),
        status=status,
        headers={"Content-Type": JSON, **(headers or {})},
    )


def _odd(value: Any) -> Any:
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} does not belong on the wire")


def failure(problem: OdooError) -> web.Response:
    """The JSON-2 error answer."""
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return answer(problem.body(), problem.status, headers)


class Wire:
    """Request handlers of one simulated server."""

    def __init__(self, odoo: Odoo) -> None:
        self.odoo = odoo

    def routes(self, app: web.Application) -> None:
        """Register what the server answers to."""
        if self.odoo.major >= 19:
            app.router.add_route("*", "/json/2", self.wrong_path)
            app.router.add_post("/json/2/{model}/{method}", self.json2)
            app.router.add_route("*", "/json/2/{tail:.*}", self.wrong_path)
            app.router.add_get("/web/version", self.version)
            app.router.add_get("/json/version", self.version)
        app.router.add_post("/jsonrpc", self.jsonrpc)
        app.router.add_post("/web/webclient/version_info", self.version_info)
        app.router.add_get("/web/health", self.health)
        app.router.add_post("/web/database/list", self.databases)
        app.router.add_route("*", "/web/hook/{uuid}", self.incoming_hook)
        app.router.add_get("/report/pdf/{tail:.*}", self.report)
        app.router.add_route("*", "/{tail:.*}", self.unknown)

    # JSON-2 ----------------------------------------------------------------------------------------

    async def json2(self, request: web.Request) -> web.Response:
        began, now = self.odoo.store.commits, utc_text()
        body = await request.read()
        if body and request.content_type not in ("application/json", "application/json-rpc"):
            return html(UNSUPPORTED, 415, {"Accept": "application/json"})
        if not self._database(request):
            return html(NO_DATABASE, 404)
        model, method = request.match_info["model"], request.match_info["method"]
        try:
            uid = self.authenticate(request)
            data = self._parse(body)
            scripted = await self.odoo.script.before(model, method)
            result = await self.call(uid, model, method, data, began, now)
            if scripted is not None:
                raise scripted
        except OdooError as problem:
            return failure(problem)
        except Exception as problem:
            return failure(self.defect(problem, f"{model}.{method}"))
        return answer(result)

    def defect(self, problem: Exception, call: str) -> OdooError:
        """A call the simulator itself stumbled over: logged and counted, and a 500 as Python at the server gives."""
        logger.exception("simulated Odoo failed in %s", call)
        self.odoo.defects += 1
        return OdooError(str(problem), name=f"builtins.{type(problem).__name__}")

    def _database(self, request: web.Request) -> bool:
        wanted = request.headers.get("X-Odoo-Database", self.odoo.database)
        return wanted == self.odoo.database and self.odoo.database_up

    def _parse(self, body: bytes) -> dict[str, Any]:
        if not body:
            return {}
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as problem:
            raise HttpError(400, f"could not parse the body as json: {problem}") from problem
        return data if isinstance(data, dict) else {}

    def authenticate(self, request: web.Request) -> int:
        """The user behind the bearer key. Raises the 401."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise HttpError(401, "User not authenticated, use an API Key with a Bearer Authorization header.")
        uid = self.user_of(key.strip())
        if uid is None:
            raise HttpError(401, "Invalid apikey")
        return uid

    def user_of(self, key: str) -> int | None:
        """The active user of a key that has not expired."""
        store = self.odoo.store
        row = store.table("res.users.apikeys").rows.get(self.odoo.registry.keys.get(key, 0))
        if row is None or expired(row):
            return None
        user = store.table("res.users").rows[row["user_id"]]
        return int(user["id"]) if user["active"] else None

    async def call(self, uid: int, model: str, method: str, data: dict[str, Any], began: int, now: str) -> Any:
        """Run a JSON-2 call and commit it."""
        target = dispatch.find(self.odoo.registry, model, method)
        ids = dispatch.record_ids(target, data.pop("ids", None))
        context = data.pop("context", None) or {}
        arguments = dispatch.bind(target, data)
        return await self.transact(uid, target, ids, arguments, context, began, now)

    async def transact(
        self,
        uid: int,
        target: dispatch.Target,
        ids: list[int],
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
        began: int,
        now: str,
    ) -> Any:
        """One transaction: wait as long as the real server would work, run, commit, send the webhooks."""
        latency = self.odoo.latency
        reading = target.method.__name__ in dispatch.READING
        pause = latency.read if reading else latency.write
        if pause:
            await asyncio.sleep(pause)
        env = Env(self.odoo.store, self.odoo.registry, uid, now, began, context)
        result = dispatch.run(env, target, ids, arguments)
        if not reading:
            self.odoo.commit(env)
            if env.hooks:
                await self._notify(env.hooks)
        return result

    async def _notify(self, hooks: list[tuple[str, bytes]]) -> None:
        # After the commit, before the caller's answer, one by one, a second each, never again.
        limit = aiohttp.ClientTimeout(total=self.odoo.webhook_timeout)
        async with aiohttp.ClientSession(timeout=limit) as session:
            for url, body in hooks:
                self.odoo.hooks_sent += 1
                try:
                    headers = {"Content-Type": "application/json", "User-Agent": "python-requests/2.31.0"}
                    async with session.post(url, data=body, headers=headers):
                        pass
                except (aiohttp.ClientError, TimeoutError, OSError):
                    self.odoo.hooks_lost += 1

    # Legacy JSON-RPC ---------------------------------------------------------------------------------

    async def jsonrpc(self, request: web.Request) -> web.Response:
        """Always HTTP 200; errors are inside, and a method without result has no `result` key."""
        began, now = self.odoo.store.commits, utc_text()
        data = self._parse(await request.read())
        shell: dict[str, Any] = {"jsonrpc": "2.0", "id": data.get("id")}
        parameters = data.get("params") or {}
        try:
            service, method, args = parameters["service"], parameters["method"], parameters.get("args") or []
            result = await self._service(service, method, args, began, now)
        except OdooError as problem:
            shell["error"] = {"code": 0, "message": "Odoo Server Error", "data": problem.body()}
            return answer(shell)
        except Exception as problem:
            body = self.defect(problem, "jsonrpc").body()
            shell["error"] = {"code": 0, "message": "Odoo Server Error", "data": body}
            return answer(shell)
        if result is not None:
            shell["result"] = result
        return answer(shell)

    async def _service(self, service: str, method: str, args: Sequence[Any], began: int, now: str) -> Any:
        if service == "common" and method == "version":
            return {
                "server_version": self.odoo.version,
                "server_version_info": [self.odoo.major, 0, 0, "final", 0, ""],
                "server_serie": self.odoo.version,
                "protocol_version": 1,
            }
        if args and (args[0] != self.odoo.database or not self.odoo.database_up):
            raise OdooError(
                f'connection to server failed: FATAL:  database "{args[0]}" does not exist\n',
                name="psycopg2.OperationalError",
            )
        if service == "common" and method in ("login", "authenticate"):
            return self._login(str(args[1]), str(args[2])) or False
        if service == "object" and method in ("execute", "execute_kw"):
            uid, secret, model, name = int(args[1]), str(args[2]), str(args[3]), str(args[4])
            user = self.odoo.store.table("res.users").rows.get(uid)
            if user is None or self._login(user["login"], secret) != uid:
                raise AccessDenied("Access Denied")
            positional = list(args[5]) if method == "execute_kw" and len(args) > 5 else list(args[5:])
            named = dict(args[6]) if method == "execute_kw" and len(args) > 6 else {}
            return await self._execute(uid, model, name, positional, named, began, now)
        raise OdooError(f"No such service: {service}.{method}", name="builtins.KeyError")

    def _login(self, login: str, secret: str) -> int | None:
        for row in self.odoo.store.table("res.users").rows.values():
            known = secret and (row.get("_password") == secret or self.user_of(secret) == row["id"])
            if row["login"] == login and row["active"] and known:
                return int(row["id"])
        return None

    async def _execute(
        self, uid: int, model: str, name: str, positional: list[Any], named: dict[str, Any], began: int, now: str
    ) -> Any:
        self.odoo.legacy.check(model, positional, named)
        if name in ONLY_OVER_HTTP:
            raise UserError("This method can only be accessed over HTTP")
        target = dispatch.find(self.odoo.registry, self.odoo.legacy.model(model), name, legacy=True)
        context = named.pop("context", None) or {}
        single = name == "create" and bool(positional) and isinstance(positional[0], Mapping)
        ids: list[int] = []
        if target.on_records:
            first = positional.pop(0) if positional else named.pop("ids", [])
            ids = [first] if isinstance(first, int) else list(first)
        scripted = await self.odoo.script.before(model, name)
        arguments = dispatch.bind(target, named, positional)
        result = await self.transact(uid, target, ids, arguments, context, began, now)
        if scripted is not None:
            raise scripted
        return result[0] if single else result

    # Beside the API ----------------------------------------------------------------------------------

    async def wrong_path(self, request: web.Request) -> web.Response:
        if not self._database(request):
            return html(NO_DATABASE, 404)
        return failure(HttpError(404, "Did you mean POST /json/2/<model>/<method>?"))

    async def version(self, request: web.Request) -> web.Response:
        return answer({"version_info": [self.odoo.major, 0, 0, "final", 0, ""], "version": self.odoo.version})

    async def version_info(self, request: web.Request) -> web.Response:
        info = {
            "server_version": self.odoo.version,
            "server_version_info": [self.odoo.major, 0, 0, "final", 0, ""],
            "server_serie": self.odoo.version,
            "protocol_version": 1,
        }
        return answer({"jsonrpc": "2.0", "id": None, "result": info})

    async def health(self, request: web.Request) -> web.Response:
        if not request.query.get("db_server_status"):
            return answer({"status": "pass"})
        up = self.odoo.database_up
        return answer({"status": "pass" if up else "fail", "db_server_status": up}, 200 if up else 500)

    async def databases(self, request: web.Request) -> web.Response:
        return answer({"jsonrpc": "2.0", "id": None, "result": [self.odoo.database]})

    async def report(self, request: web.Request) -> web.Response:
        return html(LOGIN_PAGE, 200)

    async def unknown(self, request: web.Request) -> web.Response:
        return html(NOT_FOUND if self.odoo.database_up else NO_DATABASE, 404)

    async def incoming_hook(self, request: web.Request) -> web.Response:
        """`/web/hook/<uuid>`: a failing rule answers 500, and what ran before the failure stays written."""
        store = self.odoo.store
        rules = store.table("base.automation").rows.values()
        rule = next((r for r in rules if r.get("webhook_uuid") == request.match_info["uuid"]), None)
        if rule is None:
            return answer({"status": "error"}, 404)
        payload = self._parse(await request.read())
        env = Env(store, self.odoo.registry, int(rule["write_uid"]), utc_text(), store.commits, {"_sudo": True})
        status = 200
        try:
            self.odoo.registry["base.automation"].run_hook(env, rule, payload)  # type: ignore[attr-defined]
        except OdooError:
            status = 500
        self.odoo.commit(env)
        return answer({"status": "ok" if status == 200 else "error"}, status)


def outage(request: web.Request) -> web.Response:
    """What a request gets while PostgreSQL is down: version and plain health still answer 200."""
    if request.path in ("/web/version", "/json/version"):
        return answer({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
    if request.path == "/web/health":
        asked = bool(request.query.get("db_server_status"))
        return answer({"status": "fail" if asked else "pass"}, 500 if asked else 200)
    return html(NO_DATABASE, 404)


def serialization_failure() -> errors.SerializationFailure:
    """Five tries at the server did not help; nothing was committed."""
    return errors.SerializationFailure(errors.SERIALIZATION)


def connection_lost() -> OdooError:
    """The database connection broke; whether the transaction was committed is unknown."""
    return OdooError("cursor already closed", name="psycopg2.InterfaceError", status=500)
