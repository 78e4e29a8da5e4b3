"""check, init, schema and diff as people and scripts use them: output, JSON, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from crossdock.landscape import cli
from crossdock.landscape.demo import DEMO

run = CliRunner().invoke
app = typer.Typer()
for command in (cli.check, cli.init, cli.schema, cli.diff):
    app.command()(command)


@pytest.fixture
def started(tmp_path):
    assert run(app, ["init", str(tmp_path / "Mein Hub"), "--company", 'Müller & "Söhne": GmbH']).exit_code == 0
    return tmp_path / "Mein Hub"


def test_a_new_landscape_has_no_finding(started) -> None:
    result = run(app, ["check", str(started), "--strict", "--json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["findings"]) == (0, [])
    assert len(report["bundle_id"]) == 64


def test_a_new_landscape_has_a_secret_of_its_own_that_stays_out_of_git(started, tmp_path) -> None:
    secret = started / "secrets/inbox-api-key"
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text().strip()) >= 32
    assert "secrets/" in (started / ".gitignore").read_text().splitlines()
    assert run(app, ["init", str(tmp_path / "second")]).exit_code == 0
    assert (tmp_path / "second/secrets/inbox-api-key").read_text() != secret.read_text()


def test_findings_are_listed_with_place_and_remedy(started) -> None:
    path = started / "systems/receiver.yaml"
    path.write_text(path.read_text().replace("owner:", "ownr:"))
    result = run(app, ["check", str(started)])
    assert result.exit_code == 1
    assert "systems/receiver.yaml:5:1" in result.stdout
    assert "Did you mean 'owner'?" in result.stdout
    [finding] = json.loads(run(app, ["check", str(started), "--json"]).stdout)["findings"]
    assert (finding["file"], finding["line"], finding["code"], finding["severity"]) == (
        "systems/receiver.yaml",
        5,
        "unknown-key",
        "error",
    )


def test_warnings_fail_only_when_asked(started) -> None:
    (started / "polices.yaml").write_text("a: 1\n")
    assert run(app, ["check", str(started)]).exit_code == 0
    assert run(app, ["check", str(started), "--strict"]).exit_code == 1


@pytest.mark.parametrize("command", ["check", "diff"])
def test_a_path_that_is_no_landscape_is_exit_code_two(tmp_path, command) -> None:
    paths = [str(tmp_path / "absent")] * (2 if command == "diff" else 1)
    result = run(app, [command, *paths])
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
    assert json.loads(run(app, [command, *paths, "--json"]).stdout)["error"]["code"] == "landscape.unusable_path"


def test_init_changes_nothing_that_is_there(started) -> None:
    before = (started / "crossdock.yaml").read_text()
    result = run(app, ["init", str(started)])
    assert result.exit_code == 2
    assert "nothing was changed" in result.stderr
    assert (started / "crossdock.yaml").read_text() == before


def test_init_takes_an_empty_folder_and_refuses_a_nameless_one(tmp_path) -> None:
    (tmp_path / "hub").mkdir()
    assert run(app, ["init", str(tmp_path / "hub")]).exit_code == 0
    assert run(app, ["init", str(tmp_path / "___")]).exit_code == 2
    (tmp_path / "file").write_text("")
    assert run(app, ["init", str(tmp_path / "file" / "hub")]).exit_code == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "hub"]


def test_diff_tells_and_returns_one(started, tmp_path) -> None:
    assert run(app, ["diff", str(started), str(started)]).exit_code == 0
    other = tmp_path / "other"
    assert run(app, ["init", str(other)]).exit_code == 0
    result = run(app, ["diff", str(started), str(other)])
    assert result.exit_code == 1
    assert "company changes from Müller" in result.stdout
    report = json.loads(run(app, ["diff", str(started), str(other), "--json"]).stdout)
    assert {each["risk"] for each in report["changes"]} == {"connectivity"}
    assert report["reviewers"]["connectivity"] == {"quorum": 1, "teams": ["integration"]}


def test_schemas_are_written_where_asked(tmp_path) -> None:
    assert run(app, ["schema", "--out", str(tmp_path / "s")]).exit_code == 0
    assert {each.stem for each in (tmp_path / "s").glob("*.json")} == {
        "calendars", "crossdock", "environment", "flow", "ownership", "partner", "policies", "rule", "subscriber", "system", "test", "value-map",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["check", "init", "schema", "diff"])
def test_every_command_explains_itself(command) -> None:
    result = run(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_the_installed_command_checks_the_demo() -> None:
    script = "from crossdock.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", str(DEMO), "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(done.stdout)["path"] == str(DEMO), done.stderr
