"""Conformance: health, questions and snapshots answer truthfully, also when the target is down or refuses the credential."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crossdock.connectors.protocol import Probe, Question
from crossdock.core.errors import CrossdockError, Deferred, Misconfigured
from crossdock.simulators.faults import Fault
from crossdock.testing.bench import Bench
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import QuestionSample


class AnsweringConformance(ConnectorKit):
    """Questions, snapshots, health."""

    async def _probe(self, bench: Bench) -> Probe | CrossdockError:
        try:
            probe = await bench.connector.probe()
        except CrossdockError as error:
            bench.watch("probe", error)
            return error
        bench.watch("probe", probe)
        return probe

    def _askable(self) -> None:
        if not self.asks_target:
            pytest.skip("this system only sends; nothing is asked of it")

    async def test_a_healthy_target_is_called_healthy(self, bench: Bench) -> None:
        probe = await self._probe(bench)
        assert isinstance(probe, Probe) and probe.healthy, f"the target is well, but the probe says {probe!r}"
        if probe.credential_expires is not None:
            assert probe.credential_expires.tzinfo is not None

    async def test_a_target_that_is_gone_is_not_called_healthy(self, bench: Bench) -> None:
        self._askable()
        await bench.target.stop()
        probe = await self._probe(bench)
        if isinstance(probe, Probe):
            assert not probe.healthy, "nobody answers, but the probe says healthy"
            assert probe.message, "an unhealthy probe says why"
        else:
            assert isinstance(probe, Deferred)

    async def test_a_refused_credential_is_not_called_healthy(self, bench: Bench) -> None:
        self._askable()
        self.need(bench, Fault.EXPIRED)
        bench.target.apply(Fault.EXPIRED, count=50)
        probe = await self._probe(bench)
        if isinstance(probe, Probe):
            assert not probe.healthy, "the credential is refused, but the probe says healthy"
        else:
            assert isinstance(probe, Misconfigured)

    async def test_a_question_is_answered(self, bench: Bench, question_sample: QuestionSample) -> None:
        more = await bench.prepare(question_sample.prepare)
        answer = await bench.connector.ask(Question(question_sample.name, {**question_sample.data, **more}))
        bench.leaks.look("answer", dict(answer))
        missing = set(question_sample.answer) - set(answer)
        assert not missing, f"the answer lacks {sorted(missing)}"

    @pytest.mark.parametrize(
        ("fault", "family"),
        [
            (Fault.TIMEOUT_BEFORE, Deferred),
            (Fault.OUTAGE_503, Deferred),
            (Fault.THROTTLE, Deferred),
            (Fault.EXPIRED, Misconfigured),
            (Fault.MALFORMED, CrossdockError),
        ],
        ids=lambda value: value.value if isinstance(value, Fault) else "",
    )
    async def test_a_question_nobody_answers_is_an_error_of_the_tree(
        self, bench: Bench, question_sample: QuestionSample, fault: Fault, family: type[CrossdockError]
    ) -> None:
        self.need(bench, fault)
        more = await bench.prepare(question_sample.prepare)
        bench.target.apply(fault, path=question_sample.path, method=question_sample.method, count=50)
        with pytest.raises(CrossdockError) as caught:
            await bench.connector.ask(Question(question_sample.name, {**question_sample.data, **more}))
        bench.watch("ask", caught.value)
        assert isinstance(caught.value, family), f"{fault.value}: {caught.value!r}"

    async def test_a_snapshot_is_complete_and_exact(self, bench: Bench) -> None:
        if not self.snapshots():
            pytest.skip("the connector gives no snapshots")
        for sample in self.snapshots():
            await bench.prepare(sample.prepare)
            lines = [line async for chunk in bench.connector.snapshot() for line in chunk]
            assert len(lines) == sample.lines
            assert len({(line.sku, line.location, line.lot) for line in lines}) == len(lines), "a place is listed twice"
            assert all(line.sku and Decimal(line.quantity).is_finite() for line in lines)

    async def test_a_snapshot_that_breaks_off_is_an_error_not_a_short_snapshot(self, bench: Bench) -> None:
        if not self.snapshots():
            pytest.skip("the connector gives no snapshots")
        for sample in self.snapshots():
            self.need(bench, Fault.MALFORMED)
            await bench.prepare(sample.prepare)
            bench.target.apply(Fault.MALFORMED, path=sample.path, method=sample.method, count=50)
            with pytest.raises(CrossdockError) as caught:
                _ = [line async for chunk in bench.connector.snapshot() for line in chunk]
            bench.watch("snapshot", caught.value)
