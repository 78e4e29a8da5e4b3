"""The field editor: a message or a refused command as labelled fields, what was typed back into the document, errors to their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.core import json_fields
from crossdock.ledger.corrections import corrections_of
from crossdock.ledger.people import OpenException
from crossdock.ledger.session import Session
from crossdock.ledger.states import CorrectionState
from crossdock.ledger.trace import received
from crossdock.ledger.work import deliveries_by_id
from crossdock.pipeline.corrections import IDENTIFYING
from crossdock.pipeline.delivery import from_row
from crossdock.security.masking import MASKED, Mask
from crossdock.workbench.exceptions.detail import delivery_of
from crossdock.workbench.exceptions.labels import label
from crossdock.workbench.exceptions.payloads import masked_command

PREFIX: Final = "f:"
"""What the names of field inputs begin with."""
SPARE: Final = 3
"""Empty rows for fields that are missing."""


@dataclass(slots=True)
class Field:
    """One value of the document. `given` is what the form shows; a hidden one shows nothing and is kept unless something is typed."""

    path: str
    label: str
    given: str
    original: str = ""
    hidden: bool = False
    fixed: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def long(self) -> bool:
        """Whether it wants more than a line."""
        return "\n" in self.given or len(self.given) > 100


@dataclass(slots=True)
class Document:
    """What is edited: its text, whether it is a command's data, and which error paths are already known."""

    text: str
    command: str = ""
    content: Any = None
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def structured(self) -> bool:
        """Whether it can be edited field by field."""
        return self.content is not None


@dataclass(slots=True)
class Edit:
    """A document as somebody edits it."""

    fields: list[Field]
    extra: list[tuple[str, str]]
    general: list[str] = field(default_factory=list)


def document_of(session: Session, each: OpenException) -> Document | None:
    """The document behind an exception, with its latest correction in force; None when there is none that can be edited."""
    problems = each.detail.get("problems") or []
    delivery = delivery_of(session, each)
    if delivery is not None:
        command = from_row(deliveries_by_id(session, [delivery[0]])[0]).command
        text = json_fields.write(_plain(dict(command.data)))
        return Document(text, command.name, json_fields.read(text), problems)
    message = received(session, each.subject, each.subject_id) if each.subject == "message" else None
    if message is None or message.claim:
        return None
    body = message.body
    for correction in corrections_of(session, "message", each.subject_id):
        if correction.state is CorrectionState.APPLIED:
            body = correction.body
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    try:
        content = json_fields.read(text)
    except ValueError:
        content = None
    if not isinstance(content, dict | list) or sum(1 for _ in json_fields.leaves(content)) > json_fields.MOST:
        content = None
    return Document(text, "", content, problems)


def _plain(value: Any) -> Any:
    """Numbers of a command's data in their own writing."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return json_fields.Number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def edit_of(
    document: Document, mask: Mask, given: Mapping[str, str] | None = None, problems: list[dict[str, str]] | None = None
) -> Edit:
    """The form of a document: as it is, or with what was typed and what is wrong with it."""
    shown = _masked(document, mask)
    fields: list[Field] = []
    for path, value in json_fields.leaves(document.content):
        original = json_fields.shown(value)
        try:
            hidden = MASKED in json_fields.shown(json_fields.get(shown, path))
        except KeyError:
            hidden = True
        said = "" if hidden else original
        if given is not None and PREFIX + path in given:
            said = given[PREFIX + path]
        fixed = bool(document.command) and path.rsplit(".", 1)[-1] in IDENTIFYING and ".lines." not in f".{path}."
        fields.append(
            Field(
                path,
                label(path),
                said.replace("\r\n", "\n"),
                "" if hidden else original,
                hidden,
                fixed or path.startswith("refs."),
            )
        )
    edit = Edit(fields, _extra(given))
    for problem in document.problems if problems is None else problems:
        _place(edit, problem)
    return edit


def _masked(document: Document, mask: Mask) -> Any:
    if not mask:
        return document.content
    return masked_command(document.content, mask) if document.command else mask.foreign(document.content)


def _extra(given: Mapping[str, str] | None) -> list[tuple[str, str]]:
    rows = [(given.get(f"path{n}", ""), given.get(f"value{n}", "")) for n in range(SPARE)] if given is not None else []
    return [*rows, *[("", "")] * (SPARE - len(rows))]


def _place(edit: Edit, problem: Mapping[str, str]) -> None:
    """Put an error beside the field it speaks of: the one whose path ends with the error's, however deep the document wraps it."""
    path, message = str(problem.get("path", "")), str(problem.get("message", ""))
    wanted = _loose(path)
    best: Field | None = None
    for one in edit.fields:
        if wanted and (f".{_loose(one.path)}".endswith(f".{wanted}") or f".{_loose(one.path)}.".find(f".{wanted}.") >= 0):
            best = one if best is None or len(one.path) < len(best.path) else best
    if best is not None:
        if message not in best.errors:
            best.errors.append(message)
        return
    text = f"{label(path)}: {message}" if path else message
    if text not in edit.general:
        edit.general.append(text)


def _loose(path: str) -> str:
    return path.replace("_", "").casefold()


def edited(document: Document, given: Mapping[str, str], mask: Mask) -> tuple[str, list[dict[str, str]]]:
    """The document with what was typed, and what could not be understood: path and message each."""
    content = json_fields.read(document.text)
    problems: list[dict[str, str]] = []
    known = {one.path: one for one in edit_of(document, mask).fields}
    for path, one in known.items():
        said = given.get(PREFIX + path)
        if said is None or (one.hidden and not said) or said.replace("\r\n", "\n") == one.original.replace("\r\n", "\n"):
            continue
        _put(content, path, said, problems)
    for path, said in _extra(given):
        if path.strip():
            _put(content, path.strip(), said, problems)
    return json_fields.write(content), problems


def _put(content: Any, path: str, said: str, problems: list[dict[str, str]]) -> None:
    try:
        json_fields.put(content, path, said)
    except ValueError as error:
        problems.append({"path": path, "message": str(error)})
