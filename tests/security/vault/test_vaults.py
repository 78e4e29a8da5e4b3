"""What every vault does alike, whatever is behind it: the embedded one on both databases and a real OpenBao."""

from __future__ import annotations

import threading

import pytest

from crossdock.security.vault.errors import StoredMeanwhile
from crossdock.security.vault.protocol import Vault

VALUE = "canary-4711-ä-%-\n-ends"


def test_what_is_stored_is_read(vault: Vault) -> None:
    vault.check()
    assert (vault.read("shop/key").version, dict(vault.read("shop/key").fields)) == (0, {})
    version = vault.write("shop/key", {"value": VALUE, "other": "x"}, 0)
    assert (vault.read("shop/key").version, dict(vault.read("shop/key").fields)) == (version, {"value": VALUE, "other": "x"})
    again = vault.write("shop/key", {"value": "next"}, version)
    assert again > version
    assert dict(vault.read("shop/key").fields) == {"value": "next"}
    assert VALUE not in repr(vault.read("shop/key")) + repr(vault)


def test_nobody_overwrites_what_he_did_not_see(vault: Vault) -> None:
    version = vault.write("a", {"value": "1"}, 0)
    with pytest.raises(StoredMeanwhile):
        vault.write("a", {"value": "2"}, 0)
    vault.write("a", {"value": "3"}, version)
    with pytest.raises(StoredMeanwhile):
        vault.write("a", {"value": "4"}, version)
    assert dict(vault.read("a").fields) == {"value": "3"}


def test_of_many_at_once_one_stores(vault: Vault) -> None:
    seen = vault.write("busy", {"value": "0"}, 0)
    outcomes: list[str] = []

    def one(number: int) -> None:
        try:
            vault.write("busy", {"value": str(number)}, seen)
            outcomes.append("stored")
        except StoredMeanwhile:
            outcomes.append("late")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["late"] * 5 + ["stored"]


def test_deleted_is_gone_and_can_be_stored_anew(vault: Vault) -> None:
    vault.delete("never/there")
    for path in ("b/one", "b/c/two", "top"):
        vault.write(path, {"value": path}, 0)
    assert vault.paths() == ["b/c/two", "b/one", "top"]
    vault.delete("b/one")
    assert vault.paths() == ["b/c/two", "top"]
    assert vault.read("b/one").version == 0
    vault.write("b/one", {"value": "anew"}, 0)
    assert dict(vault.read("b/one").fields) == {"value": "anew"}
