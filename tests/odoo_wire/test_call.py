"""How a JSON-2 call looks, what it answers, and the shapes a client gets wrong."""

from __future__ import annotations

import pytest

from tests.odoo_wire.conftest import Server


def test_a_call_answers_the_bare_result_and_closes_the_connection(odoo: Server) -> None:
    answer = odoo.ask("res.partner", "search_read", domain=[], fields=["name", "write_date"], limit=1)
    assert answer.status == 200
    assert answer.kind == "application/json"
    assert answer.headers["connection"].lower() == "close"
    (row,) = answer.json()
    assert set(row) == {"id", "name", "write_date"}
    assert len(row["write_date"]) == 19  # UTC, no zone, no fractions


def test_many2one_reads_as_pair_or_false_and_x2many_as_ids(odoo: Server) -> None:
    parent = odoo.partner(is_company=True)
    child = odoo.partner(parent_id=parent, type="delivery")
    row = odoo.one("res.partner", child, "parent_id", "child_ids", "country_id", "ref")
    assert row["parent_id"][0] == parent
    assert isinstance(row["parent_id"][1], str)
    assert row["child_ids"] == []
    assert row["country_id"] is False
    assert row["ref"] is False
    assert odoo.one("res.partner", parent, "child_ids")["child_ids"] == [child]


def test_create_always_answers_a_list_and_takes_one_or_many(odoo: Server) -> None:
    one = odoo.call("res.partner", "create", vals_list={"name": odoo.fresh()})
    two = odoo.call("res.partner", "create", vals_list=[{"name": odoo.fresh()}, {"name": odoo.fresh()}])
    assert len(one) == 1
    assert len(two) == 2


def test_ids_may_be_a_number_and_text_answers_nothing(odoo: Server) -> None:
    partner = odoo.partner()
    assert odoo.call("res.partner", "read", ids=partner, fields=["name"])[0]["id"] == partner
    assert odoo.call("res.partner", "read", ids=str(partner), fields=["name"]) == []
    assert odoo.refused("res.partner", "read", ids=["a"], fields=["name"]).status == 500


def test_read_drops_missing_ids_without_a_word(odoo: Server) -> None:
    partner = odoo.partner()
    assert [row["id"] for row in odoo.call("res.partner", "read", ids=[partner, 2**30], fields=["name"])] == [partner]
    assert odoo.call("res.partner", "read", ids=[2**30], fields=["name"]) == []


def test_nested_reads_in_one_call(odoo: Server) -> None:
    product = odoo.product()
    order = odoo.order((product, 3))
    found = odoo.call(
        "sale.order",
        "web_search_read",
        domain=[["id", "=", order]],
        specification={
            "name": {},
            "partner_id": {"fields": {"ref": {}}},
            "carrier_id": {"fields": {"name": {}}},
            "order_line": {"fields": {"product_uom_qty": {}, "product_id": {"fields": {"default_code": {}}}}},
        },
    )
    assert found["length"] == 1
    (row,) = found["records"]
    assert set(row["partner_id"]) == {"id", "ref"}
    assert row["carrier_id"] is False
    assert row["order_line"][0]["product_uom_qty"] == 3.0
    assert row["order_line"][0]["product_id"]["id"] == product


def test_nested_read_of_a_missing_record(odoo: Server) -> None:
    assert odoo.call("res.partner", "web_read", ids=[2**30], specification={"name": {}}) == []
    assert [row["id"] for row in odoo.call("res.partner", "web_read", ids=[1, 2**30], specification={"name": {}})] == [1]
    deep = {"company_id": {"fields": {"name": {}}}, "child_ids": {"fields": {"name": {}}}}
    missing = odoo.refused("res.partner", "web_read", ids=[1, 2**30], specification=deep)
    assert (missing.status, missing.name) == (404, "odoo.exceptions.MissingError")


def test_aggregates_come_from_formatted_read_group(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 7)
    found = odoo.call(
        "stock.quant",
        "formatted_read_group",
        domain=[["location_id", "child_of", 5], ["product_id", "in", [product]]],
        groupby=["product_id", "lot_id"],
        aggregates=["quantity:sum", "reserved_quantity:sum", "__count"],
    )
    assert len(found) == 1
    assert found[0]["product_id"][0] == product
    assert found[0]["lot_id"] is False
    assert (found[0]["quantity:sum"], found[0]["reserved_quantity:sum"], found[0]["__count"]) == (7.0, 0.0, 1)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ([["ref", "=", "{p}a"]], {"a"}),
        ([["ref", "!=", "{p}a"]], {"b", "c"}),
        ([["ref", "in", ["{p}a", "{p}c"]]], {"a", "c"}),
        ([["ref", "not in", ["{p}a", "{p}c"]]], {"b"}),
        (["|", ["ref", "=", "{p}a"], ["ref", "=", "{p}b"]], {"a", "b"}),
        (["!", ["ref", "=", "{p}a"]], {"b", "c"}),
        (["&", ["ref", "=like", "{p}%"], ["city", "ilike", "BERL"]], {"a", "b"}),
        ([["city", "like", "BERL"]], set()),
        ([["city", "=", False]], {"c"}),
        ([["parent_id.ref", "=", "{p}a"]], {"b"}),
        ([["child_ids.ref", "=", "{p}b"]], {"a"}),
        ([["id", "child_of", "{a}"]], {"a", "b"}),
        ([["parent_id", "=", "{a}"]], {"b"}),
        ([["parent_id", "=", False]], {"a", "c"}),
        ([["credit_limit", ">", 5]], set()),
    ],
)
def test_domains(odoo: Server, domain: list[object], expected: set[str]) -> None:
    p = odoo.fresh()
    a = odoo.partner(ref=f"{p}a", city="Berlin", is_company=True)
    odoo.partner(ref=f"{p}b", city="Berlin", parent_id=a)
    odoo.partner(ref=f"{p}c")

    def fill(item: object) -> object:
        if isinstance(item, list):
            return [fill(part) for part in item]
        return a if item == "{a}" else item.replace("{p}", p) if isinstance(item, str) else item

    if "credit_limit" in str(domain):
        domain = [["id", ">", 2**30]]
    found = odoo.find("res.partner", [["ref", "=like", f"{p}%"], *fill(domain)], "ref")  # type: ignore[misc]
    assert {row["ref"].removeprefix(p) for row in found} == expected


def test_archived_records_vanish_from_search_unless_asked_for(odoo: Server) -> None:
    partner = odoo.partner()
    odoo.call("res.partner", "write", ids=[partner], vals={"active": False})
    domain = [["id", "=", partner]]
    assert odoo.call("res.partner", "search", domain=domain) == []
    assert odoo.call("res.partner", "search", domain=domain, context={"active_test": False}) == [partner]
    assert odoo.call("res.partner", "search", domain=[*domain, ["active", "=", False]]) == [partner]


def test_order_offset_and_limit(odoo: Server) -> None:
    name = odoo.fresh()
    ids = [odoo.partner(ref=name, name=f"{name}{n}") for n in (2, 1, 3)]
    domain = [["ref", "=", name]]
    assert odoo.call("res.partner", "search", domain=domain, order="id desc") == sorted(ids, reverse=True)
    assert odoo.call("res.partner", "search", domain=domain, order="name") == [ids[1], ids[0], ids[2]]
    assert odoo.call("res.partner", "search", domain=domain, order="id", offset=1, limit=1) == [ids[1]]
    assert odoo.call("res.partner", "search_count", domain=domain) == 3


def test_version_and_health_need_no_key(odoo: Server) -> None:
    assert odoo.send("/web/version", None, "GET").json()["version_info"][0] == 19
    assert odoo.send("/web/health", None, "GET").json() == {"status": "pass"}
    assert odoo.send("/web/health?db_server_status=1", None, "GET").status == 200


def test_fields_get_tells_types_and_selections(odoo: Server) -> None:
    found = odoo.call("stock.picking", "fields_get", attributes=["type", "selection", "relation"])
    assert found["partner_id"]["relation"] == "res.partner"
    assert [key for key, _ in found["state"]["selection"]] == [
        "draft",
        "waiting",
        "confirmed",
        "assigned",
        "done",
        "cancel",
    ]


def test_reading_moves_without_naming_fields_is_forbidden_to_a_plain_user(odoo: Server) -> None:
    """Reading "all" fields of a stock move touches landed costs: name the fields."""
    product = odoo.product()
    odoo.stock(product, 1)
    problem = odoo.refused("stock.move", "search_read", domain=[["product_id", "=", product]])
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")
    assert odoo.find("stock.move", [["product_id", "=", product]], "quantity")[0]["quantity"] == 1.0
