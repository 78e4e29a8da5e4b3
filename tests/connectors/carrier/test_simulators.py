"""The simulated carriers themselves: progress by time and on command, doubles counted, forms of label, and no more trust than the real ones."""

from __future__ import annotations

import base64

import aiohttp
import pytest

from crossdock.simulators.carrier import DhlExpress, Ups
from crossdock.simulators.carrier.labels import label


def test_labels_are_what_they_say() -> None:
    for form, magic in (("PDF", b"%PDF"), ("ZPL", b"^XA"), ("GIF", b"GIF8")):
        assert base64.b64decode(label(form, "1Z")).startswith(magic)


def test_a_pdf_label_can_be_read() -> None:
    from io import BytesIO

    pypdf = pytest.importorskip("PyPDF2", reason="comes with karrio")
    assert "1Z999" in pypdf.PdfReader(BytesIO(base64.b64decode(label("PDF", "1Z999")))).pages[0].extract_text()


async def test_time_moves_consignments_when_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("crossdock.simulators.carrier.consignments.time.time", lambda: now[0])
    ups = Ups(step_seconds=10)
    one = ups.book("1Z1", ["R"], "ZPL", "1.00", ["1Z1"])
    assert [step for step, _ in ups.scanned(one)] == ["booked"]
    now[0] += 25
    assert ups.scanned(one) == [("booked", 1_000_000.0), ("picked_up", 1_000_010.0), ("departed", 1_000_020.0)]
    now[0] += 10_000
    assert ups.scanned(one)[-1] == ("delivered", 1_000_050.0)


async def test_commands_move_consignments_and_wrong_ones_are_told() -> None:
    dhl = DhlExpress()
    async with dhl.running() as url, aiohttp.ClientSession() as client:
        one = dhl.book("11", ["R"], "PDF", "1.00", ["p"])
        async with client.post(f"{url}/_sim/advance", json={"tracking_number": "11", "steps": 2}) as answer:
            assert await answer.json() == {"moved": 1}
        async with client.post(f"{url}/_sim/advance", json={"to": "attempted"}) as answer:
            assert answer.status == 200
        async with client.post(f"{url}/_sim/advance", json={"to": "delivered"}) as answer:
            assert answer.status == 200
        assert [step for step, _ in one.scans] == [
            "booked",
            "picked_up",
            "departed",
            "attempted",
            "arrived",
            "out_for_delivery",
            "delivered",
        ]
        times = [at for _, at in one.scans]
        assert times == sorted(set(times))
        for wrong in ({"to": "moon"}, {"tracking_number": "12"}):
            async with client.post(f"{url}/_sim/advance", json=wrong) as answer:
                assert answer.status == 400


async def test_two_bookings_of_one_reference_are_a_double_booking() -> None:
    ups = Ups()
    for waybill in ("1Z1", "1Z2"):
        ups.book(waybill, ["R"], "ZPL", "1.00", [waybill])
    ups.book("1Z3", ["S"], "ZPL", "1.00", ["1Z3"])
    assert ups.state()["double_bookings"] == 1
    assert ups.state()["booked"] == 3
    ups.reset()
    ups.effects.clear()
    assert ups.state()["booked"] == 0


async def test_nobody_books_without_a_token_or_a_password() -> None:
    ups, dhl = Ups(), DhlExpress(username="u", password="p")
    async with ups.running(), dhl.running(), aiohttp.ClientSession() as client:
        async with client.post(f"{ups.url}/api/shipments/v2409/ship", json={}) as answer:
            assert answer.status == 401
            assert (await answer.json())["response"]["errors"][0]["code"] == "250002"
        for password, status in (("q", 401), ("p", 404)):
            proof = {"authorization": f"Basic {base64.b64encode(f'u:{password}'.encode()).decode()}"}
            async with client.get(f"{dhl.url}/tracking?shipmentTrackingNumber=1", headers=proof) as answer:
                assert answer.status == status
