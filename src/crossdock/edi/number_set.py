"""Which control numbers were seen, in memory that does not grow with a sequence of a million; pure."""

from __future__ import annotations

from bisect import bisect_right


class NumberSet:
    """A set of control numbers as intervals, because partners count up; other references are kept as they are."""

    __slots__ = ("_ends", "_starts", "_texts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._texts: set[str] = set()

    def add(self, reference: str) -> bool:
        """Remember the reference; False when it was there already."""
        if not (reference.isdecimal() and reference.isascii() and len(reference) <= 18):
            if reference in self._texts:
                return False
            if len(self._texts) < 200_000:
                self._texts.add(reference)
            return True
        number = int(reference)
        ends = self._ends
        if ends and number == ends[-1] + 1:
            ends[-1] = number
            return True
        starts = self._starts
        at = bisect_right(starts, number) - 1
        if at >= 0 and number <= ends[at]:
            return False
        if at >= 0 and number == ends[at] + 1:
            ends[at] = number
            if at + 1 < len(starts) and starts[at + 1] == number + 1:
                ends[at] = ends.pop(at + 1)
                starts.pop(at + 1)
        elif at + 1 < len(starts) and starts[at + 1] == number + 1:
            starts[at + 1] = number
        else:
            starts.insert(at + 1, number)
            ends.insert(at + 1, number)
        return True
