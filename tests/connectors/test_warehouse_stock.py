"""What warehouses tell of stock, over REST and as files: levels are states, movements are facts, and bins become places of the books."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from crossdock.canonical.events import Event
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.warehouse import OWN_TERMS, StockTerms
from crossdock.connectors.wms_csv.mapping import Files
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.connectors.wms_rest.mapping import events
from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.landscape.models.value_map import ValueMap
from crossdock.landscape.valuemaps import CodeTables

NOW = "2026-11-23T10:00:00+00:00"
MAPS = CodeTables(
    {
        "bins": ValueMap(name="bins", entries={"A-01": "WH", "A-02": "WH", "Q-1": "WH/Quarantine"}),
        "words": ValueMap(name="words", entries={"BRUCH": "damage", "PICK": "pick", "ODD": "magic"}),
    }
)
MAPPED = StockTerms(MAPS, "bins", "words")
Bin = tuple[str, str, str, str]
"""SKU, bin, lot, change."""


def over_rest(reason: str, *bins: Bin, terms: StockTerms = MAPPED, seq: int = 7) -> list[Event]:
    levels = [{"sku": s, "location": b, "lot": lot, "on_hand": "5", "change": change} for s, b, lot, change in bins]
    body = {"seq": seq, "id": f"evt-{seq}", "type": "stock.changed", "occurred_at": NOW}
    told = orjson.dumps(body | {"data": {"levels": levels, "reason": reason, "reference": "R-1"}})
    return [event for event in events(told, "wms", terms) if event.type == "stock.moved"]


def as_file(reason: str, *bins: Bin, terms: StockTerms = MAPPED, seq: int = 7) -> list[Event]:
    rows = [f"{s},5,{NOW},{b},{lot},{change},{reason},R-{seq}" for s, b, lot, change in bins]
    body = "\n".join(["sku,quantity,counted_at,location,lot,change,reason,reference", *rows]).encode()
    options = WmsCsvOptions(username="u", host_keys=["ssh-ed25519 AAAA"])
    values: dict[str, Any] = dict.fromkeys(StoredMessage.__dataclass_fields__, "")
    message = StoredMessage(
        **{**values, "system": "wms", "topic": "stock", "body": body, "headers": {}, "received_at": datetime.now(UTC)}
    )
    return [event for event in Files(options, terms).events(message) if event.type == "stock.moved"]


TOLD = pytest.mark.parametrize("told", [over_rest, as_file])


def said(event: Event) -> list[tuple[str, str, Decimal]]:
    return [(one.location, one.lot, one.quantity.value) for one in event.data.changes]  # type: ignore[attr-defined]


@TOLD
def test_bins_of_one_place_are_added_up_for_each_sku_and_lot(told: Any) -> None:
    moved = told("BRUCH", ("A", "A-01", "", "-2"), ("A", "A-02", "", "-1.5"), ("A", "Q-1", "L1", "4"), ("B", "A-01", "", "1"))
    assert [(event.key, event.data.cause, event.data.reason) for event in moved] == [
        ("stock/wms/A", "damage", "BRUCH"),
        ("stock/wms/B", "damage", "BRUCH"),
    ]
    assert said(moved[0]) == [("WH", "", Decimal("-3.5")), ("WH/Quarantine", "L1", Decimal(4))]


@TOLD
def test_from_bin_to_bin_of_one_place_nothing_moved(told: Any) -> None:
    assert told("PICK", ("A", "A-01", "", "-2"), ("A", "A-02", "", "2")) == []
    (between,) = told("PICK", ("A", "A-01", "", "-2"), ("A", "Q-1", "", "2"))
    assert said(between) == [("WH", "", Decimal(-2)), ("WH/Quarantine", "", Decimal(2))]


@TOLD
def test_each_movement_counts_whatever_came_before_and_the_same_one_once(told: Any) -> None:
    (first,), (second,) = (told("BRUCH", ("A", "A-01", "", "-1"), seq=seq) for seq in (7, 8))
    assert first.position is None and second.position is None, "a late one must not be taken for stale"
    assert first.id != second.id
    assert told("BRUCH", ("A", "A-01", "", "-1"), seq=7)[0] == first


@TOLD
def test_a_bin_or_a_reason_nobody_translated_is_named(told: Any) -> None:
    with pytest.raises(ValueMapMissing) as missing:
        told("BRUCH", ("A", "Z-99", "", "-1"))
    assert (missing.value.detail["map"], missing.value.detail["value"]) == ("bins", "Z-99")
    with pytest.raises(ValueMapMissing):
        told("SCHWUND", ("A", "A-01", "", "-1"))
    for reason, terms in (("ODD", MAPPED), ("shrinkage", OWN_TERMS), ("", OWN_TERMS)):
        with pytest.raises(SchemaInvalid, match="no reason to move stock"):
            told(reason, ("A", "A-01", "", "-1"), terms=terms)


@TOLD
def test_without_maps_the_words_are_the_hubs_own(told: Any) -> None:
    (moved,) = told("loss", ("A", "WH", "", "-1"), terms=OWN_TERMS)
    assert (moved.data.cause, said(moved)) == ("loss", [("WH", "", Decimal(-1))])


def test_a_level_without_its_change_moves_nothing_and_needs_no_reason() -> None:
    body = {"seq": 1, "id": "e", "type": "stock.changed", "occurred_at": NOW, "data": {"levels": [{"sku": "A", "on_hand": "5"}]}}
    assert [event.type for event in events(orjson.dumps(body), "wms", MAPPED)] == ["stock.changed"]
