"""Record numbers: time-ordered 64-bit integers made without asking the database, and their short written form."""

from __future__ import annotations

from typing import Final

from crossdock.core.clock import Clock

EPOCH_MS: Final = 1_704_067_200_000  # 2024-01-01T00:00:00Z
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32


class Numbers:
    """Makes numbers of 41 bits milliseconds, 10 bits node and 12 bits sequence; unique while no two processes share a node."""

    def __init__(self, clock: Clock, node: int = 0) -> None:
        self._clock = clock
        self._node = (node & 0x3FF) << 12
        self._last = 0

    def next(self) -> int:
        """The next number; larger than every earlier one of this maker, also when the clock goes back."""
        stamp = (int(self._clock.now().timestamp() * 1000) - EPOCH_MS) << 22
        if stamp <= self._last:
            stamp = self._last
            if stamp & 0xFFF == 0xFFF:
                stamp = ((stamp >> 22) + 1) << 22
            else:
                self._last = stamp + 1
                return (self._last & ~(0x3FF << 12)) | self._node
        self._last = stamp
        return stamp | self._node


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
