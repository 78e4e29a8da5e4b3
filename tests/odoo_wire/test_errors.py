"""What goes wrong, with which status and name, and in which format: facts 1 and 2, SIM lines 1, 4, 5, 14-16, 21."""

from __future__ import annotations

import json
import time

import pytest

from crossdock.simulators.odoo import Odoo
from tests.odoo_wire.conftest import Server


def test_every_json_error_has_one_shape_with_a_traceback(odoo: Server) -> None:
    problem = odoo.refused("res.partner", "write", ids=[2**30], vals={"name": "x"})
    assert set(problem.error) == {"name", "message", "arguments", "context", "debug"}
    assert problem.error["debug"].startswith("Traceback (most recent call last)")  # must never reach logs or pages


def test_401_for_a_wrong_key_and_for_none(odoo: Server) -> None:
    headers = odoo.headers("0" * 40)
    wrong = odoo.send("/json/2/res.partner/search", b"{}", **headers)
    assert wrong.status == 401
    assert wrong.json()["message"] == "Invalid apikey"
    assert wrong.headers["www-authenticate"].strip() == "Bearer"
    none = odoo.send("/json/2/res.partner/search", b"{}", **{k: v for k, v in headers.items() if k != "Authorization"})
    assert none.status == 401
    assert none.json()["name"] == "werkzeug.exceptions.Unauthorized"
    basic = odoo.send("/json/2/res.partner/search", b"{}", **{**headers, "Authorization": "Basic YTpi"})
    assert basic.status == 401


def test_an_unknown_database_is_a_404_in_html_like_an_outage(odoo: Server) -> None:
    headers = {**odoo.headers(), "X_Odoo_Database": "no_such_database"}
    answer = odoo.send("/json/2/res.partner/search", b"{}", **headers)
    assert answer.status == 404
    assert answer.kind == "text/html"
    assert b"No database is selected" in answer.body


def test_postgresql_down_is_the_same_404_in_html_while_health_passes(odoo: Server, simulator: Odoo) -> None:
    unknown = odoo.send("/json/2/res.partner/search", b"{}", **{**odoo.headers(), "X_Odoo_Database": "nope"})
    odoo.send("/_sim/postgresql", b'{"up": false}')
    try:
        down = odoo.ask("res.partner", "search", domain=[])
        assert (down.status, down.kind, down.body) == (404, "text/html", unknown.body)
        assert odoo.send("/web/version", None, "GET").status == 200
        assert odoo.send("/web/health", None, "GET").json() == {"status": "pass"}
        assert odoo.send("/web/health?db_server_status=1", None, "GET").status == 500
    finally:
        odoo.send("/_sim/postgresql", b'{"up": true}')
    assert odoo.ask("res.partner", "search", domain=[], limit=1).status == 200


def test_an_outage_in_the_middle_of_a_run_passes(odoo: Server, simulator: Odoo) -> None:
    odoo.send("/_sim/script", json.dumps({"fault": "outage_503", "seconds": 0.2, "path": "/json/2/*"}).encode())
    assert odoo.ask("res.partner", "search", domain=[]).kind == "text/html"
    deadline = time.monotonic() + 5
    while odoo.ask("res.partner", "search", domain=[], limit=1).status == 404:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("model", "method", "arguments", "status", "name"),
    [
        ("res.nope", "search", {"domain": []}, 404, "werkzeug.exceptions.NotFound"),
        ("res.partner", "nope", {}, 404, "werkzeug.exceptions.NotFound"),
        ("res.partner", "_search", {"domain": []}, 403, "odoo.exceptions.AccessError"),
        ("res.partner", "exists", {"ids": [1]}, 403, "odoo.exceptions.AccessError"),
        ("res.partner", "write", {"ids": [1]}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("res.partner", "search", {}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("res.partner", "search", {"domain": [], "foo": 1}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("res.partner", "search", {"ids": [1], "domain": []}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("res.partner", "write", {"ids": [2**30], "vals": {}}, 404, "odoo.exceptions.MissingError"),
        ("sale.order", "action_confirm", {"ids": [2**30]}, 404, "odoo.exceptions.MissingError"),
        ("res.partner", "unlink", {"ids": [2**30]}, 404, "odoo.exceptions.MissingError"),
        ("res.partner", "read", {"ids": [1], "fields": ["nofield"]}, 500, "builtins.ValueError"),
        ("res.partner", "create", {"vals_list": {"name": "x", "nofield": 1}}, 500, "builtins.ValueError"),
        ("res.partner", "write", {"ids": [1], "vals": {"nofield": 1}}, 500, "builtins.KeyError"),
        ("res.partner", "search", {"domain": [["nofield", "=", 1]]}, 500, "builtins.ValueError"),
        ("res.partner", "search", {"domain": [["name", "~~", 1]]}, 500, "builtins.ValueError"),
        ("res.partner", "search", {"domain": [], "order": "nofield"}, 500, "builtins.ValueError"),
        ("res.partner", "create", {"vals_list": {"name": "x", "type": "nope"}}, 500, "builtins.ValueError"),
        ("res.partner", "create", {"vals_list": {"ref": "no name"}}, 422, "odoo.exceptions.ValidationError"),
        ("sale.order", "create", {"vals_list": {"client_order_ref": "x"}}, 422, "odoo.exceptions.ValidationError"),
        ("sale.order", "create", {"vals_list": {"partner_id": 2**30}}, 404, "odoo.exceptions.MissingError"),
        (
            "sale.order",
            "create",
            {"vals_list": {"partner_id": 1, "carrier_id": 2**30}},
            422,
            "odoo.exceptions.ValidationError",
        ),
        ("ir.model.data", "search", {"domain": []}, 403, "odoo.exceptions.AccessError"),
        ("base.automation", "search", {"domain": []}, 403, "odoo.exceptions.AccessError"),
        ("res.partner", "search", {"domain": [], "context": {"lang": "xx_XX"}}, 422, "odoo.exceptions.UserError"),
        (
            "res.partner",
            "search",
            {"domain": [], "context": {"allowed_company_ids": [2**30]}},
            403,
            "odoo.exceptions.AccessError",
        ),
        (
            "sale.order",
            "create",
            {"vals_list": {"partner_id": 1, "commitment_date": "2026-12-01T10:00:00Z"}},
            500,
            "builtins.ValueError",
        ),
        ("sale.order", "search", {"domain": [["write_date", ">", "2026-12-01T10:00:00Z"]]}, 500, "builtins.ValueError"),
    ],
)
def test_errors_by_status_and_name(
    odoo: Server, model: str, method: str, arguments: dict[str, object], status: int, name: str
) -> None:
    problem = odoo.refused(model, method, **arguments)
    assert (problem.status, problem.name) == (status, name)


def test_a_datetime_with_t_and_no_zone_is_fine_in_a_domain(odoo: Server) -> None:
    assert odoo.call("sale.order", "search", domain=[["write_date", ">", "2999-12-01T10:00:00"]]) == []


def test_malformed_json_is_400_and_a_form_is_415_in_html(odoo: Server) -> None:
    bad = odoo.send("/json/2/res.partner/search", b'{"domain":', **odoo.headers())
    assert (bad.status, bad.json()["name"]) == (400, "werkzeug.exceptions.BadRequest")
    form = odoo.send(
        "/json/2/res.partner/search", b"a=1", **{**odoo.headers(), "Content_Type": "application/x-www-form-urlencoded"}
    )
    assert (form.status, form.kind) == (415, "text/html")


def test_an_array_as_body_counts_as_no_arguments(odoo: Server) -> None:
    answer = odoo.send("/json/2/res.partner/search", b"[1]", **odoo.headers())
    assert answer.status == 422
    assert answer.json()["message"] == "missing a required argument: 'domain'"


def test_get_and_other_paths_are_404_in_json(odoo: Server) -> None:
    for path, method in (("/json/2/res.partner/search", "GET"), ("/json/2", "POST")):
        answer = odoo.send(path, None if method == "GET" else b"{}", method, **odoo.headers())
        assert (answer.status, answer.kind) == (404, "application/json")


def test_a_many2one_given_garbage_is_cleared_by_write_with_200(odoo: Server) -> None:
    order = odoo.order((odoo.product(), 1), carrier_id=1)
    assert odoo.one("sale.order", order, "carrier_id")["carrier_id"][0] == 1
    assert odoo.call("sale.order", "write", ids=[order], vals={"carrier_id": "garbage"}) is True
    assert odoo.one("sale.order", order, "carrier_id")["carrier_id"] is False


def test_a_configuration_gap_is_a_500_that_must_be_parked(odoo: Server, admin: str) -> None:
    """A company made over the API has no warehouse; confirming its order is a RedirectWarning."""
    (company,) = odoo.call("res.company", "create", user=admin, vals_list={"name": odoo.fresh("company")})
    context = {"allowed_company_ids": [company]}
    product = odoo.product()
    (order,) = odoo.call(
        "sale.order",
        "create",
        user=admin,
        vals_list={
            "partner_id": odoo.partner(),
            "company_id": company,
            "order_line": [[0, 0, {"product_id": product, "product_uom_qty": 1, "price_unit": 1, "tax_ids": []}]],
        },
        context=context,
    )
    problem = odoo.refused("sale.order", "action_confirm", user=admin, ids=[order], context=context)
    assert (problem.status, problem.name) == (500, "odoo.exceptions.RedirectWarning")
    assert "warehouse" in problem.message


def test_another_companys_record_is_403_with_a_suggestion_and_search_is_silent(odoo: Server, admin: str) -> None:
    (company,) = odoo.call("res.company", "create", user=admin, vals_list={"name": odoo.fresh("company")})
    (partner,) = odoo.call("res.partner", "create", user=admin, vals_list={"name": odoo.fresh(), "company_id": company})
    narrow = {"allowed_company_ids": [1]}
    domain = [["id", "=", partner]]
    assert odoo.call("res.partner", "search", user=admin, domain=domain) == [partner]
    assert odoo.call("res.partner", "search", user=admin, domain=domain, context=narrow) == []
    problem = odoo.refused("res.partner", "read", user=admin, ids=[partner], fields=["name"], context=narrow)
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")
    assert problem.error["context"]["suggested_company"]["id"] == company


def test_a_second_record_with_one_barcode_is_refused(odoo: Server) -> None:
    code = odoo.fresh("BC")
    odoo.product(barcode=code)
    problem = odoo.refused("product.product", "create", vals_list={"name": "x", "barcode": code})
    assert (problem.status, problem.name) == (422, "odoo.exceptions.ValidationError")


def test_references_of_orders_and_products_are_not_unique(odoo: Server) -> None:
    product = odoo.product()
    partner = odoo.partner()
    ref = odoo.fresh("REF")
    orders = [odoo.order((product, 1), partner=partner, client_order_ref=ref) for _ in range(2)]
    assert odoo.one("sale.order", orders[1], "duplicated_order_ids")["duplicated_order_ids"] == [orders[0]]
    assert odoo.product(default_code=ref) != odoo.product(default_code=ref)
    packages = odoo.call("stock.package", "create", vals_list=[{"name": ref}, {"name": ref}])
    assert len(set(packages)) == 2


def test_one_call_is_one_transaction(odoo: Server) -> None:
    name = odoo.fresh()
    odoo.refused("res.partner", "create", vals_list=[{"name": name}, {"ref": "no name"}])
    assert odoo.call("res.partner", "search_count", domain=[["name", "=", name]]) == 0


def test_report_and_content_urls_ignore_the_bearer_key(odoo: Server) -> None:
    bearer = {"Authorization": f"bearer {odoo.keys['hub']}"}
    report = odoo.send("/report/pdf/account.report_invoice/1", None, "GET", **bearer)
    assert (report.status, report.kind) == (200, "text/html")  # the login page, not a PDF
    content = odoo.send("/web/content/1", None, "GET", **bearer)
    assert content.status == 404


# Faults nobody can order from a real server ------------------------------------------------------------


def scripted(odoo: Server, **error: object) -> None:
    assert odoo.send("/_sim/error", json.dumps(error).encode()).status == 200


def test_serialization_failure_commits_nothing(odoo: Server, simulator: Odoo) -> None:
    name = odoo.fresh()
    scripted(odoo, name="psycopg2.errors.SerializationFailure", method="res.partner.create", delay=0.05)
    problem = odoo.refused("res.partner", "create", vals_list={"name": name})
    assert (problem.status, problem.name) == (500, "psycopg2.errors.SerializationFailure")
    assert odoo.call("res.partner", "search_count", domain=[["name", "=", name]]) == 0


def test_connection_lost_leaves_the_outcome_unknown(odoo: Server, simulator: Odoo) -> None:
    name = odoo.fresh()
    scripted(odoo, name="psycopg2.InterfaceError", message="cursor already closed", method="*.create", after=True)
    problem = odoo.refused("res.partner", "create", vals_list={"name": name})
    assert (problem.status, problem.name) == (500, "psycopg2.InterfaceError")
    assert odoo.call("res.partner", "search_count", domain=[["name", "=", name]]) == 1


def test_a_lock_that_is_not_obtained_is_409(odoo: Server, simulator: Odoo) -> None:
    scripted(odoo, name="odoo.exceptions.LockError", method="res.partner.write")
    problem = odoo.refused("res.partner", "write", ids=[1], vals={})
    assert (problem.status, problem.name) == (409, "odoo.exceptions.LockError")


def test_a_reply_lost_after_the_commit(odoo: Server, simulator: Odoo) -> None:
    xid = f"hub.{odoo.fresh()}"
    script = {"fault": "reset_after", "path": "/json/2/res.partner/load"}
    odoo.send("/_sim/script", json.dumps(script).encode())
    with pytest.raises(OSError):
        odoo.load("res.partner", ["id", "name"], [[xid, "lost"]])
    again = odoo.load("res.partner", ["id", "name"], [[xid, "lost"]])
    found = odoo.call("res.partner", "search", domain=[["id", "in", again["ids"]]])
    assert found == again["ids"]
    assert len(simulator.effects_of("partner_created")) == len({e.data["id"] for e in simulator.effects_of("partner_created")})


def test_an_expired_key_and_a_deactivated_user_are_401(odoo: Server, simulator: Odoo) -> None:
    login = odoo.fresh("user")
    body = json.dumps({"login": login, "groups": ["base.group_user"]}).encode()
    odoo.keys[login] = odoo.send("/_sim/user", body).json()["result"]
    assert odoo.ask("res.partner", "search", user=login, domain=[], limit=1).status == 200
    for change, status in (
        ({"active": False}, 401),
        ({"active": True}, 200),
        ({"expires": "2000-01-01 00:00:00"}, 401),
    ):
        odoo.send("/_sim/key", json.dumps({"login": login, **change}).encode())
        assert odoo.ask("res.partner", "search", user=login, domain=[], limit=1).status == status
