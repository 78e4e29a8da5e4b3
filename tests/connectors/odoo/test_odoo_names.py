"""External ids: never two things under one name, never a name Odoo refuses; names of fields before Odoo 19."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.odoo.external_ids import ExternalIds, escape, unescape
from crossdock.connectors.odoo.names import Names
from crossdock.connectors.odoo.order_rows import SHIPPING, line_key, line_number

IDS = ExternalIds("crossdock", 1)
words = st.text(min_size=1, max_size=64)


@given(words)
def test_a_part_comes_back_and_holds_nothing_odoo_refuses(part: str) -> None:
    name = escape(part)
    assert not any(c.isspace() or c in ",/'\"" for c in name) and name.isprintable()
    assert unescape(name) == part


@given(words, words, words, words)
def test_different_orders_and_lines_have_different_names(one: str, line: str, other: str, other_line: str) -> None:
    names = {IDS.order_line(f"order/shop/{number}", each) for number, each in ((one, line), (other, other_line))}
    assert len(names) == (1 if (one, line) == (other, other_line) else 2)
    assert IDS.order(f"order/shop/{one}") not in names


@given(st.text("abcdefgh-", min_size=1, max_size=12), words, words)
def test_key_and_line_are_read_back_from_a_name(system: str, number: str, line: str) -> None:
    key = f"order/{system}/{number}"
    assert IDS.key_of(IDS.order(key)) == key
    assert IDS.key_of(IDS.order_line(key, line)) == key and IDS.line_of(IDS.order_line(key, line)) == line
    assert IDS.key_of(f"other.{IDS.order(key)}") == "" and not IDS.made_here("base.main_company")


@given(st.sampled_from(["shipping", "#shipping", "##shipping", "1", "#1"]) | words)
def test_no_line_meets_the_freight_line(number: str) -> None:
    assert line_key(number) != SHIPPING
    assert line_number(line_key(number)) == number


@given(st.text(min_size=300, max_size=600))
def test_long_parts_stay_short_and_different(part: str) -> None:
    assert len(escape(part)) <= 200
    assert escape(part) != escape(part + "x")


def test_companies_do_not_share_names() -> None:
    assert IDS.order("order/shop/1") != ExternalIds("crossdock", 2).order("order/shop/1")


def test_older_versions_are_spoken_to_in_their_own_names() -> None:
    old, now = Names(16), Names(19)
    arguments = {"fields": ["id", "order_line/product_uom_id/.id", "order_line/tax_ids/.id"], "data": [["a", "b", "c"]]}
    assert old.arguments("sale.order", arguments)["fields"] == ["id", "order_line/product_uom/.id", "order_line/tax_id/.id"]
    assert now.arguments("sale.order", arguments) == arguments
    sent = old.arguments("stock.move.line", {"fields": ["id", "picked", "quantity"], "data": [["a", "1", "4"]]})
    assert sent == {"fields": ["id", "qty_done"], "data": [["a", "4"]]}
    assert old.model("stock.package") == "stock.quant.package" and now.model("stock.package") == "stock.package"
    assert old.domain("stock.move", ["|", ["inventory_name", "=", "x"], ["state", "=", "done"]]) == [
        "|",
        ["name", "=", "x"],
        ["state", "=", "done"],
    ]
    rows = old.rows("stock.move", ["quantity", "picked"], [{"id": 1, "quantity_done": 3.0}])
    assert rows == [{"id": 1, "quantity": 3.0, "picked": False}]
    assert Names(18).field("res.users.apikeys", "expiration_date") == "expiration_date"
    assert Names(17).field("res.users.apikeys", "expiration_date") is None


def test_purchases_have_the_names_of_their_version() -> None:
    before, now = Names(18), Names(19)
    assert [before.field("purchase.order.line", name) for name in ("product_uom_id", "tax_ids", "price_unit")] == [
        "product_uom", "taxes_id", "price_unit",
    ]  # fmt: skip
    assert before.field("purchase.order", "note") == "notes" and before.field("purchase.order", "locked") is None
    assert now.field("purchase.order.line", "tax_ids") == "tax_ids" and now.field("purchase.order", "locked") == "locked"
    rows = before.rows("purchase.order", ["name", "locked"], [{"id": 1, "name": "P00001"}])
    assert rows == [{"id": 1, "name": "P00001", "locked": False}]
