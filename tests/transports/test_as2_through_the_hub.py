"""AS2 with a partner through a whole hub: a receipt is given for what is stored and for nothing else."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.ledger.states import DeliveryState
from crossdock.simulators.as2.certificates import certificate_of, make_identity
from crossdock.simulators.as2.partner import As2Partner
from tests.transports.conftest import free_port, order

HUB = make_identity("HUB")


@pytest.fixture
async def partner():
    simulator = As2Partner(our_name="Partner 7")
    simulator.trust(certificate_of(HUB))
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def folder(landscape, partner):
    transports = {
        "as2": {
            "kind": "as2", "endpoint": f"{partner.url}/as2",
            "credentials": {"key": "file:secrets/key.pem", "partner_certificate": "file:secrets/partner.pem"},
            "options": {"our_name": "HUB", "their_name": "Partner 7", "timeout": 5},
        }
    }  # fmt: skip
    return landscape(transports, {"key.pem": HUB, "partner.pem": partner.certificate})


async def test_an_order_is_receipted_once_stored_and_its_acknowledgement_goes_back(run, folder, partner) -> None:
    async with run(folder) as hub:
        answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner", file_name="po.edi")
        assert answer.status == 200
        assert answer.receipt["disposition"].endswith("; processed")
        assert answer.receipt["signed"] == "yes"
        assert answer.receipt["original-message-id"] == "<m1@partner>"
        stored = await hub.rows("SELECT headers FROM ledger_message WHERE topic='interchange'")
        assert len(stored) == 1
        assert "as2-signature" in stored[0][0]
        await hub.until(lambda: partner.taken, 20)  # our 997, by AS2 too
        assert b"AK9*A*1*1*1" in partner.taken[0].body
        assert partner.taken[0].signed
        assert partner.taken[0].encrypted


async def test_the_same_message_again_gets_its_receipt_again_and_is_stored_once(run, folder, partner) -> None:
    async with run(folder) as hub:
        for _ in range(3):
            answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner")
            assert answer.receipt["disposition"].endswith("; processed")
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")) == 1


@pytest.mark.parametrize(
    ("how", "modifier"),
    [
        ({"sign": False}, "decryption-failed"),
        ({"sign": False, "encrypt": False}, "insufficient-message-security"),
        ({"encrypt": False}, "insufficient-message-security"),
        ("another key", "authentication-failed"),
        ("for another", "decryption-failed"),
    ],
)
async def test_what_is_refused_gets_a_signed_no_and_is_kept_for_a_person(run, folder, partner, how, modifier) -> None:
    async with run(folder) as hub:
        settings = how if isinstance(how, dict) else {}
        if how == "another key":
            partner.identity = make_identity("Partner 7")
        if how == "for another":
            partner.trusted.append(certificate_of(make_identity("HUB")))
        answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner", **settings)
        assert answer.status == 200
        assert answer.receipt["disposition"].endswith(f"processed/error: {modifier}"), answer.receipt
        assert not await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception")
        assert code.startswith(("receive.", "normalize."))


async def test_no_receipt_when_nothing_could_be_stored(run, folder, partner) -> None:
    async with run(folder) as hub:
        hub.hub.intake._high_water = -1  # the hub takes nothing more
        answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner")
        assert answer.status == 503
        assert not answer.receipt
        hub.hub.intake._high_water = 200_000
        assert (await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner")).receipt


async def test_a_receipt_wanted_later_is_sent_later_and_durably(run, folder, partner) -> None:
    """The partner's receipt address is away when the message comes; the hub ends; the receipt still arrives, once the address is back."""
    async with run(folder) as hub:
        partner.faults.script("outage_503", count=100)
        answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner", receipt_url=f"{partner.url}/as2")
        assert (answer.status, answer.body) == (202, b"")
        await hub.until_rows(
            "SELECT state FROM ledger_delivery WHERE name='document.acknowledge'",
            lambda rows: any(r[0] == DeliveryState.DEFERRED for r in rows),
        )
        assert not partner.receipts
    partner.faults.scripts.clear()
    async with run(folder) as hub:
        async with asyncio.timeout(20):
            while not partner.receipts:
                hub.clock.offset += 5
                await asyncio.sleep(0.1)
        receipt = partner.receipts[0]
        assert receipt["original-message-id"] == "<m1@partner>"
        assert receipt["disposition"].endswith("; processed")
        assert receipt["received-content-mic"].endswith("sha-256")


async def test_an_address_nobody_agreed_gets_no_receipt_and_the_message_is_refused(run, folder, partner) -> None:
    async with run(folder) as hub:
        answer = await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner", receipt_url="http://127.0.0.1:9/steal")
        assert answer.status == 401
        assert not await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")


async def test_a_refused_message_gets_its_no_at_the_agreed_address_too(run, folder, partner) -> None:
    async with run(folder) as hub:
        answer = await partner.send(
            f"{hub.url}/in/acme/as2", order(), "m1@partner", encrypt=False, receipt_url=f"{partner.url}/as2"
        )
        assert answer.status == 401
        await hub.until(lambda: partner.receipts)
        assert partner.receipts[0]["disposition"].endswith("processed/error: insufficient-message-security")
        assert partner.receipts[0]["signed"] == "yes"


async def test_many_at_once_each_get_their_own_receipt(run, folder, partner) -> None:
    async with run(folder) as hub:
        answers = await asyncio.gather(
            *(partner.send(f"{hub.url}/in/acme/as2", order(n, f"PO{n}"), f"m{n}@partner") for n in range(1, 21))
        )
        assert [each.receipt["original-message-id"] for each in answers] == [f"<m{n}@partner>" for n in range(1, 21)]
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")) == 20


async def test_a_receipt_of_ours_that_nobody_asked_for_is_kept_for_a_person(run, folder, partner) -> None:
    """A partner's receipt for something we never sent is no harm."""
    from crossdock.simulators.as2 import wire

    async with run(folder) as hub:
        entity = wire.sign(
            wire.receipt("<never@hub>", "automatic-action/MDN-sent-automatically; processed", "AAAA", "Partner 7"),
            partner.identity,
        )
        headers, body = wire.http(entity)
        answer = await partner._post(f"{hub.url}/in/acme/as2", {**headers, **partner._addressed("<r1@partner>")}, body)
        assert answer.status in (200, 202)
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='receipt'")) == 1


async def test_a_receipt_that_comes_later_is_paired_with_what_was_sent(run, landscape, partner) -> None:
    port = free_port()
    transports = {
        "as2": {
            "kind": "as2", "endpoint": f"{partner.url}/as2",
            "credentials": {"key": "file:secrets/key.pem", "partner_certificate": "file:secrets/partner.pem"},
            "options": {"our_name": "HUB", "their_name": "Partner 7", "receipt": "async", "receipt_url": f"http://127.0.0.1:{port}/in/acme/as2"},
        }
    }  # fmt: skip
    folder = landscape(transports, {"key.pem": HUB, "partner.pem": partner.certificate})
    async with run(folder, port) as hub:
        await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner")
        await hub.until(lambda: partner.taken)
        await hub.until_rows("SELECT id FROM ledger_event WHERE type='document.acknowledged'")
        assert not await hub.rows("SELECT code, message FROM ledger_exception")


async def test_a_late_no_of_the_partner_goes_to_a_person(run, landscape, partner) -> None:
    port = free_port()
    transports = {
        "as2": {
            "kind": "as2", "endpoint": f"{partner.url}/as2",
            "credentials": {"key": "file:secrets/key.pem", "partner_certificate": "file:secrets/partner.pem"},
            "options": {"our_name": "HUB", "their_name": "Partner 7", "receipt": "async", "receipt_url": f"http://127.0.0.1:{port}/in/acme/as2"},
        }
    }  # fmt: skip
    folder = landscape(transports, {"key.pem": HUB, "partner.pem": partner.certificate})
    async with run(folder, port) as hub:
        partner.manners.wrong_mic = True
        await partner.send(f"{hub.url}/in/acme/as2", order(), "m1@partner")
        await hub.until_rows("SELECT id FROM ledger_event WHERE type='document.acknowledged'")
