"""Commands that need no hub: help, init, check, diff, schema, and what they say when they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock import __version__
from docs.generator.cli import Described, commands
from tests.cli.conftest import Site

RUNNER = CliRunner()


def invoke(*args: str):
    from crossdock.cli.main import app

    commands()  # mounts them
    return RUNNER.invoke(app, list(args))


@pytest.mark.parametrize("command", commands(), ids=lambda each: each.name)
def test_every_command_explains_itself(command: Described) -> None:
    words = command.name.split()[1:]
    answer = invoke(*words, "--help")
    assert answer.exit_code == 0
    shown = " ".join(answer.output.replace("│", " ").split())
    assert command.help.split(".")[0].split(":")[0].split("`")[0].strip()[:30] in shown
    for parameter in command.parameters:
        for name in parameter.names:
            assert name.split("/")[0] in answer.output


@pytest.mark.parametrize("words", [(), ("exceptions",), ("audit",), ("connector",)])
def test_a_group_alone_shows_its_commands(words: tuple[str, ...]) -> None:
    answer = invoke(*words)
    assert "Commands" in answer.output
    assert answer.exit_code in (0, 2)


@pytest.mark.parametrize("words", [("nonsense",), ("status", "--nonsense"), ("up", "--port", "0"), ("trace",)])
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...]) -> None:
    answer = invoke(*words)
    assert answer.exit_code == 2


def test_the_version(site: Site) -> None:
    done = site.run("--version")
    assert (done.code, done.out.strip()) == (0, f"crossdock {__version__}")


def test_init_makes_a_landscape_that_passes_and_touches_nothing_that_is_there(site: Site) -> None:
    made = site.run("init", "fresh")
    assert made.code == 0
    assert "crossdock up" in made.out
    checked = site.run("check", "fresh", "--json")
    assert (checked.code, checked.json["errors"], checked.json["warnings"]) == (0, 0, 0)
    before = {path: path.read_bytes() for path in (site.root / "fresh").rglob("*") if path.is_file()}
    again = site.run("init", "fresh")
    assert again.code == 2
    assert "fresh" in again.err
    assert {path: path.read_bytes() for path in (site.root / "fresh").rglob("*") if path.is_file()} == before


def test_check_names_file_line_and_remedy(site: Site) -> None:
    system = site.root / "systems/receiver.yaml"
    lines = system.read_text().replace("owner: integration", "ownr: integration")
    system.write_text(lines)
    line = next(number for number, text in enumerate(lines.splitlines(), 1) if text.startswith("ownr"))
    done = site.run("check")
    assert done.code == 1
    assert f"systems/receiver.yaml:{line}:1: error [unknown-key]" in done.out
    assert "Did you mean 'owner'?" in done.out


def test_what_is_no_landscape_is_said(site: Site, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert site.run("check", str(empty)).code == 2
    done = site.run("up", str(empty), "--json")
    assert done.code == 3
    assert done.json["error"]["code"] == "landscape.absent"
    assert done.json["error"]["hint"]


def test_a_landscape_that_does_not_parse_does_not_start(site: Site) -> None:
    (site.root / "flows/orders.yaml").write_text("title: [never closed\n")
    done = site.run("up", "--json")
    assert done.code == 3
    [finding] = [each for each in done.json["error"]["detail"]["findings"] if each["code"] == "yaml-syntax"]
    assert finding["file"] == "flows/orders.yaml"


def test_diff_tells_in_business_words(site: Site) -> None:
    site.run("init", "before")
    done = site.run("diff", "before", ".", "--json")
    assert done.code == 1
    assert any("strict" in json.dumps(change) for change in done.json["changes"])
    assert site.run("diff", "before", "before").code == 0


def test_schemas_for_editors(site: Site) -> None:
    assert site.run("schema", "--out", "made").code == 0
    assert json.loads((site.root / "made/system.json").read_text())["$schema"]


def test_connectors_are_listed(site: Site) -> None:
    done = site.run("connector", "list", "--json")
    assert done.code == 0
    assert {"odoo", "shopify", "woocommerce", "wms_rest", "wms_csv", "carrier", "http"} <= {each["name"] for each in done.json}


def test_before_the_first_start_there_is_no_ledger(site: Site) -> None:
    for words in (("status",), ("exceptions", "list")):
        done = site.run(*words, "--json")
        assert done.code == 4, words
        assert done.json["error"]["code"] == "ledger.unavailable"
        assert "crossdock up" in done.json["error"]["message"]


def test_a_ledger_url_nobody_understands(site: Site) -> None:
    done = site.run("up", "--ledger", "mysql://root:secret@localhost/x", "--json")
    assert done.code == 3
    assert done.json["error"]["code"] == "ledger.url_invalid"
    assert "secret" not in done.out + done.err
