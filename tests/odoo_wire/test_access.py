"""Keys, rights and the older RPC: section 1.4 and 1.6 of the contract, SIM line 16."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crossdock.simulators.odoo import Odoo
from crossdock.simulators.threaded import Threaded
from tests.odoo_wire.conftest import Refused, Server


@pytest.fixture
def password(odoo: Server) -> str:
    if odoo.password is None:
        pytest.skip("set CROSSDOCK_ODOO_PASSWORD, the password of the integration user")
    return odoo.password


def new_key(odoo: Server, password: str, duration: str = "30") -> str:
    """The three calls that mint a key with an existing key and the password."""
    vals = {"name": odoo.fresh("key"), "duration": duration}
    wizard = odoo.call("res.users.apikeys.description", "create", vals_list=[vals])
    check = odoo.call("res.users.apikeys.description", "make_key", ids=wizard)
    assert check["res_model"] == "res.users.identitycheck"
    shown = odoo.call("res.users.identitycheck", "run_check", ids=[check["res_id"]], context={"password": password})
    assert shown["res_model"] == "res.users.apikeys.show"
    return str(shown["context"]["default_key"])


def test_a_key_is_minted_with_the_password_and_removed_with_it(odoo: Server, password: str) -> None:
    odoo.keys["minted"] = new_key(odoo, password)
    assert len(odoo.keys["minted"]) == 40
    assert odoo.call("res.users", "context_get", user="minted")["uid"] == odoo.call("res.users", "context_get")["uid"]
    (key,) = odoo.find("res.users.apikeys", [["name", "=like", f"{odoo.fresh('')[:9]}%key%"]], "id", order="id desc", limit=1)
    check = odoo.call("res.users.apikeys", "remove", ids=[key["id"]])
    odoo.call("res.users.identitycheck", "run_check", ids=[check["res_id"]], context={"password": password})
    assert odoo.ask("res.users", "context_get", user="minted").status == 401


def test_a_wrong_password_mints_nothing(odoo: Server, password: str) -> None:
    with pytest.raises(Refused) as problem:
        new_key(odoo, password + "x")
    assert problem.value.status in (403, 422)


def test_a_plain_user_cannot_have_a_key_for_ever_or_for_a_year(odoo: Server, password: str) -> None:
    for duration in ("0", "365"):
        with pytest.raises(Refused) as problem:
            new_key(odoo, password, duration)
        assert problem.value.status == 422


def test_a_key_sees_its_own_expiry_and_cannot_be_unlinked(odoo: Server) -> None:
    found = odoo.find("res.users.apikeys", [], "name", "scope", "expiration_date")
    assert found
    assert all(row["expiration_date"] for row in found)
    problem = odoo.refused("res.users.apikeys", "unlink", ids=[found[0]["id"]])
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")
    generate = odoo.refused("res.users.apikeys", "_generate", scope=None, name="x")
    assert generate.status == 403


def test_own_language_and_zone(odoo: Server, berlin: str) -> None:
    assert odoo.call("res.users", "context_get", user=berlin)["tz"] == "Europe/Berlin"


# Legacy JSON-RPC, still there in 19 ----------------------------------------------------------------------


def rpc(odoo: Server, service: str, method: str, *args: Any) -> dict[str, Any]:
    """One JSON-RPC call, undigested; always HTTP 200."""
    body = {"jsonrpc": "2.0", "method": "call", "id": 7, "params": {"service": service, "method": method, "args": args}}
    answer = odoo.send("/jsonrpc", json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    assert found["id"] == 7
    return found


def execute(odoo: Server, uid: int, model: str, method: str, *args: Any, **named: Any) -> dict[str, Any]:
    return rpc(odoo, "object", "execute_kw", odoo.database, uid, odoo.keys["hub"], model, method, list(args), named)


@pytest.fixture
def uid(odoo: Server) -> int:
    return int(odoo.call("res.users", "context_get")["uid"])


def test_the_older_rpc_names_its_version_and_takes_a_key_for_a_password(odoo: Server, uid: int, password: str) -> None:
    version = rpc(odoo, "common", "version")["result"]
    assert version["server_version_info"][0] == 19
    assert rpc(odoo, "common", "authenticate", odoo.database, "hub", password, {})["result"] == uid
    assert rpc(odoo, "common", "authenticate", odoo.database, "hub", "wrong", {})["result"] is False
    assert execute(odoo, uid, "res.partner", "search", [["id", "=", 1]])["result"] == [1]


def test_older_rpc_create_answers_a_number_for_one_and_a_list_for_many(odoo: Server, uid: int) -> None:
    one = execute(odoo, uid, "res.partner", "create", {"name": odoo.fresh()})["result"]
    many = execute(odoo, uid, "res.partner", "create", [{"name": odoo.fresh()}])["result"]
    assert isinstance(one, int)
    assert isinstance(many, list)
    read = execute(odoo, uid, "res.partner", "read", [one], ["name"])["result"]
    assert read[0]["id"] == one
    assert execute(odoo, uid, "res.partner", "write", [one], {"ref": "x"})["result"] is True


def test_older_rpc_errors_come_with_200_and_nothing_has_no_result(odoo: Server, uid: int) -> None:
    error = execute(odoo, uid, "res.partner", "write", [2**30], {"name": "x"})["error"]
    assert error["data"]["name"] == "odoo.exceptions.MissingError"
    assert execute(odoo, uid, "res.nope", "search", [])["error"]["data"]["name"] == "odoo.exceptions.UserError"
    denied = rpc(odoo, "object", "execute_kw", odoo.database, uid, "wrong", "res.partner", "search", [[]], {})
    assert denied["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    unknown = rpc(odoo, "object", "execute_kw", "no_such_db", uid, "x", "res.partner", "search", [[]], {})
    assert unknown["error"]["data"]["name"] == "psycopg2.OperationalError"
    product = odoo.product()
    odoo.stock(product, 1)
    _, picking = odoo.confirmed((product, 1))
    answer = execute(odoo, uid, "stock.picking", "do_unreserve", [picking])
    assert "error" not in answer
    assert "result" not in answer


def user_with_key(odoo: Server) -> tuple[str, int]:
    """A new user with an employee's rights and a key of its own; on a real server minted in a web session."""
    login, secret = odoo.fresh("user"), "Secret-12345678"
    if not odoo.real:
        body = json.dumps({"login": login, "groups": ["base.group_user"]}).encode()
        odoo.keys[login] = odoo.send("/_sim/user", body).json()["result"]
        return login, odoo.call("res.users", "context_get", user=login)["uid"]
    vals = {"name": login, "login": login, "password": secret, "tz": "UTC"}
    context = {"no_reset_password": True}
    (user,) = odoo.call("res.users", "create", user="admin", vals_list=[vals], context=context)
    who = {"db": odoo.database, "login": login, "password": secret}
    cookie = ""

    def web(path: str, params: dict[str, Any]) -> Any:
        nonlocal cookie
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode()
        answer = odoo.send(path, body, Content_Type="application/json", Cookie=cookie)
        cookie = answer.headers.get("set-cookie", cookie).partition(";")[0] or cookie
        return answer.json()["result"]

    def own(model: str, method: str, *args: Any, **context: Any) -> Any:
        named = {"context": context}
        return web(f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": args, "kwargs": named})

    web("/web/session/authenticate", who)
    wizard = own("res.users.apikeys.description", "create", {"name": "k", "duration": "1"})
    check = own("res.users.apikeys.description", "make_key", [wizard])
    shown = own("res.users.identitycheck", "run_check", [check["res_id"]], password=secret) if "res_id" in check else check
    odoo.keys[login] = shown["context"]["default_key"]
    return login, user


def test_a_users_key_dies_with_the_user_and_not_with_the_password(odoo: Server, admin: str) -> None:
    login, user = user_with_key(odoo)
    assert odoo.call("res.users", "context_get", user=login)["uid"] == user
    odoo.call("res.users", "write", user=admin, ids=[user], vals={"password": "Another-12345678"})
    assert odoo.ask("res.users", "context_get", user=login).status == 200
    for active, status in ((False, 401), (True, 200)):
        odoo.call("res.users", "write", user=admin, ids=[user], vals={"active": active})
        assert odoo.ask("res.users", "context_get", user=login).status == status


@pytest.mark.parametrize(
    ("model", "method", "arguments"),
    [
        ("res.partner", "create", {"vals_list": {"name": "x"}}),
        ("product.product", "create", {"vals_list": {"name": "x"}}),
        ("sale.order", "create", {"vals_list": {"partner_id": 1}}),
        ("purchase.order", "search", {"domain": []}),
        ("account.payment", "search", {"domain": []}),
        ("stock.move", "search", {"domain": []}),
        ("stock.quant", "create", {"vals_list": {"product_id": 1, "location_id": 5, "quantity": 1}}),
    ],
)
def test_an_employee_without_further_groups_may_do_little(
    odoo: Server, admin: str, model: str, method: str, arguments: dict[str, Any]
) -> None:
    if "employee" not in odoo.keys:
        login, _ = user_with_key(odoo)
        odoo.keys["employee"] = odoo.keys[login]
    problem = odoo.refused(model, method, user="employee", **arguments)
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")


def test_keys_are_not_made_over_the_older_rpc(odoo: Server, uid: int) -> None:
    wizard = execute(odoo, uid, "res.users.apikeys.description", "create", {"name": "k", "duration": "1"})["result"]
    error = execute(odoo, uid, "res.users.apikeys.description", "make_key", [wizard])["error"]
    assert error["data"]["name"] == "odoo.exceptions.UserError"


# Odoo 16 to 18: only the simulator can stand in for them --------------------------------------------------


@pytest.fixture(scope="module")
def older() -> Iterator[Server]:
    odoo = Odoo(version="17.0", database="odoo17")
    with Threaded(odoo) as url:
        yield Server(url, odoo.database, odoo.keys, odoo, password="hub-password")


def test_before_19_there_is_no_json_2_and_no_web_version(older: Server) -> None:
    assert older.ask("res.partner", "search", domain=[]).status == 404
    assert older.send("/web/version", None, "GET").status == 404
    assert rpc(older, "common", "version")["result"]["server_version"] == "17.0"
    info = older.send("/web/webclient/version_info", b"{}", Content_Type="application/json").json()
    assert info["result"]["server_version_info"][0] == 17


def test_before_19_fields_and_models_have_their_old_names(older: Server) -> None:
    uid = rpc(older, "common", "authenticate", "odoo17", "hub", older.keys["hub"], {})["result"]
    partner = execute(older, uid, "res.partner", "create", {"name": "x"})["result"]
    product = execute(older, uid, "product.product", "create", {"name": "x", "is_storable": True})["result"]
    line = {"product_id": product, "product_uom_qty": 1, "price_unit": 10, "tax_id": [[6, 0, [3]]]}
    order = execute(older, uid, "sale.order", "create", {"partner_id": partner, "order_line": [[0, 0, line]]})["result"]
    total = execute(older, uid, "sale.order", "read", [order], ["amount_total"])["result"][0]["amount_total"]
    assert total == 10.0
    wrong = execute(older, uid, "sale.order.line", "search_read", [], ["tax_ids"])
    assert wrong["error"]["data"]["name"] == "builtins.ValueError"
    assert execute(older, uid, "stock.quant.package", "create", {"name": "00123"})["result"]
    assert "error" in execute(older, uid, "stock.package", "create", {"name": "00123"})
