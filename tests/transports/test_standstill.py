"""A hub that dies between taking a document and the commit of its cursor goes on with the next one, whichever way documents come.

The cursor of the last look is lost with the hub: the next one starts with the cursor before, though what it names is put away already.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.connectors.wms_csv.connector import WmsCsvConnector
from crossdock.simulators.wms import WmsSftp
from crossdock.simulators.wms.sftp import PASSWORD, USER
from crossdock.testing import make_context
from crossdock.testing.transports import open_transport
from crossdock.transports.dropbox.place import Place
from crossdock.transports.dropbox.taking import Limits, Stored, Taker
from crossdock.transports.mail.transport import MailTransport
from tests.transports.correspondents import MailSide

STATUS = b"fulfilment,sequence,status,at\nFO-%d,1,accepted,2026-03-04T10:00:00Z\n"


@pytest.mark.parametrize(
    ("capabilities", "afterwards"), [("IMAP4rev1 MOVE", "move"), ("IMAP4rev1", "move"), ("IMAP4rev1 MOVE", "seen")]
)
async def test_mails_go_on(capabilities: str, afterwards: str) -> None:
    async with open_transport(MailTransport, MailSide(afterwards=afterwards), patience=2.0) as bench:
        host = bench.correspondent.host
        host.capabilities = capabilities
        host.send_to_hub("x@evil.example", "refused.edi", b"ISA")  # of a stranger: to quarantine
        bench.correspondent.offer("a.edi", b"first")
        stored = await bench.transport.collect({})
        assert not (await bench.transport.collect(stored.cursor)).messages  # put away, and then the hub dies
        bench.correspondent.offer("b.edi", b"second")
        again = await bench.transport.collect(stored.cursor)
        assert [each.file_name for each in again.messages] == ["b.edi"]
        assert not (await bench.transport.collect(again.cursor)).messages


async def test_files_of_a_warehouse_go_on() -> None:
    wms = WmsSftp()
    await wms.start()
    options = {"username": USER, "host_keys": [wms.host_key_line], "timeout": 2}
    connector = WmsCsvConnector(
        make_context(WmsCsvConnector, system="wms", endpoint=wms.sftp_url, options=options, secrets={"password": PASSWORD})
    )
    try:
        (wms.root / "out/STATUS_1.csv").write_bytes(STATUS % 1)
        (wms.root / "out/nonsense.bin").write_bytes(b"\xff")
        stored = await connector.poll("files", {})
        assert not (await connector.poll("files", stored.cursor)).messages
        (wms.root / "out/STATUS_2.csv").write_bytes(STATUS % 2)
        again = await connector.poll("files", stored.cursor)
        assert [each.headers["file"] for each in again.messages] == ["STATUS_2.csv"]
        assert not (await connector.poll("files", again.cursor)).messages
        assert not list((wms.root / "out/processing").iterdir())
    finally:
        await connector.close()
        await wms.stop()


class Ledger:
    """What was stored; a name and content it has is no second message."""

    def __init__(self) -> None:
        self.stored: set[tuple[str, bytes]] = set()

    async def store(self, name: str, body: bytes) -> Stored:
        self.stored.add((name, body))
        return Stored(good=not name.startswith("refused"), words="no")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "acme")
    place.make()
    return place


def taker(place: Place, ledger: Ledger) -> Taker:
    return Taker(place, Limits(1000, 10_000, 100), ledger.store)


async def test_files_of_a_drop_box_go_on(place: Place) -> None:
    ledger = Ledger()
    for name in ("a.edi", "refused.edi"):
        (place.incoming / name).write_bytes(b"ISA")
        claimed = place.claim(name)
        await ledger.store(name, claimed.read_bytes())  # stored, and then the hub dies before it puts the file away
    (place.incoming / "claimed.edi").write_bytes(b"ISA")
    place.claim("claimed.edi")  # and this one is not even stored
    (place.taken / "a.edi").write_bytes(b"an earlier file of this name")
    after = taker(place, ledger)
    await after.sweep()
    (place.incoming / "next.edi").write_bytes(b"ISA")
    assert not await after.complete("next.edi")
    assert ledger.stored == {(name, b"ISA") for name in ("a.edi", "refused.edi", "claimed.edi", "next.edi")}
    assert not place.waiting()


async def test_a_file_that_cannot_be_put_away_stops_no_other(place: Place) -> None:
    ledger = Ledger()
    (place.taken / "a.edi").mkdir()
    for name in ("a.edi", "b.edi"):
        (place.incoming / name).write_bytes(b"ISA")
        place.claim(name)
    await taker(place, ledger).sweep()
    assert ledger.stored == {("a.edi", b"ISA"), ("b.edi", b"ISA")}
    assert [each.name.partition(".")[2] for each in place.waiting()] == ["a.edi"]
