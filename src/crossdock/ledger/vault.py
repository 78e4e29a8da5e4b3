"""Sealed credentials, wrapped data keys and the history of every reference; holds no key and sees no value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Session

KEEP_USES: Final = 400
"""Days for which the usage log is kept."""
HOUR: Final = 3_600_000_000
_MICRO_DAY: Final = 86_400_000_000
_RAISE: Final = "UPDATE ledger_vault SET epoch=epoch+1 WHERE id=1"


class WrappedKey(NamedTuple):
    """A data key as it is kept: which master key wraps it."""

    id: int
    master: str
    wrapped: bytes


class Sealed(NamedTuple):
    """One path as it is kept."""

    path: str
    version: int
    key: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a reference; times in microseconds since 1970. `stage` is empty, or where its rotation stands."""

    reference: str
    stored_at: int = 0
    stored_by: str = ""
    expires_at: int | None = None
    stage: str = ""
    stage_at: int = 0
    overlap_until: int | None = None
    wanted_at: int | None = None
    wanted_by: str = ""
    public: str = ""
    note: str = ""
    revoked_at: int | None = None
    revoked_by: str = ""
    revoked_why: str = ""


_STANDING: Final = tuple(each.name for each in fields(Standing))


# --- what all workers look at --------------------------------------------------------------------------------


def epoch(session: Session) -> int:
    """Raised by every change of a credential; 0 before the first."""
    rows = session.rows("SELECT epoch FROM ledger_vault WHERE id=1")
    return int(rows[0][0]) if rows else 0


def raise_epoch(session: Session) -> None:
    """Tell all workers that something changed; also what makes changes of credentials happen one after the other."""
    if not session.execute(_RAISE):
        session.insert("ledger_vault", ("id", "epoch"), [(1, 0)], ignore="id")
        session.execute(_RAISE)


def lock(session: Session) -> None:
    """Changes of credentials wait for each other from here to the end of the transaction."""
    raise_epoch(session)


def revoked(session: Session) -> dict[str, str]:
    """References that must not be used any more, and why."""
    return dict(session.rows("SELECT reference, revoked_why FROM ledger_credential WHERE revoked_at IS NOT NULL"))


def present(session: Session) -> bool:
    """Whether this ledger has these tables at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_vault'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_vault') IS NOT NULL"))


# --- the embedded store --------------------------------------------------------------------------------------


def keys(session: Session) -> list[WrappedKey]:
    """The data keys, the newest first; none before the vault was made."""
    rows = session.rows("SELECT id, master, wrapped FROM ledger_vault_key ORDER BY id DESC")
    return [WrappedKey(int(number), master, bytes(wrapped)) for number, master, wrapped in rows]


def add_key(session: Session, number: int, master: str, wrapped: bytes, at: int) -> None:
    """Keep a new data key; it seals from now on."""
    session.insert("ledger_vault_key", ("id", "master", "wrapped", "created_at"), [(number, master, wrapped, at)])


def sealed(session: Session, path: str) -> Sealed | None:
    """One path; None when nothing is stored there."""
    rows = session.rows("SELECT path, version, key, sealed FROM ledger_vault_secret WHERE path=?", (path,))
    return _sealed(rows[0]) if rows else None


def all_sealed(session: Session) -> list[Sealed]:
    """Everything that is stored."""
    return [_sealed(row) for row in session.rows("SELECT path, version, key, sealed FROM ledger_vault_secret ORDER BY path")]


def paths(session: Session) -> list[str]:
    """Where something is stored."""
    return [path for (path,) in session.rows("SELECT path FROM ledger_vault_secret ORDER BY path")]


def put(session: Session, each: Sealed, at: int) -> None:
    """Store a path anew; the caller has looked at the version under `lock`."""
    session.execute("DELETE FROM ledger_vault_secret WHERE path=?", (each.path,))
    values = (each.path, each.version, each.key, each.sealed, at)
    session.execute("INSERT INTO ledger_vault_secret (path, version, key, sealed, stored_at) VALUES (?,?,?,?,?)", values)


def remove(session: Session, path: str) -> bool:
    """Forget a path; whether there was something."""
    return bool(session.execute("DELETE FROM ledger_vault_secret WHERE path=?", (path,)))


def rekeyed(session: Session, key: WrappedKey, resealed: Iterable[Sealed], at: int) -> None:
    """Put everything under a new data key and forget the old ones, in the transaction of the caller."""
    session.execute("DELETE FROM ledger_vault_key")
    add_key(session, key.id, key.master, key.wrapped, at)
    for each in resealed:
        put(session, each, at)


def _sealed(row: Any) -> Sealed:
    path, version, key, content = row
    return Sealed(path, int(version), int(key), bytes(content))


# --- the history of references -------------------------------------------------------------------------------


def standings(session: Session) -> dict[str, Standing]:
    """What is known, by reference."""
    rows = session.rows(f"SELECT {', '.join(_STANDING)} FROM ledger_credential ORDER BY reference")
    return {row[0]: Standing(*row) for row in rows}


def standing(session: Session, reference: str) -> Standing:
    """What is known of one reference; a bare one when nothing is."""
    rows = session.rows(f"SELECT {', '.join(_STANDING)} FROM ledger_credential WHERE reference=?", (reference,))
    return Standing(*rows[0]) if rows else Standing(reference)


def note(session: Session, reference: str, **changed: Any) -> None:
    """Change what is known of a reference, and tell the workers. Raises KeyError for a name that is none of `Standing`."""
    if unknown := set(changed) - set(_STANDING):
        raise KeyError(unknown)
    names = sorted(changed)
    assignments = ", ".join(f"{name}=?" for name in names)
    values = [changed[name] for name in names]
    if not session.execute(f"UPDATE ledger_credential SET {assignments} WHERE reference=?", (*values, reference)):
        bare = {name: getattr(Standing(reference), name) for name in _STANDING} | changed
        marks = ", ".join("?" * len(_STANDING))
        session.execute(
            f"INSERT INTO ledger_credential ({', '.join(_STANDING)}) VALUES ({marks})", tuple(bare[name] for name in _STANDING)
        )
    raise_epoch(session)


def recorded(
    session: Session, numbers: Numbers, action: str, author: str, reference: str, detail: Mapping[str, Any], at: int
) -> None:
    """Have the hub write a change of a credential into the audit chain; never a value."""
    record(session, numbers.next(), f"person:credential:{action}", author, {"reference": reference, **detail}, at, reference)


# --- the usage log -------------------------------------------------------------------------------------------


class Use(NamedTuple):
    """How often one process used a reference in one hour; times in microseconds since 1970."""

    reference: str
    hour: int
    process: str
    uses: int
    first_at: int
    last_at: int


def used(session: Session, numbers: Numbers, uses: Sequence[Use]) -> None:
    """Keep counts; those of an hour still under way take the place of what the same process said before."""
    session.upsert(
        "ledger_credential_use",
        ("id", "reference", "hour", "process", "uses", "first_at", "last_at"),
        [(numbers.next(), *each) for each in uses],
        ("reference", "hour", "process"),
        ("uses", "last_at"),
    )


def uses(session: Session, reference: str = "", most: int = 200) -> list[Use]:
    """The usage log, the newest first."""
    where, args = (" WHERE reference=?", (reference,)) if reference else ("", ())
    rows = session.rows(
        "SELECT reference, hour, process, uses, first_at, last_at FROM ledger_credential_use"
        f"{where} ORDER BY last_at DESC LIMIT {int(most)}",
        args,
    )
    return [Use(*row) for row in rows]


def last_uses(session: Session) -> dict[str, int]:
    """When each reference was used last."""
    return {
        ref: int(at) for ref, at in session.rows("SELECT reference, MAX(last_at) FROM ledger_credential_use GROUP BY reference")
    }


def forget_uses(session: Session, now: int) -> int:
    """Remove what is older than the usage log reaches; how many rows."""
    return session.execute("DELETE FROM ledger_credential_use WHERE hour<?", ((now - KEEP_USES * _MICRO_DAY) // HOUR,))
