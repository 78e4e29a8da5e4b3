"""Every sentence of an alert is recognised as the phrase it was made of, with the same parts, and has a German one."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

import crossdock.workbench
from crossdock.monitoring.phrases import PHRASES, recognised

WORDS = {
    "summary": "The document does not fit (the canonical schema)", "where": "orders at shop", "n": "12", "key": "order/shop/1001", "flow": "orders",
    "words": "The warehouse has not picked it: call them.", "minutes": "30", "time": "15:30", "channel": "shop/orders", "span": "2 h 5 min",
    "system": "odoo", "usual": "40", "share": "18%", "calls": "410", "seconds": "4.0", "allowed": "1.5",
    "drill": "restore", "whom": "acme", "day": "2026-12-01",
    "region": "eu", "purpose": "webhook_secret", "whose": "bolt/as2",
}  # fmt: skip
PAGES = Path(crossdock.workbench.__file__).parent
GERMAN = [PAGES / each / "locale/de/LC_MESSAGES/django.mo" for each in ("board", "credentials", "regions")]
"""Where alerts' sentences are translated: those about credentials beside the pages of credentials."""


def translated(phrase: str) -> str:
    """The phrase in German, from the first catalogue that has it; itself where none does."""
    for catalogue in GERMAN:
        with catalogue.open("rb") as file:
            german = gettext.GNUTranslations(file).gettext(phrase)
        if german != phrase:
            return german
    return phrase


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_sentence_is_recognised_and_translated(phrase: str) -> None:
    parts = {name: WORDS[name] for name in re.findall(r"%\((\w+)\)s", phrase)}
    assert recognised(phrase % parts) == (phrase, parts)
    german = translated(phrase)
    assert sorted(re.findall(r"%\((\w+)\)s", german)) == sorted(parts)
    assert german != phrase or phrase == "%(summary)s (%(where)s: %(key)s)"


def test_words_of_others_stay_as_they_are() -> None:
    assert recognised("Every wrong field is listed in the detail.") is None
