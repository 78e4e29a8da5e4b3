"""Makes the folder of a new connector: a package of the one shape whose conformance tests pass at once; knows no system."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from crossdock.core.errors import Rejected

TEMPLATES = {
    "pyproject.toml.tmpl": "pyproject.toml",
    "README.md.tmpl": "README.md",
    "package/__init__.py.tmpl": "src/{package}/__init__.py",
    "package/connector.py.tmpl": "src/{package}/connector.py",
    "package/mapping.py.tmpl": "src/{package}/mapping.py",
    "package/errors.py.tmpl": "src/{package}/errors.py",
    "package/simulator.py.tmpl": "src/{package}/simulator.py",
    "tests/test_conformance.py.tmpl": "tests/test_conformance.py",
}


class NameUnusable(Rejected):
    """A connector cannot have this name."""

    code = "scaffold.name_unusable"
    hint = "Use two to forty lower-case letters, digits and hyphens, beginning with a letter: `acme-wms`."


class FolderTaken(Rejected):
    """The folder for the new connector is not empty."""

    code = "scaffold.folder_taken"
    hint = "Choose another folder with --dir, or another name."


def create(name: str, target_dir: Path) -> Path:
    """Make the folder `crossdock-<name>` in `target_dir` and return it.

    Raises `NameUnusable` for a name that gives no Python package, `FolderTaken` when the folder exists and is not empty.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or not 2 <= len(name) <= 40 or keyword.iskeyword(name):
        raise NameUnusable(f"{name!r} cannot be the name of a connector", name=name)
    words = name.split("-")
    kind = "_".join(words)
    names = {
        "kind": kind,
        "distribution": f"crossdock-{name}",
        "package": f"crossdock_{kind}",
        "class": "".join(word.capitalize() for word in words) + "Connector",
        "title": " ".join(word.capitalize() for word in words),
    }
    folder = target_dir / names["distribution"]
    if folder.exists() and any(folder.iterdir()):
        raise FolderTaken(f"{folder} is not empty", folder=str(folder))
    source = files("crossdock.connectors") / "templates"
    for template, place in TEMPLATES.items():
        path = folder / place.format(**names)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.joinpath(template).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(names), encoding="utf-8")
    return folder
