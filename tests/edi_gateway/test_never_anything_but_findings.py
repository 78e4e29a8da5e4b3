"""Whatever bytes come, only errors of the tree come out of reading, judging, mapping and answering; fuzzed by mutation of good interchanges."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.canonical.interchange import Interchange
from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.edi.rehearsal import taken, written_answer
from crossdock.connectors.protocol import Inbound, PartnerFile, StoredMessage
from crossdock.core.errors import CrossdockError, DocumentUnwritable
from crossdock.testing.contexts import make_context
from tests.edi.messages import ORDER, edifact, x12

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
OPTIONS = {"currency": "USD", "country": "US"}
CONTENT = {
    "state": "live",
    "identifiers": [{"scheme": "x12:zz", "value": "SENDER"}, {"scheme": "edifact:14", "value": "4012345000009"}],
    "exchange": {"ours": [{"scheme": "x12:zz", "value": "RECEIVER"}, {"scheme": "edifact:14", "value": "5412345000013"}]},
    "agreements": [
        *(
            {"document": d, "direction": "in", "format": "x12", "version": "004010", "options": OPTIONS}
            for d in ("850", "855", "856", "810")
        ),
        *(
            {"document": d, "direction": "in", "format": "edifact", "version": "D.96A", "options": OPTIONS}
            for d in ("ORDERS", "DESADV", "INVOIC")
        ),
    ],
}
ASN = [
    "BSN*00*ASN-7*20260110*0900*0001", "HL*1**S", "TD5*B*2*UPSN*M*GROUND", "DTM*011*20260110", "HL*2*1*O", "PRF*P00042", "HL*3*2*P",
    "MAN*GM*040123450000000017", "HL*4*3*I", "LIN*1*VP*L1", "SN1*1*10*EA", "REF*LT*LOT-1", "CTT*4",
]  # fmt: skip
ANSWER = ["BAK*00*AC*P00042*20260105****SO-9", "PO1*1*10*EA*9.25**VP*L1", "ACK*IA*10*EA*068*20260112", "CTT*1"]
BILL = ["BIG*20260110*INV-1*20260105*P00042", "IT1*1*10*EA*9.25**VP*L1", "TDS*9250", "CTT*1"]
ORDERS = [
    "BGM+220+PO-1001+9", "DTM+137:20260105:102", "NAD+BY+4012345000009::9", "NAD+DP+++Store 12+1 Main Street+Berlin++10115+DE", "CUX+2:EUR:9",
    "LIN+1++4006381333931:EN", "PIA+5+LAMP-1:SA", "QTY+21:10", "PRI+AAA:9.25", "UNS+S", "CNT+2:1",
]  # fmt: skip
GOOD = [
    x12(ORDER), x12(ORDER, ORDER), x12(ANSWER, kind="855", group="PR"), x12(ASN, kind="856", group="SH"), x12(BILL, kind="810", group="IN"),
    x12(["AK1*PO*1", "AK2*850*0001", "AK3*PO1*4**8", "AK4*2*330*7", "AK5*R*5", "AK9*R*1*1*0"], kind="997", group="FA"),
    x12(ORDER).replace(b"GS*", b"TA1*000000001*230525*2048*A*000~\nGS*", 1), x12(ORDER) + x12(ORDER, number=2),
    edifact(ORDERS), edifact(ORDERS, advice="UNA:+.? '"), edifact(["UCI+REF1+A:14+B:14+4+12", "UCM+1+ORDERS:D:96A:UN+4+12"], kind="CONTRL:D:3:UN"),
    edifact(["BGM++APERAK+27+RE", "RFF+ACW:PO-1", "ERC+42", "FTX+AAO+++wrong"], kind="APERAK:D:96A:UN"),
]  # fmt: skip


def partner() -> EdiConnector:
    context = make_context(EdiConnector, system="acme", partner=PartnerFile("acme", CONTENT, Path()))
    return EdiConnector(context)


def through(connector: EdiConnector, inbound: Inbound, depth: int = 0) -> None:
    """Everything that happens to bytes; raises nothing but a failure of the test."""
    message = StoredMessage(f"{depth}", "acme", "wire", inbound.topic, inbound.body, inbound.content_type, inbound.headers, AT)
    try:
        events = connector.normalize(message)
        parts = connector.split(message)
    except (CrossdockError, ValidationError):
        return
    for event in events:
        event.data.model_dump_json()
        if isinstance(event.data, Interchange):
            for kind in event.data.owed:
                try:
                    written_answer(connector, event.data, kind)
                except DocumentUnwritable:
                    continue
    if depth < 3:
        for part in parts:
            through(connector, part, depth + 1)


def mutated(body: bytes, seed: int) -> bytes:
    """A good interchange with a few faults: bytes changed, cut, doubled, moved; segments lost, repeated, swapped."""
    chance = random.Random(seed)
    data = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        if not data:
            break
        at, other = chance.randrange(len(data)), chance.randrange(len(data))
        low, high = min(at, other), min(max(at, other), min(at, other) + 200)
        match chance.randrange(8):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[low:high]
            case 2:
                data[at:at] = data[low:high]
            case 3:
                data[at:at] = chance.choice(
                    [
                        b"~",
                        b"*",
                        b">",
                        b"'",
                        b"+",
                        b":",
                        b"?",
                        b"\x00",
                        b"\xff\xfe",
                        b"\r\n",
                        b"99999999999999999999",
                        b"-0",
                        b"1E9",
                        b"NaN",
                    ]
                )
            case 4:
                segments = bytes(data).split(b"~")
                chance.shuffle(segments)
                data = bytearray(b"~".join(segments))
            case 5:
                del data[at:]
            case 6:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 40)))
            case 7:
                data = bytearray(
                    bytes(data).replace(
                        chance.choice([b"850", b"004010", b"EA", b"10", b"PO1", b"HL"]),
                        chance.choice([b"", b"*", b"999", b"\xc3\xa9"]),
                    )
                )
    return bytes(data)


@pytest.mark.parametrize("number", range(len(GOOD)))
def test_good_ones_pass(number: int) -> None:
    through(partner(), taken(partner(), GOOD[number]))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 1 << 40))
def test_mutations_of_interchanges(number: int, seed: int) -> None:
    connector = partner()
    through(connector, taken(connector, mutated(GOOD[number], seed)))


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"ISA*", b"UNB+UNOC:3+", b"UNA:+.? '", b"<?xml version='1.0'?>", x12(ORDER)[:106], x12(ORDER)[:160]]),
)
def test_any_bytes(tail: bytes, head: bytes) -> None:
    connector = partner()
    through(connector, taken(connector, head + tail))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 40), st.integers(0, 4))
def test_documents_that_were_altered_after_they_were_split(seed: int, number: int) -> None:
    connector = partner()
    whole = taken(connector, GOOD[number])
    message = StoredMessage("1", "acme", "wire", whole.topic, whole.body, whole.content_type, whole.headers, AT)
    for part in connector.split(message):
        altered = Inbound(part.topic, part.dedupe_key, mutated(part.body, seed), part.content_type, part.headers)
        through(connector, altered, 3)
