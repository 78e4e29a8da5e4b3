"""Transports and vaults from outside the tree are found by their entry points; what is not installed is said by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from crossdock.core.errors import LandscapeInvalid, SecretMissing
from crossdock.landscape import secrets
from crossdock.landscape.models import Vault
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.ledger.database import LedgerLocation
from crossdock.testing.contexts import make_context
from crossdock.transports import files as transports


class Mailbox:
    """A transport somebody else wrote."""

    def __init__(self, context: object) -> None:
        self.context = context


def shelf(described: Vault, root: object, ledger: object):
    """A vault somebody else wrote."""
    assert isinstance(root, Path) and isinstance(ledger, LedgerLocation), "it is told where the landscape and the ledger are"

    def get(path: str) -> str:
        if path != "shop/key":
            raise SecretMissing(f"{described.url} has nothing at {path}")
        return "opened"

    return get


def installed(group: str, **found: str):
    points = [EntryPoint(name, value, group) for name, value in found.items()]
    return lambda group: [point for point in points if point.group == group]


def test_a_transport_is_found_by_its_name(monkeypatch) -> None:
    monkeypatch.setattr(transports, "entry_points", installed(transports.GROUP, mailbox=f"{__name__}:Mailbox"))
    context = make_context(system="depot")
    assert type(transports.file_transport("mailbox", context)).__name__ == "Mailbox"
    with pytest.raises(LandscapeInvalid, match=r"no transport 'pigeon'; installed: mailbox"):
        transports.file_transport("pigeon", context)


def test_sftp_is_installed() -> None:
    assert "sftp" in {point.name for point in transports.entry_points(group=transports.GROUP)}


def test_a_vault_is_found_by_its_kind(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(secrets, "entry_points", installed("crossdock.vaults", shelf=f"{__name__}:shelf"))
    ledger = LedgerLocation("sqlite", tmp_path / "ledger.sqlite3")
    resolver = SecretReferences(tmp_path, {}, vault=vault_of(Vault(kind="shelf", url="shelf://cellar"), tmp_path, ledger))
    assert resolver.get("vault:shop/key") == "opened"
    with pytest.raises(SecretMissing, match="shelf://cellar has nothing at shop/other"):
        resolver.get("vault:shop/other")
    with pytest.raises(LandscapeInvalid, match=r"no vault 'bank'; installed: shelf"):
        vault_of(Vault(kind="bank"), tmp_path, ledger)
    assert vault_of(Vault(), tmp_path, ledger) is None
