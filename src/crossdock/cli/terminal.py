"""Keeps what strangers wrote from steering the terminal it is shown on; knows no command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.segment import Segment

_STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters except line feed and tab (ISO 6429), and those that turn the direction of text (UAX 9)."""
_BREAKING: Final = {"\n": "␊", "\t": "␉"}


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def neutral(text: str) -> str:
    """The text with a visible picture for every character that would steer a terminal; lines stay lines."""
    return _STEERING.sub(_picture, text)


def shown(value: object) -> str:
    """A value within one line of console markup: it can neither steer the terminal, nor paint, nor pretend to be a line of its own."""
    text = neutral(str(value))
    for breaking, picture in _BREAKING.items():
        text = text.replace(breaking, picture)
    return escape(text)


class _Neutral:
    """What is to be printed, with its text made neutral after everything else was done to it."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment(neutral(segment.text), segment.style)


class NeutralText(RenderHook):
    """The last line of defence: whatever a command forgets is neutral when it leaves."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Neutral(each) for each in renderables]
