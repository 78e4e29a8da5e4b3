"""Versions of documents: changes overtake each other, papers are sent again and corrected; what is superseded takes no effect."""

from __future__ import annotations

from crossdock.ledger.trace import story
from tests.edi.messages import ORDER, x12
from tests.edi_gateway.test_orders_out import order


def change(version: int, quantity: int, number: int) -> bytes:
    body = [f"BCH*05*SA*PO-4711**{version}*20230525", *ORDER[1:5], f"POC*1*QI*{quantity}*0*EA*9.25**CB*065322-117", "CTT*1"]
    return x12(body, kind="860", group="PC", number=number)


def amendment(version: int, quantity: int, number: int) -> bytes:
    body = [f"BCH*04*SA*PO-4711**{version}*20230525", f"POC*1*QI*{quantity}*0*EA*9.25**CB*065322-117", "CTT*1"]
    return x12(body, kind="860", group="PC", number=number)


def invoice(number: int, price: str = "9.25", total: str = "9250", document: str = "INV-1") -> bytes:
    body = [f"BIG*20261124*{document}*20261123*P00042", f"IT1*1*10*EA*{price}**VP*L1", f"TDS*{total}", "CTT*1"]
    return x12(body, kind="810", group="IN", number=number)


async def test_a_change_that_was_overtaken_takes_no_effect(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        await hub.post(change(2, 20, 3))
        await hub.until(lambda: len(hub.desk.documents("order.changed")) == 1)
        await hub.post(change(1, 15, 2))
        await hub.until_rows("SELECT note FROM ledger_event WHERE type='order.changed' AND note LIKE 'version%'")
        [changed] = hub.desk.documents("order.changed")
        assert changed["lines"][0]["quantity"]["value"] == "20"
        told = await hub.hub.store.read.do(lambda s: story(s, "order/acme/PO-4711"))
        [entry] = [each for each in told.entries if each.get("what") == "order.changed" and each["outcome"] == "applied"]
        assert {"path": "lines[1].quantity.value", "before": "10", "after": "20"} in entry["changes"]
        assert "lines[1].quantity.value: 10 -> 20" in entry["note"]
        assert not await hub.rows("SELECT code FROM ledger_exception WHERE state<2 AND code NOT LIKE 'edi.number%'")


async def test_changes_that_list_differences_take_effect_in_the_order_of_their_numbers(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        await hub.post(amendment(2, 20, 2))
        await hub.until_rows("SELECT note FROM ledger_event WHERE type='order.amended'")
        assert hub.desk.documents("order.amended") == []
        await hub.post(amendment(1, 15, 3))
        await hub.until(lambda: len(hub.desk.documents("order.amended")) == 2)
        amended = hub.desk.documents("order.amended")
        assert [each["lines"][0]["quantity"]["value"] for each in amended] == ["15", "20"]


async def test_a_change_that_comes_before_its_order_waits_for_it(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER, number=5))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        await hub.post(change(1, 15, 6))
        await hub.until(lambda: hub.desk.documents("order.changed"))


async def test_an_order_sent_again_under_another_number_is_one_order(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER, number=1))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        await hub.post(x12(ORDER, number=2))
        await hub.until_rows("SELECT note FROM ledger_event WHERE note='the same content was applied before'")
        assert len(hub.desk.documents("order.placed")) == 1
        await hub.until(lambda: len(hub.wire.bodies("997")) == 2)


async def test_another_order_under_the_same_number_goes_to_a_person(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER, number=1))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        other = [line.replace("PO1*1*10*", "PO1*1*11*") for line in ORDER]
        await hub.post(x12(other, number=2))
        [problem] = await hub.problems()
        assert problem["code"] == "sequence.content_conflict"
        assert len(hub.desk.documents("order.placed")) == 1


async def test_an_invoice_sent_again_counts_once_and_a_different_one_goes_to_a_person(gateway, files) -> None:
    files["flows/buying.yaml"] = files["flows/buying.yaml"].replace(
        "ship_notice.received,", "ship_notice.received, supplier_invoice.received,"
    )
    async with gateway() as hub:
        await order(hub)
        await hub.until_rows("SELECT id FROM ledger_instance WHERE stage='settled:Accepted'")
        await hub.post(invoice(21))
        await hub.until_rows("SELECT id FROM ledger_event WHERE type='supplier_invoice.received' AND key='purchase/desk/P00042'")
        await hub.post(invoice(22))
        await hub.until_rows("SELECT id FROM ledger_event WHERE type='supplier_invoice.received'", lambda found: len(found) == 2)
        await hub.post(invoice(23, "9.50", "9500"))
        problems = await hub.problems()
        assert "sequence.content_conflict" in {each["code"] for each in problems}
