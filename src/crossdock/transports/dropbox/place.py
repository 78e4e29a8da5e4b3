"""Where an account's files lie on this machine, and the few moves they make; knows no network and no partner.

<folder>/<user>/home/in      what the partner writes (it sees `home` as its root)
<folder>/<user>/home/out     what it may fetch
<folder>/<user>/pending      complete files on their way into the ledger: taken out of the partner's reach by one rename
<folder>/<user>/taken        stored; kept for a day, so that a client that looks after its upload finds it
<folder>/<user>/quarantine   refused
<folder>/<user>/control      what was put into `out`, see `transports.sftp.outbox`
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEEP_TAKEN: Final = 86_400.0
KEEP_QUARANTINE: Final = 30 * 86_400.0
PARTIAL: Final = (".part", ".tmp", ".filepart", ".partial")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one account."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def incoming(self) -> Path:
        return self.home / "in"

    @property
    def outgoing(self) -> Path:
        return self.home / "out"

    @property
    def pending(self) -> Path:
        return self.root / "pending"

    @property
    def taken(self) -> Path:
        return self.root / "taken"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def control(self) -> Path:
        return self.root / "control"

    def make(self) -> None:
        """Make the folders; only this user of the machine may look into them."""
        for each in (self.incoming, self.outgoing, self.pending, self.taken, self.quarantine, self.control):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def claim(self, name: str) -> Path:
        """Take a complete file out of the partner's reach. Raises OSError."""
        target = self.pending / f"{time.time_ns():020d}.{name}"
        descriptor = os.open(self.incoming / name, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # it will be acknowledged: it must survive the machine
        finally:
            os.close(descriptor)
        (self.incoming / name).rename(target)
        return target

    def settled(self, claimed: Path, *, good: bool) -> None:
        """Put a claimed file where it belongs."""
        folder = self.taken if good else self.quarantine
        claimed.replace(folder / (given_name(claimed) if good else claimed.name))

    def waiting(self) -> list[Path]:
        """Claimed files that are not settled, oldest first."""
        return sorted(each for each in self.pending.iterdir() if each.is_file())

    def used(self) -> tuple[int, int]:
        """Bytes and files the partner has here."""
        files = [each.stat() for folder in (self.incoming, self.pending) for each in folder.iterdir() if each.is_file()]
        return sum(each.st_size for each in files), len(files)

    def tidy(self, now: float) -> None:
        """Remove what was stored or refused long ago, and what was never finished."""
        for folder, keep in ((self.taken, KEEP_TAKEN), (self.quarantine, KEEP_QUARANTINE), (self.incoming, KEEP_QUARANTINE)):
            for each in folder.iterdir():
                if each.is_file() and now - each.stat().st_mtime > keep:
                    each.unlink(missing_ok=True)


def given_name(claimed: Path) -> str:
    """The name the partner gave a claimed file."""
    return claimed.name.partition(".")[2]


def final(name: str) -> bool:
    """Whether a name says that the file is complete."""
    return bool(name) and not name.startswith(".") and not name.lower().endswith(PARTIAL)
