"""`crossdock connector`: what is installed is listed with what it can do, what cannot be loaded says why, `new` makes a folder."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.connectors.cli import app
from crossdock.connectors.scaffold import create

runner = CliRunner()


def install(folder: Path, site: Path, name: str, entry: str) -> None:
    """What pip leaves behind for an installed distribution, as far as entry points need it."""
    info = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[crossdock.connectors]\n{entry}\n")
    importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = create("acme-tms", tmp_path)
    site = tmp_path / "site"
    site.mkdir()
    install(folder, site, "crossdock-acme-tms", "acme_tms = crossdock_acme_tms.connector:AcmeTmsConnector")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.syspath_prepend(str(folder / "src"))
    return site


def test_an_installed_connector_is_listed_with_what_it_can_do(site: Path) -> None:
    listed = runner.invoke(app, ["list", "--json"])
    found = {item["name"]: item for item in json.loads(listed.stdout)}
    acme = found["acme_tms"]
    assert acme["package"] == "crossdock-acme-tms 0.1.0"
    assert acme["problem"] == ""
    assert acme["commands"] == acme["repeatable"] == ["document.send"]
    assert acme["receives"] is acme["polls"] is True
    assert acme["snapshots"] is False


def test_a_connector_that_cannot_be_loaded_says_why_and_hides_no_other(site: Path) -> None:
    install(site, site, "crossdock-broken", "broken = crossdock_broken.connector:Gone")
    listed = runner.invoke(app, ["list", "--json"])
    assert listed.exit_code == 1
    found = {item["name"]: item for item in json.loads(listed.stdout)}
    assert "ModuleNotFoundError" in found["broken"]["problem"]
    assert found["acme_tms"]["title"] == "Acme Tms"
    table = runner.invoke(app, ["list"], env={"COLUMNS": "220"})
    assert "cannot be loaded" in table.stdout
    assert "document.send" in table.stdout


def test_new_makes_a_folder_and_refuses_what_it_cannot_make(tmp_path: Path) -> None:
    made = runner.invoke(app, ["new", "acme-erp", "--dir", str(tmp_path)])
    assert made.exit_code == 0
    assert (tmp_path / "crossdock-acme-erp" / "tests" / "test_conformance.py").exists()
    again = runner.invoke(app, ["new", "acme-erp", "--dir", str(tmp_path)])
    assert again.exit_code == 2
    assert "scaffold.folder_taken" in again.stderr
    assert "--dir" in again.stderr
