"""Templates of trading partners as data: a partner's file, its system, its flow and its certification set, filled in with a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import yaml

NAME: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")

WIRE: Final = re.compile(r"^[A-Z0-9][A-Z0-9.-]{0,14}$")
MAIL: Final = re.compile(r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")
OURS: Final = "OURCOMPANY"
"""What templates call us, and the GLNs of both sides in those that use them."""
OUR_GLN: Final = "5412345000013"
THEIR_GLN: Final = "4012345000009"


class CannotMake(Exception):
    """The partner cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """One template: what it is for, and which events its partner will originate."""

    name: str
    title: str
    standard: str
    role: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, relative to the landscape, and what is still to be said in `ownership.yaml`."""

    files: tuple[str, ...]
    events: tuple[str, ...]


def templates() -> list[Template]:
    """All templates, by name."""
    found = []
    for folder in sorted(_root().iterdir(), key=lambda each: each.name):
        if folder.is_dir() and (folder / "template.yaml").is_file():
            content = yaml.safe_load((folder / "template.yaml").read_text("utf-8"))
            found.append(Template(folder.name, content["title"], content["standard"], content["role"], tuple(content["events"])))
    return found


def make(
    root: Path,
    name: str,
    template: str,
    *,
    title: str = "",
    owner: str = "",
    identifier: str = "",
    ours: str = "",
    email: str = "",
) -> Made:
    """Write a partner from a template into a landscape; nothing that exists is touched. Raises `CannotMake`.

    `identifier` is the partner's in envelopes, `ours` what it calls us, `email` its desk; what is absent stays marked `change`.
    """
    known = {each.name: each for each in templates()}
    if template not in known:
        raise CannotMake(f"there is no template {template!r}; there are: {', '.join(known)}")
    if not NAME.match(name):
        raise CannotMake(f"{name!r} is no name: lower-case letters, digits, hyphen and underscore, please")
    for given in (identifier, ours):
        if given and not WIRE.match(given):
            raise CannotMake(f"{given!r} is no identifier: up to 15 capitals, digits, hyphens and dots, please")
    if any(ord(letter) < 32 or letter in "{}[]\"'#:&*!|>%@`" for letter in title) or (email and not MAIL.match(email)):
        raise CannotMake("the title or the mail address has characters that do not belong there")
    if not (root / "crossdock.yaml").is_file():
        raise CannotMake(f"{root} is no landscape: there is no crossdock.yaml in it")
    chosen = known[template]
    planned = {
        f"partners/{name}.yaml": _root() / template / "partner.yaml",
        f"systems/{name}.yaml": _root() / template / "system.yaml",
        f"flows/edi-{name}.yaml": _root() / template / "flow.yaml",
    }
    cases = _root() / template / "certification"
    if cases.is_dir():
        planned |= {f"partners/{name}/certification/{each.name}": each for each in cases.iterdir()}
    there = [path for path in planned if (root / path).exists()]
    if there:
        raise CannotMake(f"{there[0]} exists already")
    words = _words(name, title or name.replace("-", " ").title(), owner or _team(root), chosen.standard)
    if identifier:
        words |= {"ID": identifier, "ID15": identifier.ljust(15)}
    known_as = {OURS.ljust(15): ours.ljust(15), OURS: ours, OUR_GLN: ours} if ours else {}
    known_as |= {THEIR_GLN: identifier} if identifier else {}
    for path, source in planned.items():
        text = source.read_text("utf-8")
        for word, value in words.items():
            text = text.replace("{{" + word + "}}", value)
        for word, value in known_as.items():
            text = text.replace(word, value)
        if email:
            text = text.replace("edi@example.com", email)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    events = ("interchange.received", "document.sent", "document.acknowledged", *chosen.events)
    return Made(tuple(planned), events)


def _words(name: str, title: str, owner: str, standard: str) -> dict[str, str]:
    wire = re.sub(r"[^A-Z0-9]", "", name.upper())[:15] or "PARTNER"
    return {
        "name": name,
        "NAME": re.sub(r"[^A-Z0-9]", "_", name.upper()),
        "title": title,
        "owner": owner,
        "standard": standard,
        "ID": wire,
        "ID15": wire.ljust(15),
    }


def _team(root: Path) -> str:
    """The first team of the landscape."""
    try:
        content = yaml.safe_load((root / "crossdock.yaml").read_text("utf-8"))
        return str(next(iter(content.get("teams") or {"operations": {}})))
    except (OSError, yaml.YAMLError, AttributeError):
        return "operations"


def _root() -> Traversable:
    return files(__name__)
