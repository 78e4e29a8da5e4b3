"""Pushes beyond the conformance suite: right signatures that are old, every scheme's quirks, what codes mean, samples written by others."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from crossdock.canonical.events import Event
from crossdock.canonical.freight import ProofOfDelivery
from crossdock.canonical.shipment import Milestone
from crossdock.connectors.carrier_webhooks.connector import CarrierWebhooksConnector
from crossdock.connectors.protocol import InboundRequest, StoredMessage
from crossdock.core.errors import (
    CrossdockError,
    DocumentUnknown,
    PayloadMalformed,
    Rejected,
    SchemaInvalid,
    SignatureExpired,
    SignatureInvalid,
    Unauthenticated,
    ValueMapMissing,
)
from crossdock.simulators.carrier.push import BODIES, HEADER, SECRET, STEPS, signature
from crossdock.testing import ManualClock, make_context

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CARRIERS = ("ups", "fedex", "dhl", "easypost", "shippo")
CORPUS = Path(os.environ.get("CROSSDOCK_CORPUS") or Path(__file__).parents[4] / "shared" / "corpus") / "webhooks" / "easypost"


def connector(carrier: str, secrets: dict[str, str] | None = None, **options: Any) -> CarrierWebhooksConnector:
    maps = {"easypost-codes": {"in_transit/departed_facility": "in_transit"}}
    return CarrierWebhooksConnector(
        make_context(
            CarrierWebhooksConnector,
            system="carrier",
            endpoint="",
            options={"carrier": carrier, **options},
            secrets=secrets or {"webhook_secret": SECRET},
            value_maps=maps,
            clock=ManualClock(),
        )
    )


def body(carrier: str, *steps: str, signed_by: str = "", picture: bytes = b"") -> bytes:
    history = [(step, START + timedelta(hours=6 * at)) for at, step in enumerate(steps)]
    return orjson.dumps(BODIES[carrier]("P1", history, signed_by, picture))


def request(sent: bytes, headers: dict[str, str], **query: str) -> InboundRequest:
    return InboundRequest("push", headers, sent, NOW, query)


def stored(sent: bytes, topic: str = "tracking.push") -> StoredMessage:
    return StoredMessage("m", "carrier", "push", topic, sent, "application/json", {}, NOW)


def events(carrier: str, sent: bytes, **options: Any) -> list[Event]:
    return list(connector(carrier, **options).normalize(stored(sent)))


def codes(found: list[Event]) -> list[str]:
    return [event.data.code for event in found if isinstance(event.data, Milestone)]


@pytest.mark.parametrize("carrier", ["easypost", "shippo"])
def test_a_right_signature_with_an_old_time_is_refused_with_its_code(carrier: str) -> None:
    sent = body(carrier, "booked")
    assert connector(carrier).receive(request(sent, signature(carrier, sent, SECRET, NOW - timedelta(seconds=299))))
    for age in (timedelta(seconds=301), timedelta(days=-1)):
        with pytest.raises(SignatureExpired) as refused:
            connector(carrier).receive(request(sent, signature(carrier, sent, SECRET, NOW - age)))
        assert refused.value.code == "receive.signature_expired"


def test_the_second_scheme_counts_where_both_are_there() -> None:
    sent = body("easypost", "booked")
    both = signature("easypost", sent, SECRET, NOW)
    with pytest.raises(SignatureInvalid):
        connector("easypost").receive(request(sent, {**both, "x-hmac-signature-v2": "hmac-sha256-hex=00"}))
    with pytest.raises(SignatureInvalid):
        connector("easypost").receive(request(sent, {**both, "x-timestamp": (NOW - timedelta(days=9)).isoformat()}))
    first = {"x-hmac-signature": both["x-hmac-signature"]}
    assert connector("easypost").receive(request(sent, first))
    with pytest.raises(SignatureExpired):
        connector("easypost", timestamped=True).receive(request(sent, first))
    dated = signature("easypost", sent, SECRET, NOW)
    assert dated["x-timestamp"].startswith("2026")


def test_the_secret_is_normalised_and_the_body_is_taken_as_it_came() -> None:
    secret = "Å" * 4 + "-secret"  # another text in the form NFKD
    sent = body("easypost", "booked")
    assert b"136.0" in sent
    made = connector("easypost", {"webhook_secret": secret})
    assert made.receive(request(sent, {"x-hmac-signature": signature("easypost", sent, secret, NOW)["x-hmac-signature"]}))
    with pytest.raises(SignatureInvalid):
        made.receive(
            request(
                sent.replace(b"136.0", b"136"), {"x-hmac-signature": signature("easypost", sent, secret, NOW)["x-hmac-signature"]}
            )
        )


def test_a_time_in_words_of_mail_is_read() -> None:
    from crossdock.connectors.carrier_webhooks.proofs import check_time

    check_time("Wed, 04 Mar 2026 12:00:30 +0000", NOW, 60, "x-timestamp")
    with pytest.raises(SignatureExpired):
        check_time("Wed, 04 Mar 2026 11:00:30 +0000", NOW, 60, "x-timestamp")
    with pytest.raises(SignatureInvalid):
        check_time("yesterday", NOW, 60, "x-timestamp")


def test_fedex_digests_in_base64_and_in_hexadecimal() -> None:
    sent = body("fedex", "booked")
    given = signature("fedex", sent, SECRET, NOW)["fdx-signature"]
    assert connector("fedex").receive(request(sent, {"fdx-signature": given}))
    assert connector("fedex").receive(request(sent, {"fdx-signature": base64.b64decode(given).hex()}))


def test_a_shippo_account_without_hmac_is_known_by_its_token() -> None:
    sent = body("shippo", "booked")
    assert connector("shippo", token=True).receive(request(sent, {}, token=SECRET))
    with pytest.raises(SignatureInvalid):
        connector("shippo", token=True).receive(request(sent, {}, token="another"))
    with pytest.raises(Unauthenticated):
        connector("shippo").receive(request(sent, {}, token=SECRET))


def test_dhl_uses_the_header_agreed_in_the_subscription() -> None:
    sent = body("dhl", "booked")
    assert connector("dhl").receive(request(sent, {HEADER: SECRET}))
    assert connector("dhl", header="X-Agreed").receive(request(sent, {"x-agreed": SECRET}))
    with pytest.raises(Unauthenticated):
        connector("dhl", header="X-Agreed").receive(request(sent, {HEADER: SECRET}))


def test_two_secrets_are_good_while_one_is_changed() -> None:
    sent = body("shippo", "booked")
    made = connector("shippo", {"webhook_secret": "the-new-secret", "webhook_secret_previous": SECRET})
    assert made.receive(request(sent, signature("shippo", sent, SECRET, NOW)))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_step_has_one_name_whoever_tells_it(carrier: str) -> None:
    for step in STEPS:
        assert codes(events(carrier, body(carrier, step))) == [step]


@pytest.mark.parametrize("carrier", ["fedex", "dhl", "easypost", "shippo"])
def test_history_told_again_is_the_same_events(carrier: str) -> None:
    once = {event.id for event in events(carrier, body(carrier, "booked", "picked_up"))}
    more = [event.id for event in events(carrier, body(carrier, "booked", "picked_up", "delivered"))]
    assert len(once) == 2
    assert set(more) >= once
    assert len(more) == len(set(more)) == 3


@pytest.mark.parametrize("carrier", ["fedex", "dhl", "easypost"])
def test_who_signed_is_a_proof_of_delivery(carrier: str) -> None:
    found = events(carrier, body(carrier, "picked_up", "delivered", signed_by="A. Smith"))
    (proof,) = [event.data for event in found if isinstance(event.data, ProofOfDelivery)]
    assert (proof.tracking_number, proof.signed_by, proof.at) == ("P1", "A. Smith", START + timedelta(hours=6))


def test_a_picture_is_kept_by_itself_and_named_by_its_digest() -> None:
    made, sent = connector("ups"), body("ups", "delivered", picture=b"\xff\xd8\xff door")
    (proof,) = [event.data for event in made.normalize(stored(sent)) if isinstance(event.data, ProofOfDelivery)]
    (part,) = made.split(stored(sent))
    assert (part.topic, part.content_type, part.body) == ("delivery.picture", "image/jpeg", b"\xff\xd8\xff door")
    assert proof.document == part.dedupe_key
    assert proof.document.startswith("sha256:")
    assert list(made.normalize(stored(part.body, "delivery.picture"))) == []


def test_codes_go_by_the_options_then_the_value_map() -> None:
    sent = body("easypost", "in_transit")
    assert codes(events("easypost", sent, milestones={"in_transit/departed_facility": "customs_cleared"})) == ["customs_cleared"]
    assert codes(events("easypost", sent, milestone_map="easypost-codes")) == ["in_transit"]
    with pytest.raises(ValueMapMissing):
        events("easypost", body("easypost", "delivered"), milestone_map="easypost-codes")


def test_an_unknown_code_is_progress_and_unknown_says_nothing() -> None:
    told = {"trackingNumber": "P1", "gmtActivityDate": "20260302", "activityStatus": {"type": "Q", "code": "QQ"}}
    (event,) = events("ups", orjson.dumps(told))
    assert isinstance(event.data, Milestone)
    assert (event.data.code, event.data.carrier_code) == ("in_transit", "Q/QQ")
    silent = {"status": "unknown", "datetime": "2026-03-02T08:00:00Z"}
    tracker = {"object": "Tracker", "tracking_code": "P1", "tracking_details": [silent]}
    assert events("easypost", orjson.dumps(tracker)) == []


@pytest.mark.parametrize(
    ("carrier", "told", "error", "words"),
    [
        ("dhl", {"scope": "subscription.validate", "secret": "x"}, DocumentUnknown, "activate"),
        (
            "dhl",
            {"shipments": [{"id": "P1", "status": {"statusCode": "transit", "timestamp": "soon"}}]},
            SchemaInvalid,
            "timestamp",
        ),
        ("fedex", {"output": {}, "alerts": []}, DocumentUnknown, "completeTrackResults"),
        ("shippo", {"event": "transaction_created", "data": {}}, DocumentUnknown, "transaction_created"),
        ("ups", {"trackingNumber": "", "activityStatus": {}}, SchemaInvalid, "trackingNumber"),
        ("ups", [1], PayloadMalformed, "object"),
        (
            "easypost",
            {"object": "Event", "description": "batch.created", "result": {"object": "Batch"}},
            DocumentUnknown,
            "batch.created",
        ),
    ],
)
def test_what_is_no_tracking_is_refused_with_its_reason(carrier: str, told: Any, error: type[CrossdockError], words: str) -> None:
    with pytest.raises(error) as refused:
        events(carrier, orjson.dumps(told))
    assert words in refused.value.message


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of samples is not on this machine")
def test_every_sample_of_easypost_is_read_or_refused_with_a_reason() -> None:
    read, refused = 0, 0
    for path in sorted(CORPUS.glob("*.json")):
        try:
            found = events("easypost", path.read_bytes())
        except Rejected as problem:
            refused += bool(problem.message and problem.code)
            continue
        assert found and all(event.type.startswith("shipment.") for event in found), path.name
        assert path.name.startswith("tracker"), f"{path.name} is no tracker"
        read += 1
    assert read >= 1
    assert read + refused == len(list(CORPUS.glob("*.json")))
