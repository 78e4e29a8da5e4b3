"""What changed between two versions of a document: every difference, parts of lists by their number."""

from __future__ import annotations

from crossdock.core.version_changes import changes

BEFORE = {
    "number": "1", "note": "", "total": {"amount": "20"},
    "lines": [{"number": "1", "quantity": {"value": "10"}}, {"number": "2", "quantity": {"value": "4"}}],
}  # fmt: skip


def test_the_same_has_no_changes() -> None:
    assert list(changes(BEFORE, dict(BEFORE))) == []


def test_lines_are_matched_by_number_not_by_place() -> None:
    after = {**BEFORE, "lines": [{"number": "2", "quantity": {"value": "4"}}, {"number": "1", "quantity": {"value": "12"}}]}
    assert [each.words() for each in changes(BEFORE, after)] == ["lines[1].quantity.value: 10 -> 12"]


def test_what_came_and_went_is_said() -> None:
    after = {**BEFORE, "note": "hurry", "lines": [BEFORE["lines"][0], {"number": "3", "sku": "X", "quantity": {"value": "1"}}]}  # type: ignore[index]
    found = {each.path: (each.before, each.after) for each in changes(BEFORE, after)}
    assert found["note"] == ("", "hurry")
    assert found["lines[2]"][1] is None and found["lines[3]"][0] is None


def test_lists_of_plain_values_are_compared_by_place() -> None:
    assert [each.words() for each in changes({"serials": ["a", "b"]}, {"serials": ["a", "c", "d"]})] == [
        "serials[2]: b -> c", "serials[3]: nothing -> d",
    ]  # fmt: skip
