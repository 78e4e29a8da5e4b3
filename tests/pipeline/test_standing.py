"""Partners and finalizers at run time: nothing real with who is not live, nothing at all with who is suspended, and who did not close is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.core.errors import TargetUnavailable
from crossdock.ledger.onboarding import note
from crossdock.ledger.times import micros
from tests.pipeline.conftest import Depot, Running, order_body

EVENTS = "SELECT type, state, note FROM ledger_event ORDER BY id"
OPEN = "SELECT code, owner, key FROM ledger_exception WHERE state<2 ORDER BY id"
UNROUTED, APPLIED = 7, 1


def partner(folder: Path, state: str, system: str = "shop") -> None:
    (folder / "partners").mkdir(exist_ok=True)
    (folder / "partners/acme.yaml").write_text(f"title: Acme Inc.\nstate: {state}\nowner: ops\nsystems: [{system}]\n")


async def say(hub: Running, state: str, reason: str = "") -> None:
    """What somebody says of the partner on this hub; the hub looks every two seconds."""

    def write(session) -> None:
        note(session, hub.hub.intake._numbers, "acme", "state", state, {"reason": reason}, "ada", micros(hub.clock.now()))

    await hub.hub.store.work.do(write)
    standing = hub.hub.runtime.standing
    await hub.until(lambda: standing.of_partner("acme") == state, 60)


async def test_a_partner_under_test_has_no_effect_and_a_suspended_one_is_told(start, landscape_folder: Path) -> None:
    partner(landscape_folder, "testing")
    depot = Depot()
    async with start(depot, keep_every=0.05) as hub:
        assert (await hub.post(order_body("1")))[0] == 202
        await hub.until_rows(EVENTS, lambda rows: len(rows) == 1, 60)
        assert await hub.rows(EVENTS) == [("order.placed", UNROUTED, "Acme Inc. is under test: nothing takes effect")]
        assert await hub.rows("SELECT id FROM ledger_instance") == []
        assert (depot.taken, await hub.rows(OPEN)) == ([], [])

        await say(hub, "suspended", "unpaid invoices")
        status, told = await hub.post(order_body("2"))
        assert (status, told["code"]) == (403, "authorize.partner_suspended")
        assert told["detail"] == "Acme Inc. is suspended: unpaid invoices"
        # a stranger hears nothing of it
        assert (await hub.post(order_body("2"), x_signature="bad"))[0] == 401
        found = await hub.until_rows(OPEN, lambda rows: "authorize.partner_suspended" in {row[0] for row in rows}, 60)
        assert ("authorize.partner_suspended", "ops", "") in found
        assert len(await hub.rows(EVENTS)) == 1


@pytest.mark.parametrize("state", ["draft", "suspended"])
async def test_who_is_not_admitted_by_its_file_is_not_let_in_by_the_hub(start, landscape_folder: Path, state: str) -> None:
    partner(landscape_folder, state)
    async with start(keep_every=0.05) as hub:
        await hub.hub.store.work.do(lambda s: note(s, hub.hub.intake._numbers, "acme", "state", "live", {}, "ada", 1))
        assert (await hub.post(order_body("1")))[0] == 403
        assert hub.hub.runtime.standing.of("shop") == state


async def test_nothing_is_told_to_who_is_not_live_until_he_is(start, landscape_folder: Path) -> None:
    partner(landscape_folder, "live", "depot")
    depot = Depot()
    async with start(depot, keep_every=0.05) as hub:
        await say(hub, "testing")
        assert (await hub.post(order_body("1")))[0] == 202
        await hub.until_rows(OPEN, lambda rows: rows == [("authorize.partner_not_live", "ops", "order/shop/1")], 60)
        assert depot.taken == []
        await say(hub, "live")
        assert (await hub.post(order_body("2")))[0] == 202
        await hub.until(lambda: len(depot.taken) == 1, 60)
        await hub.until_rows("SELECT state FROM ledger_delivery ORDER BY id", lambda rows: rows == [(11,), (10,)], 60)


async def test_what_the_target_is_the_record_of_is_not_overwritten_field_by_field(start, landscape_folder: Path) -> None:
    (landscape_folder / "ownership.yaml").write_text(
        "entities: {order: {owner: shop, groups: {papers: {fields: [incoterm], owner: depot, others: strip}}}}\n"
        "events: {order.placed: {originates: [shop]}, order.changed: {originates: [shop]}}\n"
    )
    depot = Depot()
    async with start(depot, keep_every=0.05) as hub:
        await hub.post(order_body("1", incoterm="DAP"))
        await hub.until(lambda: len(depot.taken) == 1, 60)  # the event was stripped of it, so that nothing is overwritten
        (note_,) = [row[2] for row in await hub.rows(EVENTS)]
        assert note_ == "left out: incoterm (owned by depot)"
    (landscape_folder / "ownership.yaml").write_text(
        "entities: {order: {owner: [shop, depot]}}\n"
        "events: {order.placed: {originates: [shop]}, order.changed: {originates: [shop]}}\n"
    )
    async with start(depot, keep_every=0.05) as hub:
        await hub.post(order_body("2").replace(b'"version"', b'"for": "depot", "version"'))
        found = await hub.until_rows("SELECT code, detail FROM ledger_exception", lambda rows: len(rows) == 1, 60)
        assert found[0][0] in ("authorize.target_owns", "authorize.field_not_owned")
        assert len(depot.taken) == 1


CLOSES = (
    "entities: {order: {owner: shop}}\nevents:\n  order.placed: {originates: [shop], finalizes: [depot], closed_within: 1h}\n"
    "  order.changed: {originates: [shop]}\n"
)


async def test_a_finalizer_that_closed_is_not_spoken_of_and_one_that_did_not_is(start, landscape_folder: Path) -> None:
    (landscape_folder / "ownership.yaml").write_text(CLOSES)
    (landscape_folder / "systems/depot.yaml").write_text(
        "kind: test_depot\ntitle: The depot\nowner: yard\nendpoint: http://127.0.0.1:1\nlimits: {concurrency: 64}\n"
    )
    (landscape_folder / "crossdock.yaml").write_text("name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}, yard: {}}\n")
    flow = landscape_folder / "flows/orders.yaml"
    flow.write_text(
        flow.read_text().replace("attempts: 4, first_delay: 1s, max_delay: 2s", "attempts: 99, first_delay: 3h, max_delay: 9h")
    )
    depot = Depot()
    async with start(depot, keep_every=0.05) as hub:
        await hub.post(order_body("1"))
        await hub.until(lambda: len(depot.taken) == 1, 60)
        await hub.until_rows("SELECT state FROM ledger_delivery", lambda rows: rows == [(10,)], 60)
        depot.always = TargetUnavailable("down")
        await hub.post(order_body("2"))
        await hub.until_rows("SELECT state FROM ledger_delivery ORDER BY id", lambda rows: rows == [(10,), (2,)], 60)
        assert await hub.rows(OPEN) == []
        hub.clock.offset += 3700
        found = await hub.until_rows(OPEN, lambda rows: bool(rows), 60)
        assert found == [("expect.not_finalized", "yard", "order/shop/2")]
        (message,) = (await hub.rows("SELECT message FROM ledger_exception"))[0]
        assert message == "The depot has not closed order.placed in time"
        timers = "SELECT key, state FROM ledger_expectation WHERE silent ORDER BY key"
        await hub.until_rows(timers, lambda rows: rows == [("order/shop/1", 1), ("order/shop/2", 2)], 60)
