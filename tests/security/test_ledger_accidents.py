"""What happens to a ledger under a running hub: nothing is acknowledged that would be lost, and a person is told in words."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.security.conftest import Place, Receiver, until

pytestmark = pytest.mark.slow


def codes(place: Place) -> set[str]:
    return {each["code"] for each in place.exceptions()}


def test_a_ledger_that_was_removed_acknowledges_nothing_until_it_is_back(place: Place, receiver: Receiver) -> None:
    with place.up():
        assert place.send(number="BEFORE").status == 202
        ledger = place.folder / "var" / "ledger.sqlite3"
        moved = [(path, path.with_name(f"away-{path.name}")) for path in ledger.parent.glob("ledger.sqlite3*")]
        for path, away in moved:
            path.rename(away)
        refused = place.send(number="LOST")
        assert (refused.status, refused.code) == (503, "ledger.unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert not ledger.exists(), "no empty ledger took its place"
        for path, away in moved:
            away.rename(path)
        until(lambda: place.send(number="AFTER").status in (200, 202), "the hub goes on")
        until(lambda: {"BEFORE", "AFTER"} <= receiver.keys.keys(), "it works again, not only accepts")
        assert "LOST" not in receiver.keys
        assert place.run("trace", "BEFORE").returncode == 0
    assert place.run("audit", "verify").returncode == 0
    assert "Traceback" not in place.log


def test_a_file_that_is_no_ledger_is_named(place: Place) -> None:
    (place.folder / "var").mkdir()
    (place.folder / "var" / "ledger.sqlite3").write_bytes(b"garbage" * 1000)
    with place.up() as process:
        assert process.wait(20) == 4
    assert "ledger.damaged" in place.log
    assert "Traceback" not in place.log
    assert place.run("status").returncode == 4
    assert b"Traceback" not in place.run("status").stderr


def test_a_ledger_that_breaks_while_the_hub_runs_refuses_senders(place: Place) -> None:
    with place.up() as process:
        for _ in range(30):
            place.send()
        path = place.folder / "var" / "ledger.sqlite3"
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        last = until(lambda: (found := place.send()).status == 503 and found, "senders are refused")
        assert last.code in ("ledger.damaged", "ledger.unavailable")
        assert process.poll() is None
    assert "Traceback" not in place.log


def test_the_number_of_partitions_stays(place: Place) -> None:
    with place.up():
        place.send()
    head = place.folder / "crossdock.yaml"
    head.write_text(head.read_text().replace("partitions: 16", "partitions: 8"))
    with place.up() as process:
        assert process.wait(20) == 3
    assert "ledger.partitions_changed" in place.log
    assert "16" in place.log


def test_a_landscape_that_breaks_while_the_hub_runs_matters_at_the_next_start(place: Place) -> None:
    with place.up() as process:
        (place.folder / "systems" / "inbox.yaml").write_text("kind: [")
        assert place.send().status == 202
        assert process.poll() is None
    with place.up() as process:
        assert process.wait(20) == 3
    assert "systems/inbox.yaml:" in place.log
    assert place.log.count("systems/inbox.yaml:") == 1
    assert "Traceback" not in place.log


@pytest.fixture
def small_disk(place: Place) -> Iterator[Path]:
    """A file system of four megabytes for the ledger."""
    folder = place.folder / "var"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(place: Place, small_disk: Path, receiver: Receiver) -> None:
    with place.up() as process:
        accepted = []
        for number in range(400):
            answer = place.send(number=f"FULL-{number}", note=os.urandom(10_000).hex())
            if answer.status != 202:
                break
            accepted.append(f"FULL-{number}")
        assert (answer.status, answer.code) == (503, "ledger.unavailable")
        assert accepted
        large = place.send(note=os.urandom(200_000).hex())
        assert large.status == 503, "a body kept outside the database needs room too"
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        until(lambda: place.send(number="ROOM").status in (200, 202), "the hub goes on")
        assert place.send(note=os.urandom(200_000).hex()).status == 202
        until(lambda: receiver.keys.keys() >= {*accepted, "ROOM"}, "what was acknowledged is carried out")
        assert {len(keys) for keys in receiver.keys.values()} == {1}, "and known for the same when it is sent again"
        assert process.poll() is None
    for number in accepted:
        with closing(sqlite3.connect(f"file:{small_disk}/ledger.sqlite3?mode=ro", uri=True)) as ledger:
            found = ledger.execute("SELECT COUNT(*) FROM ledger_message WHERE dedupe_key LIKE ?", (f'%"{number}"%',)).fetchone()
        assert found == (1,), number
    assert place.run("audit", "verify").returncode == 0
    assert "Traceback" not in place.log
