"""The identity of a landscape's content: the same reviewed content has the same bundle id on every machine, whatever its comments and layout."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from crossdock.landscape.files import Draft


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} does not come from a landscape file")


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; decimals as plain text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def bundle_id(draft: Draft) -> str:
    """SHA-256 (hex) over name and content of every reviewed file and mapping, in order of name; environments hold bindings only and are left out."""
    digest = hashlib.sha256()
    parts = {
        file: canonical_json(document.value) for file, document in draft.documents.items() if not file.startswith("environments/")
    }
    parts |= draft.code
    for file in sorted(parts):
        name = file.encode()
        digest.update(b"%d:%s%d:" % (len(name), name, len(parts[file])))
        digest.update(parts[file])
    return digest.hexdigest()
