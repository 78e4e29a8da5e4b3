"""What the agreement demands is demanded; each failure has the modifier the standard names; roll-over has two live certificates."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

import pytest

from crossdock.edi.as2 import compression, signature
from crossdock.edi.as2.headers import as2_name, written_name
from crossdock.edi.as2.keys import Keyring, KeyUnreadable, read_certificates, read_identity
from crossdock.edi.as2.reading import Received, read
from crossdock.edi.as2.receipt_writing import Verdict, write_receipt
from crossdock.edi.as2.refusal import Modifier
from crossdock.edi.as2.writing import Document, Written, prepare, write
from crossdock.simulators.as2.certificates import make_identity

NOW = datetime.now(UTC)
BODY = b"UNB+UNOC:3+A+B+261123:1200+1'UNZ+0+1'"


def low(headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.fixture
def crossing(agreements, hub_keys, partner_keys):
    """The partner writes with `sent`, the hub reads with `taken`."""

    def cross(*, alter=lambda body: body, keys=None, writer=None, taken=None, sent=None, at=NOW) -> Received:
        _, theirs = agreements(**(sent or {}))
        ours, _ = agreements(**(taken or {}))
        prepared = prepare(Document(BODY, "application/edifact", "orders.edi"), theirs)
        written = write(prepared, theirs, writer or partner_keys, "1@partner", NOW)
        return read(low(written.headers), alter(written.body), ours, keys or hub_keys, at)

    return cross


def modifier(received: Received) -> str:
    assert received.refused is not None
    assert not received.documents
    return received.refused.modifier.value


def test_the_usual_message_arrives_with_everything_it_has(crossing, partner) -> None:
    found = crossing()
    assert found.refused is None
    (document,) = found.documents
    assert (document.body, document.file_name, document.content_type) == (BODY, "orders.edi", "application/edifact")
    assert found.signer == partner.certificate.fingerprint
    assert (found.cipher, found.message_id) == ("aes256", "1@partner")
    assert found.wish.signed


def test_the_kept_signature_proves_later_who_sent_what(crossing, partner) -> None:
    found = crossing()
    again = signature.verify(found.signature, [found.covered], [partner.certificate], NOW)
    assert BODY in again.content


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"sign": None}, Modifier.DECRYPTION),
        ({"sign": None, "encrypt": None}, Modifier.INSUFFICIENT),
        ({"encrypt": None}, Modifier.INSUFFICIENT),
        ({"sign": "sha1"}, Modifier.AUTHENTICATION),
        ({"encrypt": "3des"}, Modifier.DECRYPTION),
    ],
)
def test_what_is_not_agreed_is_refused(crossing, sent, expected) -> None:
    assert modifier(crossing(sent=sent)) == expected


def test_old_partners_are_read_when_the_agreement_says_so(crossing) -> None:
    found = crossing(
        sent={"sign": "sha1", "encrypt": "3des"}, taken={"digests": frozenset({"sha1"}), "ciphers": frozenset({"3des"})}
    )
    assert found.documents[0].body == BODY
    found = crossing(sent={"sign": None, "encrypt": None}, taken={"accept_unsigned": True, "accept_unencrypted": True})
    assert found.documents[0].body == BODY


def test_another_signer_is_refused(crossing, stranger, hub) -> None:
    assert modifier(crossing(writer=Keyring([stranger.identity], [hub.certificate]))) == Modifier.AUTHENTICATION


def test_a_message_for_somebody_else_is_refused(crossing, stranger, partner) -> None:
    assert modifier(crossing(writer=Keyring([partner.identity], [stranger.certificate]))) == Modifier.DECRYPTION


def test_another_pair_of_names_is_refused(agreements, hub_keys, partner_keys) -> None:
    ours, theirs = agreements()
    written = write(prepare(Document(BODY), theirs), theirs, partner_keys, "1@p", NOW)
    headers = low(written.headers) | {"as2-from": "Somebody"}
    assert modifier(read(headers, written.body, ours, hub_keys, NOW)) == Modifier.UNKNOWN_PARTNER


def test_whatever_is_wrong_inside_an_encrypted_message_gets_one_answer(agreements, hub_keys, partner_keys) -> None:
    """Who could tell wrong padding from wrong content would decipher a captured message, block by block."""
    from crossdock.edi.as2.envelope import encrypt

    ours, theirs = agreements()
    whole = write(prepare(Document(BODY * 20), theirs), theirs, partner_keys, "1@p", NOW)
    inside = [
        b"", b"garbage without any header", b"Content-Type: text/plain\r\n\r\nnot signed", b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\ncut",
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\nno signature\r\n--b--",
        b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n\r\nnot compressed",
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b--",
    ]  # fmt: skip
    bodies = [encrypt(each, partner_keys.theirs[0], "aes256") for each in inside]
    for cut in (16, 32, 160, 320):  # blocks taken away, so that another one is the last
        from asn1crypto import cms

        info = cms.ContentInfo.load(whole.body)
        content = info["content"]["encrypted_content_info"]
        content["encrypted_content"] = content["encrypted_content"].native[:-cut]
        bodies.append(info.dump(force=True))
    answers = set()
    for body in bodies:
        found = read(low(whole.headers), body, ours, hub_keys, NOW)
        assert found.refused is not None
        answers.add((found.refused.modifier, found.refused.words))
        assert found.refused.reason
    assert len(answers) == 1


def test_changed_content_is_an_integrity_failure(crossing) -> None:
    changed = crossing(
        sent={"encrypt": None}, taken={"accept_unencrypted": True}, alter=lambda body: body.replace(b"UNOC:3", b"UNOC:4")
    )
    assert modifier(changed) == Modifier.INTEGRITY


def test_a_signature_whose_attributes_were_exchanged_is_refused(crossing) -> None:
    def swap(body: bytes) -> bytes:
        place = body.index(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05")  # signingTime
        return body[: place + 14] + bytes([body[place + 14] ^ 1]) + body[place + 15 :]

    changed = crossing(sent={"encrypt": None}, taken={"accept_unencrypted": True}, alter=swap)
    assert modifier(changed) == Modifier.AUTHENTICATION


def test_line_ends_a_gateway_took_away_are_put_back(crossing) -> None:
    found = crossing(
        sent={"encrypt": None}, taken={"accept_unencrypted": True},
        alter=lambda body: body.replace(b"Content-Transfer-Encoding: binary\r\n", b"Content-Transfer-Encoding: binary\n", 1),
    )  # fmt: skip
    assert found.documents[0].body == BODY


def test_an_expired_certificate_no_longer_signs(crossing, partner) -> None:
    later = partner.certificate.expires + timedelta(seconds=1)
    assert modifier(crossing(at=later)) == Modifier.AUTHENTICATION


def test_roll_over_both_certificates_are_live(crossing, hub, partner, agreements) -> None:
    next_hub, next_partner = read_identity(make_identity("HUB")), read_identity(make_identity("Partner AG"))
    keys = Keyring([hub.identity, next_hub], [partner.certificate, next_partner.certificate])
    for signer in (partner.identity, next_partner):
        for recipient in (hub.certificate, next_hub.certificate):
            found = crossing(keys=keys, writer=Keyring([signer], [recipient]))
            assert found.refused is None
    # after the switch the old ones are gone
    keys = Keyring([next_hub], [next_partner.certificate])
    assert modifier(crossing(keys=keys)) == Modifier.DECRYPTION


def test_a_small_message_that_expands_without_end_is_refused(crossing) -> None:
    bomb = zlib.compress(b"\0" * 50_000_000)
    assert len(bomb) < 60_000
    der = compression.compress(b"x" * 10)
    assert compression.expand(der, 10) == b"x" * 10
    found = crossing(sent={"compress": "after"}, taken={"max_bytes": 100})
    assert modifier(found) in (Modifier.DECOMPRESSION, Modifier.UNEXPECTED)
    with pytest.raises(Exception, match="expands to more than 1000 bytes") as refused:
        compression.expand(compression.compress(b"\0" * 50_000_000), 1000)
    assert refused.value.modifier == Modifier.DECOMPRESSION


def test_no_message_id_is_refused(agreements, hub_keys, partner_keys) -> None:
    ours, theirs = agreements()
    written = write(prepare(Document(BODY), theirs), theirs, partner_keys, "1@p", NOW)
    headers = low(written.headers)
    del headers["message-id"]
    assert modifier(read(headers, written.body, ours, hub_keys, NOW)) == Modifier.UNEXPECTED


@pytest.mark.parametrize("name", ["PLAIN", "with blank", 'with "quotes"', "back\\slash", "Ünïcode"])
def test_names_survive_their_quoting(name) -> None:
    assert as2_name(written_name(name)) == name


@pytest.mark.parametrize(
    "name", ["po.edi", "PO 4711.edi", 'with "quotes".edi', "Köln ß.edi", "semi;colon.edi", "a=b.edi", "日本.xml"]
)
def test_file_names_arrive(agreements, hub_keys, partner_keys, name) -> None:
    ours, theirs = agreements()
    written = write(prepare(Document(BODY, "application/xml", name), theirs), theirs, partner_keys, "1@p", NOW)
    assert read(low(written.headers), written.body, ours, hub_keys, NOW).documents[0].file_name == name


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\temp\\po.edi", "a\x00b.edi", "..", "."])
def test_file_names_lead_nowhere(agreements, hub_keys, partner_keys, name) -> None:
    ours, theirs = agreements()
    written = write(prepare(Document(BODY, "application/xml", name), theirs), theirs, partner_keys, "1@p", NOW)
    found = read(low(written.headers), written.body, ours, hub_keys, NOW).documents[0].file_name
    assert "/" not in found
    assert "\\" not in found
    assert found not in ("..", ".")
    assert found.isprintable()


# receipts -----------------------------------------------------------------------------------------------------------


def receipt(agreements, partner_keys, *, wish=None, alter=lambda written: written, verdict=None, **settings):
    """The partner's receipt for something the hub sent, as the hub reads it."""
    from dataclasses import replace

    ours, theirs = agreements(**settings)
    prepared = prepare(Document(BODY), ours)
    asked = read(
        low(write(prepared, ours, Keyring(partner_keys.ours, partner_keys.theirs), "9@hub", NOW).headers),
        b"",
        ours,
        partner_keys,
        NOW,
    ).wish
    written = alter(
        write_receipt(
            "9@hub", verdict or Verdict(), str(prepared.mic("sha256")), wish or replace(asked), theirs, partner_keys, NOW
        )
    )
    return ours, prepared, written


def test_a_receipt_carries_the_mic_and_proves_its_sender(agreements, hub_keys, partner_keys) -> None:
    ours, prepared, written = receipt(agreements, partner_keys)
    found = read(low(written.headers), written.body, ours, hub_keys, NOW).receipt
    assert found is not None
    assert (found.message_id, found.status, found.signed) == ("9@hub", "accepted", True)
    assert found.mic is not None
    assert found.mic.agrees(prepared.mic("sha256"))
    assert not found.mic.agrees(prepare(Document(b"other"), ours).mic("sha256"))


def test_a_receipt_that_was_changed_proves_nothing(agreements, hub_keys, partner_keys) -> None:
    ours, _, written = receipt(agreements, partner_keys, verdict=Verdict("unexpected-processing-error"))
    changed = written.body.replace(b"processed/error: unexpected-processing-error", b"processed")
    found = read(low(written.headers), changed, ours, hub_keys, NOW)
    assert found.receipt is None
    assert modifier(found) == Modifier.INTEGRITY


def test_an_unsigned_yes_proves_nothing_but_an_unsigned_no_is_heard(agreements, hub_keys, partner_keys) -> None:
    from crossdock.edi.as2.headers import Wish

    ours, _, written = receipt(agreements, partner_keys, wish=Wish(wanted=True))
    assert modifier(read(low(written.headers), written.body, ours, hub_keys, NOW)) == Modifier.AUTHENTICATION
    ours, _, written = receipt(agreements, partner_keys, wish=Wish(wanted=True), verdict=Verdict("decryption-failed"))
    found = read(low(written.headers), written.body, ours, hub_keys, NOW).receipt
    assert found is not None
    assert (found.status, found.modifier, found.signed) == ("rejected", "decryption-failed", False)


@pytest.mark.parametrize(
    ("disposition", "status", "word"),
    [
        ("automatic-action/MDN-sent-automatically; processed", "accepted", ""),
        ("automatic-action/MDN-sent-automatically;processed", "accepted", ""),
        ("manual-action/MDN-sent-manually; PROCESSED", "accepted", ""),
        ("automatic-action/MDN-sent-automatically; processed/Warning: duplicate-document", "accepted_with_errors", "duplicate-document"),
        ("automatic-action/MDN-sent-automatically; processed/error: authentication-failed", "rejected", "authentication-failed"),
        ("automatic-action/MDN-sent-automatically; failed/Failure: unsupported format", "rejected", "unsupported format"),
    ],
)  # fmt: skip
def test_dispositions_as_partners_write_them(agreements, hub_keys, disposition, status, word) -> None:
    ours, _ = agreements(signed_receipt=False)
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        b"Original-Message-ID: <9@hub>\r\nDisposition: "
        + disposition.encode()
        + b"\r\nReceived-Content-MIC: abc=, sha256\r\n\r\n--b--\r\n"
    )
    headers = {
        "as2-from": '"Partner AG"', "as2-to": "HUB",
        "content-type": "multipart/report; report-type=disposition-notification; boundary=b",
    }  # fmt: skip
    found = read(headers, body, ours, hub_keys, NOW).receipt
    assert found is not None
    assert (found.status, found.modifier, found.text, found.message_id) == (status, word, "hello", "9@hub")


# keys ---------------------------------------------------------------------------------------------------------------


def test_keys_that_cannot_be_used_say_why_and_keep_their_secret(hub, stranger) -> None:
    with pytest.raises(KeyUnreadable, match="no PEM private key"):
        read_identity(hub.certificate_pem)
    with pytest.raises(KeyUnreadable, match="does not belong"):
        read_identity(hub.pem[: hub.pem.index("-----BEGIN CERT")] + stranger.certificate_pem)
    with pytest.raises(KeyUnreadable, match="no PEM certificate"):
        read_certificates("nothing")
    with pytest.raises(KeyUnreadable, match="damaged or has a passphrase"):
        read_identity(hub.pem.replace("MII", "MIX", 1))
    assert "PRIVATE" not in repr(hub.identity)


def test_written_is_plain_http(agreements, hub_keys) -> None:
    ours, _ = agreements()
    written: Written = write(prepare(Document(BODY), ours), ours, hub_keys, "1@hub", NOW)
    for name, value in written.headers.items():
        assert "\r" not in name + value
        assert "\n" not in name + value
        value.encode("latin-1", "strict")


# As others write it ---------------------------------------------------------------------------------------------------


def test_several_attachments_arrive_each_with_its_name(agreements, hub_keys, partner) -> None:
    """multipart/related inside the signature (RFC 6362)."""
    from crossdock.edi.as2.mime import Part
    from crossdock.edi.as2.writing import signed

    ours, _ = agreements(accept_unencrypted=True)
    one = Document(b"ISA", "application/edi-x12", "order.edi").part().written()
    two = Document(b"%PDF", "application/pdf", "drawing.pdf").part().written()
    body = b"--r\r\n" + one + b"\r\n--r\r\n" + two + b"\r\n--r--\r\n"
    part = signed(Part('multipart/related; boundary="r"; type="application/edi-x12"', body), partner.identity, "sha256", NOW)
    headers = {"as2-from": '"Partner AG"', "as2-to": "HUB", "message-id": "<1@p>", "content-type": part.content_type}
    found = read(headers, part.body, ours, hub_keys, NOW)
    assert [(each.file_name, each.body) for each in found.documents] == [("order.edi", b"ISA"), ("drawing.pdf", b"%PDF")]


@pytest.mark.parametrize("announced", [True, False])
def test_base64_on_the_outside_is_undone_also_when_nobody_announced_it(agreements, hub_keys, partner_keys, announced) -> None:
    import base64

    ours, theirs = agreements()
    written = write(prepare(Document(BODY), theirs), theirs, partner_keys, "1@p", NOW)
    headers = low(written.headers)
    headers["content-transfer-encoding"] = "base64" if announced else "7bit"
    assert read(headers, base64.encodebytes(written.body), ours, hub_keys, NOW).documents[0].body == BODY


def test_a_signature_with_the_content_inside_is_read(agreements, hub_keys, partner) -> None:
    ours, _ = agreements(accept_unencrypted=True)
    inner = Document(BODY, "application/edifact", "o.edi").part().written()
    der = signature.sign(inner, partner.identity, "sha256", NOW, attached=True)
    headers = {
        "as2-from": "Partner AG", "as2-to": "HUB", "message-id": "<1@p>", "content-type": "application/x-pkcs7-mime; smime-type=signed-data",
    }  # fmt: skip
    found = read(headers, der, ours, hub_keys, NOW)
    assert found.documents[0].body == BODY
    assert found.signer == partner.certificate.fingerprint


def test_wrapped_twice_or_without_end_is_refused(agreements, hub_keys, partner) -> None:
    from crossdock.edi.as2.mime import Part
    from crossdock.edi.as2.writing import compressed, signed

    ours, _ = agreements(accept_unencrypted=True)
    headers = {"as2-from": "Partner AG", "as2-to": "HUB", "message-id": "<1@p>"}
    twice = signed(signed(Part("text/plain", b"x"), partner.identity, "sha256", NOW), partner.identity, "sha256", NOW)
    assert modifier(read({**headers, "content-type": twice.content_type}, twice.body, ours, hub_keys, NOW)) == Modifier.UNEXPECTED
    nest = compressed(compressed(Part("text/plain", b"x")))
    assert modifier(read({**headers, "content-type": nest.content_type}, nest.body, ours, hub_keys, NOW)) == Modifier.UNEXPECTED


def test_elliptic_keys_sign_and_rsa_pss_is_read(agreements) -> None:
    from crossdock.edi.as2.keys import read_certificates, read_identity
    from tests.transports.tls import self_signed

    identity = read_identity(self_signed("curve"))
    for name in ("sha256", "sha384", "sha512"):
        der = signature.sign(BODY, identity, name, NOW)
        assert signature.verify(der, [BODY], read_certificates(self_signed_of(identity)), NOW).digest == name


def self_signed_of(identity) -> str:
    from cryptography.hazmat.primitives import serialization

    return identity.certificate.crypto.public_bytes(serialization.Encoding.PEM).decode()
