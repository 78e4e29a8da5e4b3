"""What people may ask of the hub about an exception, and what it does: on both ledgers, audited, never against what is known."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crossdock.core.errors import AnswerLost, CredentialRefused, TargetRefused, TargetUnavailable
from crossdock.core.outcomes import EffectUnclear
from crossdock.ledger.audit import links, verify
from crossdock.ledger.states import DeliveryState, EventState, ExceptionState, MessageState
from tests.pipeline.conftest import Depot, Running, order_body
from tests.pipeline.people import ask, exception, exceptions, settled


async def told(hub: Running, tag: str) -> list[Any]:
    """Audit records with a tag."""

    def read(session: Any) -> list[Any]:
        chain = [r for p in range(4) for _, _, _, body in links(session, p) for r in orjson.loads(body)]
        return [record for record in chain if record[0] == tag]

    return await hub.hub.store.read.do(read)


async def test_a_refused_delivery_is_sent_again_when_a_person_says_so(start) -> None:
    async with start(Depot(answers=[TargetRefused("no such product")])) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert (found.code, found.subject, found.actions) == ("deliver.refused", "process", ["skip"])
        assert await ask(hub, "retry", found, note="the product exists now") == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await settled(hub)
        [record] = await told(hub, "person:exception:retry")
        assert record[4]["by"] == "ada@ops"
        assert record[4]["data"] == {"note": "the product exists now"}
        assert not (await hub.hub.store.read.do(verify)).breaks


async def test_a_retry_that_is_refused_again_is_the_same_exception(start) -> None:
    async with start(Depot(always=TargetRefused("no such product"))) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        await ask(hub, "retry", found)
        await hub.until_rows("SELECT id FROM ledger_attempt", lambda rows: len(rows) == 2)
        await hub.until_rows("SELECT state, occurrences FROM ledger_exception", lambda rows: rows == [(ExceptionState.OPEN, 2)])
        assert [e.id for e in await exceptions(hub)] == [found.id]


async def test_a_person_takes_the_way_the_process_offers(start) -> None:
    depot = Depot(answers=[TargetRefused("no such product")])
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        refused = await ask(hub, "decide", found, action="invent")
        assert (refused["done"], refused["actions"]) == (False, ["skip"])
        assert await ask(hub, "decide", found, action="skip", note="not needed") == {"done": True}
        await settled(hub)
        [(state, _, by)] = await hub.rows("SELECT state, resolution, resolved_by FROM ledger_exception")
        assert (state, by) == (ExceptionState.RESOLVED, "ada@ops")
        await hub.post(order_body("1001", 2))
        await hub.until(lambda: len(depot.taken) == 1)
        assert [command for command, _ in depot.taken] == ["order/shop/1001:document.send:depot:1001:2"]
        again = await ask(hub, "retry", found)
        assert again == {"done": False, "why": "it is resolved already"}


async def test_what_is_under_way_or_in_doubt_is_not_offered_for_retry(start) -> None:
    depot = Depot(always=AnswerLost("timeout"))
    async with start(depot, reconcile_tell=2, reconcile_longest=0.05) as hub:
        connector = hub.hub.runtime.participants["depot"].connector

        async def unclear(command: Any) -> EffectUnclear:
            return EffectUnclear("their search is down")

        connector.find_effect = unclear
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert found.code == "reconcile.unknown"
        answer = await ask(hub, "retry", found)
        assert not answer["done"]
        assert "reconciled" in answer["why"]
        assert len(await hub.rows("SELECT id FROM ledger_attempt WHERE kind='deliver'")) == 1


@pytest.mark.parametrize("happened", [True, False])
async def test_a_person_who_looked_says_whether_it_happened(start, happened: bool) -> None:
    depot = Depot(answers=[AnswerLost("timeout")])
    async with start(depot, reconcile_tell=2, reconcile_longest=0.05) as hub:
        connector = hub.hub.runtime.participants["depot"].connector

        async def unclear(command: Any) -> EffectUnclear:
            return EffectUnclear("their search is down")

        connector.find_effect = unclear
        await hub.post(order_body("1001"))
        await hub.post(order_body("1001", 2))
        found = await exception(hub)
        answer = await ask(hub, "resolve", found)
        assert "happened" in answer["why"]
        for _ in range(50):
            answer = await ask(hub, "resolve", found, happened=happened, ack={"references": [["depot:order", "D-77"]]})
            if answer["done"] or "under way" not in answer["why"]:
                break
        assert answer == {"done": True}
        await settled(hub)
        sent = 1 if happened else 2
        await hub.until(lambda: len(depot.taken) == sent)
        await hub.until_rows("SELECT state FROM ledger_delivery WHERE state=10", lambda rows: len(rows) == 2)
        assert set(depot.counts().values()) == {1}
        references = await hub.rows("SELECT key FROM ledger_reference WHERE value='D-77'")
        assert bool(references) is happened


async def test_what_a_person_says_happened_is_not_sent_in_the_same_breath(start) -> None:
    """The question to the target is due at the moment the person answers it: the micro-batch must not carry out both."""
    depot = Depot(answers=[AnswerLost("timeout")])
    async with start(depot, reconcile_tell=1, reconcile_first=0.0, reconcile_longest=0.0) as hub:
        connector = hub.hub.runtime.participants["depot"].connector

        async def unclear(command: Any) -> EffectUnclear:
            return EffectUnclear("their search is down")

        connector.find_effect = unclear
        await hub.post(order_body("1001"))
        found = await exception(hub)
        for _ in range(200):
            if (await ask(hub, "resolve", found, happened=True))["done"]:
                break
        await settled(hub)
        await hub.post(order_body("1001", 2))
        await hub.until(lambda: len(depot.taken) == 1)
        assert [command.rsplit(":", 1)[1] for command, _ in depot.taken] == ["2"]


async def test_what_ran_out_of_time_is_not_sent_in_the_same_breath(start) -> None:
    """The system is well again at the very moment the deadline passes."""
    depot = Depot(always=TargetUnavailable("down"))
    async with start(depot) as hub:
        connector = hub.hub.runtime.participants["depot"].connector
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT state FROM ledger_delivery", lambda rows: rows == [(DeliveryState.DEFERRED,)])
        [delivery] = hub.hub.worker.dispatcher._deliveries.values()
        from dataclasses import replace
        from datetime import timedelta

        now = hub.clock.now()
        delivery.command = replace(delivery.command, deadline=now + timedelta(seconds=50))
        hub.hub.worker.dispatcher._deadlines.append((int((now.timestamp() + 50) * 1e6), delivery.number))
        depot.always = None
        hub.clock.offset += 60
        found = await exception(hub)
        assert found.code == "deliver.budget_exhausted"
        assert connector is not None
        assert not depot.taken
        assert await hub.rows("SELECT state, attempts FROM ledger_delivery") == [(DeliveryState.FAILED, 1)]


async def test_a_parked_system_is_unparked_by_hand(start) -> None:
    depot = Depot(always=CredentialRefused("expired"))
    async with start(depot, probe_every=60.0) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert (found.subject, found.system) == ("system", "depot")
        assert await hub.rows("SELECT system FROM ledger_system WHERE parked") == [("depot",)]
        depot.always = None
        assert await ask(hub, "unpark", found, system="nobody") == {
            "done": False, "why": "there is no system 'nobody'", "code": "rejected",
        }  # fmt: skip
        assert await ask(hub, "unpark", found, system="depot") == {"done": True}
        await hub.until(lambda: len(depot.taken) == 1)
        await settled(hub)
        assert await hub.rows("SELECT system FROM ledger_system WHERE parked") == []


@pytest.mark.parametrize("kind", ["retry", "resolve"])
async def test_retrying_or_resolving_a_parked_system_unparks_it(start, kind: str) -> None:
    depot = Depot(always=CredentialRefused("expired"))
    async with start(depot, probe_every=60.0) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        depot.always = None
        assert await ask(hub, kind, found) == {"done": True}
        await hub.until(lambda: len(depot.taken) == 1)
        await settled(hub)


async def test_a_message_is_normalized_again_and_counts_once(start) -> None:
    async with start() as hub:
        connector = hub.hub.runtime.participants["shop"].connector
        real = connector.normalize
        connector.normalize = _broken
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert (found.code, found.subject) == ("normalize.mapping_failed", "message")
        connector.normalize = real
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await settled(hub)
        await ask(hub, "retry", found)
        assert len(await hub.rows("SELECT id FROM ledger_event")) == 1
        assert (await hub.rows("SELECT state FROM ledger_message")) == [(MessageState.NORMALIZED,)]


def _broken(message: object) -> list[Any]:
    raise ZeroDivisionError("a mapping with a defect")


async def test_a_message_nobody_needs_is_resolved(start) -> None:
    async with start() as hub:
        await hub.post(b"{nonsense")
        found = await exception(hub)
        assert await ask(hub, "resolve", found, code="not_needed", note="a test of theirs") == {"done": True}
        await settled(hub)
        assert (await hub.rows("SELECT state FROM ledger_message")) == [(MessageState.RESOLVED,)]
        rows = await hub.rows("SELECT resolution, note, resolved_by FROM ledger_exception")
        assert rows == [("not_needed", "a test of theirs", "ada@ops")]


async def test_what_was_resolved_is_not_taken_up_again(start) -> None:
    async with start() as hub:
        connector = hub.hub.runtime.participants["shop"].connector
        real = connector.normalize
        connector.normalize = _broken
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert await ask(hub, "resolve", found) == {"done": True}
        connector.normalize = real
        assert await ask(hub, "retry", found) == {"done": False, "why": "it is resolved already"}
        await hub.post(order_body("1002"))
        await hub.until(lambda: len(hub.depot.taken) == 1)
        assert await hub.rows("SELECT key FROM ledger_event") == [("order/shop/1002",)]


async def test_a_person_gives_up_a_gap_and_what_waited_goes_on(start) -> None:
    def contiguous(version: int) -> bytes:
        return orjson.dumps({**orjson.loads(order_body("1001", version)), "contiguous": True})

    async with start() as hub:
        await hub.post(contiguous(1))
        await hub.post(contiguous(3))
        await hub.post(contiguous(4))
        await hub.until_rows(f"SELECT id FROM ledger_event WHERE state={EventState.HELD}", lambda rows: len(rows) == 2)
        hub.clock.offset += 700
        found = await hub.until_rows("SELECT id FROM ledger_exception WHERE code='sequence.gap'", lambda rows: len(rows) == 2)
        first = next(e for e in await exceptions(hub) if e.id == min(n for (n,) in found))
        assert await ask(hub, "retry", first) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 2)
        [second] = [e for e in await exceptions(hub) if e.id != first.id]
        assert await ask(hub, "retry", second) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 3)
        await settled(hub)
        assert [command.rsplit(":", 1)[1] for command, _ in hub.depot.taken] == ["1", "3", "4"]


async def test_an_event_whose_process_failed_is_applied_when_it_is_mended(start, monkeypatch) -> None:
    """Also an event with a position in its stream: a failure must not count as applied."""
    from crossdock.processes.routing import Routing

    real = Routing.decide

    def failing(self: Any, state: Any, fact: Any, context: Any) -> Any:
        raise ZeroDivisionError("a process with a defect")

    async with start() as hub:
        monkeypatch.setattr(Routing, "decide", failing)
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert (found.code, found.subject) == ("process.failed", "event")
        monkeypatch.setattr(Routing, "decide", real)
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await settled(hub)


async def test_a_process_that_failed_on_an_answer_is_told_again(start, monkeypatch) -> None:
    from crossdock.core.process import Settled
    from crossdock.processes.routing import Routing

    real = Routing.decide
    heard: list[Any] = []

    def failing(self: Any, state: Any, fact: Any, context: Any) -> Any:
        if isinstance(fact, Settled):
            raise ZeroDivisionError("a process with a defect")
        return real(self, state, fact, context)

    def listening(self: Any, state: Any, fact: Any, context: Any) -> Any:
        heard.append(fact)
        return real(self, state, fact, context)

    async with start() as hub:
        monkeypatch.setattr(Routing, "decide", failing)
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert (found.code, found.subject, found.slot) == ("process.failed", "delivery", "decide")
        assert (await ask(hub, "retry", found))["code"] == "process.failed"
        assert [e.id for e in await exceptions(hub)] == [found.id]
        monkeypatch.setattr(Routing, "decide", listening)
        assert await ask(hub, "retry", found) == {"done": True}
        await settled(hub)
        [fact] = heard
        assert fact.result.ack == {"references": [["depot:order", "D-1001"]]}
        assert len(hub.depot.taken) == 1


async def test_a_question_that_a_decision_leaves_open_is_asked_again(start, monkeypatch) -> None:
    """A person who supplies a part of what is missing is asked for the rest: resolved, it would never be seen again."""
    from crossdock.core.process import Decided, Decision, Parked
    from crossdock.processes.routing import Routing

    real = Routing.decide

    def asking(self: Any, state: Any, fact: Any, context: Any) -> Any:
        if isinstance(fact, Decided) and not fact.data.get("all"):
            return Decision(state, parked=(Parked(TargetRefused("still not all"), fact.slot, "ops", ("skip",)),))
        return real(self, state, fact, context)

    async with start(Depot(answers=[TargetRefused("no")])) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        monkeypatch.setattr(Routing, "decide", asking)
        assert await ask(hub, "decide", found, action="skip") == {"done": True}
        [again] = await exceptions(hub)
        assert (again.id, again.message, again.state) == (found.id, "still not all", ExceptionState.OPEN)
        assert await ask(hub, "decide", again, action="skip", data={"all": True}) == {"done": True}
        await settled(hub)
        assert not (await hub.hub.store.read.do(verify)).breaks


async def test_a_decision_the_process_fails_on_stays_open(start, monkeypatch) -> None:
    from crossdock.core.process import Decided
    from crossdock.processes.routing import Routing

    real = Routing.decide

    def failing(self: Any, state: Any, fact: Any, context: Any) -> Any:
        if isinstance(fact, Decided):
            raise ZeroDivisionError("a process with a defect")
        return real(self, state, fact, context)

    async with start(Depot(answers=[TargetRefused("no")])) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        monkeypatch.setattr(Routing, "decide", failing)
        assert (await ask(hub, "decide", found, action="skip"))["code"] == "process.failed"
        assert [e.id for e in await exceptions(hub)] == [found.id]
        monkeypatch.setattr(Routing, "decide", real)
        assert await ask(hub, "decide", found, action="skip") == {"done": True}
        await settled(hub)


async def test_an_event_that_turns_out_to_be_stale_needs_nobody_any_more(start, monkeypatch) -> None:
    from crossdock.processes.routing import Routing

    real = Routing.decide

    def failing(self: Any, state: Any, fact: Any, context: Any) -> Any:
        raise ZeroDivisionError("a process with a defect")

    async with start() as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT state FROM ledger_delivery", lambda rows: rows == [(DeliveryState.ACCEPTED,)])
        monkeypatch.setattr(Routing, "decide", failing)
        await hub.post(order_body("1001", 2))
        found = await exception(hub)
        monkeypatch.setattr(Routing, "decide", real)
        await hub.post(order_body("1001", 3))
        await hub.until(lambda: len(hub.depot.taken) == 2)
        assert await ask(hub, "retry", found) == {"done": True}
        await settled(hub)
        assert len(hub.depot.taken) == 2
        assert dict(await hub.rows("SELECT number, state FROM ledger_event"))[2] == EventState.STALE


async def test_changed_content_is_taken_when_a_person_says_so(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1001"), x_id="m1")
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await hub.post(order_body("1001", sku="B"), x_id="m2")
        found = await exception(hub)
        assert (found.code, found.subject) == ("sequence.content_conflict", "event")
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 2)
        await settled(hub)


async def test_a_message_in_conflict_is_taken_when_a_person_says_so(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1001"), x_id="m1")
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await hub.post(order_body("1001", 2), x_id="m1")
        found = await exception(hub)
        assert (found.code, found.subject) == ("receive.conflict", "message")
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 2)
        await settled(hub)


async def test_what_was_refused_at_the_door_stays_refused(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1001"), x_signature="forged")
        found = await exception(hub)
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until_rows("SELECT state, occurrences FROM ledger_exception", lambda rows: rows == [(ExceptionState.OPEN, 2)])
        assert await ask(hub, "resolve", found) == {"done": True}
        await settled(hub)
        assert not hub.depot.taken


async def test_an_exhausted_delivery_goes_again_without_its_old_deadline(start) -> None:
    depot = Depot(always=TargetUnavailable("down"))
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        for attempts in range(1, 5):
            await hub.until_rows("SELECT id FROM ledger_attempt", lambda rows, n=attempts: len(rows) >= n)
            hub.clock.offset += 400
        found = await exception(hub)
        assert found.code == "deliver.budget_exhausted"
        depot.always = None
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until(lambda: len(depot.taken) == 1)
        await settled(hub)
        assert await hub.rows("SELECT state FROM ledger_delivery") == [(DeliveryState.ACCEPTED,)]


async def test_an_instruction_about_nothing_is_answered(start) -> None:
    from crossdock.ledger.people import instruct, results
    from tests.pipeline.people import NUMBERS

    async with start(Depot(answers=[TargetRefused("no")])) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        answer = await ask(hub, "juggle", found)
        assert answer == {"done": False, "why": "unknown instruction 'juggle'"}

        def about_nothing(session: Any) -> list[int]:
            [number] = instruct(session, NUMBERS, "retry", [found], {}, "ada@ops", 1)
            session.execute("UPDATE ledger_instruction SET subject_id=1 WHERE id=?", (number,))
            return [number]

        [number] = await hub.hub.store.work.do(about_nothing)
        await hub.until_rows("SELECT done_at FROM ledger_instruction", lambda rows: all(at is not None for (at,) in rows))
        answers = await hub.hub.store.read.do(lambda s: results(s, [number]))
        assert answers[number] == {"done": False, "why": "there is no such exception"}
