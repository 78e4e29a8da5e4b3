"""What strangers wrote is shown to people, and neither steers their terminal nor pretends to be something the hub says."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from rich.console import Console
from rich.table import Table

from crossdock.cli.terminal import NeutralText, neutral, shown
from crossdock.pipeline.logs import JsonLines, TextLines
from tests.security.conftest import Place, until

pytestmark = pytest.mark.slow

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "X\x1b[31mRED\x1b]0;owned\x07\x9b2J\u202egnp.exe[bold]M[/]"


def test_hostile_text_is_shown_and_does_nothing(hub: Place) -> None:
    assert (
        hub.send(number=HOSTILE, customer={"id": "\x1b[2J", "name": "<script>\x1b[31m\r\n10:00:00  attempt", "email": ""}).status
        == 202
    )
    assert hub.send(service=HOSTILE).status == 202
    assert hub.post(b"{}\x1b[31m\x9b2J", "/in/inbox/\x1b[31m").status in (400, 404)
    assert hub.post(b"\x1b[31m\x9b2J\xe2\x80\xae", x_api_key="wrong").status == 401
    until(lambda: len(hub.exceptions()) >= 2, "the refusals are told")
    until(lambda: b"attempt" in hub.run("trace", HOSTILE).stdout, "the order is on its way")
    commands = [("trace", HOSTILE), ("trace", HOSTILE, "--payloads"), ("trace", HOSTILE, "--json"), ("exceptions", "list"),
                ("exceptions", "list", "--json"), ("status",), ("trace", HOSTILE + "x")]  # fmt: skip
    commands += [("exceptions", "show", each["number"]) for each in hub.exceptions()]
    commands += [("exceptions", "show", each["number"], "--json") for each in hub.exceptions()]
    for words in commands:
        done = hub.run(*words)
        for said in (done.stdout, done.stderr):
            assert not STEERING.search(said.decode("utf-8")), words
    told = hub.run("trace", HOSTILE).stdout.decode()
    assert "RED" in told
    assert "[bold]M[/]" in told.replace("\n", "")
    # what is for machines is still the very text
    [story] = json.loads(hub.run("trace", HOSTILE, "--json").stdout)["stories"]
    assert story["key"] == f"order/inbox/{HOSTILE}"


def test_a_payload_is_given_out_byte_for_byte_when_asked_for(hub: Place) -> None:
    body = b'{"number": \x1b[31m\x9b\xff'
    assert hub.post(body, content_type="application/x-odd").status == 400
    [number] = until(
        lambda: [e["number"] for e in hub.exceptions() if body in hub.run("exceptions", "show", e["number"], "--payload").stdout],
        "the refused body is kept",
    )
    assert hub.run("exceptions", "show", number, "--payload").stdout == body
    assert b"application/x-odd" in hub.run("exceptions", "show", number).stdout


@pytest.mark.parametrize("width", [80, 150])
def test_stories_and_lists_keep_words_whole(hub: Place, width: int) -> None:
    hub.send(number="N-80", service="NIGHT")
    until(lambda: b"value_map_missing" in hub.run("exceptions", "list").stdout, "the missing entry is told")
    for words in (("exceptions", "list"), ("exceptions", "show", hub.exceptions()[0]["number"])):
        said = hub.run(*words, width=width).stdout.decode()
        assert "normalize.value_map_missing" in said
        if words[1] == "list":
            assert max(map(len, said.splitlines())) <= width


def test_every_steering_character_gets_a_picture() -> None:
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)]))
    assert not STEERING.search(neutral(every))
    assert "\n" in neutral(every)
    assert "\n" not in shown(every)
    assert neutral("Grüße مرحبا 日本 😀\t\n") == "Grüße مرحبا 日本 😀\t\n"


def test_what_a_command_forgets_to_make_neutral_is_neutral_all_the_same() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=False, width=60)
    console.push_render_hook(NeutralText())
    console.print("\x1b[31mred\x9b")
    grid = Table("a")
    grid.add_row("\x1b]0;title\x07")
    console.print(grid)
    assert not STEERING.search(stream.getvalue())
    assert "red" in stream.getvalue()


def test_a_log_line_stays_one_line() -> None:
    record = logging.LogRecord(
        "crossdock.x", logging.WARNING, "", 0, "refused %s", ("a\n2026-01-01 INFO all is well\x1b[31m\u202e",), None
    )
    line = TextLines().format(record)
    assert not STEERING.search(line)
    assert "\n" not in line
    assert "all is well" in line
    assert json.loads(JsonLines().format(record))["message"].startswith("refused a\n")
    assert "\n" not in JsonLines().format(record)
