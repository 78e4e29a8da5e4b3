"""A supplier's list is the newest version of each order that was delivered to its system, on both dialects."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from crossdock.ledger.portal import TOLD, order, orders, states
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.store import Store

COLUMNS = (
    "id", "identity", "command_id", "name", "system", "flow", "key", "partition", "budget", "data", "state", "attempts", "next_at", "created_at",
    "settled_at", "correlation",
)  # fmt: skip


def told(store: Store, number: int, system: str, name: str, paper: str, state: DeliveryState = DeliveryState.ACCEPTED) -> None:
    identity = hashlib.blake2b(str(number).encode(), digest_size=16).digest()
    data = orjson.dumps({"purchase_order": {"number": paper, "version": number}})
    row = (
        number,
        identity,
        f"c{number}",
        name,
        system,
        "f",
        f"purchase/odoo/{paper}",
        0,
        "",
        data,
        int(state),
        1,
        0,
        1,
        number,
        "",
    )
    store.work.run(lambda session: session.insert("ledger_delivery", COLUMNS, [row]))


@pytest.fixture
def filled(store: Store) -> Store:
    send, change, cancel = TOLD
    told(store, 1, "acme", send, "P1")
    told(store, 2, "bolt", send, "P2")
    told(store, 3, "acme", send, "P3")
    told(store, 4, "acme", change, "P1")
    told(store, 5, "acme", "bill.create", "P3")
    told(store, 6, "acme", change, "P3", DeliveryState.DEFERRED)
    told(store, 7, "acme", cancel, "P3")
    told(store, 8, "acme", send, "P4", DeliveryState.FAILED)
    return store


def listed(store: Store, systems: list[str], before: int = 2**63 - 1, limit: int = 50) -> list[tuple[int, str]]:
    return [(each.id, each.number) for each in store.read.run(lambda s: orders(s, systems, before, limit))]


def test_each_order_is_there_once_in_its_newest_delivered_version(filled: Store) -> None:
    assert listed(filled, ["acme"]) == [(7, "P3"), (4, "P1")]
    assert listed(filled, ["acme", "bolt"]) == [(7, "P3"), (4, "P1"), (2, "P2")]
    assert listed(filled, []) == []


def test_pages_go_on_where_the_last_one_ended(filled: Store) -> None:
    assert listed(filled, ["acme", "bolt"], limit=2) == [(7, "P3"), (4, "P1")]
    assert listed(filled, ["acme", "bolt"], before=4, limit=2) == [(2, "P2")]


def test_an_order_is_found_by_its_keys_for_its_own_supplier_only(filled: Store) -> None:
    keys = ["purchase/erp2/P3", "purchase/odoo/P3"]
    found = filled.read.run(lambda s: order(s, "acme", keys))
    assert found is not None
    assert (found.id, found.cancelled) == (7, True)
    assert filled.read.run(lambda s: order(s, "bolt", keys)) is None
    assert filled.read.run(lambda s: order(s, "acme", ["purchase/odoo/P4"])) is None


def test_the_list_is_read_from_its_index(filled: Store) -> None:
    def plan(session: Session) -> str:
        names = ", ".join(f"'{name}'" for name in TOLD)
        rows = session.rows(
            f"EXPLAIN QUERY PLAN SELECT id FROM ledger_delivery WHERE system=? AND name IN ({names}) ORDER BY id DESC", ("acme",)
        )
        return str(rows)

    if filled.read.run(lambda s: s.vendor) != "sqlite":
        pytest.skip("a table of eight rows is scanned by PostgreSQL whatever its indexes")
    assert "delivery_purchase" in filled.read.run(plan)


def test_messages_retention_has_removed_have_no_state(filled: Store) -> None:
    assert filled.read.run(lambda s: states(s, [1, 2])) == {}
