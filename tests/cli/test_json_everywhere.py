"""Every command that ends by itself answers in JSON when asked to, also when it is refused; none answers with a traceback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from docs.generator.cli import commands
from tests.cli.conftest import Site

WITHOUT: frozenset[str] = frozenset({"workbench"})
"""Commands that run until they are stopped and print nothing a program would read."""


def test_every_command_has_the_option() -> None:
    missing = [
        command.name
        for command in commands()
        if not any("--json" in each.names for each in command.parameters)
        and command.name.removeprefix("crossdock ").split()[0] not in WITHOUT
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check",), 0),
        (("check", "nowhere"), 2),
        (("diff", ".", "."), 0),
        (("diff", ".", "nowhere"), 2),
        (("init", "another"), 0),
        (("init", "samples"), 2),
        (("schema", "--out", "schemas"), 0),
        (("schema", "--out", "README.md"), 2),
        (("connector", "list"), 0),
        (("connector", "new", "acme-tms", "--dir", "new"), 0),
        (("connector", "new", "Not A Name"), 2),
        (("edi", "check", "samples/order.json"), 2),
        (("edi", "show", "samples/order.json"), 0),
        (("edi", "show", "nowhere"), 2),
        (("edi", "ack", "samples/order.json"), 2),
        (("edi", "guides"), 0),
        (("send", "inbox", "orders", "nowhere"), 2),
        (("send", "inbox", "orders", "samples/order.json"), 4),
        (("status",), 4),
        (("trace", "1"), 4),
        (("replay", "1"), 4),
        (("exceptions", "list"), 4),
        (("exceptions", "show", "1"), 4),
        (("audit", "verify"), 4),
        (("run", "nope"), 1),
    ],
)
def test_the_answer_is_json(site: Site, words: tuple[str, ...], code: int) -> None:
    done = site.run(*words, "--json")
    assert "Traceback" not in done.err
    assert (done.code, bool(done.json is not None)) == (code, True), done.out + done.err


def test_also_of_a_ledger(site: Site) -> None:
    site.up()
    site.stop()
    for words, code in (
        (("replay", "nobody"), 1), (("trace", "nobody"), 1), (("exceptions", "show", "NOPE"), 1), (("exceptions", "retry", "NOPE"), 1),
        (("exceptions", "retry"), 2), (("exceptions", "show", "!"), 2), (("exceptions", "list"), 0), (("status",), 0), (("audit", "verify"), 0),
    ):  # fmt: skip
        done = site.run(*words, "--json")
        assert "Traceback" not in done.err, words
        assert done.code == code, words
        json.loads(done.out)
    # a ledger of the release before: no command that reads it fails in the dark
    with closing(sqlite3.connect(site.root / "var/ledger.sqlite3")) as connection:
        connection.execute(
            "DELETE FROM django_migrations WHERE app='ledger' AND name=(SELECT MAX(name) FROM django_migrations WHERE app='ledger')"
        )
        connection.commit()
    done = site.run("exceptions", "list", "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "ledger.other_release")
    with closing(sqlite3.connect(site.root / "var/ledger.sqlite3")) as connection:
        connection.execute("DELETE FROM django_migrations WHERE app='ledger'")
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '9999_future', '2030-01-01')")
        connection.commit()
    assert "0001" in site.run("status").err
