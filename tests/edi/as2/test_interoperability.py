"""Messages and receipts cross both ways with pyas2lib and with `openssl cms`, in every combination partners use."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from crossdock.edi.as2 import compression, envelope, signature
from crossdock.edi.as2.reading import read
from crossdock.edi.as2.receipt_writing import Verdict, write_receipt
from crossdock.edi.as2.writing import Document, prepare, write

NOW = datetime.now(UTC)
BODY = b"ISA*00*~\r\nGS*PO~\nST*850*0001~\rbinary \x00\xff\xfe too" * 40
FILE_NAME = "PO 4711 für Köln.edi"

WAYS = [
    pytest.param(sign, encrypt, compress, id=f"{sign}-{encrypt}-{compress}")
    for sign, encrypt, compress in [
        ("sha256", "aes256", "no"),
        ("sha256", "aes256", "before"),
        ("sha256", "aes256", "after"),
        ("sha1", "3des", "no"),
        ("sha384", "aes192", "no"),
        ("sha512", "aes128", "before"),
        ("sha256", None, "no"),
        (None, "aes256", "no"),
        (None, "aes128", "before"),
        (None, None, "no"),
    ]
]
OLD = {"digests": frozenset({"sha1", "sha256", "sha384", "sha512"}), "ciphers": frozenset(envelope.KEY_BYTES)}
PYAS2_CIPHER = {"aes128": "aes_128_cbc", "aes192": "aes_192_cbc", "aes256": "aes_256_cbc", "3des": "tripledes_192_cbc"}


def low(headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _partner(us, them, key, certificate, **more) -> dict:
    return {"us": us, "them": them, "key": key, "certificate": certificate, **more}


@pytest.mark.parametrize(("sign", "encrypt", "compress"), WAYS)
def test_pyas2lib_reads_ours_and_we_read_its_receipt(pyas2, hub, partner, hub_keys, agreements, sign, encrypt, compress) -> None:
    ours, _ = agreements(sign=sign, encrypt=encrypt, compress=compress, receipt_digest=sign or "sha256", **OLD)
    prepared = prepare(Document(BODY, "application/edi-x12", "po.edi"), ours)
    written = write(prepared, ours, hub_keys, "4711@hub", NOW)
    said = pyas2.ask(
        "parse", headers=dict(written.headers), body=written.body,
        **_partner(partner.name, hub.name, partner.pem, hub.certificate_pem, partner={"canonicalize_as_binary": True}),
    )  # fmt: skip
    assert said["status"] == "processed", said["problem"]
    assert base64.b64decode(said["payload"]) == BODY
    assert said["file_name"] == "po.edi"
    assert said["signed"] == bool(sign)
    assert said["encrypted"] == bool(encrypt)
    received = read(low(said["mdn"]["headers"]), base64.b64decode(said["mdn"]["body"]), ours, hub_keys, NOW)
    assert received.refused is None
    receipt = received.receipt
    assert receipt is not None
    assert receipt.status == "accepted"
    assert receipt.message_id == "4711@hub"
    assert receipt.signed
    if sign:
        assert receipt.mic is not None
        assert receipt.mic.agrees(prepared.mic(sign)), (receipt.mic, prepared.mic(sign))


@pytest.mark.parametrize(("sign", "encrypt", "compress"), [way for way in WAYS if "after" not in way.id])
def test_we_read_pyas2lib_and_it_reads_our_receipt(pyas2, hub, partner, hub_keys, agreements, sign, encrypt, compress) -> None:
    settings = {
        "sign": bool(sign), "digest_alg": sign or "sha256", "encrypt": bool(encrypt), "enc_alg": PYAS2_CIPHER[encrypt or "aes256"],
        "compress": compress != "no", "mdn_mode": "SYNC", "mdn_digest_alg": sign or "sha256",
    }  # fmt: skip
    sides = _partner(partner.name, hub.name, partner.pem, hub.certificate_pem, partner=settings)
    text = BODY.replace(b"\x00\xff\xfe", b"---").replace(b"~\n", b"~\r\n").replace(b"~\r", b"~\r\n").replace(b"\r\n\n", b"\r\n")
    sent = pyas2.ask("build", body=text, content_type="application/edi-x12", file_name="po.edi", **sides)
    ours, _ = agreements(accept_unsigned=not sign, accept_unencrypted=not encrypt, **OLD)
    received = read(low(sent["headers"]), base64.b64decode(sent["body"]), ours, hub_keys, NOW)
    assert received.refused is None, received.refused.words
    (document,) = received.documents
    assert document.body == text
    assert document.file_name == "po.edi"
    assert received.mic is not None
    if sign:
        assert received.mic.value == sent["mic"]
    written = write_receipt(
        received.message_id, Verdict(), str(received.mic), received.wish, ours, hub_keys, NOW
    )  # fmt: skip
    said = pyas2.ask(
        "receipt",
        headers=dict(written.headers),
        body=written.body,
        message_id=sent["message_id"],
        mic=sent["mic"] or received.mic.value,
        **sides,
    )
    assert said == {"status": "processed", "detail": "", "about": sent["message_id"]}


def test_pyas2lib_refuses_what_was_changed_and_we_hear_why(pyas2, hub, partner, hub_keys, agreements) -> None:
    ours, _ = agreements(encrypt=None)
    written = write(prepare(Document(BODY, "application/edi-x12", "po.edi"), ours), ours, hub_keys, "1@hub", NOW)
    changed = written.body.replace(b"ST*850*0001", b"ST*850*0002", 1)
    said = pyas2.ask(
        "parse", headers=dict(written.headers), body=changed,
        **_partner(partner.name, hub.name, partner.pem, hub.certificate_pem, partner={"canonicalize_as_binary": True}),
    )  # fmt: skip
    received = read(low(said["mdn"]["headers"]), base64.b64decode(said["mdn"]["body"]), ours, hub_keys, NOW)
    assert received.receipt is not None
    assert received.receipt.status == "rejected"
    assert received.receipt.modifier in ("integrity-check-failed", "authentication-failed")  # pyas2lib says the latter


def test_pyas2lib_understands_our_refusal(pyas2, hub, partner, hub_keys, stranger, agreements) -> None:
    settings = {"sign": True, "encrypt": False, "mdn_mode": "SYNC", "mdn_digest_alg": "sha256"}
    sides = _partner(partner.name, hub.name, stranger.pem, hub.certificate_pem, partner=settings)
    sent = pyas2.ask("build", body=b"text", content_type="application/edi-x12", file_name="po.edi", **sides)
    ours, _ = agreements(accept_unencrypted=True)
    received = read(low(sent["headers"]), base64.b64decode(sent["body"]), ours, hub_keys, NOW)
    assert received.refused is not None
    verdict = Verdict(received.refused.modifier, words=received.refused.words)
    written = write_receipt(received.message_id, verdict, "", received.wish, ours, hub_keys, NOW)
    said = pyas2.ask(
        "receipt", headers=dict(written.headers), body=written.body, message_id=sent["message_id"], mic=sent["mic"], **sides
    )
    assert (said["status"], said["detail"]) == ("processed/error", "authentication-failed")


# openssl ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_openssl_verifies_ours(openssl, hub, digest) -> None:
    der = signature.sign(BODY, hub.identity, digest, NOW)
    arguments = ("-verify", "-binary", "-inform", "DER", "-in", "signed", "-content", "data", "-CAfile", "hub", "-purpose", "any")
    assert openssl(*arguments, signed=der, data=BODY, hub=hub.certificate_pem) == BODY


@pytest.mark.parametrize(
    "more",
    [(), ("-keyid",), ("-nodetach",), ("-nodetach", "-stream", "-indef"), ("-noattr",), ("-keyopt", "rsa_padding_mode:pss")],
)
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_we_verify_openssl(openssl, partner, more, digest) -> None:
    arguments = ("-sign", "-binary", "-in", "data", "-signer", "partner", "-outform", "DER", "-md", digest, *more)
    der = openssl(*arguments, data=BODY, partner=partner.pem)
    inside = "-nodetach" in more
    found = signature.verify(der, [] if inside else [BODY], [partner.certificate], NOW, OLD["digests"])
    assert (found.digest, found.content) == (digest, BODY)


@pytest.mark.parametrize("transport", ["pkcs1v15", "oaep"])
@pytest.mark.parametrize("cipher", ["aes128", "aes192", "aes256", "3des"])
def test_openssl_opens_ours(openssl, hub, cipher, transport) -> None:
    der = envelope.encrypt(BODY, hub.certificate, cipher, transport)
    assert openssl("-decrypt", "-binary", "-inform", "DER", "-in", "sealed", "-recip", "hub", sealed=der, hub=hub.pem) == BODY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("-aes128",), ()), (("-aes192",), ()), (("-aes256",), ()), (("-des3",), ()), (("-aes256", "-stream", "-indef"), ()),
        (("-aes256", "-keyid"), ()), (("-aes256",), ("-keyopt", "rsa_padding_mode:oaep")),
        (("-aes256",), ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")),
    ],
)  # fmt: skip
def test_we_open_openssl(openssl, hub, before, after) -> None:
    der = openssl(
        "-encrypt",
        "-binary",
        "-in",
        "data",
        *before,
        "-outform",
        "DER",
        "-recip",
        "hub",
        *after,
        data=BODY,
        hub=hub.certificate_pem,
    )
    assert envelope.decrypt(der, [hub.identity], OLD["ciphers"])[0] == BODY


def test_openssl_expands_ours_and_we_expand_openssl(openssl) -> None:
    der = compression.compress(BODY)
    try:
        assert openssl("-uncompress", "-binary", "-inform", "DER", "-in", "packed", packed=der) == BODY
    except AssertionError as error:
        if "no compression" in str(error) or "unsupported" in str(error):
            pytest.skip("this openssl was built without zlib")
        raise
    theirs = openssl("-compress", "-binary", "-in", "data", "-outform", "DER", data=BODY)
    assert compression.expand(theirs, len(BODY)) == BODY
