"""Puts value-map entries made while a hub runs into the landscape's reviewed files; everything else in them stays as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

_ENTRIES = re.compile(r"^entries:[ \t]*(#.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Added:
    """An entry: partner's code and canonical value, who added it and why."""

    code: str
    value: str
    author: str
    reason: str


def line(each: Added) -> str:
    """The entry as a line of YAML under `entries:`."""
    why = " ".join(f"{each.author}: {each.reason}".split())
    return f"  {_quoted(each.code)}: {_quoted(each.value)}  # {why}"


def with_entries(text: str, added: Sequence[Added]) -> str | None:
    """The file with these entries at the head of its `entries`; those it has already are left out.

    None when the file is not laid out as a block, so that somebody has to put them in by hand.
    """
    known = yaml.safe_load(text)
    found = _ENTRIES.search(text)
    if found is None or not isinstance(known, dict) or not isinstance(known.get("entries"), dict):
        return None
    there = {str(code) for code in known["entries"]}
    lines = [line(each) for each in added if each.code not in there]
    if not lines:
        return text
    made = text[: found.end()] + "\n" + "\n".join(lines) + text[found.end() :]
    read = yaml.safe_load(made)
    wanted = {**{each.code: each.value for each in added}, **known["entries"]}
    return made if isinstance(read, dict) and read.get("entries") == wanted else None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
