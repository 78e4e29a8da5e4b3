"""A retailer's orders: 850 in, `order.placed`, 997 out; versions, duplicates and faults on the way."""

from __future__ import annotations

import json

from tests.edi.messages import ORDER, x12
from tests.edi_gateway.conftest import Wire


async def test_an_order_becomes_an_event_and_is_acknowledged(gateway) -> None:
    async with gateway() as hub:
        assert (await hub.post(x12(ORDER)))[0] == 202
        await hub.until(lambda: hub.desk.documents("order.placed"))
        [order] = hub.desk.documents("order.placed")
        assert order["number"] == "PO-4711"
        assert [line["quantity"]["value"] for line in order["lines"]] == ["10", "4"]
        await hub.until(lambda: hub.wire.bodies("997"))
        segments = hub.wire.segments("997")
        assert [s for s in segments if s[0] in ("AK1", "AK2", "AK5", "AK9")] == [
            ["AK1", "PO", "1"], ["AK2", "850", "0001"], ["AK5", "A"], ["AK9", "A", "1", "1", "1"],
        ]  # fmt: skip
        assert segments[0][6].strip() == "RECEIVER"
        assert segments[0][13] == "000000001"
        assert not await hub.rows("SELECT code FROM ledger_exception")


async def test_files_that_are_collected_are_taken_once(gateway, files) -> None:
    files["systems/acme.yaml"] += "polls: [{channel: wire, every: 1s}]\n"
    wire = Wire(inbox=[x12([ORDER[0].replace("4711", str(n)), *ORDER[1:]], number=n) for n in range(1, 6)])
    async with gateway(wire) as hub:
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 5)
        await hub.until(lambda: len(hub.wire.bodies("997")) == 5)
        [(cursor,)] = await hub.rows("SELECT cursor FROM ledger_cursor WHERE system='acme' AND channel='wire'")
        assert json.loads(cursor) == {"done": 5}


async def test_several_interchanges_in_one_file_are_taken_each_by_itself(gateway) -> None:
    async with gateway() as hub:
        second = x12([ORDER[0].replace("4711", "4712"), *ORDER[1:]], number=2)
        await hub.post(x12(ORDER) + second + x12(ORDER, number=3).replace(b"IEA*1*", b"IEA*9*"))
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 2)
        await hub.until(lambda: len(hub.wire.bodies("997")) == 2 and hub.wire.bodies("TA1"))
        rows = await hub.rows("SELECT topic, COUNT(*) FROM ledger_message WHERE topic<>'sent' GROUP BY topic ORDER BY topic")
        assert rows == [("document", 2), ("interchange", 3), ("transmission", 1)]


def test_a_refusal_for_business_reasons_is_an_aperak() -> None:
    from datetime import UTC, datetime

    from crossdock.canonical.acknowledgement import DocumentAcknowledgement, DocumentFinding
    from crossdock.connectors.edi.acknowledging import application_refusal
    from crossdock.connectors.edi.writing import write_acknowledgement
    from crossdock.connectors.protocol import Given
    from crossdock.edi.edifact.aperak import read_application_answers
    from crossdock.edi.edifact.envelope import read
    from tests.edi_gateway.test_never_anything_but_findings import partner

    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    told = DocumentAcknowledgement(
        standard="edifact", level="application", verdict="rejected", acknowledged_at=at, document_number="PO-1001",
        findings=(DocumentFinding(code="42", message="line 1: this article is discontinued"),),
    )  # fmt: skip
    terms = partner().terms
    answer = application_refusal(told, at, terms.parties("edifact"))
    letter = write_acknowledgement(answer, "APERAK", "edifact", "", terms, Given(9, at))
    [interchange] = read(letter.body)
    assert not interchange.all_findings()
    [found] = read_application_answers(interchange)
    assert (found.answers, found.accepted) == ("PO-1001", False)
    assert [(each.code, each.text) for each in found.errors] == [("42", "line 1: this article is discontinued")]
