"""Change requests and the decision log as plain data and as CSV, and the board's own key; decides nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

from crossdock.governance.review.desk import Seen
from crossdock.governance.review.errors import BoardKeyMissing
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import written
from crossdock.ledger.reviews import Decision
from crossdock.ledger.times import moment


def board_key(here: Landscape, location: LedgerLocation) -> str:
    """The board's private key of an environment. Raises `BoardKeyMissing`."""

    promotion, vault = here.environment.promotion, here.environment.vault
    if promotion is None or not promotion.board:
        raise BoardKeyMissing(f"environment {here.environment.name!r} names no key under promotion.board")
    return SecretReferences(here.home / vault.secrets, vault=vault_of(vault, here.home, location)).get(str(promotion.board))


def plain(found: Seen) -> dict[str, Any]:
    """A request as JSON."""
    change, standing_ = found.change, found.standing
    return {
        "number": found.number, "state": standing_.state, "title": change.title, "reason": change.reason, "author": change.author,
        "maker": change.maker, "bundle": change.bundle, "base": change.base, "environment": change.environment,
        "opened": _iso(change.opened_at), "expires": standing_.expires.isoformat() if standing_.expires else None,
        "promoted": _iso(change.promoted_at), "review_due": _iso(change.review_due), "changes": change.report.get("changes", []),
        "reviewers": change.report.get("reviewers", {}), "lacking": standing_.lacking, "against": list(standing_.against),
        "decisions": [logged(each) for each in found.decisions], "evidence": change.evidence,
    }  # fmt: skip


def logged(each: Decision) -> dict[str, str]:
    """A line of the decision log."""
    return {
        "at": _iso(each.at) or "", "kind": each.kind, "request": written(each.change) if each.change else "", "by": each.author,
        "team": each.team, "note": each.note,
    }  # fmt: skip


def as_csv(found: list[dict[str, str]]) -> str:
    """Lines of the decision log as CSV (RFC 4180); what a spreadsheet would take for a formula is text."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, ("at", "kind", "request", "by", "team", "note"))
    writer.writeheader()
    for each in found:
        writer.writerow({name: f"'{value}" if value[:1] in "=+-@\t\r" else value for name, value in each.items()})
    return stream.getvalue()


def _iso(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat()
