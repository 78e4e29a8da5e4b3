"""The way of a message through the whole hub, on both ledgers: accepted once, delivered once, in order, and followed to its end."""

from __future__ import annotations

from crossdock.core.errors import AnswerLost, CredentialRefused, TargetRefused, TargetUnavailable
from crossdock.core.outcomes import Accepted
from crossdock.ledger.audit import verify
from crossdock.ledger.states import DeliveryState, EventState
from tests.pipeline.conftest import Depot, order_body


async def test_an_order_goes_from_receipt_to_acknowledgement(start) -> None:
    async with start() as hub:
        status, answer = await hub.post(order_body("1001"))
        assert (status, answer["status"]) == (202, "accepted")
        await hub.until(lambda: len(hub.depot.taken) == 1)
        [(state, attempts)] = await hub.until_rows(
            "SELECT state, attempts FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] >= 10
        )
        assert (state, attempts) == (DeliveryState.ACCEPTED, 1)
        assert await hub.rows("SELECT key FROM ledger_reference WHERE value='D-1001'") == [("order/shop/1001",)]


async def test_the_same_message_twice_is_one_message(start) -> None:
    async with start() as hub:
        first = await hub.post(order_body("1001"), x_id="m1")
        again = await hub.post(order_body("1001"), x_id="m1")
        assert (first[0], again[0]) == (202, 200)
        assert again[1]["messages"][0]["id"] == first[1]["messages"][0]["id"]
        await hub.until(lambda: len(hub.depot.taken) == 1)
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 1


async def test_the_same_id_with_other_content_goes_to_a_person_and_loses_nothing(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1001"), x_id="m1")
        status, answer = await hub.post(order_body("1001", sku="B"), x_id="m1")
        assert (status, answer["messages"][0]["status"]) == (202, "conflict")
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "receive.conflict"
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 2


async def test_bad_messages_are_kept_with_their_reason(start) -> None:
    async with start() as hub:
        assert (await hub.post(order_body("1"), x_signature="bad"))[0] == 401
        assert (await hub.post(b"{}", system="nobody"))[0] == 404
        assert (await hub.post(b"x" * 2_000_000))[0] == 413
        assert (await hub.post(b"{nonsense"))[0] == 202
        assert (await hub.post(order_body("2", lines=[])))[0] == 202
        rows = await hub.until_rows("SELECT code FROM ledger_exception", lambda r: len(r) == 5)
        assert {code for (code,) in rows} == {
            "receive.signature_invalid", "receive.unknown_system", "receive.too_large", "normalize.malformed", "validate.schema",
        }  # fmt: skip
        assert not hub.depot.taken


async def test_a_stale_version_changes_nothing(start) -> None:
    async with start() as hub:
        for version in (1, 3, 2):
            await hub.post(order_body("1001", version))
        await hub.until_rows("SELECT state FROM ledger_event", lambda rows: len(rows) == 3)
        states = dict(await hub.rows("SELECT number, state FROM ledger_event"))
        assert states == {1: EventState.APPLIED, 2: EventState.STALE, 3: EventState.APPLIED}


async def test_an_outage_is_waited_out_and_a_refusal_goes_to_a_person(start) -> None:
    depot = Depot(answers=[TargetUnavailable("down"), TargetUnavailable("down")])
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows(
            "SELECT state FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] == DeliveryState.DEFERRED
        )
        hub.clock.offset += 5
        await hub.until_rows("SELECT id FROM ledger_attempt", lambda rows: len(rows) == 2)
        hub.clock.offset += 5
        await hub.until(lambda: len(hub.depot.taken) == 1)
        depot.answers.append(TargetRefused("no such product"))
        await hub.post(order_body("1002"))
        [(code, key, owner)] = await hub.until_rows("SELECT code, key, owner FROM ledger_exception", bool)
        assert (code, key, owner) == ("deliver.refused", "order/shop/1002", "ops")


async def test_a_budget_that_ends_tells_a_person(start) -> None:
    async with start(Depot(always=TargetUnavailable("down"))) as hub:
        await hub.post(order_body("1001"))
        for attempts in range(1, 5):
            await hub.until_rows("SELECT id FROM ledger_attempt", lambda rows, n=attempts: len(rows) >= n)
            hub.clock.offset += 400
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "deliver.budget_exhausted"
        assert len(await hub.rows("SELECT id FROM ledger_attempt")) == 4


async def test_an_uncertain_effect_is_asked_for_before_anything_is_sent_again(start) -> None:
    depot = Depot()

    def taken_but_unanswered(command):
        depot.taken.append((command.id, command.key))
        return AnswerLost("timeout")

    depot.answers = [taken_but_unanswered, AnswerLost("timeout before it was taken")]
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows(
            "SELECT state FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] == DeliveryState.ACCEPTED
        )
        hub.clock.offset += 60
        await hub.post(order_body("1002"))
        await hub.until_rows("SELECT state FROM ledger_delivery WHERE state=3 OR attempts=1", lambda rows: len(rows) == 2)
        hub.clock.offset += 60
        await hub.until_rows("SELECT state FROM ledger_delivery WHERE state=10", lambda rows: len(rows) == 2)
        assert set(depot.counts().values()) == {1}
        kinds = [k for (k,) in await hub.rows("SELECT kind FROM ledger_attempt ORDER BY id")]
        assert kinds == ["deliver", "reconcile", "deliver", "reconcile", "deliver"]


async def test_a_refused_credential_parks_the_system_once(start) -> None:
    depot = Depot(always=CredentialRefused("expired"))
    async with start(depot, probe_every=0.1) as hub:
        hub.hub.runtime.participants["depot"].connector.probe = _unhealthy
        for number in range(5):
            await hub.post(order_body(str(number)))
        rows = await hub.until_rows("SELECT code, system FROM ledger_exception WHERE state<2", bool)
        assert rows == [("deliver.credential_refused", "depot")]
        depot.always = None
        del hub.hub.runtime.participants["depot"].connector.probe
        await hub.until(lambda: len(depot.taken) == 5)
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2", lambda rows: not rows)


async def _unhealthy():
    from crossdock.connectors.protocol import Probe

    return Probe(healthy=False)


async def test_a_restart_goes_on_where_the_last_process_stopped(start) -> None:
    depot = Depot(always=TargetUnavailable("down"))
    async with start(depot) as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows(
            "SELECT state FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] == DeliveryState.DEFERRED
        )
    depot.always = None
    async with start(depot) as hub:
        hub.clock.offset += 60
        await hub.until(lambda: len(depot.taken) == 1)
        await hub.post(order_body("1001", 2))
        await hub.until(lambda: len(depot.taken) == 2)
        result = await hub.hub.store.read.do(verify)
        assert not result.breaks
        assert result.compared >= 4


async def test_commands_of_one_key_keep_their_order(start) -> None:
    seen: list[str] = []
    depot = Depot()

    def slow_first(command):
        seen.append(command.id)
        depot.taken.append((command.id, command.key))
        return TargetUnavailable("later") if len(seen) == 1 else Accepted({})

    depot.answers = [slow_first] * 4
    async with start(depot) as hub:
        for version in (1, 2, 3):
            await hub.post(order_body("1001", version))
        await hub.until(lambda: bool(seen))
        hub.clock.offset += 60
        await hub.until(lambda: len(seen) == 4)
        assert seen[0] == seen[1]
        assert seen[1:] == sorted(seen[1:])


async def test_a_gap_is_held_until_the_missing_event_comes(start) -> None:
    import json

    def contiguous(version: int) -> bytes:
        return json.dumps({**json.loads(order_body("1001", version)), "contiguous": True}).encode()

    async with start() as hub:
        await hub.post(contiguous(1))
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await hub.post(contiguous(3))
        await hub.until_rows(f"SELECT id FROM ledger_event WHERE state={EventState.HELD}", bool)
        await hub.post(contiguous(2))
        await hub.until(lambda: len(hub.depot.taken) == 3)
        await hub.post(contiguous(9))
        await hub.until_rows(f"SELECT id FROM ledger_event WHERE state={EventState.HELD}", bool)
        hub.clock.offset += 700
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "sequence.gap"
