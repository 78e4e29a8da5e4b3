"""The folder of backups: the same pieces once, every alteration seen, nothing readable without the key."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.backup.errors import BackupAbsent, BackupDamaged, BackupFolderForeign, BackupKeyWrong
from crossdock.backup.repository import PIECE, Repository, Stored, as_json

KEY = "k" * 40


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=3 * PIECE), key=st.sampled_from(["", KEY]))
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, body: bytes, key: str) -> None:
    repository = Repository(tmp_path_factory.mktemp("r") / "backups", key)
    stored = Stored.of(as_json(repository.store(io.BytesIO(body), "file")))
    assert b"".join(repository.read(stored)) == body


@pytest.mark.parametrize("key", ["", KEY])
def test_an_altered_piece_or_manifest_is_seen(tmp_path: Path, key: str) -> None:
    repository = Repository(tmp_path / "b", key)
    stored = repository.store(io.BytesIO(b"x" * 200_000 + b"end"), "file")
    repository.keep("one", {"ledger": as_json(stored)})
    [piece] = [path for path in (tmp_path / "b/pieces").glob("??/*") if path.name == stored.pieces[-1]]
    body = bytearray(piece.read_bytes())
    body[len(body) // 2] ^= 1
    piece.write_bytes(bytes(body))
    with pytest.raises(BackupDamaged):
        list(repository.read(stored))
    piece.unlink()
    with pytest.raises(BackupDamaged, match="gone"):
        list(repository.read(stored))
    manifest = tmp_path / "b/manifests/one.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"file", b"fils"))
    with pytest.raises(BackupDamaged):
        repository.manifest("one")
    with pytest.raises(BackupAbsent):
        repository.manifest("../one")


def test_what_is_there_is_not_stored_again_and_forgetting_keeps_what_others_need(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "b")
    body = bytes(range(256)) * 1024
    first = repository.store(io.BytesIO(body), "file")
    added = repository.added
    second = repository.store(io.BytesIO(body + b"more"), "file")
    assert repository.added - added < 100
    repository.keep("1", {"ledger": as_json(first)})
    repository.keep("2", {"ledger": as_json(second)})
    assert repository.forget(["1"], lambda manifest: iter([Stored.of(manifest["ledger"])])) == 0
    assert b"".join(repository.read(second)) == body + b"more"
    assert repository.numbers() == ["2"]


def test_without_its_key_nobody_reads_it_and_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    Repository(tmp_path / "b", KEY).store(io.BytesIO(b"a secret that must not be seen" * 9), "file")
    for wrong in ("", "short", "z" * 40):
        with pytest.raises(BackupKeyWrong):
            Repository(tmp_path / "b", wrong)
    assert not any(b"secret" in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(BackupFolderForeign):
        Repository(tmp_path / "mine")
