"""How changes are seen from outside: facts 8 to 12, SIM lines 11 and 13."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from crossdock.simulators.odoo import Odoo
from tests.odoo_wire.conftest import EXACT, Receiver, Server


def test_write_date_compares_at_whole_seconds(odoo: Server) -> None:
    """`=` the second is true and `>` the second is false, whatever the fraction: `>` loses rows of one second."""
    name = odoo.fresh()
    ids = [odoo.partner(ref=name) for _ in range(3)]
    moments = {row["write_date"] for row in odoo.find("res.partner", [["id", "in", ids]], "write_date")}
    for moment in moments:
        domain = [["ref", "=", name], ["write_date", "=", moment]]
        same = set(odoo.call("res.partner", "search", domain=domain))
        assert same
        after = odoo.call("res.partner", "search", domain=[["ref", "=", name], ["write_date", ">", moment]])
        assert not same & set(after)
        since = odoo.call("res.partner", "search", domain=[["ref", "=", name], ["write_date", ">=", moment]])
        assert same <= set(since)


def test_a_write_that_changes_nothing_moves_write_date(odoo: Server) -> None:
    order = odoo.order()
    before = odoo.one("sale.order", order, "write_date")
    time.sleep(1.05)
    odoo.call("sale.order", "write", ids=[order], vals={"origin": False})
    assert odoo.one("sale.order", order, "write_date") != before


def test_a_line_edit_moves_the_order_only_if_an_amount_changes(odoo: Server) -> None:
    order = odoo.order((odoo.product(), 2))
    (line,) = odoo.one("sale.order", order, "order_line")["order_line"]
    before = odoo.one("sale.order", order, "write_date")
    time.sleep(1.05)
    odoo.call("sale.order.line", "write", ids=[line], vals={"name": "renamed"})
    assert odoo.one("sale.order", order, "write_date") == before
    odoo.call("sale.order.line", "write", ids=[line], vals={"product_uom_qty": 3})
    assert odoo.one("sale.order", order, "write_date") != before


def naive_poll(odoo: Server, name: str, cursor: str) -> tuple[set[int], str]:
    """What a poller does that trusts a cursor: rows after it, and the last write_date as the new one."""
    domain = [["ref", "=", name], ["write_date", ">", cursor]]
    rows = odoo.find("res.partner", domain, "write_date", order="write_date,id")
    return {row["id"] for row in rows}, rows[-1]["write_date"] if rows else cursor


def test_a_long_transaction_surfaces_behind_the_cursor(odoo: Server) -> None:
    """write_date is the start of the transaction: rows committed late carry an old one, and a cursor misses them."""
    name, count = odoo.fresh("late"), 1500 if odoo.real else 250
    rows = [[f"hub.{name}_{n}", name, name] for n in range(count)]
    if odoo.simulator is not None:
        odoo.simulator.latency.write = 2.5
    done: list[Any] = []

    def work(number: int) -> Any:
        if number == 0:
            done.append(odoo.load("res.partner", ["id", "name", "ref"], rows))
            return None
        time.sleep(1.1)  # the long load has begun
        if odoo.simulator is not None:
            odoo.simulator.latency.write = 0.004
        overtaking = odoo.partner(ref=name)
        return None if done else overtaking

    try:
        overtaking = odoo.together(2, work)[1]
        if overtaking is None:
            pytest.skip("this machine loads too quickly to be overtaken")
    finally:
        if odoo.simulator is not None:
            odoo.simulator.latency.write = 0.004
    moment = odoo.one("res.partner", overtaking, "write_date")["write_date"]
    behind = odoo.find("res.partner", [["ref", "=", name], ["id", "!=", overtaking]], "write_date")
    assert len(behind) == count
    assert all(row["write_date"] < moment for row in behind)
    missed, _ = naive_poll(odoo, name, moment)
    assert missed == set()  # a cursor that stood at the overtaking row sees none of the others, ever


def test_late_rows_and_holes_in_the_ids_on_command(odoo: Server, simulator: Odoo) -> None:
    name = odoo.fresh("hole")
    body = {"model": "res.partner", "vals_list": [{"name": name, "ref": name}] * 3, "seconds": 0.3}
    held = odoo.send("/_sim/hold", json.dumps(body).encode()).json()["result"]
    visible = odoo.partner(ref=name)
    assert visible > max(held)
    assert odoo.call("res.partner", "search", domain=[["ref", "=", name]]) == [visible]
    deadline = time.monotonic() + 5
    while odoo.call("res.partner", "search_count", domain=[["ref", "=", name]]) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert odoo.call("res.partner", "search", domain=[["ref", "=", name]], order="id") == [*held, visible]
    body = {"model": "res.partner", "vals_list": [{"name": name, "ref": name}], "age": 3600}
    (late,) = odoo.send("/_sim/late", json.dumps(body).encode()).json()["result"]
    moments = {row["id"]: row["write_date"] for row in odoo.find("res.partner", [["ref", "=", name]], "write_date")}
    assert moments[late] < moments[visible]


def test_a_deletion_leaves_nothing(odoo: Server) -> None:
    partner = odoo.partner()
    odoo.call("res.partner", "unlink", ids=[partner])
    domain = [["id", "=", partner]]
    assert odoo.call("res.partner", "search", domain=domain, context={"active_test": False}) == []
    problem = odoo.refused("res.partner", "write", ids=[partner], vals={"name": "x"})
    assert (problem.status, problem.name) == (404, "odoo.exceptions.MissingError")


def test_people_change_and_delete_records_behind_the_hub(odoo: Server, simulator: Odoo) -> None:
    order = odoo.order((odoo.product(), 1))
    body = {"model": "sale.order", "ids": [order], "vals": {"client_order_ref": "by hand"}}
    odoo.send("/_sim/edit", json.dumps(body).encode())
    row = odoo.one("sale.order", order, "client_order_ref", "write_uid")
    assert (row["client_order_ref"], row["write_uid"][1]) == ("by hand", "Administrator")
    odoo.send("/_sim/delete", json.dumps({"model": "sale.order", "ids": [order]}).encode())
    assert odoo.call("sale.order", "read", ids=[order], fields=["name"]) == []


# Webhooks ---------------------------------------------------------------------------------------------


class Rule:
    """An automation rule that sends webhooks of one model, removed at the end."""

    def __init__(self, odoo: Server, model: str, url: str, fields: list[str], trigger: str, **vals: Any) -> None:
        self.odoo = odoo
        (self.model,) = odoo.call("ir.model", "search", user="admin", domain=[["model", "=", model]])
        wanted = [["model", "=", model], ["name", "in", fields]]
        ids = odoo.call("ir.model.fields", "search", user="admin", domain=wanted)
        watched = vals.pop("watch", [])
        if watched:
            domain = [["model", "=", model], ["name", "in", watched]]
            vals["trigger_field_ids"] = [[6, 0, odoo.call("ir.model.fields", "search", user="admin", domain=domain)]]
        action = {
            "name": odoo.fresh("hook"),
            "model_id": self.model,
            "state": "webhook",
            "webhook_url": url,
            "webhook_field_ids": [[6, 0, ids]],
            "usage": "base_automation",
        }
        self.actions = odoo.call("ir.actions.server", "create", user="admin", vals_list=[action])
        rule = {
            "name": odoo.fresh("rule"),
            "model_id": self.model,
            "trigger": trigger,
            "action_server_ids": [[6, 0, self.actions]],
            **vals,
        }
        self.rule = odoo.call("base.automation", "create", user="admin", vals_list=[rule])

    def __enter__(self) -> Rule:
        return self

    def __exit__(self, *problem: object) -> None:
        self.odoo.call("base.automation", "unlink", user="admin", ids=self.rule)


FIELDS = ["name", "client_order_ref", "partner_id", "order_line", "state", "write_date"]


def test_an_order_sends_several_webhooks_with_intermediate_values(odoo: Server, admin: str, receiver: Receiver) -> None:
    product = odoo.product()
    with Rule(odoo, "sale.order", receiver.url, FIELDS, "on_create_or_write"):
        order = odoo.order((product, 1))
        made = [hook for hook in receiver.got if hook["_id"] == order]
        assert len(made) > 1  # a real server sends four per order here
        odoo.call("sale.order", "action_confirm", ids=[order])
    hook = made[-1]
    assert set(hook) == {*FIELDS, "_id", "_model", "_action", "id"}
    assert hook["_model"] == "sale.order"
    assert isinstance(hook["partner_id"], int)  # bare ids, not pairs as in reads
    assert isinstance(hook["order_line"], list)
    assert "." in hook["write_date"]  # with fractions, unlike reads
    assert len([hook for hook in receiver.got if hook["_id"] == order]) > len(made)


def test_loading_sends_many_webhooks(odoo: Server, admin: str, receiver: Receiver) -> None:
    name = odoo.fresh()
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_create_or_write"):
        odoo.load("res.partner", ["id", "name"], [[f"hub.{name}{n}", name] for n in range(2)])
    assert len([hook for hook in receiver.got if hook["name"] == name]) >= 2


def test_one_webhook_per_change_of_state_when_the_rule_says_so(odoo: Server, admin: str, receiver: Receiver) -> None:
    order = odoo.order((odoo.product(), 1))
    conditions = {
        "watch": ["state"],
        "filter_pre_domain": "[('state', '!=', 'sale')]",
        "filter_domain": "[('state', '=', 'sale')]",
    }
    with Rule(odoo, "sale.order", receiver.url, FIELDS, "on_write", **conditions):
        odoo.call("sale.order", "write", ids=[order], vals={"client_order_ref": "no"})
        odoo.call("sale.order", "action_confirm", ids=[order])
    assert [hook["state"] for hook in receiver.got if hook["_id"] == order] == ["sale"]


def test_a_refused_webhook_is_lost(odoo: Server, admin: str, receiver: Receiver) -> None:
    receiver.status = 500
    partner = odoo.partner()
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_write", watch=["ref"]):
        assert odoo.call("res.partner", "write", ids=[partner], vals={"ref": odoo.fresh()}) is True
    assert len([hook for hook in receiver.got if hook["_id"] == partner]) == 1


def test_a_slow_receiver_makes_the_caller_wait_a_second_per_row(odoo: Server, admin: str, receiver: Receiver) -> None:
    receiver.delay = 1.5
    partners = [odoo.partner() for _ in range(2)]
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_write", watch=["ref"]):
        begin = time.monotonic()
        odoo.call("res.partner", "write", ids=partners, vals={"ref": odoo.fresh()})
        assert 1.9 < time.monotonic() - begin < 8


def test_a_transaction_that_is_rolled_back_sends_nothing(odoo: Server, admin: str, receiver: Receiver) -> None:
    name = odoo.fresh()
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_create_or_write"):
        odoo.refused("res.partner", "create", vals_list=[{"name": name}, {"ref": "no name"}])
    assert [hook for hook in receiver.got if hook["name"] == name] == []


def test_a_load_that_is_refused_sends_webhooks_of_records_that_never_were(odoo: Server, admin: str, receiver: Receiver) -> None:
    """`load` catches its own error and the request ends as a success, so what was captured on the way is sent."""
    name = odoo.fresh()
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_create_or_write"):
        rows = [[f"hub.{name}1", name, "contact"], [f"hub.{name}2", name, "nope"]]
        assert odoo.load("res.partner", ["id", "name", "type"], rows, **EXACT)["ids"] is False
    ghosts = {hook["_id"] for hook in receiver.got if hook["name"] == name}
    assert ghosts
    assert odoo.call("res.partner", "read", ids=sorted(ghosts), fields=["name"]) == []


def test_a_deleted_record_sends_its_last_values(odoo: Server, admin: str, receiver: Receiver) -> None:
    name = odoo.fresh()
    partner = odoo.partner(name=name)
    with Rule(odoo, "res.partner", receiver.url, ["name"], "on_unlink"):
        odoo.call("res.partner", "unlink", ids=[partner])
    assert [hook["name"] for hook in receiver.got if hook["_id"] == partner] == [name]


def test_an_incoming_webhook_that_fails_keeps_what_it_wrote_before(odoo: Server, admin: str) -> None:
    partner = odoo.partner()
    (model,) = odoo.call("ir.model", "search", user="admin", domain=[["model", "=", "res.partner"]])
    (comment,) = odoo.call(
        "ir.model.fields", "search", user="admin", domain=[["model", "=", "res.partner"], ["name", "=", "ref"]]
    )
    assert comment
    steps = odoo.call(
        "ir.actions.server",
        "create",
        user="admin",
        vals_list=[
            {
                "name": "write",
                "model_id": model,
                "state": "object_write",
                "update_path": "ref",
                "value": "written before the error",
                "usage": "base_automation",
                "sequence": 1,
            },
            {
                "name": "fail",
                "model_id": model,
                "state": "code",
                "code": "raise UserError('no')",
                "usage": "base_automation",
                "sequence": 2,
            },
        ],
    )
    rule = odoo.call(
        "base.automation",
        "create",
        user="admin",
        vals_list=[
            {
                "name": odoo.fresh("rule"),
                "model_id": model,
                "trigger": "on_webhook",
                "action_server_ids": [[6, 0, steps]],
                "record_getter": "model.env[payload.get('_model')].browse(int(payload.get('_id')))",
            }
        ],
    )
    found = odoo.call("base.automation", "read", user="admin", ids=rule, fields=["webhook_uuid"])
    path = f"/web/hook/{found[0]['webhook_uuid']}"
    body = json.dumps({"_model": "res.partner", "_id": partner}).encode()
    answer = odoo.send(path, body, Content_Type="application/json")
    assert (answer.status, answer.json()) == (500, {"status": "error"})
    assert odoo.one("res.partner", partner, "ref")["ref"] == "written before the error"
    unknown = odoo.send("/web/hook/00000000-0000-4000-8000-000000000000", body, Content_Type="application/json")
    assert unknown.status == 404
    odoo.call("base.automation", "unlink", user="admin", ids=rule)
