"""Refuses a UBL document that breaks its schema or the official rules, where these are installed; runs them in their own process."""

from __future__ import annotations

from crossdock.core.errors import SchemaInvalid
from crossdock.edi.findings import Severity
from crossdock.edi.ubl.rules import installed


def keep_rules(data: bytes, kind: str) -> None:
    """Raise `SchemaInvalid` with every rule that is broken, its id and its path. Warnings, and rules that could not be run, refuse nothing."""
    book = installed()
    if book is None:
        return
    broken = [each for each in book.judge(data) if each.severity is Severity.ERROR]
    if broken:
        first = broken[0]
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise SchemaInvalid(
            f"{kind}: {first.loop}: {first.message} [{first.code}]{more}",
            problems=[
                {"path": each.loop, "place": each.loop, "message": each.message, "kind": each.code, "rules": each.reference}
                for each in broken[:200]
            ],
        )
