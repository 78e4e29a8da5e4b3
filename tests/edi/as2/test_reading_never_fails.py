"""Whatever bytes arrive, reading answers; nothing is raised and nothing is taken that was not signed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.edi.as2 import mime
from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.headers import wish
from crossdock.edi.as2.reading import Received, read
from crossdock.edi.as2.writing import Document, prepare, write

NOW = datetime.now(UTC)
TYPES = st.sampled_from(
    [
        "application/pkcs7-mime; smime-type=enveloped-data", "application/pkcs7-mime; smime-type=compressed-data",
        "application/pkcs7-mime; smime-type=signed-data", "multipart/signed; boundary=b", 'multipart/signed; boundary="b"',
        "multipart/report; report-type=disposition-notification; boundary=b", "application/edi-x12", "multipart/mixed; boundary=b", "",
    ]
)  # fmt: skip
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"--b", b"--b--", b"", b"Content-Type: multipart/signed; boundary=b", b"Content-Type: application/pkcs7-signature",
                b"Content-Transfer-Encoding: base64", b"Content-Type: message/disposition-notification",
                b"Disposition: a/b; processed", b"Content-Disposition: attachment; filename*0*=utf-8''%FF; filename*1=x", b" folded",
            ]
        ),
        st.binary(max_size=60),
    ),
    max_size=20,
)  # fmt: skip


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    return {"as2-from": '"Partner AG"', "as2-to": "HUB", "message-id": "<1@p>", "disposition-notification-to": "x"}


@settings(max_examples=300)
@given(kind=TYPES, lines=LINES, encoding=st.sampled_from(["", "base64", "quoted-printable", "7bit", "nonsense"]))
def test_made_up_messages(hub_keys, names, kind, lines, encoding) -> None:
    headers = {**names, "content-type": kind, "content-transfer-encoding": encoding}
    found = read(headers, b"\r\n".join(lines), Agreement("HUB", "Partner AG"), hub_keys, NOW)
    assert isinstance(found, Received)
    assert found.refused is not None


@settings(max_examples=300)
@given(body=st.binary(max_size=2000), headers=st.dictionaries(st.text(max_size=30), st.text(max_size=80), max_size=6))
def test_any_bytes(hub_keys, names, body, headers) -> None:
    lax = Agreement("HUB", "Partner AG", accept_unsigned=True, accept_unencrypted=True, signed_receipt=False)
    assert isinstance(read({**headers, **names}, body, lax, hub_keys, NOW), Received)


@pytest.fixture(scope="module")
def whole(partner_keys) -> list[tuple[dict[str, str], bytes]]:
    found = []
    for settings_ in ({}, {"encrypt": None}, {"compress": "after", "encrypt": None}, {"compress": "before"}):
        theirs = Agreement("Partner AG", "HUB", **settings_)
        written = write(
            prepare(Document(b"ISA*00" * 50, "application/edi-x12", "po.edi"), theirs), theirs, partner_keys, "1@p", NOW
        )
        found.append(({k.lower(): v for k, v in written.headers.items()}, written.body))
    return found


@settings(max_examples=400)
@given(data=st.data())
def test_damaged_messages_never_bring_other_bytes(hub_keys, whole, data) -> None:
    headers, body = data.draw(st.sampled_from(whole))
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        action = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"]))
        if action == "flip":
            damaged[place] ^= data.draw(st.integers(1, 255))
        elif action == "cut":
            del damaged[place : place + data.draw(st.integers(1, 200))]
        elif action == "insert":
            damaged[place:place] = data.draw(st.binary(min_size=1, max_size=20))
        else:
            damaged[place:place] = damaged[place : place + 50]
        if not damaged:
            break
    found = read(headers, bytes(damaged), Agreement("HUB", "Partner AG", accept_unencrypted=True), hub_keys, NOW)
    assert isinstance(found, Received)
    # what lies outside the signature may change; what is taken is what was signed
    assert [d.body for d in found.documents] in ([], [b"ISA*00" * 50])


@given(st.binary(max_size=500))
def test_entities_keep_every_byte(raw) -> None:
    found = mime.entity(raw)
    assert found.raw == raw
    assert raw.endswith(found.body)
    _ = (found.content_type, found.file_name, found.decoded(), found.encoding)


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"--b" not in b), min_size=1, max_size=6))
def test_parts_are_what_was_written(pieces) -> None:
    pieces = [piece.rstrip(b"\r\n") for piece in pieces]
    body = b"".join(b"--b\r\n" + piece + b"\r\n" for piece in pieces) + b"--b--\r\n"
    assert mime.parts(body, "b") == pieces
    assert mime.parts(b"preamble\r\n" + body + b"epilogue", "b") == pieces


@given(st.text(max_size=300))
def test_parameters_and_wishes_of_any_text(text) -> None:
    assert isinstance(mime.parameters(text), dict)
    wish({"disposition-notification-to": "x", "disposition-notification-options": text, "receipt-delivery-option": text})


@given(st.text(min_size=1, max_size=60).filter(lambda t: t.isprintable() and t.strip(". ") == t and not set(t) & {"/", "\\"}))
def test_every_printable_file_name_arrives(name) -> None:
    raw = Document(b"x", "application/xml", name).part().written()
    assert mime.entity(raw).file_name == name
