"""What the world may do with the commands of any process: accept them, plainly or oddly, refuse them, and settle them again."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from process_bench import ProcessBench

from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, BudgetExhausted, CrossdockError, TargetRefused

ERRORS = [TargetRefused("no"), BudgetExhausted("late"), AnswerLost("a person says that it did not happen")]
several = st.integers(0, 7)


class AnySettlement(RuleBasedStateMachine):
    """The commands of a bench and everything that may become of them; `given_up` are those a person or the process took back."""

    odd_acks: ClassVar[list[dict[str, Any]]]
    bench: ProcessBench[Any]
    given_up: set[str]

    @rule(which=several)
    def accept(self, which: int) -> None:
        if self.bench.open:
            waiting = list(self.bench.open.values())
            self._settle(waiting[which % len(waiting)], None)

    @rule(which=several, odd=several)
    def accept_oddly(self, which: int, odd: int) -> None:
        if self.bench.open:
            waiting = list(self.bench.open.values())
            command = waiting[which % len(waiting)]
            self._settle(command, {**type(self.bench).ack_of(command), **self.odd_acks[odd % len(self.odd_acks)]})

    @rule(which=several, error=st.sampled_from(ERRORS))
    def fail(self, which: int, error: CrossdockError) -> None:
        if self.bench.open:
            waiting = list(self.bench.open.values())
            self._settle(waiting[which % len(waiting)], error)

    @rule(which=st.integers(0, 40), error=st.sampled_from([None, *ERRORS]))
    def settle_anything_again(self, which: int, error: CrossdockError | None) -> None:
        if self.bench.commands:
            command = self.bench.commands[which % len(self.bench.commands)]
            if command.id not in self.bench.open and command.id not in self.given_up:
                self._settle(command, error)

    def _settle(self, command: Command, result: CrossdockError | dict[str, Any] | None) -> None:
        """Settle a command and check what comes of it."""
        self.bench.settle(command, result)
