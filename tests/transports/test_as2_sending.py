"""What the partner's receipt proves and what it does not; keys that are rolled over; what comes later by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.core.errors import AnswerLost, CredentialRefused, Misconfigured, ReceiptMismatch, TargetRefused
from crossdock.core.outcomes import EffectAbsent, EffectUnclear
from crossdock.edi.as2.digests import Mic
from crossdock.simulators.as2.certificates import certificate_of, make_identity
from crossdock.simulators.faults import Fault
from crossdock.testing.transports import open_transport
from crossdock.transports.as2.identity import own_id, vouched, wire_id
from crossdock.transports.as2.options import As2Options
from crossdock.transports.as2.transport import As2Transport
from crossdock.transports.protocol import Outgoing, Sent
from tests.transports.correspondents import HUB, As2Side

LETTER = Outgoing(b"ISA*00\r\n\xff", "application/edi-x12", "po 1.edi", "system/purchase_order.send/4711:1", "Order")


def opened(side: As2Side | None = None, **options):
    return open_transport(As2Transport, side or As2Side(**options), patience=2.0)


@pytest.mark.parametrize("manner", ["wrong_mic", "without_mic"])
async def test_a_receipt_for_other_bytes_goes_to_a_person(manner) -> None:
    async with opened() as bench:
        setattr(bench.correspondent.partner.manners, manner, True)
        assert isinstance(await bench.send(LETTER), ReceiptMismatch)


@pytest.mark.parametrize(
    ("manners", "told"),
    [({"receipts": False}, "without the receipt"), ({"sign": False}, "not signed"), ({"about_another": True}, "another message")],
)
async def test_what_proves_nothing_is_uncertain(manners, told) -> None:
    async with opened() as bench:
        for name, value in manners.items():
            setattr(bench.correspondent.partner.manners, name, value)
        outcome = await bench.send(LETTER)
        assert isinstance(outcome, AnswerLost)
        assert told in outcome.message
        assert isinstance(await bench.transport.find(LETTER.message_id), EffectUnclear)


@pytest.mark.parametrize(
    ("modifier", "outcome"),
    [
        ("authentication-failed", CredentialRefused), ("decryption-failed", CredentialRefused), ("unknown-trading-partner", CredentialRefused),
        ("integrity-check-failed", TargetRefused), ("unexpected-processing-error", TargetRefused), ("something of their own", TargetRefused),
    ],
)  # fmt: skip
async def test_a_no_says_whose_turn_it_is(modifier, outcome) -> None:
    async with opened() as bench:
        bench.correspondent.partner.manners.refuse = modifier
        found = await bench.send(LETTER)
        assert isinstance(found, outcome), found
        assert modifier in found.message


async def test_a_warning_is_a_yes() -> None:
    async with opened() as bench:
        bench.correspondent.partner.manners.warn = "duplicate-document"
        assert isinstance(await bench.send(LETTER), Sent)


async def test_a_lost_answer_is_sent_again_under_the_same_id_only_where_agreed() -> None:
    async with opened(recognises_duplicates=True) as bench:
        bench.correspondent.apply(Fault.RESET_AFTER)
        assert isinstance(await bench.send(LETTER), AnswerLost)
        assert isinstance(await bench.transport.find(LETTER.message_id), EffectAbsent)
        assert isinstance(await bench.send(LETTER), Sent)
        partner = bench.correspondent.partner
        assert len(partner.taken) == 1
        assert partner.requests == 2


async def test_the_signed_receipt_is_kept_as_proof() -> None:
    async with opened() as bench:
        sent = await bench.send(LETTER)
        assert isinstance(sent, Sent)
        assert sent.acknowledgement["receipt"]
        assert sent.acknowledgement["signer"]
        assert bench.correspondent.partner.taken[0].file_name == "po 1.edi"


# Later by itself --------------------------------------------------------------------------------------------------------


async def test_a_receipt_that_comes_later_says_for_which_message_without_any_memory() -> None:
    """The transport that hears it is another one than the one that sent: as after a restart."""
    side = As2Side(receipt="async", receipt_url="http://127.0.0.1:9/in/acme/as2")
    async with opened(side) as bench:
        side.partner.manners.late = True
        sent = await bench.send(LETTER)
        assert isinstance(sent, Sent)
        assert sent.awaiting
        ((_, headers, body),) = side.partner._held
        side.partner._held.clear()
        fresh = As2Transport(bench.context)
        request = replace(side.request("x", b"x", "1"), headers={k.lower(): v for k, v in headers.items()}, body=body)
        (message,) = fresh.receive(request)
        assert message.purpose == "acknowledgement"
        receipt = fresh.receipt(message)
        assert (receipt.message_id, receipt.status, receipt.signed) == (LETTER.message_id, "accepted", True)
        reply = fresh.reply(request, [message], ["new"])
        assert reply is None or reply.status < 300
        await fresh.close()


async def test_a_late_receipt_for_other_bytes_is_a_no() -> None:
    side = As2Side(receipt="async", receipt_url="http://127.0.0.1:9/in/acme/as2")
    async with opened(side) as bench:
        side.partner.manners.late = side.partner.manners.wrong_mic = True
        await bench.send(LETTER)
        ((_, headers, body),) = side.partner._held
        side.partner._held.clear()
        request = replace(side.request("x", b"x", "1"), headers={k.lower(): v for k, v in headers.items()}, body=body)
        receipt = bench.transport.receipt(bench.transport.receive(request)[0])
        assert (receipt.message_id, receipt.status, receipt.code) == (LETTER.message_id, "rejected", "mic-mismatch")


@given(st.text(min_size=1, max_size=300), st.binary(min_size=32, max_size=32))
def test_every_identity_survives_its_way_through_a_message_id(identity, digest) -> None:
    import base64

    mic = Mic(base64.b64encode(digest).decode(), "sha-256")
    wire = wire_id(identity, mic, "Our Name")
    assert wire.isascii()
    assert not set(wire) & set(' <>()[]\\,;:"\r\n')
    assert len(wire) < 255
    found = own_id(wire)
    assert found == identity or found.startswith("#")
    assert vouched(wire, mic)
    other = Mic(base64.b64encode(bytes(32)).decode(), "sha-256")
    assert vouched(wire, other) == (digest[:20] == bytes(20))


@given(st.text(max_size=80))
def test_foreign_message_ids_are_none_of_ours(text) -> None:
    own_id(text)
    vouched(text, Mic("AAAA", "sha1"))


# Keys -------------------------------------------------------------------------------------------------------------------


class RollOver(As2Side):
    def __init__(self, switch_at: datetime) -> None:
        super().__init__(switch_at=switch_at.isoformat())
        self.next = make_identity("HUB")

    def secrets(self):
        return {**super().secrets(), "key_next": self.next}


async def test_our_next_key_signs_from_the_day_agreed_and_both_decrypt() -> None:
    switch = datetime.now(UTC) + timedelta(days=5)
    side = RollOver(switch)
    async with opened(side) as bench:
        assert isinstance(await bench.send(LETTER), Sent)
        bench.clock.set(switch + timedelta(minutes=1))
        assert isinstance(await bench.send(replace(LETTER, message_id="2")), CredentialRefused)  # the partner was not told
        side.partner.trust(certificate_of(side.next))
        assert isinstance(await bench.send(replace(LETTER, message_id="3")), Sent)
        for trusted in (certificate_of(HUB), certificate_of(side.next)):
            side.partner.trusted.append(trusted)  # encrypts for it
            assert bench.transport.receive(replace(side.request("a.edi", b"ISA", "1"), received_at=bench.clock.now()))


async def test_the_probe_says_when_the_first_certificate_expires() -> None:
    side = As2Side()
    side.partner.identity = make_identity("Partner 7", days=10)
    async with opened(side) as bench:
        expires = (await bench.transport.probe()).credential_expires
        assert expires is not None
        assert timedelta(days=8) < expires - datetime.now(UTC) < timedelta(days=10)


async def test_a_planned_switch_before_the_end_is_no_warning() -> None:
    class Soon(RollOver):
        def secrets(self):
            found = dict(super().secrets())
            found["key"] = make_identity("HUB", days=10)
            return found

    async with opened(Soon(datetime.now(UTC) + timedelta(days=5))) as bench:
        expires = (await bench.transport.probe()).credential_expires
        assert expires is not None
        assert expires - datetime.now(UTC) > timedelta(days=100)


async def test_a_key_that_cannot_be_read_is_misconfigured_and_stays_secret() -> None:
    class Broken(As2Side):
        def secrets(self):
            return {**super().secrets(), "key": "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n"}

    async with opened(Broken()) as bench:
        outcome = await bench.send(LETTER)
        assert isinstance(outcome, Misconfigured)
        assert "bm90" not in str(outcome.as_dict())


async def test_unencrypted_goes_over_https_only() -> None:
    async with opened(encrypt=None) as bench:
        assert isinstance(await bench.send(LETTER), Misconfigured)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"receipt": "async"}, "receipt_url"), ({"their_name": "HUB"}, "the same"), ({"sign": "md5"}, "sha256"), ({"encrypt": "rc2"}, "aes256"),
        ({"receipts_to": ["partner.example"]}, "no address"), ({"accept_digests": []}, "at least 1"), ({"verify": False}, "Extra inputs"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(options, words) -> None:
    with pytest.raises(ValidationError, match=words):
        As2Options.model_validate({"our_name": "HUB", "their_name": "P", **options})


async def test_many_in_flight_do_not_mix_their_receipts() -> None:
    async with opened(timeout=20) as bench:
        outcomes = await asyncio.gather(*(bench.send(replace(LETTER, message_id=f"m{n}", body=b"x" * n)) for n in range(1, 15)))
        assert all(isinstance(each, Sent) for each in outcomes)
        assert len({each.reference for each in outcomes}) == 14
