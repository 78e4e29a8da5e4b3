"""Checks that no secret stands in a file: by the names of settings, by known forms of tokens, by how random a text looks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from crossdock.landscape.document import Document, Path
from crossdock.landscape.findings import Finding
from crossdock.landscape.interpolation import ANY_VARIABLE
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

NAMES = re.compile(
    r"(secret|passw(or)?d|passphrase|token|api_?key|access_?key|private_?key|credential|authorization|bearer)", re.IGNORECASE
)
HARMLESS = re.compile(
    r"(_url|_path|_header|_name|_map|_field|_kind|_seconds|_minutes|_reference|_expires?|_within|_purpose)$|^(header|kind|credential)$"
)
REFERENCE = re.compile(r"^(env|file|vault):\S+$")
KNOWN_FORMS = re.compile(
    r"(shp(at|ss|ca|pa)_[0-9a-fA-F]{16,}|\b[cp][ks]_[0-9a-f]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\b[sr]k_(live|test)_[A-Za-z0-9]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[A-Za-z0-9_-]{8,}\.eyJ"
    r"|\bwhsec_[A-Za-z0-9+/=]{16,}|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@]+@)"
)
RANDOM = re.compile(r"^[A-Za-z0-9+/=_-]{28,}$")
RANDOM_BITS = 3.6


def looks_secret(key: str, value: str) -> bool:
    """Whether a setting's value should be in a vault instead."""
    if not value or REFERENCE.match(value) or ANY_VARIABLE.search(value):
        return False
    if KNOWN_FORMS.search(value):
        return True
    if NAMES.search(key) and not HARMLESS.search(key) and " " not in value.strip():
        return True
    return bool(RANDOM.match(value)) and _mixed(value) and _bits(value) >= RANDOM_BITS


def _mixed(value: str) -> bool:
    """Whether letters and digits alternate as in a key rather than in words: neither a date, a name nor a path."""
    letters, digits = sum(each.isalpha() for each in value), sum(each.isdigit() for each in value)
    words = [each for each in re.split(r"[-_/]", value) if each.isalpha()]
    return letters >= 6 and digits >= 4 and sum(map(len, words)) < len(value) / 2


def _bits(value: str) -> float:
    """Shannon entropy in bits a character."""
    return -sum(value.count(each) / len(value) * math.log2(value.count(each) / len(value)) for each in set(value))


def _texts(value: Any, path: Path = (), key: str = "") -> Iterator[tuple[Path, str, str]]:
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*path, name), name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index), key)


def _documents(view: View) -> Iterator[Document]:
    for document in view.draft.documents.values():
        if not document.file.startswith("value-maps/"):
            yield document


@check("plain-secret", structural=True)
def plain_secret(view: View) -> Iterator[Finding]:
    """Something that looks like a secret stands in a file; everybody who can read the repository could use it."""
    for document in _documents(view):
        for path, key, value in _texts(document.value):
            inside = "credentials" in path[:-1] and not REFERENCE.match(value)
            if inside or looks_secret(key, value):
                hint = "Write a reference: env:NAME, file:secrets/name (kept out of git) or vault:path. Treat this value as known: rotate it."
                yield document.finding("", f"{'.'.join(map(str, path))} looks like a secret", hint, path=path)


@check("variable-outside-environment")
def variable_outside_environment(view: View) -> Iterator[Finding]:
    """`${env:...}` works in environment files only, so that a bundle is the same everywhere."""
    for document in view.draft.documents.values():
        if document.file.startswith("environments/"):
            continue
        for path, _, value in _texts(document.value):
            if "${env:" in value:
                hint = "Put the value into environments/*.yaml (endpoints, credentials, engine)."
                yield document.finding("", f"{'.'.join(map(str, path))} uses a variable", hint, path=path)
