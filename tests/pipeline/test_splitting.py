"""Messages that carry messages: the parts are stored with the whole, once, and fail one by one; on both ledgers."""

from __future__ import annotations

from crossdock.core.outcomes import Accepted
from crossdock.ledger.states import MessageState
from tests.pipeline.conftest import Depot, order_body


async def test_the_parts_of_a_message_are_messages_of_their_own(start) -> None:
    async with start() as hub:
        bundle = b"\n".join(order_body(str(number)) for number in range(1, 41))
        assert (await hub.post(bundle, x_id="b1", x_topic="bundle"))[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 40)
        rows = await hub.rows("SELECT topic, COUNT(*) FROM ledger_message GROUP BY topic ORDER BY topic")
        assert rows == [("bundle", 1), ("order", 40)]
        [(state,)] = await hub.rows("SELECT state FROM ledger_message WHERE topic='bundle'")
        assert state == MessageState.NORMALIZED
        correlations = await hub.rows("SELECT DISTINCT correlation FROM ledger_message WHERE topic='order'")
        assert len(correlations) == 40, "each part is a transaction of its own"


async def test_one_bad_part_stops_no_other(start) -> None:
    async with start() as hub:
        bundle = b"\n".join([order_body("1"), b"{nonsense", order_body("2", lines=[]), order_body("3")])
        await hub.post(bundle, x_id="b1", x_topic="bundle")
        await hub.until(lambda: len(hub.depot.taken) == 2)
        rows = await hub.until_rows("SELECT code FROM ledger_exception ORDER BY code", lambda r: len(r) == 2)
        assert [code for (code,) in rows] == ["normalize.malformed", "validate.schema"]


async def test_a_part_that_came_before_takes_no_effect_again(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1") + b"\n" + order_body("2"), x_id="b1", x_topic="bundle")
        await hub.until(lambda: len(hub.depot.taken) == 2)
        await hub.post(order_body("2") + b"\n" + order_body("3"), x_id="b2", x_topic="bundle")
        await hub.until(lambda: len(hub.depot.taken) == 3)
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='order'")) == 3


async def test_a_conflicting_whole_carries_nothing_until_a_person_says_so(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1"), x_id="b1", x_topic="bundle")
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await hub.post(order_body("1") + b"\n" + order_body("2"), x_id="b1", x_topic="bundle")
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "receive.conflict"
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='order'")) == 1


async def test_a_large_whole_is_prepared_beside_the_event_loop(start) -> None:
    async with start() as hub:
        bundle = b"\n".join(order_body(str(number)) for number in range(1, 1501))
        assert len(bundle) > 524_288
        assert (await hub.post(bundle, x_id="b1", x_topic="bundle"))[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 1500, 60)


async def test_what_an_acknowledgement_tells_is_stored_with_it(start) -> None:
    depot = Depot(always=None)
    told = [["bundle", "told-1", order_body("77").decode()]]
    depot.answers = [lambda command: Accepted({"told": told, "seen": True})]
    async with start(depot) as hub:
        await hub.post(order_body("1"))
        rows = await hub.until_rows("SELECT system, channel, topic, dedupe_key FROM ledger_message WHERE channel='told'", bool)
        assert rows == [("depot", "told", "bundle", "told-1")]
