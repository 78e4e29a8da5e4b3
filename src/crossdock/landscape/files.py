"""Which files a landscape consists of and what each becomes; reads them from disk into a draft, judges only their form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from crossdock.landscape.document import Document, parse
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.interpolation import interpolate
from crossdock.landscape.models import (
    Calendars,
    Environment,
    Flow,
    Hub,
    LandscapeTest,
    Ownership,
    Partner,
    Policies,
    Rule,
    Subscriber,
    System,
    ValueMap,
)
from crossdock.landscape.validation import validate

HEAD: Final = "crossdock.yaml"

SINGLE: Final[dict[str, type[BaseModel]]] = {
    HEAD: Hub,
    "ownership.yaml": Ownership,
    "calendars.yaml": Calendars,
    "policies.yaml": Policies,
}
"""Files that stand alone."""
BESIDE: Final = ("advice.yaml",)
"""Files that say nothing about how the hub runs: the answers `crossdock advise` reads."""

FOLDERS: Final[dict[str, type[BaseModel]]] = {
    "systems": System,
    "partners": Partner,
    "subscribers": Subscriber,
    "flows": Flow,
    "rules": Rule,
    "value-maps": ValueMap,
    "tests": LandscapeTest,
    "environments": Environment,
}
"""Folders with one file per thing."""


class NotALandscape(Exception):
    """The path is no folder with a `crossdock.yaml`."""


@dataclass(slots=True)
class Draft:
    """What was read: documents with their places, models, findings.

    `models` maps a folder (or a single file's name) to the models by name; those of files that are not sound lack the faulty
    settings. `named` has all names, also of files no model could be made of, so that a broken file does not make every reference
    to it look dangling.
    """

    root: Path
    documents: dict[str, Document] = field(default_factory=dict)
    models: dict[str, dict[str, BaseModel]] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    code: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def document(self, kind: str, name: str) -> Document:
        """The document that defines `name` of `kind` (a folder, or a single file's name)."""
        return self.documents[self.files[kind, name]]


def locate(path: str | os.PathLike[str]) -> Path:
    """The landscape's folder for a path to it or to its `crossdock.yaml`. Raises NotALandscape, saying why."""
    where = Path(path)
    if where.name == HEAD and where.is_file():
        where = where.parent
    if not where.exists():
        raise NotALandscape(f"{where} does not exist")
    if not where.is_dir():
        raise NotALandscape(f"{where} is not a folder")
    if not (where / HEAD).is_file():
        here = "this folder" if where == Path() else str(where)
        raise NotALandscape(f"{here} is no landscape: there is no {HEAD} in it")
    return where


def _read(root: Path, relative: str, draft: Draft) -> Document:
    try:
        data = (root / relative).read_bytes()
    except OSError as error:
        document = Document(relative)
        document.findings.append(
            Finding(relative, 0, 0, "unreadable", "error", f"the file cannot be read: {error.strerror}", "Check its permissions.")
        )
    else:
        document = parse(data, relative)
    draft.documents[relative] = document
    return document


def _take(draft: Draft, kind: str, name: str, document: Document, model: BaseModel | None) -> None:
    """Record a valid model under its name; a second one of the same name is a finding."""
    if model is not None:
        name = getattr(model, "name", name) if kind in FOLDERS else name
    if (kind, name) in draft.files:
        document.findings.append(
            document.finding(
                "duplicate-name",
                f"{name!r} is already defined in {draft.files[kind, name]}",
                "Give one of them another name.",
                path=("name",),
            )
        )
        return
    draft.files[kind, name] = document.file
    draft.named.setdefault(kind, set()).add(name)
    if model is not None:
        draft.models.setdefault(kind, {})[name] = model


def _stray(root: Path, draft: Draft) -> None:
    """Name YAML files and folders that nothing reads: they are usually spelling errors."""
    for entry in sorted(os.scandir(root), key=lambda item: item.name):
        if entry.is_dir() and entry.name in FOLDERS:
            for inner in sorted(os.listdir(entry.path)):
                if inner.endswith(".yml"):
                    file = f"{entry.name}/{inner}"
                    draft.findings.append(
                        Finding(file, 0, 0, "file-ending", "error", "files end in .yaml", f"Rename it to {inner[:-4]}.yaml.")
                    )
        elif entry.is_file() and entry.name.endswith((".yaml", ".yml")) and entry.name not in (*SINGLE, *BESIDE):
            hint = did_you_mean(entry.name, SINGLE)
            draft.findings.append(Finding(entry.name, 0, 0, "stray-file", "warning", "nothing reads this file", hint))
        elif entry.is_dir() and not entry.name.startswith(".") and _has_yaml(entry.path):
            draft.findings.append(
                Finding(entry.name, 0, 0, "stray-file", "warning", "nothing reads this folder", did_you_mean(entry.name, FOLDERS))
            )


def _has_yaml(folder: str) -> bool:
    return any(name.endswith((".yaml", ".yml")) for name in os.listdir(folder))


def read(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, str] | None = None,
    environment: str | None = None,
    or_default: bool = False,
) -> Draft:
    """Read a landscape's folder. Raises NotALandscape when there is none; everything else that is wrong is in the draft's findings.

    `variables` (default: the process environment) fill `${env:...}` in environment files; a variable that is not set is an error
    in the chosen `environment` (with `or_default`, where none is given, the landscape's own default) and a warning in the others.
    """
    root = locate(path)
    given = os.environ if variables is None else variables
    draft = Draft(root)
    for file, model in SINGLE.items():
        if (root / file).is_file():
            document = _read(root, file, draft)
            _take(draft, file, file, document, validate(document, model, None))
    hub = draft.models.get(HEAD, {}).get(HEAD)
    if environment is None and or_default and isinstance(hub, Hub):
        environment = hub.default_environment
    for folder, model in FOLDERS.items():
        directory = root / folder
        names = sorted(name for name in os.listdir(directory) if name.endswith(".yaml")) if directory.is_dir() else []
        for file in names:
            document = _read(root, f"{folder}/{file}", draft)
            stem = file.removesuffix(".yaml")
            if folder == "environments":
                _take_environment(draft, stem, document, given, environment)
            else:
                _take(draft, folder, stem, document, validate(document, model, stem))
    mappings = root / "mappings"
    if mappings.is_dir():
        draft.code = {
            f"mappings/{each.relative_to(mappings).as_posix()}": each.read_bytes() for each in sorted(mappings.rglob("*.py"))
        }
    draft.code |= _partner_files(root)
    _stray(root, draft)
    for document in draft.documents.values():
        draft.findings += document.findings
    return draft


def _partner_files(root: Path) -> dict[str, bytes]:
    """Guides and whatever else agreements name, in `partners/<partner>/`; certification sets say nothing about how the hub runs."""
    found = {}
    for folder in sorted(path for path in (root / "partners").glob("*") if path.is_dir()):
        for each in sorted(folder.rglob("*")):
            name = each.relative_to(root).as_posix()
            if each.is_file() and "/certification/" not in f"/{name}" and not each.name.startswith("."):
                found[name] = each.read_bytes()
    return found


def _take_environment(draft: Draft, stem: str, document: Document, variables: Mapping[str, str], chosen: str | None) -> None:
    value, unset = interpolate(document, variables)
    errors = [each for each in unset if each.code != "variable-not-set" or stem == chosen]
    draft.findings += [
        each if each in errors else Finding(each.file, each.line, each.column, each.code, "warning", each.message, each.hint)
        for each in unset
    ]
    _take(draft, "environments", stem, document, validate(document, Environment, stem, value))
