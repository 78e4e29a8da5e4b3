"""Whether a ledger has the tables this release reads: a command meets ledgers that no hub of its release has started on yet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from crossdock.core.errors import Misconfigured
from crossdock.ledger.session import Session

APP: Final = "ledger"


class LedgerOfAnotherRelease(Misconfigured):
    """The ledger was made by another release of the hub."""

    code = "ledger.other_release"
    hint = "Start the hub once with this release (`crossdock up`): it brings an older ledger up to date. A newer one needs the newer release."


def ours() -> frozenset[str]:
    """Names of the migrations this release brings."""
    return frozenset(path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py"))


def same_release(session: Session) -> None:
    """Raises `LedgerOfAnotherRelease` when the ledger lacks migrations of this release or has others."""
    applied = {name for (name,) in session.rows("SELECT name FROM django_migrations WHERE app=?", (APP,))}
    if missing := ours() - applied:
        raise LedgerOfAnotherRelease(f"the ledger lacks {', '.join(sorted(missing))}")
    if unknown := applied - ours():
        raise LedgerOfAnotherRelease(f"the ledger has {', '.join(sorted(unknown))}, of a newer release")
