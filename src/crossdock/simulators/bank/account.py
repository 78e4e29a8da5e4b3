"""The simulated bank's books of one account: what moved, whole cents only; knows no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Movement:
    """One booking in cents, above zero when money came."""

    cents: int
    day: date
    reference: str
    end_to_end: str = ""
    name: str = ""
    iban: str = ""
    structured: str = ""
    text: str = ""
    reversal: bool = False
    reason: str = ""


@dataclass(slots=True)
class Account:
    """An account in EUR. `told` is how many movements statements have told already."""

    iban: str = "NL91ABNA0417164300"
    owner: str = "Harbour & Pine B.V."
    opening: int = 1_000_000
    movements: list[Movement] = field(default_factory=list)
    told: int = 0
    statements: int = 0

    @property
    def balance(self) -> int:
        """What is on the account, in cents."""
        return self.opening + sum(each.cents for each in self.movements)

    def move(self, cents: int, day: date, **facts: str | bool) -> Movement:
        """Book a movement."""
        found = Movement(cents, day, f"B{len(self.movements) + 1:06}", **facts)  # type: ignore[arg-type]
        self.movements.append(found)
        return found

    def next_statement(self) -> tuple[int, int, list[Movement]]:
        """The balance before, the balance after, and the movements since the last statement."""
        fresh = self.movements[self.told :]
        before = self.opening + sum(each.cents for each in self.movements[: self.told])
        self.told = len(self.movements)
        self.statements += 1
        return before, self.balance, fresh
