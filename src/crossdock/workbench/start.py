"""What a workbench process is told at its start: which landscape, which ledger, where it listens and who may reach it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from crossdock.ledger.database import LedgerLocation


@dataclass(frozen=True, slots=True)
class Start:
    """Handed over as JSON on standard input, because a ledger's URL may hold a password and arguments are seen by everybody."""

    landscape: Path
    environment: str
    location: LedgerLocation
    socket: Path
    hosts: tuple[str, ...] = ()
    exposed: bool = False
    log_format: str = "text"
    options: dict[str, Any] = field(default_factory=dict)

    def written(self) -> bytes:
        """One line of JSON."""
        return orjson.dumps(asdict(self), default=str) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Start:
        """The start of a line made by `written`."""
        data = orjson.loads(line)
        place = data["location"]
        place["path"] = Path(place["path"]) if place["path"] else None
        place["options"] = tuple(tuple(pair) for pair in place["options"])
        data |= {
            "location": LedgerLocation(**place),
            "landscape": Path(data["landscape"]),
            "socket": Path(data["socket"]),
            "hosts": tuple(data["hosts"]),
        }
        return cls(**data)
