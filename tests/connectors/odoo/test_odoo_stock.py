"""stock.adjust, stock.available and the snapshot: sums over quants, adjustments through moves, once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from odoo_world import World, accepted, attempt

from crossdock.connectors.protocol import Question
from crossdock.core.errors import AnswerLost, CallNotAllowed, Contended, TargetRefused, UnknownSku
from crossdock.core.outcomes import EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


def level(sku: str, quantity: str, location: str = "WH", lot: str = "") -> dict:
    return {
        "sku": sku,
        "location": location,
        "on_hand": {"value": quantity},
        "lot": lot,
        "counted_at": "2026-11-23T10:00:00+00:00",
    }


async def moves(world: World, reference: str) -> list[dict]:
    return await world.rows(
        "stock.move", [["inventory_name", "like", f"{reference} #"]], ["reference", "quantity", "product_id", "state"]
    )


async def test_stock_is_adjusted_through_moves_that_carry_the_reference(world: World) -> None:
    connector = world.connector()
    (one, id_one), (two, id_two), (same, _) = await world.product(stock=10), await world.product(), await world.product(stock=5)
    reference = f"CC-{world.prefix}"
    command = world.command("stock.adjust", levels=[level(one, "7"), level(two, "3"), level(same, "5")], reference=reference)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    assert accepted(await attempt(connector, command)).ack == {"adjusted": 2}
    assert (await world.on_hand(id_one), await world.on_hand(id_two)) == (7, 3)
    made = await moves(world, reference)
    assert len(made) == 2 and all(row["state"] == "done" and row["reference"].startswith(reference) for row in made)
    assert isinstance(await connector.find_effect(command), EffectFound)


async def test_a_count_repeated_does_not_undo_what_happened_since(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    command = world.command("stock.adjust", levels=[level(sku, "7")], reference=f"CC-{world.prefix}")
    accepted(await attempt(connector, command))
    await world.set_stock(id_, 4)
    assert accepted(await attempt(connector, command)).repeated
    assert await world.on_hand(id_) == 4


async def test_split_stock_is_merged_before_it_is_adjusted(world: World) -> None:
    """Several quants, some negative, stand for one place; adjusting one of them would leave a wrong sum."""
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    if world.simulator is not None:
        async with world.session.post(f"{world.url}/_sim/stock", json={"sku": sku, "quantity": 10, "rows": 4}) as answer:
            assert answer.status == 200
    accepted(await attempt(connector, world.command("stock.adjust", levels=[level(sku, "300")], reference=f"CC-{world.prefix}")))
    assert await world.on_hand(id_) == 300


async def test_stock_in_packages_is_counted_in(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    (package,) = await world.call("stock.package", "create", vals_list=[{"name": f"PK{world.prefix}"}])
    values = {"product_id": id_, "location_id": 5, "package_id": package, "inventory_quantity": 4}
    quants = await world.call("stock.quant", "create", vals_list=[values], context={"inventory_mode": True})
    await world.call("stock.quant", "action_apply_inventory", ids=quants)
    assert await world.on_hand(id_) == 14
    accepted(await attempt(connector, world.command("stock.adjust", levels=[level(sku, "12")], reference=f"CC-{world.prefix}")))
    assert await world.on_hand(id_) == 12
    outcome = await attempt(connector, world.command("stock.adjust", levels=[level(sku, "3")], reference=f"CC-{world.prefix}"))
    assert isinstance(outcome, TargetRefused) and "packages" in outcome.message


async def test_lots_are_adjusted_and_new_ones_made(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(tracking="lot", lots={"L1": 5})
    levels = [level(sku, "2", lot="L1"), level(sku, "8", lot="L-NEW")]
    command = world.command("stock.adjust", levels=levels, reference=f"CC-{world.prefix}")
    assert accepted(await attempt(connector, command)).ack == {"adjusted": 2}
    rows = await world.rows("stock.quant", [["product_id", "=", id_], ["location_id", "=", 5]], ["lot_id", "quantity"])
    assert sorted((row["lot_id"][1], row["quantity"]) for row in rows) == [("L-NEW", 8.0), ("L1", 2.0)]
    outcome = await attempt(connector, world.command("stock.adjust", levels=[level(sku, "9")], reference="x"))
    assert isinstance(outcome, TargetRefused) and outcome.detail["skus"] == [sku]


async def test_unknown_places_and_products_are_named(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=1)
    outcome = await attempt(connector, world.command("stock.adjust", levels=[level(sku, "1", "NOWHERE")], reference="x"))
    assert isinstance(outcome, TargetRefused) and "NOWHERE" in outcome.message
    outcome = await attempt(connector, world.command("stock.adjust", levels=[level(f"{world.prefix}-NONE", "1")], reference="x"))
    assert isinstance(outcome, UnknownSku)


async def test_locations_have_names_of_the_hub(world: World) -> None:
    connector = world.connector(locations={"DEPOT-7": "WH/Stock"})
    sku, id_ = await world.product()
    accepted(
        await attempt(
            connector, world.command("stock.adjust", levels=[level(sku, "6", "DEPOT-7")], reference=f"CC-{world.prefix}")
        )
    )
    accepted(
        await attempt(
            connector, world.command("stock.adjust", levels=[level(sku, "9", "WH/Stock")], reference=f"CC-{world.prefix}")
        )
    )
    assert await world.on_hand(id_) == 9


async def test_a_conflict_changes_nothing_and_is_repeated(world: World) -> None:
    """Stock that moves between count and apply: Odoo answers 200 with a question and does nothing."""
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    quick = connector.client.call
    disturbed: list[int] = []

    async def disturb(model: str, method: str, **arguments):  # type: ignore[no-untyped-def]
        if method == "action_apply_inventory" and len(disturbed) < 1:
            disturbed.append(1)
            sale = await world.sold(world.connector(), (sku, "2", "10"))
            accepted(await attempt(world.connector(), world.picked(sale, {"line": "1", "sku": sku, "quantity": "2"})))
        return await quick(model, method, **arguments)

    connector.client.call = disturb  # type: ignore[method-assign]
    accepted(await attempt(connector, world.command("stock.adjust", levels=[level(sku, "30")], reference=f"CC-{world.prefix}")))
    assert disturbed and await world.on_hand(id_) == 30


async def test_stock_that_never_rests_is_adjusted_later(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    quick = connector.client.call

    async def conflict(model: str, method: str, **arguments):  # type: ignore[no-untyped-def]
        if method == "action_apply_inventory":
            return {"type": "ir.actions.act_window", "res_model": "stock.inventory.conflict"}
        return await quick(model, method, **arguments)

    connector.client.call = conflict  # type: ignore[method-assign]
    outcome = await attempt(connector, world.command("stock.adjust", levels=[level(sku, "30")], reference="x"))
    assert isinstance(outcome, Contended) and await world.on_hand(id_) == 10


@pytest.mark.parametrize("path", ["stock.quant/create", "stock.quant/action_apply_inventory"])
@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE], ids=lambda f: f.value)
async def test_whatever_answer_is_lost_it_is_adjusted_once(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=5)
    sku, id_ = await world.product(stock=10)
    before = len(simulator.effects_of("inventory_adjusted"))
    command = world.command("stock.adjust", levels=[level(sku, "30")], reference="x")
    simulator.faults.script(fault, path=f"/json/2/{path}")
    assert isinstance(await attempt(connector, command), AnswerLost)
    if isinstance(await connector.find_effect(command), EffectAbsent):
        accepted(await attempt(connector, command))
    accepted(await attempt(connector, command))
    assert await world.on_hand(id_) == 30 and len(simulator.effects_of("inventory_adjusted")) == before + 1


async def test_quantities_are_never_written_past_moves(world: World) -> None:
    everything = frozenset({"stock.quant/write", "stock.quant/create"})
    client = world.connector(allow=everything).client
    with pytest.raises(CallNotAllowed):
        await client.call("stock.quant", "write", ids=[1], vals={"quantity": 5})
    with pytest.raises(CallNotAllowed):
        await client.call("stock.quant", "create", vals_list=[{"product_id": 1, "location_id": 5, "quantity": 5}])


# Questions ----------------------------------------------------------------------------------------------------


async def test_available_is_what_is_free_in_the_warehouse(world: World) -> None:
    connector = world.connector()
    (one, _), (two, _) = await world.product(stock=10), await world.product()
    await world.sold(connector, (one, "4", "10"))
    answer = await connector.ask(
        Question("stock.available", {"lines": [{"sku": one, "quantity": "7"}, {"sku": two, "quantity": "0"}], "warehouse": "WH"})
    )
    assert answer["lines"] == [{"sku": one, "available": "6", "enough": False}, {"sku": two, "available": "0", "enough": True}]
    answer = await connector.ask(Question("stock.available", {"lines": [{"sku": one, "quantity": "6"}]}))
    assert answer["lines"][0]["enough"] is True and answer["as_of"]
    with pytest.raises(UnknownSku):
        await connector.ask(Question("stock.available", {"lines": [{"sku": f"{world.prefix}-NONE", "quantity": "6"}]}))
    with pytest.raises(TargetRefused):
        await connector.ask(Question("stock.available", {"lines": [{"sku": one, "quantity": "6"}], "warehouse": "XX"}))


async def test_a_snapshot_sums_what_stands_for_one_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossdock.connectors.odoo.availability.CHUNK", 3)
    (one, id_one), (two, _) = await world.product(stock=10), await world.product(tracking="lot", lots={"L1": 5, "L2": 6})
    (shelf,) = await world.call(
        "stock.location", "create", key=world.admin_key, vals_list=[{"name": f"S{world.prefix}", "location_id": 5}]
    )
    await world.set_stock(id_one, 3, location=shelf)
    if world.simulator is not None:
        async with world.session.post(f"{world.url}/_sim/stock", json={"sku": one, "quantity": 10, "rows": 4}) as answer:
            assert answer.status == 200

    async def lines(**options):  # type: ignore[no-untyped-def]
        found = [line async for chunk in world.connector(**options).snapshot() for line in chunk]
        return sorted((x.sku, x.location, x.lot, Decimal(x.quantity)) for x in found if x.sku in (one, two))

    assert await lines() == sorted([(one, "WH", "", Decimal(13)), (two, "WH", "L1", Decimal(5)), (two, "WH", "L2", Decimal(6))])
    by_place = await lines(stock_by="location", locations={"DEPOT": "WH/Stock"}, warehouse="WH")
    assert (one, "DEPOT", "", Decimal(13)) in by_place
    assert (one, f"WH/Stock/S{world.prefix}", "", Decimal(3)) in await lines(stock_by="location")


async def test_a_compared_level_changes_odoo_by_the_difference_and_leaves_alone_what_moved_since(world: World) -> None:
    connector = world.connector()
    (one, id_one), (two, id_two) = await world.product(stock=10), await world.product(stock=20)
    levels = [level(one, "7") | {"book": {"value": "10"}}, level(two, "15") | {"book": {"value": "18"}}]
    command = world.command("stock.adjust", levels=levels, reference=f"CMP-{world.prefix}")
    assert accepted(await attempt(connector, command)).ack == {"adjusted": 1, "moved": 1}
    assert (await world.on_hand(id_one), await world.on_hand(id_two)) == (7, 20)


async def test_compared_stock_spread_over_bins_is_corrected_by_the_difference(world: World) -> None:
    """Odoo keeps 4 in a bin below WH/Stock; the comparison sums 14 and the warehouse counted 12."""
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    (bin_,) = await world.call(
        "stock.location", "create", key=world.admin_key, vals_list=[{"name": f"B{world.prefix}", "location_id": 5}]
    )
    await world.set_stock(id_, 4, location=bin_)
    command = world.command(
        "stock.adjust", levels=[level(sku, "12") | {"book": {"value": "14"}}], reference=f"SPR-{world.prefix}"
    )
    assert accepted(await attempt(connector, command)).ack == {"adjusted": 1}
    assert (await world.on_hand(id_), await world.on_hand(id_, bin_)) == (8, 4)


def change(sku: str, quantity: str, lot: str = "") -> dict:
    return {"sku": sku, "location": "WH", "quantity": {"value": quantity}, "lot": lot}


async def test_a_change_is_added_to_what_odoo_has_by_then_and_only_once(world: World) -> None:
    connector = world.connector()
    (one, id_one), (two, id_two) = await world.product(stock=10), await world.product()
    first = world.command("stock.adjust", changes=[change(one, "-2"), change(one, "-1"), change(two, "4.5")], reference="damage")
    second = world.command("stock.adjust", changes=[change(one, "3")], reference="found")
    assert accepted(await attempt(connector, first)).ack == {"adjusted": 2}
    accepted(await attempt(connector, second))
    again = accepted(await attempt(connector, first))
    assert again.repeated and again.ack == {"adjusted": 2}
    assert (await world.on_hand(id_one), await world.on_hand(id_two)) == (10, 4.5)
    assert connector.serial(first) == tuple(f"sku:{sku}" for sku in sorted((one, two)))


async def test_a_change_of_a_lot_and_more_gone_than_odoo_has(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(tracking="lot", lots={"L1": 5, "L2": 1})
    accepted(await attempt(connector, world.command("stock.adjust", changes=[change(sku, "-2", "L1")], reference="damage")))
    assert await world.on_hand(id_) == 4
    outcome = await attempt(connector, world.command("stock.adjust", changes=[change(sku, "-2", "L2")], reference="damage"))
    assert isinstance(outcome, TargetRefused) and "Odoo has only 1" in outcome.message
    assert await world.on_hand(id_) == 4


async def test_what_somebody_moves_in_odoo_amid_a_change_is_not_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=10)
    changes, races = connector._adjust._changes, [7, 6]

    async def slowly(levels):  # type: ignore[no-untyped-def]
        found = await changes(levels)
        if races:
            await world.set_stock(id_, races.pop(0))
        return found

    monkeypatch.setattr(connector._adjust, "_changes", slowly)
    accepted(await attempt(connector, world.command("stock.adjust", changes=[change(sku, "-2")], reference="damage")))
    assert await world.on_hand(id_) == 4
