"""The envelope and the embedded vault: wrong keys, altered and swapped rows, re-keying while others read and write."""

from __future__ import annotations

import base64
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import CrossdockError
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store
from crossdock.security.vault.envelope import CommandMaster, LocalMaster, new_data_key, new_master, read_master, seal, unseal
from crossdock.security.vault.errors import (
    MasterKeyInvalid,
    MasterKeyMismatch,
    SealBroken,
    StoredMeanwhile,
    VaultNotMade,
    VaultUnavailable,
)
from crossdock.security.vault.reader import Reader
from tests.security.vault.conftest import FIRST, SECOND, embedded

SECRET = "canary-embedded-93c1"


@given(st.binary(max_size=200), st.binary(max_size=40), st.integers(0, 10_000), st.integers(1, 255))
def test_only_what_was_sealed_opens_and_only_in_its_place(plain: bytes, about: bytes, place: int, flip: int) -> None:
    key = new_data_key()
    sealed = seal(key, plain, about)
    assert unseal(key, sealed, about) == plain
    assert seal(key, plain, about) != sealed  # a nonce is never used twice
    altered = bytearray(sealed)
    altered[place % len(sealed)] ^= flip
    for wrong in (
        (key, bytes(altered), about),
        (key, sealed, about + b"x"),
        (new_data_key(), sealed, about),
        (key, sealed[:11], about),
    ):
        with pytest.raises(SealBroken):
            unseal(*wrong)


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, base64.b64encode(b"short").decode(), "not base64 !"])
def test_what_is_no_master_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(MasterKeyInvalid) as refused:
        read_master(text)
    assert not text or text not in str(refused.value)


def rows(location: LedgerLocation) -> list[tuple[object, ...]]:
    store = Store(location)
    try:
        return [
            *store.read.run(lambda s: s.rows("SELECT * FROM ledger_vault_key ORDER BY id")),
            *store.read.run(lambda s: s.rows("SELECT * FROM ledger_vault_secret ORDER BY path")),
            *store.read.run(lambda s: s.rows("SELECT * FROM ledger_vault")),
        ]
    finally:
        store.close()


def test_a_master_key_that_does_not_match_is_refused_and_nothing_changes(sqlite: LedgerLocation) -> None:
    vault = embedded(sqlite)
    with pytest.raises(VaultNotMade):
        vault.read("a")
    assert vault.make()
    assert not vault.make()
    vault.write("a", {"value": SECRET}, 0)
    before = rows(sqlite)
    assert SECRET not in str(before)
    wrong = embedded(sqlite, SECOND)
    for attempt in (
        lambda: wrong.read("a"), lambda: wrong.read("absent"), lambda: wrong.write("a", {"value": "x"}, 1), lambda: wrong.write("b", {"value": "x"}, 0),
        wrong.check, wrong.make, lambda: wrong.rekey(LocalMaster(SECOND), lambda s, n: None),
    ):  # fmt: skip
        with pytest.raises(MasterKeyMismatch):
            attempt()
    assert rows(sqlite) == before
    assert vault.read("a").fields == {"value": SECRET}
    # a data key wrapped by another key under the right name is no more use
    store = Store(sqlite)
    store.work.run(lambda s: s.execute("UPDATE ledger_vault_key SET wrapped=?", (LocalMaster(SECOND).wrap(bytes(32), b"x"),)))
    store.close()
    with pytest.raises(MasterKeyMismatch):
        embedded(sqlite).read("a")


def test_rows_that_were_altered_swapped_or_put_back_do_not_open(sqlite: LedgerLocation) -> None:
    vault = embedded(sqlite)
    vault.make()
    vault.write("cheap", {"value": "little"}, 0)
    vault.write("dear", {"value": SECRET}, 0)
    store = Store(sqlite)
    [(old,)] = store.read.run(lambda s: s.rows("SELECT sealed FROM ledger_vault_secret WHERE path='cheap'"))
    [(dear,)] = store.read.run(lambda s: s.rows("SELECT sealed FROM ledger_vault_secret WHERE path='dear'"))
    vault.write("cheap", {"value": "renewed"}, 1)
    for planted in (old, dear, bytes(len(dear))):
        store.work.run(
            lambda s, planted=planted: s.execute("UPDATE ledger_vault_secret SET sealed=? WHERE path='cheap'", (planted,))
        )
        with pytest.raises(SealBroken):
            vault.read("cheap")
    store.close()


def test_rekeyed_without_downtime(sqlite: LedgerLocation) -> None:
    """A worker that has both keys reads and writes all the while; one with the new key alone opens it afterwards, one with the old does not."""
    first, both, new = embedded(sqlite), embedded(sqlite, FIRST, SECOND), embedded(sqlite, SECOND)
    first.make()
    for number in range(30):
        first.write(f"path/{number}", {"value": f"{SECRET}-{number}"}, 0)
    reader = Reader(both, 60)
    stop, wrong, served = threading.Event(), [], [0]

    def work() -> None:
        version = 1
        while not stop.is_set():
            try:
                if both.read("path/7").fields["value"] != f"{SECRET}-7" or reader("path/8") != f"{SECRET}-8":
                    wrong.append("another value")
                version = both.write("path/9", {"value": f"{SECRET}-9"}, version)
                served[0] += 1
            except CrossdockError as error:
                wrong.append(error.code)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for master in (SECOND, FIRST, SECOND):
            before = served[0]
            assert both.rekey(LocalMaster(master), lambda s, n: None) == 30
            while served[0] == before and not wrong:
                stop.wait(0.01)
    finally:
        stop.set()
        worker.join()
    assert wrong == []
    assert {new.read(f"path/{n}").fields["value"] for n in range(30)} == {f"{SECRET}-{n}" for n in range(30)}
    with pytest.raises(MasterKeyMismatch):
        embedded(sqlite, FIRST).read("path/7")
    with pytest.raises(StoredMeanwhile):
        new.write("path/7", {"value": "x"}, 0)
    reader.close()


def test_a_rekey_that_fails_midway_changes_nothing(sqlite: LedgerLocation) -> None:
    vault = embedded(sqlite)
    vault.make()
    vault.write("a", {"value": SECRET}, 0)
    before = rows(sqlite)

    def breaks(session: object, count: int) -> None:
        raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        vault.rekey(LocalMaster(SECOND), breaks)
    assert rows(sqlite) == before
    assert vault.read("a").fields == {"value": SECRET}


KMS = """#!{python}
import base64, sys
data = base64.b64decode(sys.stdin.read())
assert sys.argv[1] in ("wrap", "unwrap")
print(base64.b64encode(bytes(b ^ {mask} for b in data)).decode())
"""


def command(folder: Path, name: str, text: str) -> CommandMaster:
    script = folder / name
    script.write_text(text)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return CommandMaster(str(script))


def test_a_kms_by_command(tmp_path: Path, sqlite: LedgerLocation) -> None:
    from crossdock.security.vault.embedded import EmbeddedVault

    kms = command(tmp_path, "kms", KMS.format(python=sys.executable, mask=90))
    vault = EmbeddedVault(sqlite, lambda: [kms])
    vault.make()
    vault.write("a", {"value": SECRET}, 0)
    assert EmbeddedVault(sqlite, lambda: [kms]).read("a").fields == {"value": SECRET}
    command(tmp_path, "kms", KMS.format(python=sys.executable, mask=91))  # another key under the same name
    with pytest.raises(MasterKeyMismatch):
        EmbeddedVault(sqlite, lambda: [kms]).read("a")
    command(tmp_path, "kms", f"#!{sys.executable}\nimport sys; print('canary'); sys.exit(3)")
    with pytest.raises(VaultUnavailable) as away:
        EmbeddedVault(sqlite, lambda: [kms]).read("a")
    assert "canary" not in str(away.value)
    assert "exit code 3" in str(away.value)
    with pytest.raises(MasterKeyInvalid):
        EmbeddedVault(sqlite, lambda: [CommandMaster("/nowhere/kms")]).read("a")


def test_fresh_master_keys_differ() -> None:
    assert new_master() != new_master()
    assert read_master(new_master()).name.startswith("local:")
