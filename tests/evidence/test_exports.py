"""An export proves the chain to somebody who has nothing but the file and a public key, by our program and by ten lines of another."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from crossdock.core.clock import SystemClock
from crossdock.evidence.audit_file import Origin
from crossdock.evidence.errors import ChainBroken, ExportExists, ExportUnreadable, PublicKeyUnusable, StoreUnusable
from crossdock.evidence.series import export
from crossdock.evidence.storage import Folder
from crossdock.evidence.verifying import Checked, verify_files
from crossdock.governance.signing import new_key, public_of
from crossdock.ledger.batch import Batch
from crossdock.ledger.bundles import LOADED, remember_bundle
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import accept
from crossdock.ledger.payloads import FileClaims, pack
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.work import claim_partitions
from tests.ledger.test_audit import event_row, message_row
from tests.ledgers import migrated_at

STRANGER = """
import sys, json, hashlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
lines = open(sys.argv[1], "rb").read().splitlines(True)
end, digest = json.loads(lines[-1]), hashlib.sha256(b"".join(lines[:-1])).hexdigest()
Ed25519PublicKey.from_public_bytes(bytes.fromhex(sys.argv[2].removeprefix("ed25519:"))).verify(
    bytes.fromhex(end["signature"]), f"crossdock-audit/1\\n{digest}\\n".encode())
chain = {int(p): (s, bytes.fromhex(h)) for p, (s, h) in json.loads(lines[0])["after"]["heads"].items()}
for p, seq, at, link, text in (each["link"] for each in map(json.loads, lines[:-1]) if "link" in each):
    last, before = chain.get(p, (0, bytes(32)))
    assert seq == last + 1 and hashlib.sha256(before + b"%d:%d:%d:" % (p, seq, at) + text.encode()).hexdigest() == link
    chain[p] = (seq, bytes.fromhex(link))
"""
"""Somebody else's verifier, written after docs/reference/audit-export.md."""
KEY = new_key()
PUBLIC = public_of(KEY)
ORIGIN = Origin("harbour", "test", "2026-03-02T10:00:00+00:00")
PARTITIONS = 3


class Chain:
    """A ledger whose chain grows by one link in each partition at a time, each with a message and an event."""

    def __init__(self, folder: Path) -> None:
        self.place = Folder(folder / "audit")
        self.place.path.mkdir()
        self.file = migrated_at(folder / "ledger.sqlite3")
        self.store = Store(LedgerLocation("sqlite", self.file))
        self.claims = FileClaims(folder / "payloads")
        self.numbers = Numbers(SystemClock())
        self.owned = self.store.work.run(lambda session: claim_partitions(session, range(PARTITIONS), "test"))
        self.at = 1_700_000_000_000_000
        self.messages: list[int] = []
        bundle = SimpleNamespace(bundle_id="b" * 64, name="harbour", files={("systems", "odoo"): "kind: odoo"})
        self.store.work.run(lambda session: remember_bundle(session, bundle, 1, self.numbers.next))
        self.bundle: dict[str, Any] = {}
        ((data,),) = self.store.work.run(lambda s: s.rows("SELECT data FROM ledger_instruction"))
        self.bundle = orjson.loads(data)
        assert self.bundle["tag"] == LOADED
        self.grow(2)

    def grow(self, links: int = 1) -> None:
        for _ in range(links):
            for holder in self.owned:
                body = f"order {holder.id}/{holder.seq}".encode()
                large = holder.seq == 1
                message = message_row(self.numbers, body.decode(), body, holder.id, self.claims if large else None)
                event = event_row(self.numbers, message[0], holder.id, body * 3)
                self.at += 1
                batch = Batch(self.at)
                if self.bundle and holder.id == 0:
                    batch.record(0, LOADED, 0, "", "", self.bundle["detail"])
                    self.bundle = {}
                batch.record(holder.id, "pipeline:message:taken", message[0], "", hashlib.sha256(body).hexdigest())
                batch.record(holder.id, "pipeline:event:recorded", event[0], "order/shop/1", event[14].hex(), {"type": "x"})
                batch.events = [event]

                def write(session: Session, message: Any = message, batch: Batch = batch, holder: Any = holder) -> Any:
                    accept(session, [message])
                    return batch.commit(session, [holder])

                holder.seq, holder.hash = self.store.work.run(write)[holder.id]
                self.messages.append(message[0])

    def export(self, payloads: bool = False) -> Path:
        return Path(export(self.store, self.place, KEY, ORIGIN, self.claims, payloads=payloads)[0])

    def change(self, sql: str, *args: Any) -> None:
        """What somebody with the database's password might do."""
        assert self.store.work.run(lambda session: session.execute(sql, args)) == 1


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    made = Chain(tmp_path)
    yield made
    made.store.close()


def stranger(file: Path, key: str = PUBLIC) -> bool:
    done = subprocess.run([sys.executable, "-c", STRANGER, str(file), key], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def forged(file: Path, work: Callable[[list[bytes]], list[bytes]], name: str = "forged.jsonl") -> Path:
    target = file.with_name(name)
    target.write_bytes(b"".join(work(file.read_bytes().splitlines(True))))
    return target


def edited(kind: str, work: Callable[[Any], None]) -> Callable[[list[bytes]], list[bytes]]:
    """Change the second line of a kind."""

    def change(lines: list[bytes]) -> list[bytes]:
        place = [number for number, line in enumerate(lines) if kind in orjson.loads(line)][-1]
        value = orjson.loads(lines[place])
        work(value[kind])
        lines[place] = orjson.dumps(value) + b"\n"
        return lines

    return change


def _other_payload(value: list[Any]) -> None:
    value[3] = base64.b64encode(b"an order of a million").decode()


def _other_records(value: list[Any]) -> None:
    value[4] = value[4].replace("order/shop/1", "order/shop/2")


def _other_bundle(value: list[Any]) -> None:
    value[3] = value[3].replace("odoo", "evil")
    value[2] = hashlib.sha256(value[3].encode()).hexdigest()


def _swapped(lines: list[bytes]) -> list[bytes]:
    places = [number for number, line in enumerate(lines) if b'{"link"' in line]
    lines[places[0]], lines[places[1]] = lines[places[1]], lines[places[0]]
    return lines


FORGERIES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a record": edited("link", _other_records),
    "a payload": edited("payload", _other_payload),
    "a bundle": edited("bundle", _other_bundle),
    "two links change places": _swapped,
    "a link is left out": lambda lines: [line for number, line in enumerate(lines) if number != len(lines) - 4],
    "the end is cut off": lambda lines: lines[:-1],
    "cut off amid a line": lambda lines: [*lines[:-1], lines[-1][:-20]],
    "links cut off, the old end put back": lambda lines: [*lines[:-4], lines[-1]],
    "something behind the end": lambda lines: [*lines, lines[-2]],
}


def test_an_export_holds_for_us_and_for_a_stranger(chain: Chain) -> None:
    file = chain.export(payloads=True)
    found = verify_files([file], PUBLIC)
    assert found == Checked(1, 6, 13, 12, 1, [], True, ORIGIN.at)
    assert stranger(file)
    assert not stranger(file, public_of(new_key()))
    assert not verify_files([file], public_of(new_key())).holds
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert [each.name for each in chain.place.path.iterdir()] == [file.name]


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forgery_is_seen(chain: Chain, what: str) -> None:
    file = forged(chain.export(payloads=True), FORGERIES[what])
    found = verify_files([file], PUBLIC)
    assert not found.holds
    assert found.problems


@pytest.mark.parametrize("what", FORGERIES)
def test_whoever_has_the_key_still_cannot_alter_what_the_chain_says(chain: Chain, what: str) -> None:
    """The signature alone is not what finds it: signed again with the hub's own key, all but a shorter chain is seen."""
    from crossdock.evidence.audit_file import statement
    from crossdock.governance.signing import sign_statement

    def again(lines: list[bytes]) -> list[bytes]:
        kept = [line for line in FORGERIES[what](lines) if not line.startswith(b'{"end"') and line.endswith(b"\n")]
        digest = hashlib.sha256(b"".join(kept)).hexdigest()
        end = {"end": {"sha256": digest, "links": 0}, "key": PUBLIC, "signature": sign_statement(KEY, statement(digest))}
        return [*kept, orjson.dumps(end) + b"\n"]

    found = verify_files([forged(chain.export(payloads=True), again)], PUBLIC)
    assert found.holds == (
        what in ("the end is cut off", "cut off amid a line")
    )  # then nothing was altered but the end, made anew


def test_each_export_goes_on_where_the_last_one_ended(chain: Chain) -> None:
    first = chain.export()
    chain.grow()
    second = chain.export()
    chain.grow()
    third = chain.export()
    assert [each.name for each in (first, second, third)] == [f"audit-00000{number}.jsonl" for number in (1, 2, 3)]
    found = verify_files([first, second, third], PUBLIC)
    assert (found.problems, found.links) == ([], 12)
    assert not verify_files([second], PUBLIC).begins
    assert stranger(second)
    assert "one is missing" in verify_files([first, third], PUBLIC).problems[0]
    assert not verify_files([second, first], PUBLIC).holds


def test_a_ledger_that_does_not_hold_is_not_exported_and_nothing_is_written(chain: Chain) -> None:
    def refused(words: str) -> None:
        with pytest.raises(ChainBroken, match=words):
            chain.export()
        assert not list(chain.place.path.iterdir())

    for words, sql, args in (
        ("message .* was altered", "UPDATE ledger_message SET body=?, encoding=0 WHERE id=?", (b"{}", chain.messages[0])),
        ("message .* was removed", "DELETE FROM ledger_message WHERE id=?", (chain.messages[0],)),
        ("records of this link were altered", "UPDATE ledger_audit SET records=? WHERE partition=1 AND seq=1", (pack(b"[]"),)),
        ("link 1 is missing", "DELETE FROM ledger_audit WHERE partition=1 AND seq=1", ()),
        ("end of the chain", "DELETE FROM ledger_audit WHERE partition=1 AND seq=2", ()),
    ):
        rows = chain.store.work.run(lambda s: (s.rows("SELECT * FROM ledger_message"), s.rows("SELECT * FROM ledger_audit")))
        chain.change(sql, *args)
        refused(words)
        for table, before in zip(("ledger_message", "ledger_audit"), rows, strict=True):
            marks = ",".join("?" * len(before[0]))

            def back(session: Session, table: str = table, before: Any = before, marks: str = marks) -> None:
                session.execute(f"DELETE FROM {table}")
                for row in before:
                    session.execute(f"INSERT INTO {table} VALUES ({marks})", row)

            chain.store.work.run(back)
    assert verify_files([chain.export()], PUBLIC).holds


def test_what_retention_removed_counts_as_present_and_an_altered_bundle_does_not(chain: Chain) -> None:
    from crossdock.ledger.audit import verify

    gone = chain.messages[0]
    chain.change("UPDATE ledger_message SET body=NULL WHERE id=?", gone)
    with pytest.raises(ChainBroken, match="was removed"):
        chain.export()
    chain.at += 1
    batch = Batch(chain.at)
    batch.record(2, "retention:message:pruned", 0, "", "", {"ids": [gone]})
    holder = chain.owned[2]
    holder.seq, holder.hash = chain.store.work.run(lambda s: batch.commit(s, [holder]))[2]
    assert verify_files([chain.export()], PUBLIC).holds
    assert not chain.store.read.run(lambda s: verify(s, chain.claims)).breaks

    chain.change("UPDATE ledger_bundle SET content=?", b"[]")
    (found,) = chain.store.read.run(lambda s: verify(s, chain.claims)).breaks
    assert found.problem == f"bundle {'b' * 12} was altered or removed"
    chain.place.path.chmod(0o755)
    files = [Path(chain.place.path / name) for name in chain.place.names()]
    chain.grow()
    assert any("bundle" in each for each in verify_files([*files, chain.export()], PUBLIC).problems)


def test_nothing_is_overwritten_and_what_is_no_export_is_refused(chain: Chain, tmp_path: Path) -> None:
    chain.export()
    with pytest.raises(ExportExists):
        chain.place.put("audit-000001.jsonl", tmp_path / "ledger.sqlite3")
    with pytest.raises(StoreUnusable):
        Folder(tmp_path / "nowhere").names()
    (tmp_path / "other").write_text("hello\n")
    for bad in (b"", b"hello\n", b"[]\n", b'{"format": "crossdock-audit/2"}\n', os.urandom(40) + b"\n"):
        (tmp_path / "other").write_bytes(bad)
        with pytest.raises(ExportUnreadable):
            verify_files([tmp_path / "other"], PUBLIC)
    with pytest.raises(PublicKeyUnusable):
        verify_files([tmp_path / "other"], "ed25519:abc")
