"""Creation that can be repeated: facts 3, 4, 5, 6, 20 and SIM lines 2, 3, 18, 22."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.odoo_wire.conftest import EXACT, Server

ORDER = [
    "id",
    "partner_id/.id",
    "client_order_ref",
    "order_line/id",
    "order_line/product_id/.id",
    "order_line/product_uom_qty",
    "order_line/price_unit",
]
PLAIN: dict[str, Any] = {"tz": "UTC"}


def matrix(xid: str, partner: int, ref: str, lines: list[tuple[str, int, float]]) -> list[list[Any]]:
    """An order and its lines as `load` wants them: the parent's columns only in the first row."""
    rows: list[list[Any]] = []
    for number, (line, product, quantity) in enumerate(lines):
        head = [xid, str(partner), ref] if not number else ["", "", ""]
        rows.append([*head, line, str(product), str(quantity), "10"])
    return rows


def test_an_order_with_lines_and_external_ids(odoo: Server) -> None:
    name, product = odoo.fresh("so"), odoo.product()
    rows = matrix(f"hub.{name}", odoo.partner(), name, [(f"hub.{name}_1", product, 2), (f"hub.{name}_2", product, 5)])
    answer = odoo.load("sale.order", ORDER, rows)
    assert answer["messages"] == []
    assert answer["nextrow"] == 0
    (order,) = answer["ids"]
    lines = odoo.one("sale.order", order, "order_line")["order_line"]
    quantities = odoo.find("sale.order.line", [["id", "in", lines]], "product_uom_qty", order="id")
    assert [row["product_uom_qty"] for row in quantities] == [2.0, 5.0]
    assert odoo.call("sale.order", "get_external_id", ids=[order]) == {str(order): f"hub.{name}"}
    found = odoo.call("sale.order.line", "get_external_id", ids=lines)
    assert sorted(found.values()) == [f"hub.{name}_1", f"hub.{name}_2"]


def test_replay_with_noupdate_is_a_pure_no_op(odoo: Server) -> None:
    name, product, partner = odoo.fresh("so"), odoo.product(), odoo.partner()
    rows = matrix(f"hub.{name}", partner, name, [(f"hub.{name}_1", product, 2)])
    (order,) = odoo.load("sale.order", ORDER, rows)["ids"]
    before = odoo.one("sale.order", order, "write_date", "order_line", "amount_total")
    time.sleep(1.05)  # write_date has seconds
    changed = matrix(f"hub.{name}", partner, "other", [(f"hub.{name}_1", product, 99)])
    assert odoo.load("sale.order", ORDER, changed)["ids"] == [order]
    assert odoo.one("sale.order", order, "write_date", "order_line", "amount_total") == before


def test_plain_replay_rewrites_and_doubles_lines_without_external_id(odoo: Server) -> None:
    name, product, partner = odoo.fresh("so"), odoo.product(), odoo.partner()
    rows = matrix(f"hub.{name}", partner, name, [("", product, 2), ("", product, 3)])
    (order,) = odoo.load("sale.order", ORDER, rows, **PLAIN)["ids"]
    assert len(odoo.one("sale.order", order, "order_line")["order_line"]) == 2
    assert odoo.load("sale.order", ORDER, rows, **PLAIN)["ids"] == [order]
    assert len(odoo.one("sale.order", order, "order_line")["order_line"]) == 4
    assert odoo.load("sale.order", ORDER, rows)["ids"] == [order]  # first made without noupdate: rewritten even so
    assert len(odoo.one("sale.order", order, "order_line")["order_line"]) == 6


def test_plain_replay_moves_write_date_even_if_nothing_changes(odoo: Server) -> None:
    name = odoo.fresh()
    (partner,) = odoo.load("res.partner", ["id", "name"], [[f"hub.{name}", name]], **PLAIN)["ids"]
    before = odoo.one("res.partner", partner, "write_date")
    time.sleep(1.05)
    odoo.load("res.partner", ["id", "name"], [[f"hub.{name}", name]], **PLAIN)
    assert odoo.one("res.partner", partner, "write_date") != before


def test_a_lines_external_id_under_another_order_moves_the_line(odoo: Server) -> None:
    name, product, partner = odoo.fresh("so"), odoo.product(), odoo.partner()
    first = matrix(f"hub.{name}a", partner, f"{name}a", [(f"hub.{name}_1", product, 3)])
    second = matrix(f"hub.{name}b", partner, f"{name}b", [(f"hub.{name}_1", product, 4)])
    (a,) = odoo.load("sale.order", ORDER, first)["ids"]
    (line,) = odoo.one("sale.order", a, "order_line")["order_line"]
    (b,) = odoo.load("sale.order", ORDER, second)["ids"]
    robbed = odoo.one("sale.order", a, "order_line", "amount_total")
    assert (robbed["order_line"], robbed["amount_total"]) == ([], 0.0)
    assert odoo.one("sale.order", b, "order_line")["order_line"] == [line]


def test_one_external_id_on_two_lines_of_one_order_is_refused(odoo: Server) -> None:
    name, product = odoo.fresh("so"), odoo.product()
    rows = matrix(f"hub.{name}", odoo.partner(), name, [(f"hub.{name}_1", product, 3), (f"hub.{name}_1", product, 4)])
    answer = odoo.load("sale.order", ORDER, rows)
    assert answer["ids"] is False
    assert odoo.call("sale.order", "search_count", domain=[["client_order_ref", "=", name]]) == 0


def test_parallel_loads_of_one_external_id_make_one_record(odoo: Server) -> None:
    name, product, partner = odoo.fresh("so"), odoo.product(), odoo.partner()
    rows = matrix(f"hub.{name}", partner, name, [(f"hub.{name}_1", product, 2)])
    answers = odoo.together(6, lambda _: odoo.load("sale.order", ORDER, rows))
    assert all(isinstance(answer, dict) for answer in answers), answers
    winners = [answer["ids"] for answer in answers if answer["ids"]]
    losers = [answer for answer in answers if not answer["ids"]]
    assert winners
    assert losers, "six loads at once, and none lost the race"
    for loser in losers:
        assert loser["ids"] is False
        assert any("could not serialize access" in message["message"] for message in loser["messages"])
        assert {message["type"] for message in loser["messages"]} == {"error"}
    found = odoo.call("sale.order", "search", domain=[["client_order_ref", "=", name]])
    assert [found] * len(winners) == winners
    assert odoo.load("sale.order", ORDER, rows)["ids"] == found  # the loser repeats and gets the winner's


def test_search_then_create_makes_duplicates(odoo: Server) -> None:
    name, partner = odoo.fresh("dup"), odoo.partner()

    def create(_: int) -> Any:
        if odoo.call("sale.order", "search", domain=[["client_order_ref", "=", name]]):
            return None
        return odoo.call("sale.order", "create", vals_list={"partner_id": partner, "client_order_ref": name})

    odoo.together(6, create)
    assert odoo.call("sale.order", "search_count", domain=[["client_order_ref", "=", name]]) > 1


def test_all_rows_or_none(odoo: Server) -> None:
    name = odoo.fresh()
    rows = [[f"hub.{name}1", name, "contact"], [f"hub.{name}2", name, "nope"], [f"hub.{name}3", name, "contact"]]
    answer = odoo.load("res.partner", ["id", "name", "type"], rows)
    assert answer["ids"] is False
    (message,) = answer["messages"]
    assert (message["type"], message["record"], message["field"]) == ("error", 1, "type")
    assert message["rows"] == {"from": 1, "to": 1}
    assert odoo.call("res.partner", "search_count", domain=[["name", "=", name]]) == 0


def test_missing_rights_answer_200_too(odoo: Server) -> None:
    answer = odoo.load("decimal.precision", ["id", "name"], [[f"hub.{odoo.fresh()}", "x"]])
    assert answer["ids"] is False
    assert "not allowed to create" in answer["messages"][0]["message"]


def test_an_unknown_column_is_a_500(odoo: Server) -> None:
    problem = odoo.refused("res.partner", "load", fields=["id", "nofield"], data=[["hub.x", "1"]])
    assert (problem.status, problem.name) == (500, "builtins.ValueError")


@pytest.mark.parametrize(
    ("columns", "row", "text"),
    [
        (["name", "parent_id/id"], ["x", "hub.no_such"], "No matching record found for external id 'hub.no_such'"),
        (["name", "parent_id/.id"], ["x", "99999999"], "No matching record found for database id '99999999'"),
        (["name", "parent_id"], ["x", "Nobody of this name"], "No matching record found for name"),
        (["name", "is_company"], ["x", "maybe"], "Unknown value 'maybe' for boolean field"),
        (["name", "type"], ["x", "nope"], "Value 'nope' not found in selection field"),
        (["ref"], ["x"], "Contacts require a name"),
    ],
)
def test_cells_that_cannot_be_converted(odoo: Server, columns: list[str], row: list[str], text: str) -> None:
    answer = odoo.load("res.partner", ["id", *columns], [[f"hub.{odoo.fresh()}", *row]])
    assert answer["ids"] is False
    assert text in answer["messages"][0]["message"]


def test_numbers_with_separators_and_local_dates_are_refused(odoo: Server) -> None:
    number = odoo.load("product.product", ["id", "name", "list_price"], [[f"hub.{odoo.fresh()}", "x", "1,234.5"]])
    assert "does not seem to be a number" in number["messages"][0]["message"]
    columns = ["id", "partner_id/.id", "commitment_date"]
    date = odoo.load("sale.order", columns, [[f"hub.{odoo.fresh()}", str(odoo.partner()), "01/12/2026"]])
    assert "does not seem to be a valid datetime" in date["messages"][0]["message"]


def test_values_are_checked_even_when_the_replay_would_do_nothing(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    odoo.load("res.partner", ["id", "name", "type"], [[xid, "x", "contact"]])
    assert odoo.load("res.partner", ["id", "name", "type"], [[xid, "x", "nope"]])["ids"] is False


def test_an_ambiguous_name_only_warns_and_picks_one(odoo: Server) -> None:
    name = odoo.fresh("twin")
    twins = [odoo.partner(name=name, is_company=True) for _ in range(2)]
    answer = odoo.load("res.partner", ["id", "name", "parent_id"], [[f"hub.{odoo.fresh()}", "x", name]])
    (child,) = answer["ids"]
    assert answer["messages"][0]["type"] == "warning"
    assert "Found multiple matches" in answer["messages"][0]["message"]
    assert odoo.one("res.partner", child, "parent_id")["parent_id"][0] in twins


def test_selections_take_the_label_too_and_empty_cells_clear(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    (partner,) = odoo.load("res.partner", ["id", "name", "type", "ref"], [[xid, "x", "Delivery", "R"]], **PLAIN)["ids"]
    assert odoo.one("res.partner", partner, "type", "ref") == {"id": partner, "type": "delivery", "ref": "R"}
    odoo.load("res.partner", ["id", "ref"], [[xid, ""]], **PLAIN)
    assert odoo.one("res.partner", partner, "ref")["ref"] is False


def test_datetimes_are_read_in_the_users_zone_unless_told_otherwise(odoo: Server, berlin: str) -> None:
    partner = str(odoo.partner())
    columns = ["id", "partner_id/.id", "commitment_date"]

    def loaded(**context: Any) -> str:
        answer = odoo.call(
            "sale.order",
            "load",
            user=berlin,
            fields=columns,
            data=[[f"hub.{odoo.fresh()}", partner, "2026-12-01 10:00:00"]],
            context=context,
        )
        return str(odoo.one("sale.order", answer["ids"][0], "commitment_date")["commitment_date"])

    assert loaded() == "2026-12-01 09:00:00"
    assert loaded(tz="America/New_York") == "2026-12-01 15:00:00"
    assert loaded(**EXACT) == "2026-12-01 10:00:00"
    order = odoo.order((odoo.product(), 1), commitment_date="2026-12-01 10:00:00")
    assert odoo.one("sale.order", order, "commitment_date")["commitment_date"] == "2026-12-01 10:00:00"


def test_two_rows_with_one_external_id_are_one_record(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    first, second = odoo.load("res.partner", ["id", "name"], [[xid, "one"], [xid, "two"]])["ids"]
    assert first == second


def test_spaces_are_refused_and_a_missing_prefix_becomes_import(odoo: Server) -> None:
    name = odoo.fresh()
    assert odoo.load("res.partner", ["id", "name"], [[f"hub.{name} x", "x"]])["ids"] is False
    (partner,) = odoo.load("res.partner", ["id", "name"], [[name, "x"]])["ids"]
    assert odoo.call("res.partner", "get_external_id", ids=[partner]) == {str(partner): f"__import__.{name}"}
    odd = f"hub.{name}/ä#1.2-3"
    assert odoo.load("res.partner", ["id", "name"], [[odd, "x"]])["ids"]


def test_one_external_id_for_two_models_is_refused(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    odoo.load("res.partner", ["id", "name"], [[xid, "x"]])
    answer = odoo.load("product.product", ["id", "name"], [[xid, "x"]])
    assert answer["ids"] is False
    assert "found record of different model" in answer["messages"][0]["message"]


def test_after_a_deletion_replay_creates_anew(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    (old,) = odoo.load("res.partner", ["id", "name"], [[xid, "x"]])["ids"]
    odoo.call("res.partner", "unlink", ids=[old])
    (new,) = odoo.load("res.partner", ["id", "name"], [[xid, "x"]])["ids"]
    assert new != old


def test_an_archived_record_is_found_and_stays_archived(odoo: Server) -> None:
    xid = f"hub.{odoo.fresh()}"
    (partner,) = odoo.load("res.partner", ["id", "name"], [[xid, "x"]])["ids"]
    odoo.call("res.partner", "write", ids=[partner], vals={"active": False})
    assert odoo.load("res.partner", ["id", "name"], [[xid, "x"]])["ids"] == [partner]
    assert odoo.one("res.partner", partner, "active")["active"] is False


def test_looking_up_an_external_id_without_admin_rights(odoo: Server) -> None:
    name = odoo.fresh()
    (partner,) = odoo.load("res.partner", ["id", "name"], [[f"hub.{name}", "x"]])["ids"]
    look = odoo.call("ir.model.data", "check_object_reference", module="hub", xml_id=name)
    assert look == ["res.partner", partner]
    absent = odoo.refused("ir.model.data", "check_object_reference", module="hub", xml_id=f"{name}_no")
    assert (absent.status, absent.name) == (500, "builtins.ValueError")
    (metadata,) = odoo.call("res.partner", "get_metadata", ids=[partner])
    assert metadata["xmlids"] == [{"xmlid": f"hub.{name}", "noupdate": True}]
    other = odoo.partner()
    assert odoo.call("res.partner", "get_external_id", ids=[other]) == {str(other): ""}


def test_the_template_of_a_loaded_product_gets_an_external_id_of_its_own(odoo: Server) -> None:
    name = odoo.fresh()
    (product,) = odoo.load("product.product", ["id", "name"], [[f"hub.{name}", "x"]])["ids"]
    template = odoo.one("product.product", product, "product_tmpl_id")["product_tmpl_id"][0]
    found = odoo.call("ir.model.data", "check_object_reference", module="hub", xml_id=f"{name}_product_template")
    assert found == ["product.template", template]


def test_a_client_that_hangs_up_does_not_stop_the_server(odoo: Server) -> None:
    name = odoo.fresh("many")
    rows = [[f"hub.{name}_{n}", f"{name} {n}", name] for n in range(60)]
    if odoo.simulator is not None:
        odoo.simulator.latency.write = 0.3
    try:
        with pytest.raises(OSError):
            odoo.ask("res.partner", "load", timeout=0.05, fields=["id", "name", "ref"], data=rows, context=EXACT)
        deadline = time.monotonic() + 30
        while odoo.call("res.partner", "search_count", domain=[["ref", "=", name]]) < 60:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        if odoo.simulator is not None:
            odoo.simulator.latency.write = 0.004
