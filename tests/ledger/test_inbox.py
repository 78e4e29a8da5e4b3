"""The clock of the inbox: what has no deadline of its own has to be answered within what the house agreed."""

from __future__ import annotations

from crossdock.ledger.batch import EXCEPTION_COLUMNS
from crossdock.ledger.inbox import Filter, counts, entries, groups, place_of
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store

NOW, HOUR = 1_800_000_000_000_000, 3_600_000_000


def fill(session: Session) -> None:
    """One that is due in an hour, two without a deadline: nine hours old, and two."""
    names = [name for name in EXCEPTION_COLUMNS if name not in ("amount", "correction", "snoozed_until")]
    rows = []
    for number, fingerprint, age, due in ((1, "f", 1, NOW + HOUR), (2, "g", 9, None), (3, "g", 2, None)):
        row = dict.fromkeys(EXCEPTION_COLUMNS, "") | {
            "id": number, "identity": bytes([number]) * 16, "fingerprint": fingerprint, "code": "validate.schema", "family": "rejected",
            "key": f"k{number}", "partition": 0, "subject": "message", "subject_id": number, "state": 0, "occurrences": 1,
            "created_at": NOW - age * HOUR, "updated_at": NOW - age * HOUR, "due": due,
        }  # fmt: skip
        rows.append(tuple(row[name] for name in names))
    session.insert("ledger_exception", names, rows)


def test_what_has_no_deadline_has_the_clock_of_the_house(store: Store) -> None:
    store.work.run(fill)

    def read(s: Session) -> None:
        agreed = Filter(within=8 * HOUR)
        assert [each.id for each in entries(s, agreed, NOW, order="due")] == [2, 1, 3]
        first = entries(s, agreed, NOW, order="due", limit=1)[0]
        after = place_of(first, "due", agreed.within)
        assert [each.id for each in entries(s, agreed, NOW, order="due", after=after)] == [1, 3]
        assert [each.id for each in entries(s, Filter(within=8 * HOUR, due_before=NOW), NOW)] == [2]
        assert {each.fingerprint: each.due for each in groups(s, agreed, NOW)} == {"f": NOW + HOUR, "g": NOW - HOUR}
        assert (counts(s, NOW, within=8 * HOUR)["late"], counts(s, NOW)["late"]) == (1, 0)
        assert [each.id for each in entries(s, Filter(due_before=NOW), NOW)] == []

    store.read.run(read)


def test_a_kept_filter_says_how_its_clock_was_meant() -> None:
    assert Filter.from_dict(Filter(due_before=NOW, within=HOUR).as_dict()).within == HOUR
    assert "within" not in Filter(owner="ops", within=HOUR).as_dict()
