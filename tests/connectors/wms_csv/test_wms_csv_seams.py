"""CSV over SFTP at its seams: a foreign server, crashes between the steps, files that cannot be read, partners with dialects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncssh
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.canonical.events import Position
from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.wms_csv.connector import WmsCsvConnector, file_name
from crossdock.connectors.wms_csv.mapping import Files
from crossdock.connectors.wms_csv.options import Dialect, WmsCsvOptions
from crossdock.connectors.wms_csv.tables import Problems, Table
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerLost,
    AnswerPending,
    CredentialRefused,
    CrossdockError,
    DocumentUnknown,
    EndpointGone,
    PayloadMalformed,
    PeerNotTrusted,
    TargetRefused,
    TargetUnavailable,
)
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.wms import WmsSftp
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.sftp import PASSWORD, USER
from crossdock.testing import InMemoryHub, ManualClock, make_context


def order(number: str = "FO-1", **changes: Any) -> dict[str, Any]:
    line = {"number": "1", "order_line": "10", "sku": "LAMP", "quantity": {"value": "3", "unit": "C62"}}
    return {
        "number": number,
        "order_number": "1001",
        "warehouse": "MAIN",
        "ship_to": {"country": "GB"},
        "lines": [line],
        **changes,
    }


def release(number: str = "FO-1", command: str = "cmd-1") -> Command:
    return Command(command, "fulfilment.release", "wms", "order/shop/1001", {"refs": {}, "fulfilment": order(number)})


def cancel(number: str = "FO-1", command: str = "cmd-2") -> Command:
    return Command(command, "fulfilment.cancel", "wms", "order/shop/1001", {"refs": {}, "fulfilment_number": number})


@pytest_asyncio.fixture
async def wms() -> AsyncIterator[WmsSftp]:
    simulator = WmsSftp(FaultPlan(timeout_delay=30), Behaviour(pick_latency=None))
    await simulator.start()
    yield simulator
    await simulator.stop()


class opened:
    """A connector with its hub in memory."""

    def __init__(self, wms: WmsSftp, secrets: Mapping[str, str] | None = None, **options: Any) -> None:
        clock = ManualClock()
        given = {"username": USER, "host_keys": [wms.host_key_line], "answer_wait": 0, "timeout": 2, **options}
        shown = {"password": PASSWORD} if secrets is None else secrets
        self.context = make_context(
            WmsCsvConnector, system="wms", endpoint=wms.sftp_url, options=given, secrets=shown, clock=clock
        )
        self.hub = InMemoryHub(WmsCsvConnector(self.context), "wms", clock)

    async def __aenter__(self) -> InMemoryHub:
        return self.hub

    async def __aexit__(self, *_exc: object) -> None:
        await self.hub.connector.close()


@pytest_asyncio.fixture
async def hub(wms: WmsSftp) -> AsyncIterator[InMemoryHub]:
    async with opened(wms) as hub:
        yield hub


def tree(wms: WmsSftp) -> dict[str, list[str]]:
    folders = ("in", "in/.crossdock", "out", "out/processing", "out/archive", "out/quarantine")
    return {f: sorted(p.name for p in (wms.root / f).iterdir() if p.is_file()) for f in folders if (wms.root / f).exists()}


# The server ------------------------------------------------------------------------------------------------------


async def test_a_server_with_another_key_is_refused_before_the_password_is_sent(wms: WmsSftp) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    wms.faults.script("error_500", method="AUTH")
    async with opened(wms, host_keys=[other]) as hub:
        assert isinstance(await hub.attempt(release()), PeerNotTrusted)
        assert not (await hub.connector.probe()).healthy
    assert len(wms.faults.scripts) == 1  # nobody tried to sign in
    async with opened(wms, host_keys=[other, wms.host_key_line]) as hub:
        assert isinstance(await hub.attempt(release()), Accepted)


async def test_a_private_key_signs_in_and_a_wrong_password_does_not(wms: WmsSftp) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    wms.client_keys.append(key.convert_to_public())
    async with opened(wms, {"private_key": key.export_private_key().decode()}, auth="key") as hub:
        assert (await hub.connector.probe()).healthy
    async with opened(wms, {"password": "not-this-one"}) as hub:
        assert isinstance(await hub.attempt(release()), CredentialRefused)


async def test_a_missing_folder_is_the_configurations_fault(wms: WmsSftp) -> None:
    async with opened(wms, directories={"send": "/no/such/folder"}) as hub:
        assert isinstance(await hub.attempt(release()), EndpointGone)
        assert tree(wms)["in/.crossdock"] == ["FO_FO-1_cmd-1.csv.part", "FO_FO-1_cmd-1.csv.sent"]


def test_there_is_no_trust_on_first_use() -> None:
    with pytest.raises(ValidationError, match="host_keys"):
        WmsCsvOptions.model_validate({"username": "u"})
    with pytest.raises(ValidationError, match="no public key"):
        WmsCsvOptions.model_validate({"username": "u", "host_keys": ["SHA256:abc"]})


# Sending ---------------------------------------------------------------------------------------------------------


async def test_a_file_is_never_seen_half_written_and_leaves_only_its_marker(wms: WmsSftp, hub: InMemoryHub) -> None:
    assert isinstance(await hub.attempt(release()), Accepted)
    assert tree(wms)["in"] == [] and tree(wms)["in/.crossdock"] == ["FO_FO-1_cmd-1.csv.sent"]
    assert [effect.idempotency_key for effect in wms.effects_of("fulfilment_released")] == ["cmd-1"]
    (exchange,) = hub.scopes[0].exchanges
    assert exchange.url == "/in/FO_FO-1_cmd-1.csv" and b"FO-1,1001" in exchange.sent and exchange.answered == b"renamed"
    again = await hub.attempt(release())
    assert isinstance(again, Accepted) and again.repeated
    assert len(wms.effects_of("fulfilment_released")) == 1


@pytest.mark.parametrize("step", range(8))
async def test_a_crash_after_any_step_ends_in_one_file(wms: WmsSftp, step: int) -> None:
    """The connection is cut before or after the n-th step of the protocol; another connector goes on from what it finds."""
    fault = (Fault.RESET_BEFORE, Fault.RESET_AFTER)[step % 2]
    method, path, skip = [
        ("OPEN", "*.part", 0),
        ("OPEN", "*.sent", 0),
        ("RENAME", "/in/*.csv", 0),
        ("CONNECT", "*", 0),
    ][step // 2]
    wms.faults.script(fault, path=path, method=method, skip=skip)
    async with opened(wms) as first:
        outcome = await first.attempt(release())
    async with opened(wms) as second:
        if isinstance(outcome, AnswerLost):
            found = await second.find_effect(release())
            assert isinstance(found, EffectFound if fault is Fault.RESET_AFTER else EffectAbsent)
        assert isinstance(await second.attempt(release()), Accepted)
        assert await second.find_effect(release()) == EffectFound({"warehouse_reference": "", "file": "FO_FO-1_cmd-1.csv"})
    assert len(wms.effects_of("fulfilment_released")) == 1 and wms.warehouse.violations == 0


async def test_a_rename_that_happens_long_after_the_time_out_does_not_double(wms: WmsSftp, hub: InMemoryHub) -> None:
    """The server does the first rename while the hub already tries again."""
    wms.faults.timeout_delay = 5.0
    wms.faults.script(Fault.TIMEOUT_AFTER, path="/in/*.csv", method="RENAME")
    first = asyncio.create_task(hub.attempt(release()))
    async with asyncio.timeout(5), opened(wms) as other:
        while not wms.effects_of("fulfilment_released"):
            await asyncio.sleep(0.01)
        second = await other.attempt(release())
        assert isinstance(second, Accepted) and second.repeated
    assert isinstance(await first, AnswerLost)
    assert len(wms.effects_of("fulfilment_released")) == 1


async def test_a_cancellation_waits_for_its_answer_and_is_sent_once(wms: WmsSftp, hub: InMemoryHub) -> None:
    await hub.attempt(release())
    put, wms.put = wms.put, lambda path, body: late.append((path, body))  # type: ignore[method-assign, assignment]
    late: list[tuple[str, bytes]] = []
    assert isinstance(await hub.attempt(cancel()), AnswerPending)
    assert isinstance(await hub.find_effect(cancel()), EffectUnclear)
    wms.put = put  # type: ignore[method-assign]
    for path, body in late:
        put(path, body)
    assert await hub.attempt(cancel()) == Accepted({"status": "cancelled"})
    assert await hub.find_effect(cancel()) == EffectFound({"status": "cancelled"})
    assert len(wms.effects_of("fulfilment_cancelled")) == 1
    unknown = await hub.attempt(cancel("FO-77", "cmd-3"))
    assert isinstance(unknown, TargetRefused) and "never received" in unknown.message


def test_names_are_safe_and_tell_commands_apart() -> None:
    assert file_name("FO", "FO-1", "a-1") == "FO_FO-1_a-1.csv"
    strange = [file_name("FO", "../x/ü", command) for command in ("a/b", "a_b", "a b", "x" * 300)]
    assert len(set(strange)) == 4
    assert all("/" not in name and len(name) < 180 for name in strange)


async def test_old_markers_are_forgotten_and_new_ones_kept(wms: WmsSftp, hub: InMemoryHub) -> None:
    await hub.attempt(release())
    await hub.poll("files")
    assert tree(wms)["in/.crossdock"] == ["FO_FO-1_cmd-1.csv.sent"]
    hub.clock.advance(days=121)  # type: ignore[attr-defined]
    await hub.poll("files")
    assert tree(wms)["in/.crossdock"] == []


# Receiving -------------------------------------------------------------------------------------------------------


async def test_a_file_is_archived_only_after_the_hub_stored_it(wms: WmsSftp, hub: InMemoryHub) -> None:
    wms.warehouse.release({**order(), "lines": [{"number": "1", "sku": "LAMP", "quantity": "3"}]}, "k")
    result = await hub.connector.poll("files", {})
    assert [message.topic for message in result.messages] == ["status"]
    assert tree(wms)["out"] == [] and tree(wms)["out/processing"] == ["STATUS_00000001.csv"]
    again = await hub.connector.poll("files", {})  # the hub died before it stored anything
    assert again == result
    assert tree(wms)["out/archive"] == []
    await hub.connector.poll("files", result.cursor)
    assert tree(wms)["out/processing"] == [] and tree(wms)["out/archive"] == ["STATUS_00000001.csv"]


async def test_a_whole_fulfilment_comes_back_with_substitutions_and_lots(wms: WmsSftp, hub: InMemoryHub) -> None:
    wms.warehouse.behaviour = Behaviour(pick_latency=(0, 0), dispatch=True, dispatch_latency=0, scripts=[Script("substitute")])
    wms.faults.script(Fault.DUPLICATE, path="picking.completed")
    await hub.attempt(release())
    await asyncio.wait_for(wms.warehouse.idle.wait(), 5)
    await hub.poll("files")
    assert hub.refused == []
    stream = [e for e in hub.events if e.position and e.position.contiguous]
    assert sorted({e.position for e in stream}, key=lambda p: p.number) == [
        Position("wms/fulfilment/FO-1", n, contiguous=True) for n in (1, 2, 3)
    ]  # type: ignore[union-attr]
    assert len(hub.events) - len({event.id for event in hub.events}) == 1  # the file sent twice is one fact
    pick: Any = next(event.data for event in hub.events if event.type == "picking.completed")
    (line,) = pick.lines
    assert (line.sku, line.substituted_for, line.quantity.value, line.package) == (
        "LAMP-ALT",
        "LAMP",
        Decimal(3),
        pick.packages[0].reference,
    )
    shipped: Any = next(event.data for event in hub.events if event.type == "shipment.dispatched")
    assert shipped.tracking_number and shipped.ship_to.country == "GB" and shipped.lines[0].sku == "LAMP-ALT"


async def test_files_that_cannot_be_read_are_told_and_put_aside(wms: WmsSftp, hub: InMemoryHub) -> None:
    wms.put("out/PICK_1.csv", b"fulfilment;sku\nFO-1;LAMP\n")
    wms.put("out/STOCK_1.csv", "sku,quantity,counted_at\nGrün,1,2026-01-01T00:00:00Z\n".encode("cp1252"))
    wms.put("out/STATUS_1.csv", b"")
    wms.put("out/invoice.pdf", b"%PDF")
    wms.put("out/STOCK_2.csv", b"sku,quantity,counted_at\n" + b"x" * 2000)
    async with opened(wms, max_file_bytes=1024) as hub:
        await hub.poll("files")
        await hub.poll("files")
        told = {error.message for error in hub.refused}
    assert len(hub.refused) == 5 and hub.events == []
    assert any("missing columns: fulfilment" in message for message in told)
    assert any("row 2: not in the encoding utf-8-sig" in message for message in told)
    assert any("the file is empty" in message for message in told)
    assert any("more than max_file_bytes" in message for message in told)
    assert any(isinstance(error, DocumentUnknown) for error in hub.refused)
    assert len(tree(wms)["out/quarantine"]) == 5 and tree(wms)["out/archive"] == []


async def test_a_cut_transfer_is_no_short_file(wms: WmsSftp, hub: InMemoryHub) -> None:
    wms.warehouse.count("LAMP", Decimal(5))
    wms.faults.script(Fault.MALFORMED, path="/out/processing/*", method="OPEN")
    with pytest.raises(TargetUnavailable, match="could be read"):
        await hub.connector.poll("files", {})
    wms.faults = FaultPlan()
    assert [message.topic for message in await hub.poll("files")] == ["stock"]


async def test_many_files_come_in_pages_and_the_same_name_again_is_kept_apart(wms: WmsSftp) -> None:
    async with opened(wms, files_per_poll=3) as hub:
        for number in range(8):
            wms.warehouse.count(f"SKU-{number}", Decimal(number))
        assert len(await hub.poll("files")) == 8
        await hub.poll("files")
        for quantity in (b"1", b"2"):
            wms.put("out/STOCK.csv", b"sku,quantity,counted_at\nA," + quantity + b",2026-01-01T00:00:00Z\n")
            assert len(await hub.poll("files")) == 1
        await hub.poll("files")
    assert len(tree(wms)["out/archive"]) == 10 and tree(wms)["out/processing"] == []


# CSV -------------------------------------------------------------------------------------------------------------


def options(**changes: Any) -> WmsCsvOptions:
    return WmsCsvOptions.model_validate({"username": "u", "host_keys": ["ssh-ed25519 AAAA"], **changes})


def message(topic: str, body: bytes) -> StoredMessage:
    return StoredMessage("u", "wms", "files", topic, body, "text/csv", {"file": "x.csv"}, datetime(2026, 3, 4, tzinfo=UTC))


GERMAN = {
    "dialect": {"delimiter": ";", "encoding": "cp1252", "decimal": ",", "times": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
    "columns": {"stock": {"sku": "Artikel", "quantity": "Bestand", "counted_at": "Gezählt", "location": "Platz"}},
}


def test_a_partners_dialect_and_columns() -> None:
    body = 'Platz;Artikel;Bestand;Gezählt;Bemerkung\r\nA-1;"Grün;1";1,25;04.07.2026 00:30;\r\n'.encode("cp1252")
    (event,) = Files(options(**GERMAN)).events(message("stock", body))
    level: Any = event.data.levels[0]  # type: ignore[attr-defined]
    assert (level.sku, level.location, level.on_hand.value) == ("Grün;1", "A-1", Decimal("1.25"))
    assert level.counted_at == datetime(2026, 7, 3, 22, 30, tzinfo=UTC)
    assert event.key == "stock/wms/Grün;1"


def test_every_wrong_cell_is_named_by_row_and_the_partners_column() -> None:
    body = "Artikel;Bestand;Gezählt\nA;1.5;04.07.2026 00:30\n;x;gestern\nB;1\nC;1_0;\n".encode("cp1252")
    with pytest.raises(PayloadMalformed) as caught:
        Files(options(**GERMAN)).events(message("stock", body))
    found = {(p["row"], p["column"]) for p in caught.value.detail["problems"]}
    assert found == {(2, "Bestand"), (3, "Artikel"), (3, "Bestand"), (3, "Gezählt"), (4, "-"), (5, "Bestand"), (5, "Gezählt")}
    assert caught.value.message.startswith("row 4, column -: 2 cells, but the header has 3 and 6 more")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "missing columns"),
        (b"sku,quantity,counted_at\n", "no rows"),
        (b'sku,quantity,counted_at\n"A,1,2', "not CSV"),
        (b"sku,quantity,counted_at\nA,NaN,2026-01-01T00:00:00Z\n", "row 2, column quantity: not a number"),
        (b"sku,quantity,counted_at\nA,1,2026-01-01T00:00:00\n", "set `zone`"),
    ],
)
def test_unreadable_tables(body: bytes, words: str) -> None:
    with pytest.raises(PayloadMalformed, match=words):
        Files(options()).events(message("stock", body))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dialect": {"encoding": "utf-9"}}, "no encoding 'utf-9'"),
        ({"dialect": {"delimiter": ",", "decimal": ","}}, "could not be told apart"),
        ({"dialect": {"zone": "Mars"}}, "no time zone 'Mars'"),
        ({"columns": {"stock": {"qty": "Menge"}}}, "stock has no column qty; it has sku, quantity"),
        ({"files": {"invoice": "*.pdf"}}, "files"),
    ],
)
def test_mistakes_in_the_options_are_found_when_they_are_read(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        options(**change)


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
DIALECTS = st.sampled_from(
    [
        Dialect(),
        Dialect(delimiter=";", decimal=","),
        Dialect(delimiter="\t", quote="'", line_end="\n"),
        Dialect(encoding="utf-16"),
    ]
)


@given(
    DIALECTS,
    st.lists(
        st.tuples(CELL.filter(bool), CELL, st.decimals(allow_nan=False, allow_infinity=False, places=3)), min_size=1, max_size=5
    ),
)
def test_what_is_written_reads_back_the_same(dialect: Dialect, rows: list[tuple[str, str, Decimal]]) -> None:
    table = Table("snapshot", dialect, {"sku": "Artikel; Nr"})
    body = table.write({"sku": sku, "location": place, "quantity": quantity} for sku, place, quantity in rows)
    assert body == table.write({"sku": sku, "location": place, "quantity": quantity} for sku, place, quantity in rows)
    problems = Problems()
    found = [(row.text("sku"), row.text("location"), row.decimal("quantity")) for row in table.rows(body, problems)]
    assert found == rows and problems.found == []


def test_a_fulfilment_order_is_one_row_a_line_and_a_sign_the_encoding_lacks_is_said() -> None:
    files = Files(options(dialect={"encoding": "cp1252"}))
    body = files.release(FulfilmentOrder.model_validate(order(ship_to={"country": "FR", "name": 'Zoé, "la" brave'})), "cmd-1")
    header, row = body.decode("cp1252").split("\r\n")[:2]
    assert header.startswith("command,fulfilment,order,warehouse,line,order_line,sku,quantity,unit,lot")
    assert row.startswith("cmd-1,FO-1,1001,MAIN,1,10,LAMP,3,C62,,") and '"Zoé, ""la"" brave"' in row
    with pytest.raises(PayloadMalformed, match="does not exist in cp1252"):
        files.release(FulfilmentOrder.model_validate(order(note="→ ramp 日")), "cmd-1")


# Snapshot --------------------------------------------------------------------------------------------------------


async def test_the_newest_snapshot_is_read_and_a_wrong_line_named(wms: WmsSftp, hub: InMemoryHub) -> None:
    with pytest.raises(TargetUnavailable, match="there is no INVENTORY"):
        _ = [line async for part in hub.connector.snapshot() for line in part]
    for number in range(12_000):
        wms.warehouse.store((f"S{number:05}", "A", ""), Decimal(number) / 4)
    wms.count_stock("INVENTORY_1.csv")
    parts = [part async for part in hub.connector.snapshot()]
    assert [len(part) for part in parts] == [5000, 5000, 2000]
    assert (parts[0][1].sku, parts[0][1].quantity) == ("S00001", "0.25")
    wms.put("out/snapshots/INVENTORY_2.csv", b"sku,quantity\nA,1\nB,one\n")
    with pytest.raises(PayloadMalformed, match="row 3, column quantity"):
        _ = [line async for part in hub.connector.snapshot() for line in part]


async def test_errors_never_hold_the_password(wms: WmsSftp) -> None:
    async with opened(wms, {"password": "a-very-secret-password"}) as hub:
        outcome = await hub.attempt(release())
        assert isinstance(outcome, CrossdockError)
        assert "a-very-secret-password" not in str(outcome.as_dict()) + repr(hub.connector) + repr(outcome)


def test_two_parts_of_a_pick_are_told_apart_and_an_uncounted_one_is_refused() -> None:
    head = b"fulfilment,confirmation,line,sku,quantity,picked_at,final\n"
    one, two = b"FO-1,1,1,LAMP,2,2026-03-04T10:00:00Z,N\n", b"FO-1,2,1,LAMP,1,2026-03-04T11:00:00Z,Y\n"
    events = Files(options()).events(message("picks", head + one + two))
    told: list[Any] = [event.data for event in events]
    assert [(pick.sequence, pick.final, pick.lines[0].quantity.value) for pick in told] == [(1, False, 2), (2, True, 1)]
    assert len({event.id for event in events}) == 2
    with pytest.raises(PayloadMalformed, match="row 2, column confirmation: must not be empty"):
        Files(options()).events(message("picks", head + one.replace(b"FO-1,1", b"FO-1,")))
