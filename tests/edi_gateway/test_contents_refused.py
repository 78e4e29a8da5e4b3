"""Documents whose syntax is right and whose content is not: a person has them, and the partner hears it once, in the standard's own words."""

from __future__ import annotations

import pytest

from crossdock.documents.ubl.application_response import Response, read_responses, write_response
from crossdock.edi.edifact.aperak import read_application_answers
from crossdock.edi.edifact.envelope import read as read_edifact
from crossdock.edi.x12 import envelope as x12_envelope
from crossdock.edi.x12.application_advice import read_application_advices
from tests.documents.papers import PARTIES
from tests.edi.messages import ORDER, ORDERS, edifact, x12
from tests.edi_gateway.test_orders_out import order

RULE = """
events: [order.placed]
require: order.lines.size() > 5
message: Orders of less than six lines are not taken.
owner: ops
"""
EDIFACT_IN = '  - {document: ORDERS, direction: in, format: edifact, version: "D.96A", options: {currency: EUR, country: DE}}\n'


def faulty(number: int = 1) -> bytes:
    """An order that every guide takes and that names no place to deliver to."""
    return x12([line for line in ORDER if not line.startswith(("N3", "N4"))], number=number)


async def test_an_824_says_what_is_wrong_with_the_content_after_the_997_took_the_syntax(gateway) -> None:
    async with gateway() as hub:
        await hub.post(faulty())
        [problem] = await hub.problems()
        assert problem["code"] == "validate.schema"
        await hub.until(lambda: hub.wire.bodies("824") and hub.wire.bodies("997"))
        assert [s for s in hub.wire.segments("997") if s[0] == "AK5"] == [["AK5", "A"]], "the syntax was right"
        [read] = x12_envelope.read(hub.wire.bodies("824")[0])
        assert not read.all_findings()
        assert [s[:4] for s in hub.wire.segments("824") if s[0] == "GS"] == [["GS", "AG", "RECEIVER", "SENDER"]]
        [said] = read_application_advices(read)
        assert (said.type, said.number, said.group_control, said.document_control) == ("850", "PO-4711", "1", "0001")
        assert not said.accepted
        assert any("deliver" in each.text or "address" in each.text for each in said.advices)
        assert not hub.desk.taken


async def test_it_is_told_once_however_often_it_fails(gateway) -> None:
    from tests.pipeline.people import ask, exception

    async with gateway() as hub:
        await hub.post(faulty())
        found = await exception(hub)
        await hub.until(lambda: hub.wire.bodies("824"))
        await ask(hub, "retry", found)
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2 AND occurrences>1")
        found = await exception(hub)
        mended = x12(ORDER).decode()
        answer = await ask(hub, "correct", found, body=mended, reason="they told us the address")
        assert answer["done"], answer
        await hub.until(lambda: hub.desk.documents("order.placed"))
        assert len(hub.wire.bodies("824")) == 1


async def test_a_business_rule_that_refuses_is_told_too(gateway, files) -> None:
    files["rules/orders.yaml"] = RULE
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        [problem] = await hub.problems()
        assert problem["code"] == "validate.rule"
        await hub.until(lambda: hub.wire.bodies("824"))
        [said] = read_application_advices(x12_envelope.read(hub.wire.bodies("824")[0])[0])
        assert [(each.code, each.text) for each in said.advices] == [("ZZZ", "Orders of less than six lines are not taken.")]


async def test_what_is_ours_to_mend_is_not_told(gateway, files) -> None:
    files["value-maps/their-skus.yaml"] = "title: Their item numbers\nentries: {}\n"
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace(
        '"850", direction: in, format: x12, version: "004010", options: {currency: USD',
        '"850", direction: in, format: x12, version: "004010", options: {maps: {skus: their-skus}, currency: USD',
    )
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        [problem] = await hub.problems()
        assert problem["code"] == "normalize.value_map_missing"
        await hub.until(lambda: hub.wire.bodies("997"))
        await hub.post(faulty(2))
        await hub.until(lambda: hub.wire.bodies("824"))
        assert len(hub.wire.bodies("824")) == 1
        [said] = read_application_advices(x12_envelope.read(hub.wire.bodies("824")[0])[0])
        assert said.group_control == "2"


async def test_a_partner_that_lists_its_acknowledgements_without_it_hears_nothing(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("exchange:\n", 'exchange:\n  acknowledge: ["997"]\n')
    async with gateway() as hub:
        await hub.post(faulty())
        await hub.problems()
        await hub.until(lambda: hub.wire.bodies("997"))
        assert not hub.wire.bodies("824")


async def test_an_aperak_goes_by_itself(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("agreements:\n", f"agreements:\n{EDIFACT_IN}")
    async with gateway() as hub:
        await hub.post(edifact(ORDERS))
        [problem] = await hub.problems()
        assert problem["code"] == "validate.schema"
        await hub.until(lambda: hub.wire.bodies("APERAK") and hub.wire.bodies("CONTRL"))
        [read] = read_edifact(hub.wire.bodies("APERAK")[0])
        assert not read.all_findings()
        [said] = read_application_answers(read)
        assert (said.answers, said.accepted) == ("PO-4711", False)
        assert said.errors and all(each.text for each in said.errors)


async def test_an_application_response_goes_back_for_a_ubl_order(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace(
        "agreements:\n", "agreements:\n  - {document: Order, direction: in, format: ubl}\n"
    )
    order = (
        b'<?xml version="1.0"?><Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" '
        b'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><cbc:ID>UBL-7</cbc:ID></Order>'
    )
    async with gateway() as hub:
        await hub.post(order)
        [problem] = await hub.problems()
        assert problem["code"] == "validate.schema"
        await hub.until(lambda: hub.wire.bodies("ApplicationResponse"))
        [(number, said)] = read_responses(hub.wire.bodies("ApplicationResponse")[0])
        assert (number, said.number, said.verdict) == ("AR-000000001", "UBL-7", "rejected")
        assert said.issues and all(each.message for each in said.issues)


@pytest.mark.parametrize("accepted", [True, False])
async def test_their_824_about_our_order_finds_it(gateway, files, accepted: bool) -> None:
    files["flows/edi.yaml"] += "settings: {followed: []}\n"
    async with gateway() as hub:
        await order(hub)
        await hub.until(lambda: hub.wire.bodies("850"))
        await hub.until_rows("SELECT id FROM ledger_message WHERE topic='sent' AND state<>0")
        body = [
            "BGN*11*77*20261123*1200",
            f"OTI*{'TA' if accepted else 'TR'}*TN*P00042*****1*0001*850",
            *([] if accepted else ["TED*848*line 1: this article is discontinued"]),
        ]
        await hub.post(x12(body, kind="824", group="AG", number=50))
        await hub.until(lambda: hub.wire.bodies("997"))
        if accepted:
            await hub.until_rows("SELECT id FROM ledger_instance WHERE stage='document.acknowledged:accepted'")
            return
        [problem] = await hub.problems()
        assert problem["code"] == "edi.refused_by_partner"
        assert "discontinued" in problem["message"]


async def test_their_application_response_about_our_order_finds_it(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace(
        '  - {document: "850", direction: out, format: x12, version: "004010", acknowledge_within: 1h}\n',
        "  - {document: Order, direction: out, format: ubl, acknowledge_within: 1h}\n",
    )
    files["flows/edi.yaml"] += "settings: {followed: []}\n"
    async with gateway() as hub:
        await order(hub)
        await hub.until(lambda: hub.wire.bodies("Order"))
        await hub.until_rows("SELECT id FROM ledger_message WHERE topic='sent' AND state<>0")
        said = Response("P00042", "rejected")
        await hub.post(write_response("AR1", hub.clock.now(), said, PARTIES))
        [problem] = await hub.problems()
        assert problem["code"] == "edi.refused_by_partner"
        assert not hub.desk.documents("order.placed")
