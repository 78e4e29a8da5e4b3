"""Record numbers: time-ordered 64-bit integers made without asking the database, and their short written form."""

from __future__ import annotations

from threading import Lock
from typing import Final

from crossdock.core.clock import Clock

EPOCH_MS: Final = 1_704_067_200_000  # 2024-01-01T00:00:00Z
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32


class Numbers:
    """Makes numbers of 41 bits milliseconds, 10 bits node and 12 bits sequence.

    Unique while no two living processes share a node, and, with `floor` (the largest number in the ledger), also
    when the clock was set back between two processes.
    """

    def __init__(self, clock: Clock, node: int = 0, floor: int = 0) -> None:
        self._clock = clock
        self.move(node)
        self._ms = floor >> 22
        self._sequence = 0xFFF
        self._alone = Lock()

    def move(self, node: int) -> None:
        """Go on under another node number; with PostgreSQL a worker that lost its session gets a new one."""
        self._node = (node & 0x3FF) << 12

    def next(self) -> int:
        """The next number; larger than every earlier one of this maker, also when the clock goes back."""
        with self._alone:
            ms = int(self._clock.now().timestamp() * 1000) - EPOCH_MS
            if ms > self._ms:
                self._ms = ms
                self._sequence = 0
            elif self._sequence < 0xFFF:
                self._sequence += 1
            else:
                self._ms += 1
                self._sequence = 0
            return (self._ms << 22) | self._node | self._sequence


def written(number: int) -> str:
    """A number as people see it, for example `1R8QK3Z4F0021`."""
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = ALPHABET[rest] + digits
    return digits or "0"


def read(text: str) -> int:
    """The number of a written form. Raises ValueError when it is none."""
    number = 0
    for digit in text.upper().replace("O", "0").replace("I", "1").replace("L", "1"):
        number = number * 32 + ALPHABET.index(digit)
    return number
