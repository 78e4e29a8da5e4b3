"""The second language is complete: every string of every template, and what is compiled is what is written."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest

import crossdock.workbench

HERE = Path(crossdock.workbench.__file__).parent
SOURCES = sorted(HERE.glob("**/locale/de/LC_MESSAGES/django.po"))
TEMPLATES = sorted(HERE.glob("**/templates/**/*.html"))


def messages(source: Path) -> dict[str, str]:
    """msgid and (first) msgstr of a .po file."""
    found: dict[str, str] = {}
    for block in source.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if match := re.match(r"(msgid|msgid_plural|msgstr(?:\[0\])?) (\".*\")$", line):
                name = match[1].replace("[0]", "")
                parts[name] = parts.get(name, "") + ast.literal_eval(match[2])
            elif line.startswith('"') and name:
                parts[name] += ast.literal_eval(line)
            else:
                name = "" if not line.startswith("#") else name
        if parts.get("msgid"):
            found[parts["msgid"]] = parts.get("msgstr", "")
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parents[3].name)
def test_every_message_is_translated_and_compiled(source: Path) -> None:
    written = messages(source)
    assert written
    assert [text for text, german in written.items() if not german] == []
    with source.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [
        text
        for text, german in written.items()
        if compiled.gettext(text) != german and compiled.ngettext(text, text, 1) != german
    ]
    assert stale == [], "run `make messages`"


def test_every_string_of_the_templates_has_a_german_one() -> None:
    known = {text for source in SOURCES for text in messages(source)}
    missing = set()
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        for quoted in re.findall(r"{%\s*(?:trans|translate)\s+(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", text):
            if ast.literal_eval(quoted) not in known:
                missing.add((template.name, ast.literal_eval(quoted)))
        for block in re.findall(r"{%\s*blocktrans(?:late)?[^%]*%}(.*?){%\s*(?:plural|endblocktrans(?:late)?)", text, re.DOTALL):
            plain = re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", block)
            if plain not in known and plain.replace("%", "%%") not in known and " ".join(plain.split()) not in known:
                missing.add((template.name, plain))
    assert missing == set()


def test_every_word_of_the_ledger_a_page_shows_has_a_german_one() -> None:
    """Steps, states and outcomes: each that the ledger knows is among the words of the pages."""
    from crossdock.ledger import states
    from crossdock.workbench.wording import WORDS

    shown = (states.DeliveryState, states.EventState, states.ExceptionState, states.ExpectationState, states.MessageState)
    names = {each.name.lower() for kind in shown for each in kind}
    assert names - WORDS.keys() == set()
    known = {text for source in SOURCES for text in messages(source)}
    assert WORDS.keys() - known == set()
