"""Secret references: found where they say, rotated without a restart, never shown."""

from __future__ import annotations

import os
import pickle

import pytest

from crossdock.core.errors import SecretMissing
from crossdock.landscape import secrets
from crossdock.landscape.secrets import SecretReferences

CANARY = "canary-7f3a"


def test_the_environment_and_files(tmp_path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "shop").write_text(f"{CANARY}\n")
    found = SecretReferences(tmp_path, {"SHOP": "from-env"})
    assert found.get("env:SHOP") == "from-env"
    assert found.get("file:secrets/shop") == CANARY
    assert found.get(f"file:{tmp_path}/secrets/shop") == CANARY


def test_a_rotated_file_is_read_again(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(secrets, "LOOK_EVERY", 0.0)
    path = tmp_path / "key"
    path.write_text("one")
    found = SecretReferences(tmp_path, {})
    assert found.get("file:key") == "one"
    path.write_text("two, and longer")
    assert found.get("file:key") == "two, and longer"
    replacement = tmp_path / "new"
    replacement.write_text("tri, and longer")
    os.replace(replacement, path)
    assert found.get("file:key") == "tri, and longer"


def test_a_vault_is_asked_by_path(tmp_path) -> None:
    assert SecretReferences(tmp_path, {}, lambda path: f"of {path}").get("vault:shop/key") == "of shop/key"


@pytest.mark.parametrize(
    "reference",
    [
        "env:ABSENT",
        "env:EMPTY",
        "file:absent",
        "file:../outside",
        "file:empty",
        "file:binary",
        "file:big",
        "file:a\0b",
        "vault:x",
        "plain-secret",
        "",
        "env:",
        "s3:x",
    ],
)
def test_what_is_not_there_is_named_without_values(tmp_path, reference) -> None:
    root = tmp_path / "landscape"
    root.mkdir()
    (tmp_path / "outside").write_text(CANARY)
    (root / "empty").write_text("\n")
    (root / "binary").write_bytes(b"\xff\xfe\x00")
    (root / "big").write_text(CANARY * 10_000)
    with pytest.raises(SecretMissing) as error:
        SecretReferences(root, {"EMPTY": "", "OTHER": CANARY}).get(reference)
    assert CANARY not in f"{error.value} {error.value.as_dict()}"
    if reference == "plain-secret":
        assert "plain-secret" not in str(error.value.as_dict()), "what is not a reference may be the secret itself"


def test_nothing_shows_a_value(tmp_path) -> None:
    (tmp_path / "key").write_text(CANARY)
    found = SecretReferences(tmp_path, {"KEY": CANARY})
    found.get("file:key")
    assert CANARY not in repr(found) + str(found)
    assert not hasattr(found, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(found)
