"""Stores, changes over and withdraws credentials: the vault's document and the ledger's history together; never tells a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from crossdock.core.errors import SecretMissing, SecretNotWritable
from crossdock.landscape.secrets import MAX_SECRET_BYTES, store_secret
from crossdock.ledger import vault as ledger
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.security.vault.errors import RotationImpossible, StoredMeanwhile
from crossdock.security.vault.protocol import PENDING, PREVIOUS, Vault, parsed

TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Keeper:
    """Does what people and the hub do to credentials. `vault` is None where the environment has none; `folder` is that of `file:` secrets."""

    store: Store
    numbers: Numbers
    vault: Vault | None
    folder: Path

    def set(self, reference: str, value: str, author: str, now: datetime, why: str = "", expires: datetime | None = None) -> None:
        """Store a new value in the place of the old one, of which nothing is kept; ends a revocation.

        Raises `SecretNotWritable` for `env:` and for a file elsewhere, `SecretMissing` for what is no path, and what the vault raises.
        """
        scheme = reference.partition(":")[0]
        if not value.strip() or "\x00" in value or len(value.encode()) > MAX_SECRET_BYTES:
            raise SecretNotWritable(f"a credential is between one and {MAX_SECRET_BYTES} bytes of text", reference=reference)
        if scheme == "vault":
            self._change(reference, lambda fields, name: {**_without(fields, name), name: value})
        elif scheme == "file":
            store_secret(self.folder, reference, value)
        else:
            raise SecretNotWritable(
                f"{reference!r} is neither in the vault nor a file in the folder of secrets", reference=reference
            )
        self._note(
            "stored", reference, author, now, {"reason": why}, stored_at=micros(now), stored_by=author, stage="", stage_at=micros(now),
            expires_at=micros(expires) if expires else None, overlap_until=None, wanted_at=None, wanted_by="", public="", note="",
            revoked_at=None, revoked_by="", revoked_why="",
        )  # fmt: skip

    def revoke(self, reference: str, author: str, now: datetime, why: str, *, destroy: bool = True) -> None:
        """Withdraw a credential at once: no worker gives it out any more, whatever its scheme; in the vault it is destroyed besides.

        The ban is written first, so that it holds even while the vault is away.
        """
        at = micros(now)
        self._note(
            "revoked", reference, author, now, {"reason": why}, revoked_at=at, revoked_by=author, revoked_why=why, stage="",
            overlap_until=None, wanted_at=None,
        )  # fmt: skip
        if destroy and reference.startswith("vault:") and self.vault is not None:
            self._change(reference, _without)

    def lift(self, reference: str, author: str, now: datetime, why: str) -> None:
        """End a revocation of a credential that is kept elsewhere and has been changed there."""
        self._note("revocation_lifted", reference, author, now, {"reason": why}, revoked_at=None, revoked_by="", revoked_why="")

    def wish(self, reference: str, author: str, now: datetime) -> None:
        """Ask the hub to rotate a credential now; it does so within seconds."""
        self._note("rotation_asked", reference, author, now, {}, wanted_at=micros(now), wanted_by=author, note="")

    # --- steps of a rotation --------------------------------------------------------------------------------

    def begin(self, reference: str, stage: str, author: str, now: datetime, note: str = "") -> None:
        """Note that a step begins, before anything is asked of anybody."""
        self._note(
            "rotation", reference, author, now, {"stage": stage}, stage=stage, stage_at=micros(now), wanted_at=None, note=note
        )

    def give_up(self, reference: str, author: str, now: datetime, why: str, stage: str = "") -> None:
        """Note that a rotation ended without a new credential, and why; what was good is good."""
        if stage == "" and self.vault is not None:
            self._change(reference, lambda fields, name: {k: v for k, v in fields.items() if k != f"{name}{PENDING}"})
        self._note(
            "rotation_failed", reference, author, now, {"why": why}, stage=stage, stage_at=micros(now), wanted_at=None, note=why
        )

    def pend(
        self, reference: str, value: str, public: str, stage: str, author: str, now: datetime, expires: datetime | None
    ) -> None:
        """Keep the next value beside the current one: taken from others, not used towards them yet."""
        self._change(reference, lambda fields, name: {**fields, f"{name}{PENDING}": value})
        self._note(
            "rotation", reference, author, now, {"stage": stage}, stage=stage, stage_at=micros(now), wanted_at=None, public=public, note="",
            expires_at=micros(expires) if expires else None,
        )  # fmt: skip

    def pending(self, reference: str) -> str:
        """The next value. Raises `RotationImpossible` when there is none."""
        path, name = self._place(reference)
        assert self.vault is not None
        found = self.vault.read(path).fields.get(f"{name}{PENDING}")
        if found is None:
            raise RotationImpossible(f"no rotation of {reference} is under way")
        return found

    def previous(self, reference: str) -> str | None:
        """The value before, while it is kept."""
        path, name = self._place(reference)
        assert self.vault is not None
        return self.vault.read(path).fields.get(f"{name}{PREVIOUS}")

    def switch(self, reference: str, author: str, now: datetime, until: datetime) -> None:
        """The next value becomes the current one; the one before counts beside it until a time."""

        def change(fields: Mapping[str, str], name: str) -> Mapping[str, str]:
            if f"{name}{PENDING}" not in fields:
                raise RotationImpossible(f"no rotation of {reference} is under way")
            kept = {k: v for k, v in fields.items() if k != f"{name}{PENDING}"}
            return {**kept, f"{name}{PREVIOUS}": _now(fields, name, reference), name: fields[f"{name}{PENDING}"]}

        self._change(reference, change)
        self.overlaps(reference, author, now, until)

    def renewed(self, reference: str, value: str, author: str, now: datetime, until: datetime, expires: datetime | None) -> None:
        """A system made a new value: it becomes the current one; the one before counts beside it until a time."""
        self._change(reference, lambda fields, name: {**fields, f"{name}{PREVIOUS}": _now(fields, name, reference), name: value})
        self.overlaps(reference, author, now, until, expires_at=micros(expires) if expires else None)

    def overlaps(self, reference: str, author: str, now: datetime, until: datetime, **more: Any) -> None:
        """Note that the new value is the current one, and until when the one before counts beside it."""
        self._note(
            "rotated", reference, author, now, {"overlap_until": until.isoformat()}, stored_at=micros(now), stored_by=author, stage="overlap",
            stage_at=micros(now), overlap_until=micros(until), wanted_at=None, note="", **more,
        )  # fmt: skip

    def end(self, reference: str, author: str, now: datetime) -> None:
        """The value before is destroyed: the overlap is over."""
        self._change(reference, lambda fields, name: {k: v for k, v in fields.items() if k != f"{name}{PREVIOUS}"})
        self._note("overlap_ended", reference, author, now, {}, stage="", stage_at=micros(now), overlap_until=None, note="")

    # --- within ---------------------------------------------------------------------------------------------

    def _place(self, reference: str) -> tuple[str, str]:
        if not reference.startswith("vault:"):
            raise RotationImpossible(f"{reference} is not in the vault: the hub changes only what it keeps itself")
        if self.vault is None:
            raise SecretMissing("this environment has no vault", reference=reference)
        return parsed(reference.removeprefix("vault:"))

    def _change(self, reference: str, change: Any) -> None:
        path, name = self._place(reference)
        assert self.vault is not None
        for attempt in range(TRIES):
            seen = self.vault.read(path)
            fields = change(seen.fields, name)
            if fields == seen.fields:
                return
            try:
                if fields:
                    self.vault.write(path, fields, seen.version)
                else:
                    self.vault.delete(path)
            except StoredMeanwhile:
                # another field of the same document may have been stored; the change itself is made anew from what is there now
                if attempt == TRIES - 1:
                    raise
                continue
            return

    def _note(self, action: str, reference: str, author: str, now: datetime, detail: Mapping[str, Any], **changed: Any) -> None:
        at = micros(now)

        def write(session: Session) -> None:
            ledger.note(session, reference, **changed)
            ledger.recorded(session, self.numbers, action, author, reference, detail, at)

        self.store.work.run(write)


def _without(fields: Mapping[str, str], name: str) -> Mapping[str, str]:
    """The other fields of a document."""
    return {key: value for key, value in fields.items() if key.partition("~")[0] != name}


def _now(fields: Mapping[str, str], name: str, reference: str) -> str:
    if name not in fields:
        raise SecretMissing(f"nothing is stored under {reference}", reference=reference)
    return fields[name]
