"""Our purchase orders: 850 out with a number of the ledger, 997 back, and everything a partner's machine does wrong with that."""

from __future__ import annotations

import orjson

from crossdock.core.errors import AnswerLost, TargetUnavailable
from tests.edi.messages import x12
from tests.edi_gateway.conftest import Desk, Gateway, Wire

ADDRESS = {"name": "Depot", "street": "Dock 1", "city": "Springfield", "postal_code": "62701", "region": "IL", "country": "US"}


def purchase(number: str = "P00042", **changes: object) -> bytes:
    usd = "USD"
    order = {
        "number": number,
        "ordered_at": "2026-11-23T08:00:00Z",
        "buyer": {"name": "Test Ltd"},
        "supplier": {"name": "Acme"},
        "ship_to": {"name": "Depot", "address": ADDRESS},
        "currency": usd,
        "lines": [
            {"number": "1", "sku": "LAMP-1", "supplier_sku": "L1", "name": "Lamp", "quantity": {"value": "10"},
             "unit_price": {"amount": "9.25", "currency": usd}},
        ],
        "total": {"amount": "92.50", "currency": usd},
        **changes,
    }  # fmt: skip
    return orjson.dumps(order)


async def order(hub: Gateway, number: str = "P00042") -> None:
    status, answer = await hub.post(purchase(number), "desk", "orders", x_id=number)
    assert status == 202, answer


def acknowledgement(
    number: int, outcome: str = "A", details: list[str] | None = None, document: str = "0001", own: int = 900
) -> bytes:
    body = [
        f"AK1*PO*{number}",
        f"AK2*850*{document}",
        *(details or []),
        f"AK5*{outcome}",
        f"AK9*{outcome}*1*1*{1 if outcome == 'A' else 0}",
    ]
    return x12(body, kind="997", group="FA", number=own + number)


async def stage(hub: Gateway, number: str = "P00042") -> str:
    rows = await hub.rows("SELECT stage FROM ledger_instance WHERE key=?", f"purchase/desk/{number}")
    return str(rows[0][0]) if rows else ""


async def test_an_order_goes_out_once_and_its_acknowledgement_finds_it(gateway) -> None:
    async with gateway() as hub:
        await order(hub)
        await hub.until(lambda: hub.wire.bodies("850"))
        segments = hub.wire.segments("850")
        assert segments[0][13] == "000000001" and segments[0][15] == "P"
        assert ["BEG", "00", "NE", "P00042", "", "20261123"][3] in [s[3] for s in segments if s[0] == "BEG"]
        await hub.until_rows("SELECT id FROM ledger_expectation WHERE name LIKE 'acknowledged:%' AND state=0")
        await hub.post(acknowledgement(1))
        await hub.until_rows("SELECT id FROM ledger_expectation WHERE name LIKE 'acknowledged:%' AND state=1")
        await hub.until_rows(
            "SELECT id FROM ledger_instance WHERE stage='document.acknowledged:accepted' AND key='purchase/desk/P00042'"
        )
        hub.clock.offset += 2 * 3600
        await order(hub, "P00043")
        await hub.until(lambda: len(hub.wire.bodies("850")) == 2)
        assert hub.wire.segments("850")[0][13] == "000000002"
        assert not await hub.rows("SELECT code FROM ledger_exception")
        assert not hub.wire.bodies("997"), "an acknowledgement is not acknowledged"


async def test_an_acknowledgement_that_never_comes_is_missed(gateway) -> None:
    async with gateway() as hub:
        await order(hub)
        await hub.until_rows("SELECT id FROM ledger_expectation WHERE name LIKE 'acknowledged:%' AND state=0")
        hub.clock.offset += 3700
        [problem] = await hub.problems()
        assert problem["code"] == "expect.breached"
        assert "850 P00042" in problem["message"]
        await hub.post(acknowledgement(1))
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2", lambda rows: not rows)


async def test_a_negative_acknowledgement_says_in_words_what_is_wrong(gateway, files) -> None:
    files["flows/edi.yaml"] += "settings: {followed: []}\n"
    async with gateway() as hub:
        await order(hub)
        await hub.until(lambda: hub.wire.bodies("850"))
        await hub.post(acknowledgement(1, "R", ["AK3*PO1*9**8", "AK4*4*212*1"]))
        [problem] = await hub.problems()
        assert problem["code"] == "edi.refused_by_partner"
        assert "850 P00042" in problem["message"] and "PO104 (segment 9)" in problem["message"]
        assert "mandatory element is missing" in problem["message"]
        await hub.until_rows("SELECT id FROM ledger_instance WHERE stage='document.acknowledged:rejected'")


async def test_an_acknowledgement_of_something_never_sent_disturbs_nobody(gateway) -> None:
    async with gateway() as hub:
        await hub.post(acknowledgement(77))
        await hub.until_rows("SELECT id FROM ledger_event WHERE type='document.acknowledged' AND state<>0")
        assert not await hub.rows("SELECT code FROM ledger_exception")


async def test_a_lost_answer_is_asked_about_and_never_sent_again_blindly(gateway) -> None:
    wire = Wire(problems=[AnswerLost("no answer")], lost_answers=1)
    async with gateway(wire) as hub:
        await order(hub)
        await hub.until_rows("SELECT id FROM ledger_instance WHERE stage='settled:Accepted'")
        assert len(wire.bodies("850")) == 1
        await hub.post(acknowledgement(1))
        await hub.until_rows(
            "SELECT id FROM ledger_instance WHERE stage='document.acknowledged:accepted' AND key='purchase/desk/P00042'"
        )


async def test_what_never_arrived_is_sent_again_under_the_same_number(gateway) -> None:
    wire = Wire(problems=[TargetUnavailable("away"), AnswerLost("no answer"), TargetUnavailable("away")])
    async with gateway(wire) as hub:
        await order(hub)
        await hub.until(lambda: hub.clock.__setattr__("offset", hub.clock.offset + 1) or wire.bodies("850"))
        assert hub.wire.segments("850")[0][13] == "000000001"
        assert len(wire.bodies("850")) == 1


async def test_an_acknowledgement_proves_that_an_order_arrived_where_the_transport_cannot_say(gateway) -> None:
    wire = Wire(problems=[AnswerLost("no answer")], lost_answers=1, tells=False)
    async with gateway(wire) as hub:
        await order(hub)
        await hub.until(lambda: wire.bodies("850"))
        await hub.until_rows("SELECT id FROM ledger_attempt WHERE kind='reconcile'")
        assert not await hub.rows("SELECT id FROM ledger_instance WHERE stage='settled:Accepted'")
        await hub.post(acknowledgement(1))
        await hub.until(lambda: hub.clock.__setattr__("offset", hub.clock.offset + 5) or True)
        await hub.until_rows(
            "SELECT id FROM ledger_instance WHERE stage='document.acknowledged:accepted' AND key='purchase/desk/P00042'"
        )
        assert len(wire.bodies("850")) == 1


async def test_a_hub_that_died_goes_on_with_the_same_numbers(gateway) -> None:
    wire, desk = Wire(problems=[AnswerLost("no answer")] * 50, tells=False), Desk()
    async with gateway(wire, desk) as hub:
        await order(hub)
        await hub.until_rows("SELECT number FROM ledger_control_number")
    wire.problems.clear()
    wire.tells = True
    async with gateway(wire, desk) as hub:
        await hub.until(lambda: hub.clock.__setattr__("offset", hub.clock.offset + 1) or wire.bodies("850"))
        assert hub.wire.segments("850")[0][13] == "000000001"
        assert await hub.rows("SELECT number FROM ledger_control_number") == [(1,)]


async def test_an_answer_and_a_ship_notice_find_their_order(gateway) -> None:
    async with gateway() as hub:
        await order(hub)
        await hub.until_rows("SELECT id FROM ledger_instance WHERE stage='settled:Accepted'")
        body = ["BAK*00*AC*P00042*20261123****SO-9", "PO1*1*10*EA*9.25**VP*L1", "ACK*IA*10*EA*068*20261201", "CTT*1"]
        await hub.post(x12(body, kind="855", group="PR", number=11))
        rows = await hub.until_rows("SELECT key FROM ledger_event WHERE type='purchase_order.answered' AND key<>''")
        assert rows == [("purchase/desk/P00042",)]
        await hub.until(lambda: hub.wire.bodies("997"))


async def test_what_cannot_be_written_uses_up_no_number(gateway) -> None:
    async with gateway() as hub:
        bad = purchase(
            "P1",
            lines=[
                {
                    "number": "1",
                    "name": "no item number",
                    "quantity": {"value": "1", "unit": "XYZ"},
                    "unit_price": {"amount": "1", "currency": "USD"},
                }
            ],
        )
        await hub.post(bad, "desk", "orders", x_id="bad")
        [problem] = await hub.problems()
        assert problem["code"] in ("edi.unwritable", "validate.schema", "normalize.value_map_missing"), problem
        assert not await hub.rows("SELECT number FROM ledger_control_number")
        assert not hub.wire.sent


async def test_nothing_goes_to_a_partner_that_is_not_live(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("state: live", "state: suspended")
    async with gateway() as hub:
        await order(hub)
        [problem] = await hub.problems()
        assert problem["code"] == "edi.partner_not_live"
        assert not hub.wire.sent


async def test_while_testing_everything_is_marked_as_a_test(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("state: live", "state: testing")
    async with gateway() as hub:
        await order(hub)
        await hub.until(lambda: hub.wire.bodies("850"))
        assert hub.wire.segments("850")[0][15] == "T"
