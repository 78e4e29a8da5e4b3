"""The TMS beyond the conformance suite: changes and answers, what each event becomes, codes by value maps, the contract's file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
import yaml
from pydantic import ValidationError

from crossdock.canonical.freight import FreightInvoice, FreightInvoiceLine, ProofOfDelivery, Tender, TenderAnswer
from crossdock.canonical.shipment import Milestone
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.tms import connector as module
from crossdock.connectors.tms import mapping
from crossdock.connectors.tms.connector import TmsConnector
from crossdock.connectors.tms.errors import MEANINGS
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, DocumentUnknown, SchemaInvalid, TargetRefused, ValueMapMissing
from crossdock.core.outcomes import Accepted
from crossdock.simulators.tms import Tms
from crossdock.simulators.tms.model import Behaviour
from crossdock.simulators.tms.rest import API_KEY, WEBHOOK_SECRET
from crossdock.testing import ManualClock, make_context
from tests.connectors.tms.test_tms_conformance import ANSWER, INVOICE, MILESTONE, PROOF, event, tender

MAPS = {"tms-codes": {"AF": "picked_up", "D1": "delivered"}, "scac": {"ACME": "acme-freight"}}


def command(name: str = "tender.send", **changes: Any) -> Command:
    document = tender(**changes)
    return Command(f"{name}-{orjson.dumps(changes).hex()}", name, "tms", "order/shop/1", {"refs": {}, "tender": document})


@pytest_asyncio.fixture
async def tms() -> AsyncIterator[Tms]:
    simulator = Tms(behaviour=Behaviour(answer_latency=None, declines={"TN-NO*": "no truck"}))
    async with simulator.running():
        yield simulator


def connector(endpoint: str = "", **options: Any) -> TmsConnector:
    secrets = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    return TmsConnector(
        make_context(
            TmsConnector,
            system="tms",
            endpoint=endpoint,
            options=options,
            secrets=secrets,
            value_maps=MAPS,
            clock=ManualClock(),
            timeout=2.0,
        )
    )


def stored(body: bytes, topic: str) -> StoredMessage:
    return StoredMessage("m", "tms", "milestones", topic, body, "application/x-ndjson", {}, datetime(2026, 3, 4, tzinfo=UTC))


def normalized(body: bytes, **options: Any) -> Any:
    made = connector(**options)
    message = StoredMessage("m", "tms", "events", "x", body, "application/json", {}, made.context.clock.now())
    (told,) = made.normalize(message)
    return told


async def test_an_offer_may_be_changed_until_it_is_answered(tms: Tms) -> None:
    made = connector(tms.url)
    assert isinstance(await made.deliver(command()), Accepted)
    with pytest.raises(TargetRefused) as other:
        await made.deliver(command(weight_kg="900"))
    assert other.value.detail["answer"] == "conflict"
    assert isinstance(await made.deliver(command(weight_kg="900", purpose="change")), Accepted)
    tms.office.answer("TN-1")
    with pytest.raises(TargetRefused) as late:
        await made.deliver(command(weight_kg="950", purpose="change"))
    assert late.value.detail["answer"] == "answered"
    assert (await made.deliver(command("tender.cancel"))).ack == {"status": "too_late"}  # type: ignore[union-attr]
    assert len(tms.effects_of("tendered")) == len(tms.effects_of("tender_changed")) == 1


async def test_a_declined_tender_says_why(tms: Tms) -> None:
    made = connector(tms.url)
    await made.deliver(command(number="TN-NO-1"))
    tms.office.answer("TN-NO-1")
    (line,) = (await made.poll("events", {})).messages
    told = normalized(line.body)
    assert isinstance(told.data, TenderAnswer)
    assert (told.data.answer, told.data.reason, told.data.tender_number) == ("declined", "no truck", "TN-NO-1")
    assert [(one.scheme, one.value) for one in told.references] == [("tender", "TN-NO-1"), ("shipment", "SH-1")]
    assert (told.position.stream, told.position.number) == ("tms/tender/TN-NO-1", 1)


def test_a_freight_invoice_has_one_key_whoever_tells_it() -> None:
    told = normalized(event("freight_invoice.received", INVOICE))
    assert isinstance(told.data, FreightInvoice)
    assert (told.key, str(told.data.lines[0].billed_weight_kg)) == ("freight/acme/F-1", "820.5")
    assert normalized(event("freight_invoice.received", INVOICE), carrier_map="scac").key == "freight/acme-freight/F-1"


def test_the_paper_of_a_proof_is_kept_by_itself() -> None:
    sent = event("shipment.pod", PROOF)
    told = normalized(sent)
    (part,) = mapping.documents(sent)
    assert isinstance(told.data, ProofOfDelivery)
    assert (part.body, part.content_type, told.data.document) == (b"%PDF-1.7 signed", "application/pdf", part.dedupe_key)


def test_codes_of_the_tms_go_by_value_maps() -> None:
    told = normalized(event("shipment.milestone", {**MILESTONE, "code": "AF"}), milestone_map="tms-codes")
    assert isinstance(told.data, Milestone)
    assert (told.data.code, told.data.carrier_code, told.type) == ("picked_up", "AF", "shipment.milestone")
    with pytest.raises(ValueMapMissing):
        normalized(event("shipment.milestone", {**MILESTONE, "code": "ZZ"}), milestone_map="tms-codes")
    sent = mapping.tender_body(
        Tender.model_validate(tender(carrier="acme-freight")),
        mapping.Terms(connector().context.value_maps, carrier_map="scac"),
    )
    assert orjson.loads(sent)["carrier"] == "ACME"


async def test_scans_come_in_pages_and_a_bad_line_stops_nobody(tms: Tms) -> None:
    at = datetime(2026, 3, 4, 10, tzinfo=UTC)
    for number in range(5):
        tms.office.scan(f"T{number}", "in_transit", at)
    tms.office.scans[3] = b'{"seq":4,"tracking_number":"T3","code":"beamed","at":"2026-03-04T10:00:00Z"}'
    made = connector(tms.url, milestone_page=3)
    first = await made.poll("milestones", {})
    second = await made.poll("milestones", first.cursor)
    assert (len(first.messages), first.more, second.more, second.cursor) == (1, True, False, {"after": 5})
    page = stored(second.messages[0].body, "shipment.milestones")
    assert [event.data.tracking_number for event in made.normalize(page)] == ["T4"]
    (bad,) = made.split(page)
    assert bad.topic == "shipment.milestones.bad"
    with pytest.raises(ValidationError):
        made.normalize(stored(bad.body, bad.topic))
    assert (await made.poll("milestones", second.cursor)).messages == ()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (event("load.lost", {}), DocumentUnknown),
        (event("tender.answered", ANSWER, tender="TN-1"), SchemaInvalid),
        (event("tender.answered", {**ANSWER, "answer": "maybe"}, tender="TN-1", sequence=1), ValueError),
        (event("shipment.pod", {**PROOF, "document": "%%%"}), SchemaInvalid),
        (event("freight_invoice.received", {**INVOICE, "total": {"amount": 1.5, "currency": "EUR"}, "lines": []}), ValueError),
    ],
)
def test_what_breaks_the_contract_is_refused(sent: bytes, error: type[Exception]) -> None:
    with pytest.raises((error, CrossdockError)):
        normalized(sent)


def test_the_contract_file_names_every_topic_and_error_code() -> None:
    contract = yaml.safe_load((Path(module.__file__).parent / "openapi.yaml").read_text())
    schemas = contract["components"]["schemas"]
    assert set(schemas["Event"]["properties"]["type"]["enum"]) == set(mapping.PAYLOADS)
    assert set(schemas["Problem"]["properties"]["code"]["enum"]) == set(MEANINGS)
    assert set(schemas["FreightInvoiceLine"]["properties"]) == set(FreightInvoiceLine.model_fields)
