"""Reads one YAML file into plain values with the position of every node; knows no model.

The scalars are those of JSON: `true`, `false`, `null` and decimal numbers; everything else is text. So `NO` is Norway, `15:30` a time
of day and `0042` a code, and a decimal number stays exact (`Decimal`). Anchors, aliases, tags and several documents in one file are refused:
what a reviewer reads is what is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from crossdock.landscape.findings import Finding

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml: slower, same events
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_BYTES = 8_388_608
MAX_DEPTH = 32
NUMBER = re.compile(r"^-?(?:0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(slots=True)
class Document:
    """A file's values and where each stands. `places` maps a path of keys to the line and column (from 1) of its key or list item.

    `complete` says that the file was read to its end; of the values of others nothing can be said.
    """

    file: str
    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    complete: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with the file itself."""
        return not any(finding.severity == "error" for finding in self.findings)

    def place(self, path: Path) -> Place:
        """Where `path` stands; for a path that is not written in the file, where its nearest parent stands."""
        for end in range(len(path), -1, -1):
            found = self.places.get(path[:end])
            if found is not None:
                return found
        return (1, 1)

    def finding(self, code: str, message: str, hint: str = "", *, path: Path = (), warning: bool = False) -> Finding:
        """A finding at `path` of this file."""
        line, column = self.place(path)
        return Finding(self.file, line, column, code, "warning" if warning else "error", message, hint)


def scalar(event: yaml.ScalarEvent) -> Any:
    """The value of a scalar: plain ones by JSON's rules, quoted and block ones are text."""
    text: str = event.value
    if event.style or not event.implicit[0]:
        return text
    if text in WORDS:
        return WORDS[text]
    number = NUMBER.match(text)
    if number is None:
        return text
    return Decimal(text) if number[1] else int(text)


class _Builder:
    """Builds values from parse events without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[dict[str, Any] | list[Any]] = []
        self.path: list[str | int] = []
        self.key: list[str | None] = []
        self.documents = 0

    def complain(self, event: Any, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self.document.findings.append(Finding(self.document.file, mark.line + 1, mark.column + 1, code, "error", message, hint))

    def put(self, value: Any, event: Any) -> None:
        """Place a value under the current key or at the end of the current list, and note where it stands."""
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if not self.stack:
            self.document.value = value
            self.document.places[()] = place
            return
        top = self.stack[-1]
        if isinstance(top, list):
            self.document.places[(*self.path, len(top))] = place
            top.append(value)
            return
        key = self.key[-1]
        if key is None:
            return
        top[key] = value
        self.key[-1] = None

    def name(self, event: Any) -> None:
        """Take a mapping key: always text, as it is written."""
        key: str = event.value
        top = self.stack[-1]
        if key in top:
            self.complain(event, "yaml-duplicate-key", f"the key {key!r} stands twice in the same block", "Keep one of them.")
        self.key[-1] = key
        self.document.places[(*self.path, key)] = (event.start_mark.line + 1, event.start_mark.column + 1)

    def open(self, value: dict[str, Any] | list[Any], event: Any) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            self.complain(
                event, "yaml-depth", f"nested deeper than {MAX_DEPTH} levels", "A landscape file is flat; check the indentation."
            )
            return False
        if self.stack:
            top = self.stack[-1]
            if isinstance(top, dict) and self.key[-1] is None:
                self.complain(event, "yaml-key", "a key must be a single word or text", "Write `key: value`.")
                return False
            step: str | int = len(top) if isinstance(top, list) else self.key[-1]  # type: ignore[assignment]
            self.put(value, event)
            self.path.append(step)
        else:
            self.put(value, event)
        self.stack.append(value)
        self.key.append(None)
        return True

    def close(self) -> None:
        self.stack.pop()
        self.key.pop()
        if self.stack:
            self.path.pop()

    def feed(self, event: Any) -> bool:
        """Take one event; False stops reading."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.complain(
                    event, "yaml-documents", "a second document begins here", "Keep one document per file; remove the `---`."
                )
                return False
            return True
        if isinstance(event, yaml.AliasEvent):
            self.complain(
                event, "yaml-alias", f"the alias *{event.anchor} is not allowed", "Write the value out: reviewers must see it."
            )
            return False
        if isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                self.complain(
                    event, "yaml-alias", f"the anchor &{event.anchor} is not allowed", "Write the value out where it is used."
                )
                return False
            tag = getattr(event, "tag", None)
            if tag is not None:
                self.complain(
                    event, "yaml-tag", f"the tag {tag} is not allowed", "Remove the tag; quote the value if it is text."
                )
                return False
        if isinstance(event, yaml.ScalarEvent):
            if self.stack and isinstance(self.stack[-1], dict) and self.key[-1] is None:
                self.name(event)
            else:
                self.put(scalar(event), event)
            return True
        if isinstance(event, yaml.MappingStartEvent):
            return self.open({}, event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.open([], event)
        if isinstance(event, yaml.CollectionEndEvent):
            self.close()
        return True


def _trouble(file: str, error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    message = f"{context}: {problem}" if context else str(problem)
    hint = "Check indentation (spaces, no tabs), colons and quotes around this line."
    if mark is None:
        return Finding(file, 1, 1, "yaml-syntax", "error", message, hint)
    return Finding(file, mark.line + 1, mark.column + 1, "yaml-syntax", "error", message, hint)


def parse(data: bytes, file: str) -> Document:
    """Parse a file's bytes. Never raises for content: what is wrong is in `findings`, and `value` holds what could be read."""
    document = Document(file)
    if len(data) > MAX_BYTES:
        document.findings.append(
            Finding(
                file, 0, 0, "yaml-size", "error", f"the file is larger than {MAX_BYTES} bytes", "Split it into several files."
            )
        )
        return document
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        document.findings.append(Finding(file, line, 1, "yaml-encoding", "error", "the file is not UTF-8", "Save it as UTF-8."))
        return document
    builder = _Builder(document)
    try:
        document.complete = all(builder.feed(event) for event in yaml.parse(text, Loader=Loader))
    except yaml.YAMLError as error:
        document.findings.append(_trouble(file, error))
    return document
