"""What people do about exceptions beyond retry and resolve: assign, snooze, correct with a second person, mend a value map, bulk jobs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from crossdock.canonical.events import Event
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.errors import AnswerLost, TargetRefused
from crossdock.core.outcomes import EffectUnclear
from crossdock.ledger.audit import verify
from crossdock.ledger.corrections import corrections_of
from crossdock.ledger.inbox import Filter, at_risk, earlier, entries, groups
from crossdock.ledger.jobs import job_by_id, plan, reasons
from crossdock.ledger.people import OpenException, instruct, instruct_hub, results
from crossdock.ledger.search import search
from crossdock.ledger.states import CorrectionState, ExceptionState, JobState
from crossdock.ledger.times import micros
from crossdock.ledger.trace import story
from crossdock.pipeline.owners import owner_by_rules
from tests.pipeline.conftest import Depot, Running, ShopConnector, order_body
from tests.pipeline.people import NUMBERS, ask, exception, exceptions, settled
from tests.pipeline.test_instructions import told

QUICK = {"keep_every": 0.05}


async def ask_hub(hub: Running, kind: str, by: str = "ada@ops", **data: Any) -> dict[str, Any]:
    """Ask the hub for something that is about no exception."""
    number = await hub.hub.store.work.do(lambda s: instruct_hub(s, NUMBERS, kind, data, by, 1))
    async with asyncio.timeout(10):
        while not (found := await hub.hub.store.read.do(lambda s: results(s, [number]))):
            await asyncio.sleep(0.02)
    return found[number]


async def ask_as(hub: Running, who: str, kind: str, about: OpenException, **data: Any) -> dict[str, Any]:
    """Ask as somebody."""
    [number] = await hub.hub.store.work.do(lambda s: instruct(s, NUMBERS, kind, [about], data, who, 1))
    async with asyncio.timeout(10):
        while not (found := await hub.hub.store.read.do(lambda s: results(s, [number]))):
            await asyncio.sleep(0.02)
    return found[number]


def now(hub: Running) -> int:
    return micros(hub.clock.now())


def bad_order(number: str = "1001") -> bytes:
    """An order without a customer and with a country nobody knows."""
    body = json.loads(order_body(number))
    body["order"]["ship_to"]["country"] = "XX"
    return json.dumps(body).encode()


async def test_what_is_at_stake_is_known_when_an_exception_opens(start) -> None:
    async with start(Depot(always=TargetRefused("no such product"))) as hub:
        for number in ("1001", "1002"):
            await hub.post(order_body(number))
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 2)
        [group] = await hub.hub.store.read.do(lambda s: groups(s, Filter(), now(hub)))
        assert (group.count, group.orders, [(m.currency, m.minor) for m in group.money]) == (2, 2, [("EUR", 3800)])
        count, orders, money = await hub.hub.store.read.do(lambda s: at_risk(s, Filter(), now(hub)))
        assert (count, orders, money[0].minor) == (2, 2, 3800)
        assert group.sample is not None
        assert group.sample.system == "depot"


async def test_an_order_nobody_could_read_is_found_by_its_number_and_has_its_worth(start) -> None:
    async with start() as hub:
        await hub.post(bad_order("4711"))
        found = await exception(hub)
        assert (found.amount, found.currency) == (1900, "EUR")
        by_name = await hub.hub.store.read.do(lambda s: search(s, "4711"))
        assert [e.id for e in by_name.exceptions] == [found.id]


async def test_search_knows_keys_their_ends_and_references(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT id FROM ledger_reference WHERE value='D-1001'", lambda rows: len(rows) == 1)
        for name in ("order/shop/1001", "1001", "#1001", "D-1001", " d-1001"):
            found = await hub.hub.store.read.do(lambda s, name=name: search(s, name, ["shop", "depot"]))
            assert found.keys == ["order/shop/1001"], name
        assert not (await hub.hub.store.read.do(lambda s: search(s, "100", ["shop"]))).keys


async def test_assign_hand_over_and_note_keep_before_and_after(start) -> None:
    async with start(Depot(always=TargetRefused("no"))) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        assert await ask(hub, "assign", found, assignee="bo@ops") == {"done": True}
        found = await exception(hub)
        assert (found.assignee, found.owner) == ("bo@ops", "ops")
        await ask(hub, "assign", found, owner="logistics", assignee="", note="their carrier account")
        [_, second] = await told(hub, "person:exception:assign")
        assert second[4]["before"] == {"owner": "ops", "assignee": "bo@ops"}
        assert second[4]["after"] == {"owner": "logistics", "assignee": ""}
        assert second[4]["data"]["note"] == "their carrier account"
        # failing again does not take it away from whom it was handed to
        await ask(hub, "retry", await exception(hub))
        await hub.until_rows("SELECT occurrences FROM ledger_exception", lambda rows: rows == [(2,)])
        assert (await exception(hub)).owner == "logistics"
        assert not (await hub.hub.store.read.do(verify)).breaks


async def test_a_snoozed_exception_comes_back_at_its_time(start) -> None:
    async with start(Depot(always=TargetRefused("no")), **QUICK) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        refused = await ask(hub, "snooze", found, until=1)
        assert "future" in refused["why"]
        await ask(hub, "snooze", found, until=now(hub) + 60_000_000)
        assert await hub.hub.store.read.do(lambda s: entries(s, Filter(), now(hub))) == []
        [asleep] = await hub.hub.store.read.do(lambda s: entries(s, Filter("snoozed"), now(hub)))
        assert asleep.id == found.id
        hub.clock.offset += 61
        await hub.until_rows("SELECT snoozed_until FROM ledger_exception", lambda rows: rows == [(None,)])
        [record] = await told(hub, "person:exception:wake")
        assert record[4]["by"] == "hub"


async def test_a_snooze_by_count_ends_with_the_next_of_its_kind(start) -> None:
    async with start(Depot(always=TargetRefused("no")), **QUICK) as hub:
        await hub.post(order_body("1001"))
        await ask(hub, "snooze", await exception(hub), **{"for": "count:3"})
        await hub.post(order_body("1002"))
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 2)
        assert len(await hub.hub.store.read.do(lambda s: entries(s, Filter("snoozed"), now(hub)))) == 1
        await hub.post(order_body("1003"))
        await hub.until_rows("SELECT id FROM ledger_exception WHERE snoozed_until IS NULL", lambda rows: len(rows) == 3)


async def test_who_saw_an_earlier_state_is_told_so_and_shown_the_present_one(start) -> None:
    async with start(Depot(always=TargetRefused("no"))) as hub:
        await hub.post(order_body("1001"))
        seen = await exception(hub)
        await ask(hub, "assign", seen, assignee="bo@ops", seen=seen.updated_at)
        answer = await ask(hub, "retry", seen, seen=seen.updated_at)
        assert (answer["done"], answer["code"], answer["now"]["assignee"]) == (False, "exceptions.stale", "bo@ops")
        assert len(await hub.rows("SELECT id FROM ledger_attempt")) == 1


async def test_asking_twice_with_one_token_is_asking_once(start) -> None:
    async with start(Depot(answers=[TargetRefused("no")])) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)

        def twice(session: Any) -> tuple[list[int], list[int]]:
            first = instruct(session, NUMBERS, "retry", [found], {}, "ada@ops", 1, "form-1")
            return first, instruct(session, NUMBERS, "retry", [found], {}, "ada@ops", 1, "form-1")

        first, second = await hub.hub.store.work.do(twice)
        assert first == second
        other = await hub.hub.store.work.do(lambda s: instruct(s, NUMBERS, "note", [found], {}, "bo@ops", 1, "form-1"))
        assert other != first
        await settled(hub)
        assert len(hub.depot.taken) == 1


async def test_an_edited_message_is_judged_before_anything_of_it_is_sent(start) -> None:
    async with start() as hub:
        await hub.post(bad_order())
        found = await exception(hub)
        body = json.loads(bad_order())
        body["order"]["ship_to"]["country"] = "YY"
        body["order"]["currency"] = "EURO"
        wrong = await ask(hub, "correct", found, body=json.dumps(body), reason="typing error")
        assert wrong["code"] == "correction.invalid"
        assert [each["path"] for each in wrong["problems"]] == ["currency"]
        body["order"]["currency"] = "EUR"
        wrong = await ask(hub, "correct", found, body=json.dumps(body), reason="typing error")
        assert [each["path"] for each in wrong["problems"]] == ["ship_to.country"]
        body["order"]["ship_to"]["country"] = "DE"
        checked = await ask(hub, "correct", found, body=json.dumps(body), check=True)
        assert checked["changes"] == [{"path": "order.ship_to.country", "before": "XX", "after": "DE"}]
        assert checked["events"][0]["data"]["ship_to"]["country"] == "DE"
        assert hub.depot.taken == []
        assert "why" in await ask(hub, "correct", found, body=json.dumps(body), reason="")
        assert await ask(hub, "correct", found, body=json.dumps(body), reason="the customer confirmed Germany") == {"done": True}
        await settled(hub)
        await hub.until(lambda: len(hub.depot.taken) == 1)
        [version] = await hub.hub.store.read.do(lambda s: corrections_of(s, "message", found.subject_id))
        assert (version.version, version.author, version.reason) == (1, "ada@ops", "the customer confirmed Germany")
        assert version.difference == checked["changes"]
        [(original,)] = await hub.rows("SELECT size FROM ledger_message")
        assert original == len(bad_order())
        record = (await told(hub, "person:exception:correct"))[-1]
        assert record[4]["after"]["fields"] == ["order.ship_to.country"]
        assert "Germany" not in orjson.dumps([r[4]["after"] for r in [record]]).decode()
        assert not (await hub.hub.store.read.do(verify)).breaks
        [(kept,)] = await hub.rows("SELECT data FROM ledger_instruction ORDER BY id DESC LIMIT 1")
        assert "Berlin" not in kept


GARBAGE: list[tuple[str, Any]] = [
    ("unpark", {}), ("map", {"map": 1}), ("unmap", {"entry": "x"}), ("job", {"action": "retry"}), ("job", {"action": "retry", "bound": -1}),
    ("job", {"action": "retry", "bound": 1, "reason": "x", "filter": {"filter": {"evil": 1}}}), ("job_stop", {}), ("job_approve", {"job": None}),
    ("retry", {"seen": "now"}), ("decide", {"data": 7}), ("resolve", {"ack": []}), ("correct", {"body": 7}), ("snooze", {"until": "x"}),
    ("snooze", {"for": "count:x"}), ("assign", {"assignee": "a\x00b", "owner": 5}), ("invent", {}), ("retry", [1]),
]  # fmt: skip


async def test_an_instruction_nobody_understands_is_refused_and_stops_nobody(start) -> None:
    async with start(Depot(always=TargetRefused("no"))) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        for kind, data in GARBAGE:
            [number] = await hub.hub.store.work.do(
                lambda s, kind=kind, data=data: instruct(s, NUMBERS, kind, [found], data, "ada", 1)
            )
            await hub.until_rows(f"SELECT done_at FROM ledger_instruction WHERE id={number}", lambda rows: rows[0][0] is not None)
        assert len(hub.hub.worker.owned) == 4
        hub.depot.always = None
        await ask(hub, "retry", await exception(hub))
        await settled(hub)
        assert not (await hub.hub.store.read.do(verify)).breaks


POLICIES = "exceptions: {second_person: [{actions: [edit], above: 10}, {actions: [bulk]}]}\n"


async def test_where_policy_says_so_a_second_person_approves(start, landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text(POLICIES)
    async with start() as hub:
        await hub.post(bad_order())
        found = await exception(hub)
        right = bad_order().replace(b'"XX"', b'"DE"').decode()
        answer = await ask_as(hub, "ada@ops", "correct", found, body=right, reason="confirmed by phone")
        assert "proposed" in answer
        [waiting] = await hub.hub.store.read.do(lambda s: entries(s, Filter("proposed"), now(hub)))
        assert hub.depot.taken == []
        assert "second person" in (await ask_as(hub, "bo@ops", "retry", waiting))["why"]
        assert "second person" in (await ask_as(hub, "ada@ops", "approve", waiting))["why"]
        assert await ask_as(hub, "bo@ops", "approve", waiting, note="agreed") == {"done": True}
        await settled(hub)
        await hub.until(lambda: len(hub.depot.taken) == 1)
        [version] = await hub.hub.store.read.do(lambda s: corrections_of(s, "message", found.subject_id))
        assert (version.state, version.author, version.decided_by) == (CorrectionState.APPLIED, "ada@ops", "bo@ops")
        assert "resolved" in (await ask_as(hub, "bo@ops", "approve", waiting))["why"]


async def test_a_proposal_that_is_turned_down_changes_nothing(start, landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text(POLICIES)
    async with start() as hub:
        await hub.post(bad_order())
        found = await exception(hub)
        right = bad_order().replace(b'"XX"', b'"DE"').decode()
        await ask_as(hub, "ada@ops", "correct", found, body=right, reason="confirmed by phone")
        assert await ask_as(hub, "bo@ops", "reject", await exception(hub), note="ask the customer first") == {"done": True}
        again = await exception(hub)
        assert again.correction is None
        await ask(hub, "retry", again)  # the original, not what was turned down
        await hub.until_rows("SELECT occurrences, state FROM ledger_exception", lambda rows: rows == [(2, 0)])
        assert hub.depot.taken == []


async def test_a_refused_command_is_sent_again_with_edited_data_under_the_same_name(start) -> None:
    seen: list[Any] = []

    def take(command: Any) -> Any:
        seen.append((command.id, command.data["document"]["ship_to"]["street"]))
        raise TargetRefused("street too long")

    depot = Depot(answers=[take])
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        delivery = hub.hub.worker.dispatcher
        [(number,)] = await hub.rows("SELECT id FROM ledger_delivery")
        from crossdock.ledger.work import deliveries_by_id
        from crossdock.pipeline.delivery import from_row

        [row] = await hub.hub.store.read.do(lambda s: deliveries_by_id(s, [number]))
        data = dict(from_row(row).command.data)
        assert delivery.get(number) is None
        moved = {**data, "document": {**data["document"], "number": "9999"}}
        wrong = await ask(hub, "correct", found, body=json.dumps(moved), reason="x")
        assert [p["path"] for p in wrong["problems"]] == ["document.number"]
        short = {**data["document"], "ship_to": {**data["document"]["ship_to"], "street": "Short 1"}}
        answer = await ask(hub, "correct", found, body=json.dumps({**data, "document": short}), reason="shortened")
        assert answer == {"done": True}
        depot.answers.append(
            lambda command: seen.append((command.id, command.data["document"]["ship_to"]["street"])) or TargetRefused("again")
        )
        await hub.until(lambda: len(hub.depot.taken) == 1 or len(seen) == 2)
        versions = await hub.hub.store.read.do(lambda s: corrections_of(s, "delivery", number))
        assert [v.version for v in versions] == [0, 1]
        assert json.loads(versions[0].body)["document"]["ship_to"]["street"] == "Main St 1"
        assert {command for command, _ in [*seen, *hub.depot.taken]} == {"order/shop/1001:document.send:depot:1001:1"}


async def test_an_uncertain_effect_is_neither_retried_nor_edited_but_asked_for_now(start) -> None:
    depot = Depot(answers=[AnswerLost("timeout")])
    async with start(depot, reconcile_tell=1, reconcile_first=0.02, reconcile_longest=3600.0) as hub:
        connector = hub.hub.runtime.participants["depot"].connector
        asked: list[str] = []

        async def unclear(command: Any) -> EffectUnclear:
            asked.append(command.id)
            return EffectUnclear("their search is down", retry_after=3600)

        connector.find_effect = unclear
        await hub.post(order_body("1001"))
        found = await exception(hub)
        await hub.until(lambda: len(asked) == 1)
        assert "reconciled" in (await ask(hub, "retry", found))["why"]
        edited = await ask(hub, "correct", found, body='{"event": "order.placed"}', reason="x")
        assert "reconciled" in edited["why"]
        found_plan = await hub.hub.store.read.do(lambda s: plan(s, Filter(), "retry", now(hub)))
        assert (found_plan.found, found_plan.eligible) == (1, 0)
        assert await ask(hub, "reconcile", found) == {"done": True}
        await hub.until(lambda: len(asked) == 2)
        assert len(await hub.rows("SELECT id FROM ledger_attempt WHERE kind='deliver'")) == 1


_normalize = ShopConnector.normalize


def mapped(self: ShopConnector, message: StoredMessage) -> list[Event]:
    """A shop whose service levels go through a value map."""
    [event] = _normalize(self, message)
    level = self.context.value_maps.translate("levels", event.data.service_level)  # type: ignore[attr-defined]
    return [replace(event, data=event.data.model_copy(update={"service_level": level}))]


async def test_a_value_map_entry_added_while_the_hub_runs_mends_what_waited_for_it(
    landscape_folder: Path, start, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = landscape_folder / "value-maps"
    folder.mkdir()
    (folder / "levels.yaml").write_text("entries: {STD: standard}\n")
    monkeypatch.setattr(ShopConnector, "normalize", mapped)
    async with start(**QUICK) as hub:
        await hub.post(order_body("1001", service_level="EXPR"))
        await hub.post(order_body("1002", service_level="EXPR"))
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 2)
        first, second = await exceptions(hub)
        assert first.code == "normalize.value_map_missing"
        await ask(hub, "snooze", second, **{"for": "value_map:levels:EXPR"})
        assert "no value map" in (await ask_hub(hub, "map", map="none", code="A", value="b"))["why"]
        taken = await ask_hub(hub, "map", map="levels", code="STD", value="express")
        assert (taken["done"], taken["now"]) == (False, {"value": "standard"})
        assert await ask_hub(hub, "map", map="levels", code="EXPR", value="express", reason="agreed") == {"done": True}
        await hub.until_rows("SELECT id FROM ledger_exception WHERE snoozed_until IS NULL", lambda rows: len(rows) == 2)
        assert await ask(hub, "retry", first) == {"done": True}
        await hub.until(lambda: len(hub.depot.taken) == 1)
    async with start(hub.depot, **QUICK) as hub:
        assert await ask(hub, "retry", second) == {"done": True}
        await settled(hub)
        await hub.until(lambda: len(hub.depot.taken) == 2)
        record = next(each for each in await told(hub, "person:hub:map") if each[4]["result"]["done"])
        assert record[4]["after"] == {"map": "levels", "code": "EXPR", "value": "express"}


async def job(hub: Running, action: str = "retry", by: str = "ada@ops", pace: int = 100, **data: Any) -> int:
    """Plan and confirm a bulk job over all open exceptions."""
    found = await hub.hub.store.read.do(lambda s: plan(s, Filter(), action, now(hub)))
    asked = {
        "action": action,
        "filter": {"filter": Filter().as_dict()},
        "data": data,
        "bound": found.bound,
        "planned": found.found,
    }
    answer = await ask_hub(hub, "job", by, **asked, reason="the depot is back", pace=pace)
    assert answer["done"]
    return int(answer["job"])


async def until_job(hub: Running, number: int, *states: JobState) -> Any:
    """Wait for a job to come to one of these states."""
    async with asyncio.timeout(20):
        while (found := await hub.hub.store.read.do(lambda s: job_by_id(s, number))) is None or found.state not in states:
            await asyncio.sleep(0.05)
    return found


async def stuck(hub: Running, count: int) -> None:
    """Orders the depot refuses."""
    for number in range(count):
        await hub.post(order_body(str(1000 + number)))
    await hub.until_rows("SELECT id FROM ledger_exception WHERE state=0", lambda rows: len(rows) == count, 20)


async def test_a_bulk_retry_goes_on_after_a_restart_and_skips_what_succeeded_meanwhile(start) -> None:
    depot = Depot(always=TargetRefused("down for stocktaking"))
    async with start(depot, **QUICK) as hub:
        await stuck(hub, 25)
        depot.always = None
        first = (await exceptions(hub))[0]
        number = await job(hub, pace=5)
        await ask(hub, "retry", first)
        await hub.until(lambda: len(depot.taken) >= 3)
    taken = len(depot.taken)
    assert taken < 25
    async with start(depot, **QUICK) as hub:
        done = await until_job(hub, number, JobState.DONE)
        await settled(hub)
        assert set(depot.counts().values()) == {1}
        assert len(depot.taken) == 25
        assert done.asked + done.skipped == 24 + (done.asked + done.skipped == 25)
        assert done.refused == 0
        assert (done.author, done.reason) == ("ada@ops", "the depot is back")
        by = {row[0] for row in await hub.rows("SELECT DISTINCT author FROM ledger_instruction WHERE kind='retry'")}
        assert by == {"ada@ops"}
        assert earlier is not None
        [settled_] = await hub.hub.store.read.do(lambda s: earlier(s, first.fingerprint, 1))
        assert settled_.state == ExceptionState.RESOLVED


async def test_a_bulk_retry_that_only_fails_halts_and_one_that_is_stopped_stops(start, landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text("exceptions: {stop_after: 4}\n")
    depot = Depot(always=TargetRefused("still closed"))
    async with start(depot, **QUICK) as hub:
        await stuck(hub, 12)
        number = await job(hub)
        halted = await until_job(hub, number, JobState.HALTED)
        assert halted.asked == 4
        assert "failed again" in halted.note
        second = await job(hub, "resolve", pace=1, code="obsolete")
        await ask_hub(hub, "job_stop", job=second, note="not all of them")
        stopped = await until_job(hub, second, JobState.STOPPED, JobState.DONE)
        assert stopped.ended_by in ("ada@ops", "")
        assert not (await ask_hub(hub, "job_stop", job=second))["done"]


async def test_a_bulk_job_waits_for_its_second_person(start, landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text(POLICIES)
    async with start(Depot(always=TargetRefused("no")), **QUICK) as hub:
        await stuck(hub, 3)
        number = await job(hub, "resolve", code="obsolete")
        assert "second person" in (await ask_hub(hub, "job_approve", job=number))["why"]
        assert len(await exceptions(hub)) == 3
        assert await ask_hub(hub, "job_approve", "bo@ops", job=number) == {"done": True}
        await until_job(hub, number, JobState.DONE)
        assert await exceptions(hub) == []
        assert await hub.hub.store.read.do(lambda s: reasons(s, number)) == []


async def test_the_same_edit_on_many_messages_is_judged_for_each(start) -> None:
    async with start(**QUICK) as hub:
        for number in range(4):
            await hub.post(bad_order(str(1001 + number)))
        worse = json.loads(bad_order("1009"))
        worse["order"]["currency"] = "EURO"
        await hub.post(json.dumps(worse).encode())
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 5)
        number = await job(hub, "correct", set={"order.ship_to.country": "DE"})
        done = await until_job(hub, number, JobState.DONE)
        assert (done.done, done.refused) == (4, 1)
        await hub.until(lambda: len(hub.depot.taken) == 4)
        assert set(hub.depot.counts().values()) == {1}
        [left] = await exceptions(hub)
        assert left.detail["problems"][0]["path"] == "currency"
        kept = await hub.rows("SELECT data FROM ledger_instruction WHERE kind='correct'")
        assert all(orjson.loads(data)["set"] == ["order.ship_to.country"] for (data,) in kept)
        versions = await hub.rows("SELECT author, reason FROM ledger_correction")
        assert versions == [("ada@ops", "the depot is back")] * 4
        assert not (await hub.hub.store.read.do(verify)).breaks


async def test_ownership_rules_are_applied_again_in_bulk(start, landscape_folder: Path) -> None:
    """The landscape names another team by now: what is open goes there, what is theirs already is left alone with the reason."""
    async with start(Depot(always=TargetRefused("no")), **QUICK) as hub:
        await hub.post(order_body("1001"))
        found = await exception(hub)
        await ask(hub, "assign", found, assignee="bo@ops")
        assert await ask(hub, "own", await exception(hub)) == {"done": False, "why": "it is theirs already"}
    for name in ("crossdock.yaml", "flows/orders.yaml"):
        file = landscape_folder / name
        file.write_text(
            file.read_text()
            .replace("teams: {ops: {}}", "teams: {ops: {}, night: {}}")
            .replace("exception_owner: ops", "exception_owner: night")
        )
    async with start(Depot(always=TargetRefused("no")), **QUICK) as hub:
        asked = await ask_hub(
            hub, "job", action="own", filter={"filter": {}}, reason="teams were divided", bound=2**62, planned=1
        )
        await hub.until_rows("SELECT owner, assignee FROM ledger_exception", lambda rows: rows == [("night", "")])
        [record] = (await told(hub, "person:exception:own"))[-1:]
        assert (record[4]["before"], record[4]["after"]) == (
            {"owner": "ops", "assignee": "bo@ops"}, {"owner": "night", "assignee": ""},
        )  # fmt: skip
        async with asyncio.timeout(10):
            while (await hub.hub.store.read.do(lambda s: job_by_id(s, int(asked["job"])))).state is not JobState.DONE:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ({"subject": "message", "system": "shop"}, "ops"),
        ({"subject": "message", "system": "shop", "detail": {"rule": "dear"}}, "finance"),
        ({"subject": "system", "system": "depot"}, "stores"),
        ({"subject": "delivery", "flow": "orders", "system": "depot"}, "desk"),
        ({"subject": "process", "flow": "orders", "system": "depot"}, "floor"),
        ({"subject": "process", "flow": "orders", "system": "shop"}, "desk"),
        ({"subject": "expectation", "flow": "orders", "slot": "orders/picked:2"}, "night"),
        ({"subject": "expectation", "flow": "orders", "slot": "orders/unknown"}, ""),
        ({"subject": "event", "flow": "gone"}, ""),
    ],
)
def test_whose_an_exception_is_says_the_landscape(said: dict[str, Any], owner: str) -> None:
    flow = SimpleNamespace(
        exception_owner="desk", slas={"picked": SimpleNamespace(owner="night")}, settings={"owners": {"store": "floor"}},
        roles={"store:north": "depot", "shop": "shop"},
    )  # fmt: skip
    landscape: Any = SimpleNamespace(
        rules={"dear": SimpleNamespace(owner="finance")}, flows={"orders": flow},
        systems={"shop": SimpleNamespace(owner="ops"), "depot": SimpleNamespace(owner="stores")},
    )  # fmt: skip
    found: Any = SimpleNamespace(**{"flow": "", "system": "", "slot": "", "detail": {}, **said})
    assert owner_by_rules(landscape, found) == owner


async def test_what_is_refused_about_one_order_counts_once_and_names_it(start) -> None:
    async with start() as hub:
        for version in (1, 2):
            body = json.loads(order_body("1001", version))
            body["order"]["ship_to"]["postal_code"] = "none of Germany"
            await hub.post(json.dumps(body).encode())
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 2)
        for each in await exceptions(hub):
            assert (each.subject, each.key, each.flow, each.code) == ("message", "order/shop/1001", "orders", "validate.schema")
        count, orders, money = await hub.hub.store.read.do(lambda s: at_risk(s, Filter(), now(hub)))
        assert (count, orders, [(each.currency, each.minor) for each in money]) == (2, 1, [("EUR", 1900)])
        found = await hub.hub.store.read.do(lambda s: search(s, "order/shop/1001", ["shop"]))
        assert (found.keys, len(found.exceptions)) == (["order/shop/1001"], 2)
        told_ = await hub.hub.store.read.do(lambda s: story(s, "order/shop/1001"))
        assert [(entry["step"], entry["outcome"]) for entry in told_.entries] == [
            ("received", "failed"), ("received", "failed"), ("exception", "open"), ("exception", "open"),
        ]  # fmt: skip
        # there is no transaction that could be cancelled, whatever the order is called
        assert (await ask(hub, "cancel", (await exceptions(hub))[0], note="not wanted"))["done"] is False
