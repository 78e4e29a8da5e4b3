"""Writes a new landscape: the commented starter files, a secret of its own, and the schemas editors use; runs nothing."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from crossdock.landscape.catalogue import Catalogue, Installed
from crossdock.landscape.files import FOLDERS, SINGLE
from crossdock.landscape.schemas import schema_comment, write_schemas

SECRET = "secrets/inbox-api-key"  # noqa: S105 - where the secret is kept, not the secret
PORT = 8090


class CannotStart(Exception):
    """The folder cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Started:
    """What was written."""

    root: Path
    name: str

    def welcome(self) -> str:
        """What to do next, for the terminal."""
        return (
            f"The landscape {self.name!r} is in {self.root}. It takes orders in and sends them on to a receiver.\n\n"
            f"  cd {self.root}\n"
            "  crossdock check\n"
            f"  crossdock up --port {PORT}\n\n"
            "and in another terminal, in the same folder:\n\n"
            f"{curl()}\n"
            "  crossdock trace 1001\n\n"
            "Nobody listens at the receiver's address yet, so the order waits and is tried again. `python receiver.py` lets it through.\n"
            "README.md goes on from there."
        )


def curl(port: int = PORT) -> str:
    """The command that sends the sample order."""
    return (
        f"  curl -X POST http://127.0.0.1:{port}/in/inbox/orders \\\n"
        f'       -H "X-Api-Key: $(cat {SECRET})" -H "Content-Type: application/json" \\\n'
        "       --data @samples/order.json"
    )


def landscape_name(folder: Path) -> str:
    """The name a landscape in this folder has: lower case, with hyphens. Raises CannotStart when nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:63].strip("-")
    if not name:
        raise CannotStart(f"{folder} gives no name; use letters or digits")
    return name


def _templates(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for each in sorted(folder.iterdir(), key=lambda item: item.name):
        if each.is_dir():
            found += _templates(each, f"{prefix}{each.name}/")
        elif not each.name.endswith(".pyc"):
            found.append((prefix + each.name, each.read_text(encoding="utf-8")))
    return [(path, text) for path, text in found if "__pycache__" not in path]


def _filled(path: str, text: str, name: str, company: str) -> str:
    """A template with its names in place; a landscape file also tells editors its schema."""
    import json

    text = (
        text.replace("{{name}}", name).replace("{{company}}", json.dumps(company, ensure_ascii=False)).replace("{{curl}}", curl())
    )
    head = path.partition("/")[0]
    if path in SINGLE or (head in FOLDERS and path.endswith(".yaml")):
        text = f"{schema_comment(path)}\n{text}"
    return text


def start(folder: Path, company: str = "My company", catalogue: Catalogue | None = None) -> Started:
    """Write the starter landscape into `folder`, which must not exist or be empty. Raises CannotStart."""
    name = landscape_name(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotStart(f"{folder} exists already; nothing was changed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    except OSError as error:
        raise CannotStart(f"{folder}: {error.strerror}") from None
    try:
        _write(unfinished, name, company, catalogue or Installed())
        unfinished.chmod(0o755)
        unfinished.replace(folder)
    except OSError as error:
        raise CannotStart(f"{folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Started(folder, name)


def _write(folder: Path, name: str, company: str, catalogue: Catalogue) -> None:
    for path, text in _templates(files(__package__) / "files"):
        target = folder / (".gitignore" if path == "gitignore" else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(path, text, name, company), encoding="utf-8")
    write_schemas(folder / "schemas", catalogue)
    _write_secret(folder / SECRET)


def _write_secret(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(secrets.token_urlsafe(32) + "\n")
