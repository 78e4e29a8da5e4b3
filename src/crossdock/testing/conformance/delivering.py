"""Conformance: a command takes effect once, its acknowledgement says what the contract promises, refusals are told in the target's words."""

from __future__ import annotations

import asyncio
import json

import pytest

from crossdock.core.commands import Command
from crossdock.core.errors import Deferred, Misconfigured, Rejected
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.faults import Fault
from crossdock.testing.bench import Bench, changed
from crossdock.testing.inmemory import ended_well
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import CommandSample


class DeliveringConformance(ConnectorKit):
    """Delivery while the target is well."""

    async def test_a_command_is_carried_out_once(self, bench: Bench, any_sample: CommandSample) -> None:
        command = await bench.command(any_sample)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Accepted), f"expected Accepted, got {outcome!r}"
        if any_sample.effect:
            assert bench.target.effects(any_sample, command) == 1
        missing = set(any_sample.ack) - set(outcome.ack)
        assert not missing, f"the acknowledgement lacks {sorted(missing)}"
        json.dumps(dict(outcome.ack))
        for reference in outcome.ack.get("references", ()):
            scheme, value = reference
            assert scheme and isinstance(value, str) and value, f"not a reference: {reference!r}"

    async def test_the_same_command_twice_is_one_effect(self, bench: Bench, command_sample: CommandSample) -> None:
        """Repeatable commands are simply sent again; the others are asked about first, as the hub does."""
        command = await bench.command(command_sample)
        first = await bench.attempt(command)
        assert isinstance(first, Accepted), f"expected Accepted, got {first!r}"
        if command.name in self.connector.capabilities.repeatable:
            second = await bench.attempt(command)
            assert isinstance(second, Accepted), f"repeatable, but the second attempt gave {second!r}"
        else:
            found = await bench.hub.find_effect(command)
            bench.watch("find_effect", found)
            if command_sample.reconciles:
                assert isinstance(found, EffectFound), f"the effect is there, but find_effect says {found!r}"
                missing = set(command_sample.ack) - set(found.ack)
                assert not missing, f"the acknowledgement found lacks {sorted(missing)}"
            else:
                assert isinstance(found, EffectFound | EffectUnclear)
        assert bench.target.effects(command_sample, command) == 1

    async def test_what_never_happened_is_not_found(self, bench: Bench, command_sample: CommandSample) -> None:
        command = await bench.command(command_sample)
        found = await bench.hub.find_effect(command)
        bench.watch("find_effect", found)
        allowed = EffectAbsent if command_sample.reconciles else EffectAbsent | EffectUnclear
        assert isinstance(found, allowed), f"nothing was sent, but find_effect says {found!r}"
        assert bench.target.effects(command_sample, command) == 0

    async def test_a_business_refusal_is_rejected_in_the_targets_words(self, bench: Bench, refused_sample: CommandSample) -> None:
        command = changed(await bench.command(refused_sample), **(refused_sample.refused or {}))
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Rejected), f"expected Rejected, got {outcome!r}"
        told = json.dumps(outcome.as_dict(), default=str, ensure_ascii=False)
        assert refused_sample.refused_words in told, f"the target's words are missing in {told}"
        assert bench.target.effects(refused_sample, command) == 0

    async def test_out_of_order_is_refused_or_waits(self, bench: Bench, prepared_sample: CommandSample) -> None:
        """Sent before what it builds on: never accepted, no effect, no crash, and known to have done nothing."""
        command = await bench.command(prepared_sample, prepared=False)
        outcome = await bench.attempt(command)
        assert isinstance(outcome, Rejected | Deferred | Misconfigured), f"out of order, yet {outcome!r}"
        assert bench.target.effects(prepared_sample, command) == 0

    @pytest.mark.parametrize("fault", [Fault.TIMEOUT_AFTER], ids=lambda fault: fault.value)
    async def test_cancelling_an_attempt_ends_it(self, bench: Bench, command_sample: CommandSample, fault: Fault) -> None:
        self.need(bench, fault)
        command = await bench.command(command_sample)
        bench.target.apply(fault, path=command_sample.path, method=command_sample.method)
        task = asyncio.create_task(bench.connector.deliver(command))
        await asyncio.sleep(self.patience / 4)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert task in done, "the attempt did not end after it was cancelled"
        assert task.cancelled() or task.exception() is not None or isinstance(task.result(), Accepted)

    async def test_serial_and_batch_names_are_stable(self, bench: Bench, any_sample: CommandSample) -> None:
        command = await bench.command(any_sample)
        names = tuple(bench.connector.serial(command))
        assert names == tuple(bench.connector.serial(command))
        assert all(isinstance(name, str) and name for name in names)
        assert bench.connector.batch_key(command) == bench.connector.batch_key(command)

    async def test_a_batch_gives_one_outcome_per_command(self, bench: Bench) -> None:
        commands: list[tuple[CommandSample, Command]] = []
        for sample in self.commands():
            command = await bench.command(sample)
            if bench.connector.batch_key(command):
                commands.append((sample, command))
        if self.connector.capabilities.batch < 2 or not commands:
            pytest.skip("the connector delivers commands one by one")
        groups: dict[str, list[tuple[CommandSample, Command]]] = {}
        for sample, command in commands:
            groups.setdefault(bench.connector.batch_key(command), []).append((sample, command))
        for group in groups.values():
            group = group[: self.connector.capabilities.batch]
            outcomes = list(await bench.connector.deliver_many([command for _, command in group]))
            assert len(outcomes) == len(group)
            for (sample, command), outcome in zip(group, outcomes, strict=True):
                bench.watch("deliver_many", outcome)
                assert isinstance(outcome, Accepted), f"{command.name}: {outcome!r}"
                assert not sample.effect or bench.target.effects(sample, command) == 1

    async def test_an_uncertain_command_ends_with_one_effect(self, bench: Bench, command_sample: CommandSample) -> None:
        """Two faults in a row, then calm: whatever the way, the end is known and the effect is there once."""
        self.need(bench, Fault.RESET_BEFORE)
        command = await bench.command(command_sample)
        for fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER):
            bench.target.apply(fault, path=command_sample.path, method=command_sample.method)
        trail = await bench.settle(command)
        effects = bench.target.effects(command_sample, command)
        if command_sample.reconciles:
            assert ended_well(trail), f"the trail did not end: {trail!r}"
            assert effects == 1, f"{effects} effects after {trail!r}"
        else:
            assert effects <= 1, f"{effects} effects after {trail!r}"
