"""Static files: own ones, htmx and what second factors need, read once, under a URL that changes with their content."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse

from crossdock.workbench.page import public

HERE: Final = Path(__file__).parent
FOREIGN: Final = {
    "htmx.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "mfa/js/webauthn.js": ("allauth", "mfa/static/mfa/js/webauthn.js"),
    "mfa/js/webauthn-json.js": ("allauth", "mfa/static/mfa/js/webauthn-json.js"),
    "mfa/js/recovery_codes.js": ("allauth", "mfa/static/mfa/js/recovery_codes.js"),
    "account/js/onload.js": ("allauth", "account/static/account/js/onload.js"),
}
"""Files of packages that are shown: name and where it is in its package."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    kind: str
    version: str


@cache
def files() -> dict[str, Asset]:
    """All files by name."""
    found: dict[str, Asset] = {}
    for folder in (HERE / "static", *sorted(HERE.glob("*/static"))):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = _asset(path)
    for name, (package, inside) in FOREIGN.items():
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            found[name] = _asset(Path(spec.submodule_search_locations[0]) / inside)
    return found


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith("svg+xml") else kind
    return Asset(content, kind, hashlib.sha256(content).hexdigest()[:12])


def url(name: str) -> str:
    """Where a file is. Raises KeyError when there is none of this name: a template is wrong."""
    return f"/static/{name}?v={files()[name].version}"


@public
def static(request: HttpRequest, name: str) -> HttpResponse:
    """A static file."""
    found = files().get(name)
    if found is None:
        raise Http404
    answer = HttpResponse(found.content, content_type=found.kind)
    answer["Cache-Control"] = "public, max-age=31536000, immutable" if request.GET.get("v") == found.version else "no-cache"
    return answer
