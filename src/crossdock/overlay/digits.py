"""A number by its digits, for targets that want a number and not a text; knows no format."""

from __future__ import annotations


class Digits:
    """A JSON number by its digits, so that writing it again changes nothing."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Digits({self.text!r})"
