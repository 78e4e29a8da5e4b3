"""Interchanges that are wrong in every way partners get wrong: findings with their place, the right negative acknowledgement, the bytes kept."""

from __future__ import annotations

import pytest

from tests.edi.messages import ORDER, edifact, x12

BAD_LINE = [*ORDER[:5], "PO1*1*ten*EA*9.25*TE*CB*065322-117", "CTT*1"]
OTHER = [ORDER[0].replace("4711", "4712"), *ORDER[1:]]


async def kept(hub, body: bytes) -> bool:

    rows = await hub.rows("SELECT body, encoding, claim FROM ledger_message WHERE size=?", len(body))
    if rows and rows[0][2]:
        return True
    return any(bytes(row[0]) == body if not row[1] else True for row in rows)


async def test_a_document_that_breaks_its_guide_stops_no_other(gateway) -> None:
    async with gateway() as hub:
        body = x12(ORDER, BAD_LINE, OTHER)
        await hub.post(body)
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 2)
        [problem] = await hub.problems()
        assert problem["code"] == "edi.guide"
        assert "PO102" in problem["message"] and "PO-4711" in problem["message"]
        [finding] = problem["detail"]["findings"]
        assert (finding["segment"], finding["element"], finding["segment_position"]) == ("PO1", 2, 7)
        assert body[finding["position"] :].startswith(b"ten*EA"), "the byte position is the one in the interchange"
        await hub.until(lambda: hub.wire.bodies("997"))
        segments = hub.wire.segments("997")
        assert [s for s in segments if s[0] in ("AK2", "AK3", "AK4", "AK5", "AK9")] == [
            ["AK2", "850", "0001"], ["AK5", "A"],
            ["AK2", "850", "0002"], ["AK3", "PO1", "7", "PO1", "8"], ["AK4", "2", "330", "6", "ten"], ["AK5", "R", "5"],
            ["AK2", "850", "0003"], ["AK5", "A"],
            ["AK9", "P", "3", "3", "2"],
        ]  # fmt: skip


async def test_a_corrected_document_takes_effect(gateway) -> None:
    from tests.pipeline.people import ask, exception

    async with gateway() as hub:
        await hub.post(x12(BAD_LINE))
        found = await exception(hub)
        mended = x12(BAD_LINE).replace(b"*ten*", b"*10*").decode()
        answer = await ask(hub, "correct", found, body=mended, reason="a typing error")
        assert answer["done"], answer
        await hub.until(lambda: hub.desk.documents("order.placed"))
        assert len(hub.wire.bodies("997")) == 1, "the partner was told already"


@pytest.mark.parametrize(("refuse", "accepted", "outcome"), [("document", 2, "P"), ("group", 0, "R"), ("interchange", 0, "R")])
async def test_how_much_is_refused_is_the_partners_agreement(gateway, files, refuse: str, accepted: int, outcome: str) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("exchange:\n", f"exchange:\n  refuse: {refuse}\n")
    async with gateway() as hub:
        await hub.post(x12(ORDER, BAD_LINE, OTHER))
        await hub.until(lambda: hub.wire.bodies("997") or hub.wire.bodies("TA1"))
        [problem] = await hub.problems()
        if refuse == "document":
            await hub.until(lambda: len(hub.desk.documents("order.placed")) == accepted)
        else:
            assert problem["code"] == "edi.envelope"
            assert problem["detail"]["refused_documents"] == 3
            assert not hub.desk.documents("order.placed")
        [ak9] = [s for s in hub.wire.segments("997") if s[0] == "AK9"]
        assert (ak9[1], ak9[4]) == (outcome, str(accepted))


WHOLE = {
    "truncated": (lambda good: good[: len(good) // 2], "missing-", "023"),
    "no trailer": (lambda good: good[: good.index(b"IEA")], "missing-IEA", "023"),
    "wrong count of groups": (lambda good: good.replace(b"IEA*1*", b"IEA*3*"), "IEA01-count", "021"),
    "other number in the trailer": (lambda good: good.replace(b"IEA*1*000000001", b"IEA*1*000000009"), "IEA02-control", "001"),
    "stranger": (lambda good: good.replace(b"*ZZ*SENDER  ", b"*ZZ*NOBODY  "), "sender-unknown", "006"),
    "not for us": (lambda good: good.replace(b"*ZZ*RECEIVER  ", b"*ZZ*SOMEBODY  "), "receiver-unknown", "007"),
    "a test": (lambda good: good.replace(b"*0*P*>", b"*0*T*>"), "test-indicator", "020"),
}


@pytest.mark.parametrize("name", list(WHOLE))
async def test_a_faulty_envelope_refuses_everything_and_says_so(gateway, name: str) -> None:
    spoil, code, note = WHOLE[name]
    async with gateway() as hub:
        body = spoil(x12(ORDER))
        assert (await hub.post(body))[0] == 202
        [problem] = await hub.problems()
        assert problem["code"] == "edi.envelope"
        assert any(finding["code"].startswith(code) for finding in problem["detail"]["findings"]), problem["detail"]["findings"]
        assert all("offset" in finding for finding in problem["detail"]["findings"])
        await hub.until(lambda: hub.wire.bodies("TA1"))
        [ta1] = [s for s in hub.wire.segments("TA1") if s[0] == "TA1"]
        assert (ta1[1], ta1[4], ta1[5]) == ("000000001", "R", note)
        assert not hub.desk.taken
        assert await kept(hub, body)


async def test_wrong_counts_in_a_document_refuse_the_document(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER, OTHER).replace(b"SE*11*0001", b"SE*12*0001"))
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 1)
        [problem] = await hub.problems()
        assert problem["code"] == "edi.envelope" and problem["detail"]["findings"][0]["code"] == "SE01-count"
        await hub.until(lambda: hub.wire.bodies("997"))
        assert [s for s in hub.wire.segments("997") if s[0] == "AK5"] == [["AK5", "R", "4"], ["AK5", "A"]]


async def test_what_a_fault_weighs_is_the_partners_agreement(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("exchange:\n", "exchange:\n  strictness: tolerant\n")
    async with gateway() as hub:
        await hub.post(x12(ORDER).replace(b"SE*11*0001", b"SE*12*0001"))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        await hub.until(lambda: hub.wire.bodies("997"))
        assert [s for s in hub.wire.segments("997") if s[0] == "AK5"] == [["AK5", "E", "4"]]


async def test_a_control_number_twice_in_one_interchange_refuses_the_second_document(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER, OTHER).replace(b"ST*850*0002", b"ST*850*0001").replace(b"SE*11*0002", b"SE*11*0001"))
        await hub.until(lambda: hub.desk.documents("order.placed"))
        [problem] = await hub.problems()
        assert problem["detail"]["findings"][0]["code"] == "duplicate-document"
        assert [order["number"] for order in hub.desk.documents("order.placed")] == ["PO-4711"]


async def test_the_same_interchange_again_takes_no_effect(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        await hub.until(lambda: hub.wire.bodies("997"))
        status, answer = await hub.post(x12(ORDER))
        assert (status, answer["status"]) == (200, "duplicate")
        # the same interchange by another way is another message, yet nothing happens twice
        await hub.post(x12(ORDER), channel="other")
        await hub.until_rows("SELECT id FROM ledger_message WHERE channel='other' AND topic='document' AND state<>0")
        assert len(hub.desk.documents("order.placed")) == 1
        assert len(hub.wire.bodies("997")) == 1


async def test_who_sends_an_interchange_again_gets_its_acknowledgement_again(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER), x_id="first")
        await hub.until(lambda: len(hub.wire.bodies("997")) == 1)
        for name in ("first", "second", "second", "third"):
            assert (await hub.post(x12(ORDER), x_id=name))[1]["status"] == "duplicate"
        await hub.until(lambda: len(hub.wire.bodies("997")) == 3)
        await hub.until_rows(
            "SELECT id FROM ledger_message WHERE topic='interchange_again' AND state<>0", lambda rows: len(rows) == 3
        )
        answers = [[s for s in each.decode().split("~") if s.startswith(("AK", "\nAK"))] for each in hub.wire.bodies("997")]
        assert answers[0] == answers[1] == answers[2]
        numbers = {each.decode().split("*")[13] for each in hub.wire.bodies("997")}
        assert len(numbers) == 3, "each under a control number of its own"
        assert len(hub.desk.documents("order.placed")) == 1


async def test_a_file_of_several_sent_again_is_acknowledged_again(gateway) -> None:
    other = x12([ORDER[0].replace("4711", "4712"), *ORDER[1:]], number=2)
    async with gateway() as hub:
        await hub.post(x12(ORDER) + other, x_id="first")
        await hub.until(lambda: len(hub.wire.bodies("997")) == 2)
        await hub.post(x12(ORDER) + other, x_id="second")
        await hub.until(lambda: len(hub.wire.bodies("997")) == 4)
        assert len(hub.desk.documents("order.placed")) == 2


async def test_what_would_be_judged_otherwise_when_it_comes_again_goes_to_a_person(gateway, files) -> None:
    wanted = files["partners/acme.yaml"]
    files["partners/acme.yaml"] = wanted.replace('document: "850", direction: in', 'document: "830", direction: in')
    async with gateway() as hub:
        await hub.post(x12(ORDER), x_id="first")
        await hub.until(lambda: hub.wire.bodies("997"))
    files["partners/acme.yaml"] = wanted
    async with gateway() as hub:
        await hub.post(x12(ORDER), x_id="second")
        problems = await hub.problems(2)
        assert "judged otherwise" in problems[-1]["message"]
        assert not hub.wire.bodies("997") and not hub.desk.taken


async def test_the_same_number_with_other_content_goes_to_a_person(gateway) -> None:
    async with gateway() as hub:
        await hub.post(x12(ORDER))
        await hub.until(lambda: hub.wire.bodies("997"))
        await hub.post(x12(ORDER, OTHER))
        [problem] = await hub.problems()
        assert problem["code"] == "receive.conflict"
        assert len(hub.desk.documents("order.placed")) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff" * 500, b"hello", b"ISA*", b"ISA*00*", b"%PDF-1.7\n" + bytes(range(256)) * 40, b"<order/>", b"UNB+", b"{}"],
    ids=["empty", "binary", "words", "cut", "cut later", "pdf", "xml", "cut EDIFACT", "json"],
)
async def test_what_is_no_interchange_goes_to_a_person_with_its_bytes(gateway, body: bytes) -> None:
    async with gateway() as hub:
        assert (await hub.post(body))[0] == 202
        [problem] = await hub.problems()
        assert problem["code"] == "normalize.malformed"
        assert not hub.wire.sent and not hub.desk.taken
        assert await kept(hub, body)


async def test_a_segment_of_ten_megabytes_is_a_finding(gateway) -> None:
    async with gateway() as hub:
        body = x12([*ORDER[:5], "MSG*" + "x" * 10_000_000, *ORDER[5:]], OTHER)
        assert (await hub.post(body))[0] == 202
        [problem] = await hub.problems()
        assert problem["code"] == "edi.guide"
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 1)
        assert await kept(hub, body)


async def test_a_wrong_character_set_is_named(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("exchange:\n", "exchange:\n  strictness: strict\n")
    files["partners/acme.yaml"] += (
        '  - {document: ORDERS, direction: in, format: edifact, version: "D.96A", options: {country: DE}}\n'
    )
    message = [
        "BGM+220+128576+9",
        "DTM+137:20260101:102",
        "NAD+BY+5412345000013::9",
        "LIN+1++4012345000009:EN",
        "QTY+21:5",
        "UNS+S",
    ]
    async with gateway() as hub:
        bad = edifact(message, syntax="UNOA:3").replace(b"128576", b"M\xfcller")
        await hub.post(bad.replace(b"230525:2048", b"260101:1200"))
        [problem] = await hub.problems()
        assert "character" in str(problem["detail"]), problem
        await hub.until(lambda: hub.wire.bodies("CONTRL"))
        body = hub.wire.bodies("CONTRL")[-1]
        assert b"UCI+REF1+" in body and (b"+4+21" in body or b"UCM+1+ORDERS:D:96A:UN+4" in body)


async def test_numbers_that_were_skipped_are_missed(gateway, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("exchange:\n", "exchange:\n  gap_patience: 2h\n")
    async with gateway() as hub:
        for number, order in ((1, ORDER), (4, OTHER)):
            await hub.post(x12(order, number=number))
        await hub.until(lambda: len(hub.wire.bodies("997")) == 2)
        assert not await hub.rows("SELECT code FROM ledger_exception")
        hub.clock.offset += 3 * 3600
        [problem] = await hub.problems()
        assert problem["code"] == "edi.number_missing"
        assert "numbers 2 to 3" in problem["message"]
        third = [ORDER[0].replace("4711", "4713"), *ORDER[1:]]
        await hub.post(x12(third, number=2))
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2 AND message LIKE '%number 3 of%'")
        fourth = [ORDER[0].replace("4711", "4714"), *ORDER[1:]]
        await hub.post(x12(fourth, number=3))
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2 AND code='edi.number_missing'", lambda r: not r)
