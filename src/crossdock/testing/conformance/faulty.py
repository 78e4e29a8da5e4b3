"""Conformance: each fault of the target, on each command: the outcome tells the truth about the effect, and the end is one effect."""

from __future__ import annotations

import pytest

from crossdock.core.errors import ContractBroken, Deferred, Misconfigured, Uncertain
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, Outcome
from crossdock.simulators.faults import Fault
from crossdock.testing.bench import Bench
from crossdock.testing.inmemory import ended_well
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import CommandSample

PERSISTS = 50
"""How many requests in a row meet an outage or an expired credential: more than a connector would repeat by itself."""

SILENT = (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.RESET_BEFORE, Fault.RESET_AFTER)


class FaultyConformance(ConnectorKit):
    """Delivery while the target misbehaves."""

    def _apply(self, bench: Bench, sample: CommandSample, fault: Fault, count: int = 1) -> None:
        self.need(bench, fault)
        bench.target.apply(fault, path=sample.path, method=sample.method, count=count)

    async def _ends_with_one_effect(self, bench: Bench, sample: CommandSample, command_first: tuple[object, Outcome]) -> None:
        command, first = command_first
        bench.target.calm()
        trail = [first]
        if isinstance(first, Uncertain):
            found = await bench.hub.find_effect(command)  # type: ignore[arg-type]
            bench.watch("find_effect", found)
            before = bench.target.effects(sample, command)  # type: ignore[arg-type]
            if sample.reconciles:
                assert isinstance(found, EffectFound | EffectAbsent), f"the target is well, but find_effect says {found!r}"
            if isinstance(found, EffectFound):
                assert before == 1, f"find_effect found what is not there ({before} effects)"
                return
            if not isinstance(found, EffectAbsent):
                assert before <= 1
                return
            repeatable = sample.name in self.connector.capabilities.repeatable
            assert before == 0 or repeatable, "find_effect says absent, but the effect is there: the hub would double it"
        trail = await bench.settle(command)  # type: ignore[arg-type,assignment]
        assert ended_well(trail), f"the command did not end well after the fault: {[first, *trail]!r}"
        effects = bench.target.effects(sample, command)  # type: ignore[arg-type]
        assert effects == 1, f"{effects} effects after {[first, *trail]!r}"

    @pytest.mark.parametrize("fault", SILENT, ids=lambda fault: fault.value)
    async def test_silence_is_never_taken_for_yes_or_no(self, bench: Bench, command_sample: CommandSample, fault: Fault) -> None:
        """A time-out or a broken connection before or after the effect: uncertain (a repeatable command may be deferred)."""
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, fault)
        outcome = await bench.attempt(command)
        if command.name in self.connector.capabilities.repeatable:
            assert isinstance(outcome, Uncertain | Deferred | Accepted), f"{fault.value}: {outcome!r}"
        else:
            assert isinstance(outcome, Uncertain | Accepted), f"{fault.value}: {outcome!r}"
        if isinstance(outcome, Accepted):  # the connector asked the target by itself
            assert bench.target.effects(command_sample, command) == 1, "accepted without an effect"
            return
        await self._ends_with_one_effect(bench, command_sample, (command, outcome))

    @pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.ERROR_500_AFTER], ids=lambda fault: fault.value)
    async def test_an_internal_error_tells_the_truth(self, bench: Bench, command_sample: CommandSample, fault: Fault) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, fault)
        outcome = await bench.attempt(command)
        effects = bench.target.effects(command_sample, command)
        if isinstance(outcome, Accepted):
            assert effects == 1, "accepted without an effect"
            return
        if effects and command.name not in self.connector.capabilities.repeatable:
            assert isinstance(outcome, Uncertain), f"the effect happened, but the outcome is {outcome!r}"
        if isinstance(outcome, Uncertain | Deferred):
            await self._ends_with_one_effect(bench, command_sample, (command, outcome))

    async def test_throttling_is_deferred_for_as_long_as_asked(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, Fault.THROTTLE)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Deferred), f"expected Deferred, got {outcome!r}"
        if self.retry_after is not None:
            assert outcome.retry_after is not None, "the target said how long to wait, the outcome does not"
            assert abs(outcome.retry_after - self.retry_after) <= 1
        await self._ends_with_one_effect(bench, command_sample, (command, outcome))

    async def test_an_outage_is_deferred(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, Fault.OUTAGE_503, PERSISTS)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Deferred), f"expected Deferred, got {outcome!r}"
        await self._ends_with_one_effect(bench, command_sample, (command, outcome))

    async def test_an_unreachable_target_is_deferred(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        await bench.target.stop()
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Deferred | Uncertain), f"expected Deferred, got {outcome!r}"

    async def test_a_malformed_answer_is_never_a_yes(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, Fault.MALFORMED)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Uncertain | ContractBroken), f"expected Uncertain or ContractBroken, got {outcome!r}"
        if isinstance(outcome, Uncertain):
            await self._ends_with_one_effect(bench, command_sample, (command, outcome))

    async def test_a_late_answer_is_an_answer(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, Fault.LATE)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Accepted), f"expected Accepted, got {outcome!r}"
        assert bench.target.effects(command_sample, command) == 1

    async def test_an_expired_credential_parks_the_channel(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        self._apply(bench, command_sample, Fault.EXPIRED, PERSISTS)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Misconfigured), f"expected Misconfigured, got {outcome!r}"
        assert bench.target.effects(command_sample, command) == 0
        bench.target.calm()
        trail = await bench.settle(command)
        assert ended_well(trail), f"the credential is mended, but {trail!r}"
        assert bench.target.effects(command_sample, command) == 1
