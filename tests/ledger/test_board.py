"""The board's reads answer the same on both dialects, within what somebody may see."""

from __future__ import annotations

from crossdock.ledger import board
from crossdock.ledger.batch import EXCEPTION_COLUMNS, INSTANCE_COLUMNS
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.store import Store
from crossdock.ledger.windows import Window

NOW, HOUR = 1_800_000_000_000_000, 3_600_000_000
EXPECTATION = ("id", "key", "flow", "name", "partition", "due", "warn", "warned", "owner", "description", "silent", "state")


def fill(session: Session) -> None:
    session.insert(
        "ledger_expectation",
        EXPECTATION,
        [
            (1, "k1", "orders", "released", 0, NOW + HOUR, NOW - 1, False, "ops", "", False, 0),
            (2, "k2", "orders", "picked:1", 0, NOW + 2 * HOUR, None, False, "ops", "", False, 0),
            (3, "k3", "stock", "picked:1", 0, NOW + 2 * HOUR, NOW + HOUR, False, "ops", "", False, 0),
            (4, "k4", "orders", "timer", 0, NOW + HOUR, None, False, "", "", True, 0),
            (5, "k5", "orders", "released", 0, NOW - HOUR, None, False, "ops", "", False, 2),
            (6, "k6", "orders", "released", 0, NOW + 100 * HOUR, None, False, "ops", "", False, 0),
        ],
    )
    session.insert(
        "ledger_delivery",
        ("id", "identity", "command_id", "name", "system", "flow", "key", "partition", "budget", "data", "state", "attempts", "next_at", "created_at",
         "correlation"),
        [
            (10 + state, bytes([state]) * 16, f"c{state}", "send", "erp", "orders", f"k{place}", 0, "", b"", state, 1, 0, NOW - place, "")
            for place, state in enumerate((DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN, DeliveryState.PARKED), 1)
        ],
    )  # fmt: skip
    row = dict.fromkeys(EXCEPTION_COLUMNS, "") | {
        "id": 1, "identity": b"e" * 16, "fingerprint": "f", "code": "expect.breached", "family": "rejected", "step": "expect", "flow": "orders",
        "key": "k5", "partition": 0, "subject": "expectation", "subject_id": 0, "slot": "orders/released", "owner": "ops", "message": "late",
        "state": 0, "occurrences": 1, "created_at": NOW, "updated_at": NOW, "due": NOW - HOUR,
    }  # fmt: skip
    names = [name for name in EXCEPTION_COLUMNS if name not in ("amount", "correction", "snoozed_until")]
    session.insert("ledger_exception", names, [tuple(row[name] for name in names)])
    session.insert(
        "ledger_instance",
        INSTANCE_COLUMNS,
        [(n, f"k{n}", "orders", 0, "p/1", b"", "placed", n == 2, NOW, NOW + n, "", "") for n in (1, 2, 3)],
    )


def test_every_read_of_the_board(store: Store) -> None:
    store.work.run(fill)

    def read(s: Session) -> None:
        due = board.next_due(s, NOW + 48 * HOUR)
        assert [(each.id, each.stage) for each in due] == [(1, "released"), (2, "picked"), (3, "picked")]
        assert [each.id for each in board.next_due(s, NOW + 48 * HOUR, after=(due[1].due, due[1].id))] == [3]
        assert [each.id for each in board.next_due(s, NOW + 48 * HOUR, [Window(frozenset({"stock"}), None)])] == [3]
        assert board.next_due(s, NOW + 48 * HOUR, [Window(None, frozenset({"erp"}))]) == []
        [late] = board.late(s)
        assert (late.key, late.name, late.stage, late.late, late.due) == ("k5", "released", "released", True, NOW - HOUR)
        assert board.late_count(s) == 1
        assert board.late_count(s, [Window(frozenset({"stock"}), None)]) == 0
        waiting = {(each.flow, each.name): (each.open, each.near) for each in board.waiting(s, NOW, NOW + 48 * HOUR)}
        assert waiting == {("orders", "released"): (1, 1), ("orders", "picked:1"): (1, 0), ("stock", "picked:1"): (1, 0)}
        assert {key: each.state for key, each in board.on_their_way(s, ["k1", "k2", "k3", "k4"]).items()} == {
            "k2": DeliveryState.DEFERRED, "k3": DeliveryState.UNCERTAIN, "k4": DeliveryState.PARKED,
        }  # fmt: skip
        assert [tuple(each) for each in board.backlogs(s)] == [("erp", "orders", 3, 1, 1, NOW - 4)]
        assert [(each.flow, each.cases) for each in board.stuck(s)] == [("orders", 1)]
        assert board.by_owner(s) == [("ops", 1)]
        assert [hit.key for hit in board.open_transactions(s, "orders", 10)] == ["k1", "k3"]
        assert [hit.finished for hit in board.transactions(s, ["k1", "k2"])] == [False, True]
        assert board.unread(s) == 0
        assert board.parked(s) == {}
        assert board.polled(s) == {}
        before = board.pulse(s)
        assert before == board.pulse(s)

    store.read.run(read)
